//! Restoring a backup: select, order, transform, create, report.
//!
//! The order is a table (`kinds::order`). What is changed in an object before it is created is in one
//! file for each kind (`transform`). What to do about an object that exists is one function (`decide`). What
//! became of each object, and whether it is healthy, is in the [`RestoreReport`]. A [`RestorePlan`] is
//! made by the same steps with every write a dry run.

mod allocation;
mod altered;
mod apply;
mod archived;
mod bystanders;
mod changes;
mod claims;
mod decide;
mod displace;
mod environment;
mod execution;
mod finished;
mod gate;
mod had;
mod health;
mod hooks;
mod items;
mod left;
mod marks;
mod modifiers;
mod outcome;
mod owners;
mod plan;
mod planned;
mod policy;
mod prepare;
mod progress;
mod report;
mod request;
#[expect(
    clippy::module_inception,
    reason = "the entry point bears the module's name"
)]
mod restore;
mod restored;
mod scope;
mod select;
mod served;
mod spec;
mod state;
mod step;
mod surroundings;
pub(crate) mod transform;
mod unmatched;
mod volumes;
mod waits;

pub use crate::cluster::act_as::ActAs;
pub use crate::kinds::order::Tier;
pub use crate::spec::hooks::{HookErrorMode, HookSelector};
pub use crate::spec::restore_hooks::{
    ExecRestoreHook, InitRestoreHook, RestoreHook, RestoreHooks, RestoreResourceHook,
};
pub use altered::{Alteration, AlteredField};
pub use changes::Change;
pub use health::{HealthIssue, HealthIssueKind};
pub use items::Items;
pub use kube::core::{Expression, Selector};
pub use modifiers::ResourceModifiers;
pub use outcome::{Item, Outcome, SkipReason};
pub use plan::{Action, AskedPower, PlannedItem, RestorePlan};
pub use policy::{PowerPolicy, PowerSwitch, Profile, Withheld};
pub use progress::RestoreProgress;
pub use report::RestoreReport;
pub use restore::Restore;
pub use restored::RestoredObjects;
pub use spec::{ExistingResourcePolicy, RestoreSpec};
pub use step::Transformed;
pub use volumes::data::{ClaimData, DataOutcome};
