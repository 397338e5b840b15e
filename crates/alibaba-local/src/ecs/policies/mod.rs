//! Policies of automatic snapshots: made, applied to disks, changed, listed.

pub(super) mod apply;
pub(super) mod change;
pub(super) mod describe;
pub(super) mod schedule;
