//! Names and values of labels. All but one are Velero's, so that its tools find what is ours.

use base16ct::lower::encode_string;
use sha2::{Digest as _, Sha256};

/// On what a restore creates: the backup.
pub(crate) const BACKUP_NAME: &str = "velero.io/backup-name";
/// On what a restore creates: the restore.
pub(crate) const RESTORE_NAME: &str = "velero.io/restore-name";
/// On a record: the plan that made the backup.
pub(crate) const SCHEDULE_NAME: &str = "velero.io/schedule-name";
/// On objects and namespaces that stay out of backups.
pub(crate) const EXCLUDE: &str = "velero.io/exclude-from-backup";
/// On claims, and on Pods for all that they mount: the data of the volume stays out of backups.
pub(crate) const SKIP_VOLUME_DATA: &str = "kube-backup-engine.io/skip-volume-data";

/// On objects that stand for snapshots, and on what they are restored through: the uid of the backup.
pub(crate) const BACKUP_UID: &str = "kube-backup-engine.io/backup-uid";
/// On what snapshots are restored through: the uid of the restore.
pub(crate) const RESTORE_UID: &str = "kube-backup-engine.io/restore-uid";

/// A name as the value of a label: those longer than the 63 characters allowed keep 57 and end in six
/// of their digest (Velero, pkg/label/label.go).
///
/// ```
/// assert_eq!(kube_backup_engine::label_value("nightly"), "nightly");
/// assert_eq!(kube_backup_engine::label_value(&"a".repeat(64)).len(), 63);
/// ```
#[must_use]
pub fn value(name: &str) -> String {
    if name.len() <= 63 {
        return name.to_owned();
    }
    let digest = encode_string(&Sha256::digest(name.as_bytes()));
    format!(
        "{}{}",
        name.chars().take(57).collect::<String>(),
        &digest[..6]
    )
}
