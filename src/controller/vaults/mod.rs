//! Vaults: whether they can be used, and which backups are in them.

mod fenced;
mod open;
mod reconcile;
mod registry;
mod source;
mod sync;

pub(super) use open::OpenLocation;
pub(super) use reconcile::{KIND, reconcile};
pub(super) use registry::{Vaults, Wait, Waited};
pub(super) use source::mark_deleted;
pub(super) use sync::stands_for;

pub use source::SOURCE_CLUSTER;
