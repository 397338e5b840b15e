//! The record, and the write that makes a backup exist.

use chrono::{DateTime, Utc};
use object_store::{ObjectStoreExt as _, PutMode, PutOptions};

use super::collector::Collected;
use super::scope::Version;
use super::spec::BackupSpec;
use crate::format::annotations::SOURCE_CLUSTER;
use crate::format::entries::FORMAT_VERSION;
use crate::format::keys::Keys;
use crate::format::record::{NAMESPACE, STATUS_VERSION};
use crate::repository::lease::Lease;
use crate::repository::same_etag;
use crate::volumes::{BackedUpVolume, VolumeMethod};
use crate::{
    ArchiveFacts, Digest, EncryptionFacts, Error, ErrorKind, Files, HookStatus, Phase, PointInTime,
    Record, RecordMetadata, RecordProgress, Repository, Result,
};

/// What a record says besides what was collected.
pub(crate) struct RecordInputs<'a> {
    pub(crate) spec: &'a BackupSpec,
    pub(crate) uid: &'a str,
    pub(crate) began: DateTime<Utc>,
    pub(crate) completed: DateTime<Utc>,
    pub(crate) version: Option<Version>,
    pub(crate) archive: ArchiveFacts,
    /// What of it is encrypted.
    pub(crate) encryption: Option<EncryptionFacts>,
    /// All that was written.
    pub(crate) files: Files,
    /// The resourceVersion of all lists.
    pub(crate) resource_version: String,
    /// How many snapshots there are, where something was to make them.
    pub(crate) volumes: Option<VolumeCounts>,
    /// How many commands hooks were to run.
    pub(crate) hooks: HookStatus,
}

/// How many snapshots were asked for, and how many there are that can be restored from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct VolumeCounts {
    /// By a storage's own API: attempted, completed.
    native: (u64, u64),
    /// By a CSI driver.
    csi: (u64, u64),
}

impl VolumeCounts {
    pub(crate) fn of(volumes: &[BackedUpVolume]) -> Self {
        let of = |method: VolumeMethod| {
            let records = volumes.iter().filter_map(|volume| volume.record.as_ref());
            let records: Vec<_> = records.filter(|record| record.method == method).collect();
            let restorable = records.iter().filter(|record| record.state.is_restorable());
            (records.len() as u64, restorable.count() as u64)
        };
        Self {
            native: of(VolumeMethod::NativeSnapshot),
            csi: of(VolumeMethod::CsiSnapshot),
        }
    }
}

impl RecordInputs<'_> {
    pub(crate) fn into_record(self, collected: &Collected) -> Result<Record> {
        let Self {
            spec, uid, began, ..
        } = self;
        let mut metadata = RecordMetadata::default();
        metadata.name.clone_from(&spec.name);
        metadata.namespace = Some(NAMESPACE.into());
        uid.clone_into(&mut metadata.uid);
        metadata.creation_timestamp = Some(began);
        metadata.labels.clone_from(&spec.labels);
        if let Some(version) = self.version {
            let mut note = |what: &str, value: String| {
                metadata
                    .annotations
                    .insert(format!("{SOURCE_CLUSTER}{what}"), value);
            };
            note("gitversion", version.git_version);
            note("major-version", version.major);
            note("minor-version", version.minor);
        }
        let mut fields = spec.to_velero()?;
        if self.volumes.is_some() {
            let snapshots = spec.volumes.snapshot_volumes.unwrap_or(true);
            fields.insert("snapshotVolumes".to_owned(), snapshots.into());
        }
        let mut record = Record::new(metadata, fields);
        let status = &mut record.status;
        let counts = self.volumes.unwrap_or_default();
        (
            status.volume_snapshots_attempted,
            status.volume_snapshots_completed,
        ) = counts.native;
        (
            status.csi_volume_snapshots_attempted,
            status.csi_volume_snapshots_completed,
        ) = counts.csi;
        status.hook_status = Some(self.hooks).filter(|hooks| *hooks != HookStatus::default());
        status.version = STATUS_VERSION;
        FORMAT_VERSION.clone_into(&mut status.format_version);
        status.errors = collected.results.errors.count();
        status.warnings = collected.results.warnings.count();
        status.phase = if status.errors == 0 {
            Phase::Completed
        } else {
            Phase::PartiallyFailed
        };
        status.start_timestamp = Some(began);
        status.completion_timestamp = Some(self.completed);
        status.progress = Some(RecordProgress {
            total_items: collected.objects,
            items_backed_up: collected.objects,
        });
        record.set_archive(&self.archive)?;
        record.set_files(&self.files)?;
        if let Some(encryption) = &self.encryption {
            record.set_encryption(encryption)?;
        }
        record.set_point_in_time(&PointInTime {
            resource_version: self.resource_version,
            except: collected.except.clone(),
        })?;
        // An expiry beyond what the calendar can tell is none.
        let ttl = spec.ttl.map(chrono::Duration::from_std);
        if let Some(Ok(ttl)) = ttl
            && let Some(expires_at) = began.checked_add_signed(ttl)
        {
            record.set_expires_at(expires_at);
        }
        Ok(record)
    }
}

