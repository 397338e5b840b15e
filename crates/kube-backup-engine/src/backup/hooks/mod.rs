//! Commands in containers before and after volumes are snapshotted, as Velero has them: a database is told to
//! write everything out and to hold still, is snapshotted, and goes on.
//!
//! **Whatever was frozen is thawed.** [`HookRunner::freeze`] returns a [`Frozen`], which runs the post-hooks of
//! every Pod whose pre-hooks were begun, whether or not these or the snapshots succeeded: when it is told to, or
//! when it is dropped, as by a backup that fails or is cancelled. Against being killed there is a note in the
//! bucket, written before the first command: the next run of the backup's name [thaws](HookRunner::thaw_noted)
//! what it names before it does anything else.
//!
//! The note lies in the bucket, since a backup can write there anyway: an annotation of the Pod would need the
//! right to patch Pods, and would change what is backed up. It names Pods and no commands. Which are run
//! follows from the Pod and the specification, so that who can write to the bucket cannot run theirs.

mod note;
mod planned;
mod results;
mod runner;

pub(crate) use planned::PodHooks;
pub(crate) use results::HookResults;
pub(crate) use runner::{Frozen, HookRunner};
