//! Making a backup: discover, list, choose, pack, upload, commit.
//!
//! Everything is a stream: lists are read in parallel and packed as they arrive, blocks are compressed
//! on other threads, and the archive is uploaded while listing goes on. The record is written last,
//! only if absent, and identifies the archive to the byte: an interrupted backup is not a backup. What a
//! crash leaves, and who cleans it up, is described in the [crate's documentation](crate).

#[expect(
    clippy::module_inception,
    reason = "the entry point bears the module's name"
)]
mod backup;
mod check;
mod collector;
mod commit;
mod freezing;
mod hooks;
mod left_behind;
mod leftovers;
mod log;
mod objects;
mod plan;
mod preview;
mod report;
mod run;
mod scope;
mod sealing;
mod side_files;
mod spec;
mod tokens;
mod volume_spec;
mod volumes;
mod with_volumes;
mod writer;

pub use crate::spec::hooks::{
    BackupHook, BackupHooks, BackupResourceHook, ExecHook, HookErrorMode, HookSelector,
};
pub use backup::Backup;
pub use kube::core::{Expression, Selector};
pub use preview::{BackupPlan, PlannedGroup};
pub use report::{BackupProgress, BackupReport, Discarded};
pub use spec::BackupSpec;
pub use volume_spec::VolumeSpec;
