//! The record that makes a backup exist: Velero's Backup object, with our facts as annotations.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::files::Files;
use crate::archive::index::IndexFacts;
use crate::encryption::{Encryption, EncryptionMode};
use crate::format::annotations::{
    ARCHIVE, ENCRYPTION, EXPIRES_AT, FILES, FORMER_POINT_IN_TIME, POINT_IN_TIME,
};
use crate::format::record::{API_VERSION, KIND};
use crate::{Digest, Error, Result};

/// Most files that a record names; there are half a dozen.
const MAX_FILES: usize = 1000;

/// What is known of a backup without opening its archive.
///
/// Reads what Velero writes, and writes what Velero reads. Fields that neither side of this
/// crate looks at are kept as they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    api_version: String,
    kind: String,
    /// Name, labels and annotations.
    pub metadata: RecordMetadata,
    /// What was asked for, in Velero's fields.
    #[serde(default)]
    pub spec: Map<String, Value>,
    /// How it went.
    #[serde(default)]
    pub status: RecordStatus,
}

/// A record, and what its bytes are.
#[derive(Debug)]
pub(crate) struct StoredRecord {
    pub(crate) record: Record,
    pub(crate) sha256: Digest,
    pub(crate) length: u64,
}

/// The metadata of a [`Record`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordMetadata {
    /// The backup's name.
    pub name: String,
    /// Namespace of the object that represents the backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Tells this backup from all others, of the same name too.
    #[serde(default)]
    pub uid: String,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation_timestamp: Option<DateTime<Utc>>,
    /// Labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// The status of a [`Record`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordStatus {
    /// Always 1.
    #[serde(default)]
    pub version: u32,
    /// Format of the archive: `1.0.0`, or `1.1.0` with a folder per version.
    #[serde(default)]
    pub format_version: String,
    /// How it ended.
    #[serde(default)]
    pub phase: Phase,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_timestamp: Option<DateTime<Utc>>,
    /// When it was complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_timestamp: Option<DateTime<Utc>>,
    /// Velero's own expiry; never written here, since a Velero on the same bucket would delete by
    /// it what it does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration: Option<DateTime<Utc>>,
    /// How many objects there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<RecordProgress>,
    /// Snapshots of volumes by their storage's own API that were asked for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub volume_snapshots_attempted: u64,
    /// Those of them that can be restored from.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub volume_snapshots_completed: u64,
    /// Snapshots of volumes by CSI drivers that were asked for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub csi_volume_snapshots_attempted: u64,
    /// Those of them that can be restored from.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub csi_volume_snapshots_completed: u64,
    /// What became of hooks; `None` where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook_status: Option<HookStatus>,
    /// How many warnings there were.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub warnings: u64,
    /// How many errors there were.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub errors: u64,
    #[serde(flatten)]
    other: Map<String, Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

/// Commands that hooks were to run, as Velero counts them (backup_types.go, restore_types.go).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct HookStatus {
    /// Those whose turn came.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub hooks_attempted: u64,
    /// Those of them that failed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub hooks_failed: u64,
}

impl std::ops::AddAssign for HookStatus {
    fn add_assign(&mut self, other: Self) {
        self.hooks_attempted += other.hooks_attempted;
        self.hooks_failed += other.hooks_failed;
    }
}

/// How many objects a backup holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RecordProgress {
    /// Objects chosen.
    #[serde(default)]
    pub total_items: u64,
    /// Objects stored.
    #[serde(default)]
    pub items_backed_up: u64,
}

/// How a backup ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum Phase {
    /// Everything chosen is in it.
    Completed,
    /// Something chosen is not in it, or not as it was asked for; the results name what.
    PartiallyFailed,
    /// Velero's Failed.
    Failed,
    /// The record does not say.
    #[default]
    Unknown,
    /// Any other, by its name.
    Other(String),
}

impl From<String> for Phase {
    fn from(text: String) -> Self {
        match text.as_str() {
            "Completed" => Self::Completed,
            "PartiallyFailed" => Self::PartiallyFailed,
            "Failed" => Self::Failed,
            "" => Self::Unknown,
            _ => Self::Other(text),
        }
    }
}

impl From<Phase> for String {
    fn from(phase: Phase) -> Self {
        phase.to_string()
    }
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Completed => "Completed",
            Self::PartiallyFailed => "PartiallyFailed",
            Self::Failed => "Failed",
            Self::Unknown => "",
            Self::Other(text) => text,
        })
    }
}

