//! Conversions: files of a backup, put onto a disk before it is restored, so that the restore need not copy them.
//!
//! As ACK does it: a claim `<claim>-for-convert<time>` of the class that is wanted is made, in the namespace of the custom resources,
//! and filled by Cloud Backup through the mount of a Pod; then its disk is snapshotted, and claim and Pod go. A restore of the backup
//! takes the snapshot. Onto a NAS file system or an OSS bucket, of which there are no snapshots, the restore itself copies the files,
//! into a claim of the class that was asked for.
//!
//! Everything bears the uid of the conversion, so that a controller which was killed is followed by one that goes on with the same
//! claims, jobs and snapshots.

mod discard;
mod done;
mod job;
mod reconcile;
mod targets;
mod temporary;

pub(super) use discard::discard;
pub(super) use done::{all_of, of_backup};
pub(super) use reconcile::{KIND, reconcile};
pub(super) use targets::Targets;
