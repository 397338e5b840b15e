//! The copy of a vault's place that backups and restores carry.

use serde::{Deserialize, Serialize};

/// The annotation that holds a [`LocationNote`] as JSON.
pub const LOCATION_NOTE: &str = "csdr.alibabacloud.com/backuplocations";

/// Where a backup lies, as an annotation of ApplicationBackups and ApplicationRestores says it.
///
/// ```
/// use ack_backup_center::crds::LocationNote;
///
/// let note: LocationNote = serde_json::from_str(
///     r#"{"name":"vault-a","region":"cn-beijing","bucket":"cnfs-oss-a","prefix":"team1","provider":"alibabacloud"}"#,
/// )?;
/// assert_eq!(note.name, "vault-a");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocationNote {
    /// The BackupLocation.
    #[serde(default)]
    pub name: String,
    /// The region of its bucket.
    #[serde(default)]
    pub region: String,
    /// Its bucket.
    #[serde(default)]
    pub bucket: String,
    /// Where in the bucket.
    #[serde(default)]
    pub prefix: String,
    /// `alibabacloud`.
    #[serde(default)]
    pub provider: String,
}
