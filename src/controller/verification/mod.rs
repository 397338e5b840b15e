//! Proving backups: what was asked for is in them, and comes back.

mod due;
mod job;
mod reconcile;

pub(super) use reconcile::{KIND, see_to};