/// Writes the record, of these bytes, only if absent, and checks once more that the backup is whole and ours. Returns the SHA-256
/// of the record.
pub(crate) async fn commit(
    repository: &Repository,
    keys: &Keys,
    lease: &Lease,
    record: &Record,
    bytes: Vec<u8>,
) -> Result<Digest> {
    let name = record.name();
    lease.check().await?;
    let create = PutOptions::from(PutMode::Create);
    let sha256 = Digest::of(&bytes);
    let put = repository
        .store()
        .put_opts(&keys.record(), bytes.into(), create)
        .await;
    if let Err(error) = put {
        let taken = matches!(error, object_store::Error::AlreadyExists { .. });
        // After a lost response it may be ours.
        match repository.stored_record(name).await {
            Ok(Some(there)) if there.sha256 == sha256 => {}
            Ok(Some(there)) if there.record.uid() == record.uid() => {
                return Err(Error::new(
                    ErrorKind::Busy,
                    format!(
                        "commit backup `{name}`: another run of this very backup was committed first; run it again, and \
                         it returns what that one came to"
                    ),
                ));
            }
            Ok(_) if taken => {
                return Err(Error::new(
                    ErrorKind::AlreadyExists,
                    format!(
                        "commit backup `{name}`: another backup of that name was committed first"
                    ),
                ));
            }
            _ => return Err(Error::store(format!("commit backup `{name}`"), error)),
        }
    }
    if let Some(why) = is_lost(repository, keys, lease, record).await? {
        return Err(take_back(repository, keys, record, why).await);
    }
    Ok(sha256)
}

/// Why the committed backup must not stay: a writer that was suspended for longer than its lease lasts can
/// find the name taken over and its archive replaced, however short the time between check and commit.
/// A check that fails undoes nothing.
async fn is_lost(
    repository: &Repository,
    keys: &Keys,
    lease: &Lease,
    record: &Record,
) -> Result<Option<&'static str>> {
    let name = record.name();
    match lease.check().await {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::Busy => {
            return Ok(Some("another backup took the name over"));
        }
        Err(error) => {
            tracing::warn!(
                name,
                error = error.chain(),
                "the lease could not be checked"
            );
        }
    }
    let secrets = record.encryption()?.and_then(|facts| facts.secrets);
    let archives = [
        (keys.archive(), record.archive()?),
        (keys.secrets(), secrets),
    ];
    for (key, facts) in archives {
        let Some(facts) = facts else { continue };
        let replaced = match repository.store().head(&key).await {
            Ok(meta) => {
                meta.size != facts.size
                    || matches!((&meta.e_tag, &facts.etag), (Some(a), Some(b)) if !same_etag(a, b))
            }
            Err(object_store::Error::NotFound { .. }) => true,
            Err(error) => {
                tracing::warn!(name, %error, "the committed archive could not be checked");
                false
            }
        };
        if replaced {
            return Ok(Some("another backup replaced its archive"));
        }
    }
    Ok(None)
}

async fn take_back(repository: &Repository, keys: &Keys, record: &Record, why: &str) -> Error {
    let name = record.name();
    let step = format!("commit backup `{name}`: {why}");
    let deleted = match repository.stored_record(name).await {
        Ok(Some(there)) if there.record.uid() == record.uid() => {
            repository.store().delete(&keys.record()).await
        }
        Ok(_) => Ok(()),
        Err(error) => return error,
    };
    match deleted {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Error::new(
            ErrorKind::Busy,
            format!("{step}, so it was undone; wait for the other, or choose another name"),
        ),
        Err(error) => Error::kept(
            format!("{step}; take back its record `{}`", keys.record()),
            error,
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{ReadLimits, Results};

    #[test]
    fn a_backup_expires_after_its_ttl_or_never() {
        let began = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        let expires_at = |ttl: Option<Duration>| {
            let spec = BackupSpec {
                ttl,
                ..BackupSpec::named("a")
            };
            let inputs = RecordInputs {
                spec: &spec,
                uid: "u",
                began,
                completed: began,
                version: None,
                archive: ArchiveFacts {
                    size: 0,
                    crc64: "0".into(),
                    etag: None,
                    index: None,
                },
                encryption: None,
                files: Files::new(),
                resource_version: "1".into(),
                volumes: None,
                hooks: HookStatus::default(),
            };
            let nothing = Collected::new(Results::default(), ReadLimits::default(), None);
            let record = inputs.into_record(&nothing).unwrap();
            record.expires_at().unwrap()
        };
        let day = Duration::from_secs(24 * 60 * 60);
        assert_eq!(
            expires_at(Some(day)),
            Some(began + chrono::Duration::days(1))
        );
        // The last two are past the calendar's end, and past what a span can be.
        for ttl in [None, Some(day * 100_000_000), Some(Duration::MAX)] {
            assert_eq!(expires_at(ttl), None, "{ttl:?}");
        }
    }
}
