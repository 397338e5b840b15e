//! VolumeSnapshots and their contents, as they are read and written.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::format::{annotations, labels};
use crate::volumes::{SnapshotGroup, VolumeRecord};

pub(super) const API_VERSION: &str = "snapshot.storage.k8s.io/v1";
/// Keeps a content until the driver has been asked.
pub(super) const CONTENT_FINALIZER: &str =
    "snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection";
/// On a content whose VolumeSnapshot is gone: without it the content would not go.
pub(super) const BEING_DELETED: &str =
    "snapshot.storage.kubernetes.io/volumesnapshot-being-deleted";
/// On a content: the Secret for deleting its snapshot.
pub(super) const DELETION_SECRET_NAME: &str = "snapshot.storage.kubernetes.io/deletion-secret-name";
pub(super) const DELETION_SECRET_NAMESPACE: &str =
    "snapshot.storage.kubernetes.io/deletion-secret-namespace";

/// Attributes of a record.
pub(super) mod attribute {
    /// The driver.
    pub(crate) const DRIVER: &str = "driver";
    /// What the driver calls the volume.
    pub(crate) const VOLUME_HANDLE: &str = "volumeHandle";
    /// `Filesystem` or `Block`.
    pub(crate) const VOLUME_MODE: &str = "sourceVolumeMode";
    /// Name and namespace of the Secret for deleting it.
    pub(crate) const SECRET_NAME: &str = "deletionSecretName";
    pub(crate) const SECRET_NAMESPACE: &str = "deletionSecretNamespace";
    /// The class that its group was made with.
    pub(crate) const GROUP_CLASS: &str = "groupClass";
    /// What the driver calls the snapshots of its group, as JSON.
    pub(crate) const GROUP_HANDLES: &str = "groupSnapshotHandles";
}

