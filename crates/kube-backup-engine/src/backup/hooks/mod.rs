//! Commands in containers before and after volumes are snapshotted, as Velero has them: a database is told to
//! write everything out and to hold still, is snapshotted, and goes on.
//!
//! **Whatever was frozen is thawed.** A [`HookRunner`] knows the Pods whose pre-hooks it has begun, whether or not these
//! succeeded, until it has run their post-hooks. A backup that fails, loses its name or is dropped has
//! [what is left](HookRunner::thaw_left) thawed before it gives the name back, so that nobody freezes in between. Against
//! being killed there is a note in the bucket, written before the first command: the next run of the backup's name
//! [thaws](HookRunner::thaw_noted) what it names before it does anything else.
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
pub(crate) use runner::HookRunner;
