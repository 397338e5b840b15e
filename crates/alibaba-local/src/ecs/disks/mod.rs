//! Disks: made and listed.

pub(super) mod create;
pub(super) mod describe;
pub(super) mod size;
