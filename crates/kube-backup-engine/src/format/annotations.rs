//! Names of annotations. Ours have one prefix, `kube-backup-engine.io/`; Velero's are Velero's.

/// On a record: what the archive is, to the byte.
pub(crate) const ARCHIVE: &str = "kube-backup-engine.io/archive";
/// On a record: length and SHA-256 of every file beside it.
pub(crate) const FILES: &str = "kube-backup-engine.io/files";
/// On a record: what is encrypted, and to whom.
pub(crate) const ENCRYPTION: &str = "kube-backup-engine.io/encryption";
/// On a record: the resourceVersion that was read at.
pub(crate) const POINT_IN_TIME: &str = "kube-backup-engine.io/point-in-time";
/// What [`POINT_IN_TIME`] was called before the format was frozen.
pub(crate) const FORMER_POINT_IN_TIME: &str = "kube-backup-engine.io/moment";
/// On a record: when it may be deleted.
pub(crate) const EXPIRES_AT: &str = "kube-backup-engine.io/expires-at";

/// On an object that was there before a restore changed it: the restore, and what it did. A second run of
/// the same restore then reports what the first one did.
pub(crate) const RESTORED_BY: &str = "kube-backup-engine.io/restored-by";
/// What [`RESTORED_BY`] was called before the format was frozen.
pub(crate) const FORMER_RESTORED_BY: &str = "kube-backup-engine/restored-by";

/// On an object that a restore created or changed: the uid of the backup.
pub(crate) const BACKUP_UID: &str = "kube-backup-engine.io/backup-uid";
/// On an object that a restore created or changed: the uid of the restore, where it has one.
pub(crate) const RESTORE_UID: &str = "kube-backup-engine.io/restore-uid";

/// On a record, followed by what it says of the server's version (Velero, backup_controller.go).
pub(crate) const SOURCE_CLUSTER: &str = "velero.io/source-cluster-k8s-";
/// On an object whose status is to be written back, or is not (Velero, restore.go).
pub(crate) const RESTORE_STATUS: &str = "velero.io/restore-status";
/// On a quota or a range of limits that a restore is filling up: its specification in the end, as JSON. It is
/// gone after the restore.
pub(crate) const BOUNDS: &str = "kube-backup-engine.io/bounds";
/// On a claim that was restored empty: whether it is `pending` to be filled with its data, or that is `done`.
pub(crate) const FILL: &str = "kube-backup-engine.io/fill";

/// On a Pod: its volumes whose files are to be copied, by their names in the Pod (Velero, podvolume.go).
pub(crate) const BACKUP_VOLUMES: &str = "backup.velero.io/backup-volumes";
/// On a Pod: its volumes whose files are not to be copied (Velero, podvolume.go).
pub(crate) const BACKUP_VOLUMES_EXCLUDES: &str = "backup.velero.io/backup-volumes-excludes";
/// On objects that stand for a snapshot: its [record](crate::volumes::VolumeRecord), as JSON, as it was when the
/// snapshot was asked for.
pub(crate) const VOLUME_RECORD: &str = "kube-backup-engine.io/volume-record";
/// On objects that stand for a group of snapshots: the records of its members, as a list.
pub(crate) const VOLUME_RECORDS: &str = "kube-backup-engine.io/volume-records";