/// What the committed archive is, to the byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ArchiveFacts {
    /// How many bytes it has: `length` in the record.
    #[serde(rename = "length")]
    pub size: u64,
    /// CRC-64/XZ of those bytes, in decimal, as OSS prints it.
    pub crc64: String,
    /// ETag that the store returned to the writer. It belongs to that store: a copy of the archive has another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Its index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<IndexFacts>,
}

/// What of a backup is encrypted, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EncryptionFacts {
    /// As it was asked for.
    #[serde(flatten)]
    pub encryption: Encryption,
    /// Where Secrets alone are encrypted: what their archive is, as it is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets: Option<ArchiveFacts>,
}

impl EncryptionFacts {
    pub(crate) fn new(encryption: Encryption, secrets: Option<ArchiveFacts>) -> Self {
        Self {
            encryption,
            secrets,
        }
    }

    /// Whether all content is encrypted.
    pub(crate) fn is_of_all(&self) -> bool {
        self.encryption.mode == EncryptionMode::All
    }
}

/// The point in the cluster's history at which the objects were read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PointInTime {
    /// The resourceVersion of all lists.
    pub resource_version: String,
    /// Kinds that were read at another time, each with the reason; empty when the backup is of
    /// one point in time.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub except: BTreeMap<String, String>,
}

impl PointInTime {
    /// Whether every object was read at the same point in time.
    pub fn is_one(&self) -> bool {
        self.except.is_empty()
    }
}

impl Record {
    pub(crate) fn new(metadata: RecordMetadata, spec: Map<String, Value>) -> Self {
        Self {
            api_version: API_VERSION.into(),
            kind: KIND.into(),
            metadata,
            spec,
            status: RecordStatus::default(),
        }
    }

    /// Reads the record of the backup `name`.
    pub(crate) fn read(bytes: &[u8], name: &str) -> Result<Self> {
        let record: Self = serde_json::from_slice(bytes).map_err(|error| {
            Error::corrupt(format!("read the record of `{name}`")).with_source(error)
        })?;
        if record.kind != KIND || record.metadata.name != name {
            return Err(Error::corrupt(format!(
                "read the record of `{name}`: it is of {} `{}`",
                record.kind, record.metadata.name
            )));
        }
        Ok(record)
    }

