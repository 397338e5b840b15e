//! Restores.

mod adjust;
mod convert;
mod images;
mod job;
mod outcome;
mod reconcile;
mod source;
mod specification;

pub(super) use reconcile::{KIND, reconcile};
