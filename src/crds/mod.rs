//! The custom resources of the backup center, typed, and their definitions.
//!
//! The kinds and their fields are those of ACK's own component, so that manifests written for it are applied
//! unchanged. Where a field's name is not published, it has the name that Velero gives the same thing.
//!
//! | kind | what it asks for |
//! |---|---|
//! | [`BackupLocation`] | a vault: a bucket and a prefix in it |
//! | [`ApplicationBackup`] | one backup into a vault |
//! | [`ApplicationRestore`] | one restore of a backup |
//! | [`BackupSchedule`] | backups by a plan |
//! | [`ConvertToSnapshot`] | volumes of a backup on other storage classes |
//! | [`DeleteRequest`] | that a backup, a restore or a conversion goes, with what belongs to it |
//!
//! ```
//! use ack_backup_center::crds;
//!
//! for definition in crds::definitions() {
//!     println!("{}", definition.metadata.name.unwrap_or_default());
//! }
//! ```
//!
//! - **Unknown fields** of a `spec` are kept and reported in the condition [`condition::FIELDS_KNOWN`], instead of
//!   being dropped without a word.
//! - **A phase is a word**, not a closed list: an object that a later version wrote is still read.
//! - **What cannot change** without meaning something else is held by the API server: the bucket and prefix of a vault,
//!   and what a backup or a restore is of. The `config` of a vault can be patched.

#![allow(
    unreachable_pub,
    clippy::duplicated_attributes,
    reason = "kube's derive puts a copy of each struct into a function, and columns have attributes each"
)]

mod application_backup;
mod application_restore;
mod backup_location;
mod backup_schedule;
mod convert_to_snapshot;
mod definitions;
mod delete_request;
mod duration;
mod location_note;
mod rules;
mod status;
mod time;
mod verification;

pub use application_backup::{
    ApplicationBackup, ApplicationBackupSpec, ApplicationBackupStatus, BackupProgress, PvBackup,
    VolumeStatus,
};
pub use application_restore::{
    ApplicationRestore, ApplicationRestoreSpec, ApplicationRestoreStatus, ExistingPolicy,
    ModifierReference, RestoreProgress,
};
pub use backup_location::{
    AccessMode, BackupLocation, BackupLocationSpec, BackupLocationStatus, LocationConfig,
    ObjectStorage,
};
pub use backup_schedule::{
    BackupSchedule, BackupScheduleSpec, BackupScheduleStatus, CatchUp, RetentionStatus,
    ScheduleRetention,
};
pub use convert_to_snapshot::{
    ConvertToSnapshot, ConvertToSnapshotSpec, ConvertToSnapshotStatus, ConvertedVolume,
    VolumeConversion,
};
pub use definitions::definitions;
pub use delete_request::{DeleteObjectType, DeleteRequest, DeleteRequestSpec, DeleteRequestStatus};
pub use duration::GoDuration;
pub use location_note::{LOCATION_NOTE, LocationNote};
pub use status::condition;
pub use time::{from_time, to_time};
pub use verification::{VerificationLevel, VerificationStatus};

pub use crate::component::{GROUP, VERSION, phase};

/// An annotation of an ApplicationBackup that was made for a backup found in a vault: the uid of that backup. Such an object
/// asks for no backup.
pub const SYNCED_FROM: &str = "csdr.alibabacloud.com/synced-from-uid";

/// On a backup that a plan made: which plan, as [`label_value`](kube_backup_engine::label_value) writes it.
pub const SCHEDULE_LABEL: &str = "csdr/schedule-name";
