//! Copying: from folders and buckets into a vault, and back.

pub(super) mod backup;
mod buckets;
mod conflict;
mod folders;
mod reader;
pub(super) mod report;
pub(super) mod restore;
pub(super) mod rules;
mod writer;

pub(super) use conflict::ConflictPolicy;