/// A VolumeSnapshot.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Snapshot {
    pub(super) metadata: ObjectMeta,
    #[serde(default)]
    spec: SnapshotSpec,
    #[serde(default)]
    status: Option<SnapshotStatus>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct SnapshotSpec {
    #[serde(default)]
    source: SnapshotSource,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotSource {
    persistent_volume_claim_name: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotStatus {
    bound_volume_snapshot_content_name: Option<String>,
    error: Option<SnapshotError>,
}

/// What the controllers complain of.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct SnapshotError {
    pub(super) message: Option<String>,
}

impl Snapshot {
    pub(super) fn uid(&self) -> &str {
        self.metadata.uid.as_deref().unwrap_or_default()
    }

    pub(super) fn is_going(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
    }

    /// When the API server made it.
    pub(super) fn created_at(&self) -> Option<DateTime<Utc>> {
        made_at(&self.metadata)
    }

    /// What the controllers last complained of. They go on trying.
    pub(super) fn error(&self) -> Option<&str> {
        self.status.as_ref()?.error.as_ref()?.message.as_deref()
    }

    /// The name of its content: where it is not bound yet, that which the controller will give it
    /// (`GetDynamicSnapshotContentNameForSnapshot`).
    pub(super) fn content_name(&self) -> String {
        let bound = self.status.as_ref();
        let bound = bound.and_then(|status| status.bound_volume_snapshot_content_name.clone());
        bound.unwrap_or_else(|| format!("snapcontent-{}", self.uid()))
    }

    /// Whether it is the snapshot of a claim in the group of this uid.
    pub(super) fn is_member(&self, group: &str, claim: &str) -> bool {
        let owners = self.metadata.owner_references.iter().flatten();
        let source = &self.spec.source.persistent_volume_claim_name;
        source.as_deref() == Some(claim) && owners.into_iter().any(|owner| owner.uid == group)
    }

    /// Whether it was made for this record, and is of its claim: whoever may make VolumeSnapshots in the namespace
    /// could have taken the name.
    pub(super) fn is_for(&self, record: &VolumeRecord) -> bool {
        let source = &self.spec.source.persistent_volume_claim_name;
        is_of_backup(&self.metadata, &record.backup_uid)
            && source.as_deref() == Some(&record.claim.name)
    }

    /// The record that it was made for.
    pub(super) fn record(&self) -> Option<VolumeRecord> {
        let record = record_on(&self.metadata)?;
        let is_named = self.metadata.name.as_deref() == Some(&record.name)
            && self.metadata.namespace.as_deref() == Some(&record.claim.namespace);
        (is_named && self.is_for(&record)).then_some(record)
    }
}

/// A VolumeSnapshotContent.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Content {
    pub(super) metadata: ObjectMeta,
    spec: ContentSpec,
    #[serde(default)]
    status: Option<ContentStatus>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContentSpec {
    driver: String,
    deletion_policy: String,
    #[serde(default)]
    source: ContentSource,
    volume_snapshot_ref: ObjectReference,
    source_volume_mode: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContentSource {
    volume_handle: Option<String>,
    snapshot_handle: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContentStatus {
    snapshot_handle: Option<String>,
    /// In nanoseconds.
    creation_time: Option<i64>,
    restore_size: Option<i64>,
    ready_to_use: Option<bool>,
    volume_group_snapshot_handle: Option<String>,
    error: Option<SnapshotError>,
}

impl Content {
    pub(super) fn name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    pub(super) fn uid(&self) -> &str {
        self.metadata.uid.as_deref().unwrap_or_default()
    }

    pub(super) fn is_going(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
    }

    pub(super) fn is_retained(&self) -> bool {
        self.spec.deletion_policy == "Retain"
    }

    pub(super) fn is_deleting(&self) -> bool {
        self.spec.deletion_policy == "Delete"
    }

    pub(super) fn is_of_backup(&self, uid: &str) -> bool {
        is_of_backup(&self.metadata, uid)
    }

    pub(super) fn error(&self) -> Option<&str> {
        self.status.as_ref()?.error.as_ref()?.message.as_deref()
    }

    /// What the driver calls the snapshot, once it has said so.
    pub(super) fn handle(&self) -> Option<&str> {
        let status = self.status.as_ref();
        let handle = status.and_then(|status| status.snapshot_handle.as_deref());
        handle.or(self.spec.source.snapshot_handle.as_deref())
    }

    /// The handle that the driver will be asked to delete.
    pub(super) fn handle_in_status(&self) -> Option<&str> {
        self.status.as_ref()?.snapshot_handle.as_deref()
    }

    pub(super) fn is_ready(&self) -> bool {
        let status = self.status.as_ref();
        status.is_some_and(|status| status.ready_to_use == Some(true))
    }

    /// Whether it is the content of this VolumeSnapshot, made by its controller from the volume of the record.
    pub(super) fn belongs_to(&self, snapshot: &Snapshot, record: &VolumeRecord) -> bool {
        let is = |key: &str, value: Option<&str>| {
            let expected = record.attributes.get(key);
            expected.is_none_or(|expected| value == Some(expected))
        };
        self.spec.volume_snapshot_ref.uid.as_deref() == Some(snapshot.uid())
            && is(attribute::DRIVER, Some(&self.spec.driver))
            && is(
                attribute::VOLUME_HANDLE,
                self.spec.source.volume_handle.as_deref(),
            )
    }

    /// The name of its VolumeSnapshot.
    pub(super) fn snapshot_name(&self) -> &str {
        self.spec
            .volume_snapshot_ref
            .name
            .as_deref()
            .unwrap_or_default()
    }

    /// Whether it holds the snapshot of the record.
    pub(super) fn is_for(&self, record: &VolumeRecord) -> bool {
        let of = &self.spec.volume_snapshot_ref;
        if record.group.is_some() {
            // The controller has named its VolumeSnapshot: it is known by what was noted on it.
            let noted = record_on(&self.metadata);
            return of.namespace.as_deref() == Some(&record.claim.namespace)
                && noted.is_some_and(|noted| {
                    noted.name == record.name && noted.backup_uid == record.backup_uid
                });
        }
        self.is_of_backup(&record.backup_uid)
            && of.name.as_deref() == Some(&record.name)
            && of.namespace.as_deref() == Some(&record.claim.namespace)
    }

    /// The record that its snapshot was made for.
    pub(super) fn record(&self) -> Option<VolumeRecord> {
        let record = record_on(&self.metadata)?;
        self.is_for(&record).then_some(record)
    }

    /// Writes what is known of the snapshot into its record.
    pub(super) fn tell(&self, record: &mut VolumeRecord) {
        if let Some(status) = &self.status {
            let cut = status.creation_time.map(DateTime::from_timestamp_nanos);
            if status.snapshot_handle.is_some() {
                record.cut_at = record.cut_at.or(cut);
            }
            // Drivers that do not know it say nothing, or 0.
            let size = status
                .restore_size
                .and_then(|size| u64::try_from(size).ok());
            if let Some(size) = size.filter(|size| *size > 0) {
                record.restore_size = Some(size);
            }
            if let Some(group) = &status.volume_group_snapshot_handle {
                record.group_handle = Some(group.clone());
            }
        }
        if record.handle.is_none() {
            record.handle = self.handle().map(str::to_owned);
        }
        let mut note = |key: &str, value: Option<&String>| {
            if let Some(value) = value {
                record.attributes.insert(key.to_owned(), value.clone());
            }
        };
        note(attribute::DRIVER, Some(&self.spec.driver));
        note(
            attribute::VOLUME_MODE,
            self.spec.source_volume_mode.as_ref(),
        );
        let annotations = self.metadata.annotations.as_ref();
        let annotation = |key: &str| annotations.and_then(|all| all.get(key));
        note(attribute::SECRET_NAME, annotation(DELETION_SECRET_NAME));
        note(
            attribute::SECRET_NAMESPACE,
            annotation(DELETION_SECRET_NAMESPACE),
        );
    }
}

pub(super) fn is_of_backup(metadata: &ObjectMeta, uid: &str) -> bool {
    let label = metadata.labels.as_ref();
    let label = label.and_then(|labels| labels.get(labels::BACKUP_UID));
    label.is_some_and(|label| *label == labels::value(uid))
}

pub(super) fn record_on(metadata: &ObjectMeta) -> Option<VolumeRecord> {
    let text = metadata
        .annotations
        .as_ref()?
        .get(annotations::VOLUME_RECORD)?;
    let record: VolumeRecord = serde_json::from_str(text).ok()?;
    is_of_backup(metadata, &record.backup_uid).then_some(record)
}

pub(super) fn made_at(metadata: &ObjectMeta) -> Option<DateTime<Utc>> {
    let time = metadata.creation_timestamp.as_ref()?;
    DateTime::from_timestamp(time.0.as_second(), 0)
}

/// The VolumeSnapshot that is asked for.
pub(super) fn snapshot(record: &VolumeRecord, group: &SnapshotGroup, class: &str) -> Value {
    json!({
        "apiVersion": API_VERSION, "kind": "VolumeSnapshot",
        "metadata": {"name": record.name, "namespace": record.claim.namespace,
            "labels": labels_of(group, marks(record)), "annotations": noted(record)},
        "spec": {"volumeSnapshotClassName": class,
            "source": {"persistentVolumeClaimName": record.claim.name}}})
}

/// The labels of what a backup asks for: those that its group is to have and can have, and the backup's own.
pub(super) fn labels_of(
    group: &SnapshotGroup,
    marks: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut all = group.labels.clone();
    all.retain(|key, value| labels::is_key(key) && labels::is_value(value));
    all.extend(marks);
    all.insert(
        labels::BACKUP_NAME.to_owned(),
        labels::value(&group.backup_name),
    );
    // It is gone before anybody could restore it.
    all.insert(labels::EXCLUDE.to_owned(), "true".to_owned());
    all
}

/// Makes a content the backup's own, and lets it outlive its VolumeSnapshot.
pub(super) fn adopted(record: &VolumeRecord) -> Value {
    json!({"metadata": {"labels": marks(record), "annotations": noted(record)},
        "spec": {"deletionPolicy": "Retain"}})
}

/// The content through which a driver is asked to delete the snapshot of this handle.
pub(super) fn content_for_deletion(record: &VolumeRecord, driver: &str, handle: &str) -> Value {
    let mut annotations = noted(record);
    annotations.extend(secrets(record));
    json!({
        "apiVersion": API_VERSION, "kind": "VolumeSnapshotContent",
        "metadata": {"name": record.name, "labels": marks(record), "annotations": annotations,
            "finalizers": [CONTENT_FINALIZER]},
        "spec": {"driver": driver, "deletionPolicy": "Delete", "source": {"snapshotHandle": handle},
            "volumeSnapshotRef": {"name": record.name, "namespace": record.claim.namespace}}})
}

/// The annotations that name the Secret for a snapshot, where it needs one.
pub(super) fn secrets(record: &VolumeRecord) -> BTreeMap<String, String> {
    let named = [
        (DELETION_SECRET_NAME, attribute::SECRET_NAME),
        (DELETION_SECRET_NAMESPACE, attribute::SECRET_NAMESPACE),
    ];
    let named = named.into_iter().filter_map(|(annotation, attribute)| {
        let value = record.attributes.get(attribute)?;
        Some((annotation.to_owned(), value.clone()))
    });
    named.collect()
}

pub(super) fn marks(record: &VolumeRecord) -> BTreeMap<String, String> {
    let uid = labels::value(&record.backup_uid);
    BTreeMap::from([(labels::BACKUP_UID.to_owned(), uid)])
}

/// The record, as it was when the snapshot was asked for.
pub(super) fn noted(record: &VolumeRecord) -> BTreeMap<String, String> {
    // It is data of our own, which is always JSON.
    let text = serde_json::to_string(record).unwrap_or_default();
    BTreeMap::from([(annotations::VOLUME_RECORD.to_owned(), text)])
}
