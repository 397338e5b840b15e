//! Snapshots: made, listed, changed, archived, locked, copied and deleted.

pub(super) mod category;
pub(super) mod copy;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod describe;
pub(super) mod locks;
pub(super) mod modify;
pub(super) mod ready;
