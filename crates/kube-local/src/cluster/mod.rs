//! The state of the cluster and the operations on it. One lock guards all of it: every operation
//! is short, and revisions stay in order.

mod admission;
mod allowed;
mod convert;
mod create;
mod delete;
mod garbage;
mod lifecycle;
mod list;
mod owners;
mod shared;
mod state;
mod update;

pub(crate) use allowed::create_review;
pub(crate) use convert::{convertible, to_version};
pub(crate) use delete::{DeleteOptions, Deleted, Propagation};
pub(crate) use list::{ListOptions, Listed, invalid_version, matches as list_matches};
pub(crate) use shared::Cluster;
pub(crate) use state::{State, WriteOptions};
pub(crate) use update::PatchKind;
