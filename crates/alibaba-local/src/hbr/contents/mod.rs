//! What vaults hold: the bytes of files in pieces, each once, and the lists of what snapshots are made of.

pub(super) mod manifest;
pub(super) mod name;
pub(super) mod pieces;
mod place;
pub(super) mod repository;
