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

/// Whether the API server takes a key of a label.
pub(crate) fn is_key(key: &str) -> bool {
    let (prefix, name) = key.rsplit_once('/').unwrap_or(("", key));
    let is_prefix =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    !name.is_empty()
        && is_value(name)
        && prefix.len() <= 253
        && prefix.bytes().all(is_prefix)
        && !prefix.starts_with(['.', '-'])
        && !prefix.ends_with(['.', '-'])
        && !prefix.contains("..")
}

/// Whether the API server takes a value of a label; an empty one says nothing.
pub(crate) fn is_value(value: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let ends = [value.bytes().next(), value.bytes().last()];
    value.len() <= 63
        && value.bytes().all(inner)
        && ends.iter().flatten().all(u8::is_ascii_alphanumeric)
}
