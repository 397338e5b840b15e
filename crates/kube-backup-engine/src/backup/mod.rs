//! Making a backup: discover, list, choose, pack, upload, commit.
//!
//! Everything is a stream: lists are read in parallel and packed as they arrive, blocks are compressed
//! on other threads, and the archive is uploaded while listing goes on. The record is written last,
//! only if absent, and names what the archive is to the byte: a backup that was cut off is none. What a
//! crash leaves, and who clears it away, is told in the [crate's documentation](crate).

mod claim;
mod commit;
mod gather;
mod plan;
mod related;
mod run;
mod side_files;
mod spec;
mod survey;
mod upload;
mod writer;

pub use kube::core::{Expression, Selector};
pub use run::{Backup, BackupProgress, BackupReport};
pub use spec::BackupSpec;