    pub(crate) fn write(&self) -> Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::internal("write the record", error))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// The backup's name.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// The uid that tells it from all others.
    pub fn uid(&self) -> &str {
        &self.metadata.uid
    }

    /// What the archive must be; `None` for records of other programs.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt) when the annotation cannot be read.
    pub fn archive(&self) -> Result<Option<ArchiveFacts>> {
        self.annotation(ARCHIVE)
    }

    /// What every file beside the record must be, by its name; empty for records of other programs, and for those
    /// that were written before there was such a list.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt) when the annotation cannot be read.
    pub fn files(&self) -> Result<Files> {
        let files: Files = self.annotation(FILES)?.unwrap_or_default();
        if files.len() > MAX_FILES {
            return Err(Error::corrupt(format!(
                "read annotation `{FILES}` of the record of `{}`: it names {} files, more than {MAX_FILES}",
                self.name(),
                files.len()
            )));
        }
        Ok(files)
    }

    /// What of it is encrypted; `None` when nothing is.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt) when the annotation cannot be read.
    pub fn encryption(&self) -> Result<Option<EncryptionFacts>> {
        self.annotation(ENCRYPTION)
    }

    /// The point in time at which it was read; `None` for records of other programs.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt) when the annotation cannot be read.
    pub fn point_in_time(&self) -> Result<Option<PointInTime>> {
        match self.annotation(POINT_IN_TIME)? {
            None => self.annotation(FORMER_POINT_IN_TIME),
            found => Ok(found),
        }
    }

    /// When it may be deleted: our annotation, else Velero's field.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt) when the annotation is there and holds no time: what
    /// may be deleted is not guessed.
    pub fn expires_at(&self) -> Result<Option<DateTime<Utc>>> {
        let Some(text) = self.metadata.annotations.get(EXPIRES_AT) else {
            return Ok(self.status.expiration);
        };
        let time = DateTime::parse_from_rfc3339(text).map_err(|error| {
            Error::corrupt(format!(
                "read annotation `{EXPIRES_AT}` of the record of `{}`: `{text}` is no time",
                self.name()
            ))
            .with_source(error)
        })?;
        Ok(Some(time.with_timezone(&Utc)))
    }

    pub(crate) fn set_archive(&mut self, facts: &ArchiveFacts) -> Result<()> {
        self.annotate(ARCHIVE, facts)
    }

    pub(crate) fn set_files(&mut self, files: &Files) -> Result<()> {
        self.annotate(FILES, files)
    }

    pub(crate) fn set_encryption(&mut self, facts: &EncryptionFacts) -> Result<()> {
        self.annotate(ENCRYPTION, facts)
    }

    pub(crate) fn set_point_in_time(&mut self, point_in_time: &PointInTime) -> Result<()> {
        self.annotate(POINT_IN_TIME, point_in_time)
    }

    pub(crate) fn set_expires_at(&mut self, time: DateTime<Utc>) {
        self.metadata.annotations.insert(
            EXPIRES_AT.into(),
            time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        );
    }

    fn annotation<T: serde::de::DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        self.metadata
            .annotations
            .get(key)
            .map(|text| {
                serde_json::from_str(text).map_err(|error| {
                    Error::corrupt(format!(
                        "read annotation `{key}` of the record of `{}`",
                        self.name()
                    ))
                    .with_source(error)
                })
            })
            .transpose()
    }

    fn annotate<T: Serialize>(&mut self, key: &str, value: &T) -> Result<()> {
        let text = serde_json::to_string(value)
            .map_err(|error| Error::internal("write the record", error))?;
        self.metadata.annotations.insert(key.into(), text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_its_own_writing() {
        let metadata = RecordMetadata {
            name: "a".into(),
            uid: "u".into(),
            ..RecordMetadata::default()
        };
        let mut record = Record::new(metadata, Map::new());
        record.status.phase = Phase::PartiallyFailed;
        let facts = ArchiveFacts {
            size: 7,
            crc64: "18446744073709551615".into(),
            etag: Some("\"x\"".into()),
            index: None,
        };
        record.set_archive(&facts).unwrap();
        let at = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        record.set_expires_at(at);
        let read = Record::read(&record.write().unwrap(), "a").unwrap();
        assert_eq!(read, record);
        assert_eq!(read.archive().unwrap(), Some(facts));
        assert_eq!(read.expires_at().unwrap(), Some(at));
        // Neither kept for ever nor deleted by Velero's field.
        let mut damaged = read.clone();
        let text = damaged.metadata.annotations.get_mut(EXPIRES_AT).unwrap();
        *text = "tomorrow".to_owned();
        damaged.status.expiration = Some(at);
        let error = damaged.expires_at().unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Corrupt);
        assert!(error.to_string().contains("`tomorrow`"), "{error}");
        assert!(Record::read(&record.write().unwrap(), "b").is_err());
    }

    #[test]
    fn the_point_in_time_of_older_records_is_read() {
        for name in ["point-in-time", "moment"] {
            let bytes = format!(
                r#"{{"kind":"Backup","apiVersion":"velero.io/v1","metadata":{{"name":"a","annotations":
                {{"kube-backup-engine.io/{name}":"{{\"resourceVersion\":\"7\"}}"}}}}}}"#
            );
            let record = Record::read(bytes.as_bytes(), "a").unwrap();
            let point = record.point_in_time().unwrap().unwrap();
            assert_eq!(point.resource_version, "7");
            assert!(point.is_one());
        }
    }

    #[test]
    fn fields_of_other_programs_are_kept() {
        let bytes = br#"{"kind":"Backup","apiVersion":"velero.io/v1",
            "metadata":{"name":"a","generation":7},"spec":{"ttl":"1h"},
            "status":{"phase":"Finalizing","hookStatus":{},"expiration":"2026-12-23T06:30:07Z"}}"#;
        let record = Record::read(bytes, "a").unwrap();
        assert_eq!(record.status.phase, Phase::Other("Finalizing".into()));
        assert!(record.expires_at().unwrap().is_some());
        let again: Value = serde_json::from_slice(&record.write().unwrap()).unwrap();
        assert_eq!(again["metadata"]["generation"], 7);
        assert_eq!(again["status"]["hookStatus"], serde_json::json!({}));
        assert_eq!(again["status"]["phase"], "Finalizing");
    }
}
