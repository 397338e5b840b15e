//! VolumeGroupSnapshots and their contents, as they are read and written.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::objects::{
    SnapshotError, attribute, is_of_backup, labels_of, made_at, marks, secrets,
};
use super::{Groups, Selected};
use crate::format::annotations;
use crate::volumes::{SnapshotGroup, VolumeRecord};

/// Keeps a content until the driver has been asked.
const CONTENT_FINALIZER: &str =
    "groupsnapshot.storage.kubernetes.io/volumegroupsnapshotcontent-bound-protection";
/// On a content whose VolumeGroupSnapshot is gone: without it the content would not go.
pub(super) const BEING_DELETED: &str =
    "groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-being-deleted";
const DELETION_SECRET_NAME: &str = "groupsnapshot.storage.kubernetes.io/deletion-secret-name";
const DELETION_SECRET_NAMESPACE: &str =
    "groupsnapshot.storage.kubernetes.io/deletion-secret-namespace";

/// A VolumeGroupSnapshot.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct GroupSnapshot {
    metadata: ObjectMeta,
    #[serde(default)]
    status: Option<GroupStatus>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupStatus {
    bound_volume_group_snapshot_content_name: Option<String>,
    error: Option<SnapshotError>,
}

impl GroupSnapshot {
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

    pub(super) fn error(&self) -> Option<&str> {
        self.status.as_ref()?.error.as_ref()?.message.as_deref()
    }

    /// The name of its content: where it is not bound yet, that which the controller will give it
    /// (`GetDynamicSnapshotContentNameForGroupSnapshot`).
    pub(super) fn content_name(&self) -> String {
        let bound = self.status.as_ref();
        let bound = bound.and_then(|it| it.bound_volume_group_snapshot_content_name.clone());
        bound.unwrap_or_else(|| format!("groupsnapcontent-{}", self.uid()))
    }

    /// The records that it was made for; none where it is not of this backup, or of another group.
    pub(super) fn records(&self, backup_uid: &str, group: &str) -> Vec<VolumeRecord> {
        match self.metadata.name.as_deref() == Some(group) {
            true => records_on(&self.metadata, backup_uid, group),
            false => Vec::new(),
        }
    }

    pub(super) fn all_records(&self, backup_uid: &str) -> Vec<VolumeRecord> {
        let name = self.metadata.name.as_deref().unwrap_or_default();
        records_on(&self.metadata, backup_uid, name)
    }
}

