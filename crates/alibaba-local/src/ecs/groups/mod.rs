//! Groups of snapshots: several disks at one instant.

pub(super) mod change;
pub(super) mod create;
pub(super) mod describe;
