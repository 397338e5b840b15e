//! Backups.

mod clear;
mod job;
mod outcome;
mod reconcile;
mod specification;
mod volumes;

pub(super) use clear::clear_leftovers;
pub(super) use reconcile::{KIND, reconcile};