/// A VolumeGroupSnapshotContent.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct GroupContent {
    metadata: ObjectMeta,
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
    volume_group_snapshot_ref: ObjectReference,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContentSource {
    volume_handles: Option<Vec<String>>,
    group_snapshot_handles: Option<Handles>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Handles {
    volume_group_snapshot_handle: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContentStatus {
    volume_group_snapshot_handle: Option<String>,
    ready_to_use: Option<bool>,
    error: Option<SnapshotError>,
}

impl GroupContent {
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

    pub(super) fn is_ready(&self) -> bool {
        let status = self.status.as_ref();
        status.is_some_and(|status| status.ready_to_use == Some(true))
    }

    pub(super) fn error(&self) -> Option<&str> {
        self.status.as_ref()?.error.as_ref()?.message.as_deref()
    }

    /// What the driver calls the group, once it has said so.
    pub(super) fn handle(&self) -> Option<&str> {
        let given = self.spec.source.group_snapshot_handles.as_ref();
        let given = given.and_then(|it| it.volume_group_snapshot_handle.as_deref());
        self.handle_in_status().or(given)
    }

    /// The handle that the driver will be asked to delete.
    pub(super) fn handle_in_status(&self) -> Option<&str> {
        let status = self.status.as_ref()?;
        status.volume_group_snapshot_handle.as_deref()
    }

    /// Whether it is the content of this VolumeGroupSnapshot, made by its controller.
    pub(super) fn is_bound_to(&self, group: &GroupSnapshot) -> bool {
        self.spec.volume_group_snapshot_ref.uid.as_deref() == Some(group.uid())
    }

    /// Whether it is made from the volumes of these records, and from no other.
    pub(super) fn is_made_from(&self, records: &[VolumeRecord]) -> bool {
        let of = |key: &str| -> BTreeSet<&str> {
            let values = records.iter().filter_map(|it| it.attributes.get(key));
            values.map(String::as_str).collect()
        };
        let handles = self.spec.source.volume_handles.as_deref();
        let handles: BTreeSet<&str> = handles.iter().copied().flatten().map(|it| &**it).collect();
        handles == of(attribute::VOLUME_HANDLE)
            && of(attribute::DRIVER) == BTreeSet::from([self.spec.driver.as_str()])
    }

    /// Whether a backup made it its own, for this group.
    pub(super) fn is_for(&self, backup_uid: &str, group: &str) -> bool {
        !records_on(&self.metadata, backup_uid, group).is_empty()
    }

    /// The namespace and name of its VolumeGroupSnapshot.
    pub(super) fn snapshot(&self) -> (&str, &str) {
        let to = &self.spec.volume_group_snapshot_ref;
        (
            to.namespace.as_deref().unwrap_or_default(),
            to.name.as_deref().unwrap_or_default(),
        )
    }

    /// Whether a backup noted its records on it.
    pub(super) fn is_noted(&self, backup_uid: &str) -> bool {
        let annotations = self.metadata.annotations.as_ref();
        self.is_of_backup(backup_uid)
            && annotations.is_some_and(|all| all.contains_key(annotations::VOLUME_RECORDS))
    }
}

fn records_on(metadata: &ObjectMeta, backup_uid: &str, group: &str) -> Vec<VolumeRecord> {
    let annotations = metadata.annotations.as_ref();
    let text = annotations.and_then(|all| all.get(annotations::VOLUME_RECORDS));
    let records = text.and_then(|text| serde_json::from_str::<Vec<VolumeRecord>>(text).ok());
    let mut records = records.unwrap_or_default();
    let is_ours = |record: &VolumeRecord| {
        record.backup_uid == backup_uid && record.group.as_deref() == Some(group)
    };
    records.retain(|record| is_of_backup(metadata, backup_uid) && is_ours(record));
    records
}

/// The VolumeGroupSnapshot that is asked for.
pub(super) fn snapshot(
    groups: &Groups,
    selected: &Selected,
    group: &SnapshotGroup,
    records: &[VolumeRecord],
) -> Value {
    let labels = labels_of(group, marks_of(records));
    json!({
        "apiVersion": groups.api_version(), "kind": "VolumeGroupSnapshot",
        "metadata": {"name": group.name, "namespace": selected.namespace, "labels": labels,
            "annotations": noted(records)},
        "spec": {"volumeGroupSnapshotClassName": selected.class,
            "source": {"selector": {"matchLabels": {groups.label.as_str(): selected.value}}}}})
}

/// Makes a content the backup's own, with this policy.
pub(super) fn adopted(records: &[VolumeRecord], policy: &str) -> Value {
    json!({"metadata": {"labels": marks_of(records), "annotations": noted(records)},
        "spec": {"deletionPolicy": policy}})
}

/// The content that stands for a group of which no more than its handles is known.
pub(super) fn content(
    groups: &Groups,
    record: &VolumeRecord,
    [namespace, name]: [&str; 2],
    handles: &[String],
) -> Value {
    let driver = record.attributes.get(attribute::DRIVER);
    json!({
        "apiVersion": groups.api_version(), "kind": "VolumeGroupSnapshotContent",
        "metadata": {"name": name},
        "spec": {"driver": driver, "deletionPolicy": "Retain",
            "source": {"groupSnapshotHandles": {"volumeGroupSnapshotHandle": record.group_handle,
                "volumeSnapshotHandles": handles}},
            // No uid: a wrong one would bind it wrongly for good.
            "volumeGroupSnapshotRef": {"name": name, "namespace": namespace}}})
}

/// The content through which a driver is asked to delete a group.
pub(super) fn content_for_deletion(
    groups: &Groups,
    records: &[VolumeRecord],
    name: &str,
    handles: &[String],
) -> Option<Value> {
    let first = records.iter().find(|it| it.group_handle.is_some())?;
    let mut object = content(groups, first, [&first.claim.namespace, name], handles);
    let mut annotations = noted(records);
    let secrets = secrets(first).into_values();
    let keys = [DELETION_SECRET_NAME, DELETION_SECRET_NAMESPACE];
    annotations.extend(keys.map(str::to_owned).into_iter().zip(secrets));
    object["metadata"]["labels"] = json!(marks_of(records));
    object["metadata"]["annotations"] = json!(annotations);
    object["metadata"]["finalizers"] = json!([CONTENT_FINALIZER]);
    object["spec"]["deletionPolicy"] = json!("Delete");
    Some(object)
}

fn marks_of(records: &[VolumeRecord]) -> BTreeMap<String, String> {
    records.first().map(marks).unwrap_or_default()
}

/// The records, as they were when the group was asked for.
fn noted(records: &[VolumeRecord]) -> BTreeMap<String, String> {
    // It is data of our own, which is always JSON.
    let text = serde_json::to_string(records).unwrap_or_default();
    BTreeMap::from([(annotations::VOLUME_RECORDS.to_owned(), text)])
}

/// What a driver calls the snapshots of the group of these records.
pub(super) fn handles_of(records: &[VolumeRecord]) -> Vec<String> {
    let noted = records.iter().find_map(|record| {
        let text = record.attributes.get(attribute::GROUP_HANDLES)?;
        serde_json::from_str::<Vec<String>>(text).ok()
    });
    noted.unwrap_or_else(|| records.iter().filter_map(|it| it.handle.clone()).collect())
}
