//! Bringing a backup back: choose, order, transform, create, report.
//!
//! The order is a table (`tiers`); what is changed in an object before it is created stands in one
//! file a kind (`transform`); what became of each object is in the [`RestoreReport`].

mod apply;
mod existing;
mod owners;
mod report;
mod run;
mod spec;
mod tiers;
pub(crate) mod transform;
mod wait;

pub(crate) use owners::is_adopted;
pub use report::{Item, Outcome, RestoreReport};
pub use run::{Restore, RestoreProgress};
pub use spec::{ExistingPolicy, RestoreSpec};
pub use tiers::Tier;
