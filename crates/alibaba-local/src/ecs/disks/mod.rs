//! Disks: made, attached, detached, deleted and listed.

pub(super) mod attach;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod describe;
pub(super) mod detach;
mod pair;
pub(super) mod size;
