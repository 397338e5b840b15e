//! What a restored claim is made from.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde_json::{Value, json};

use super::classes::Classes;
use super::groups::Groups;
use super::groups::restore::beside;
use super::objects::{API_VERSION, attribute, secrets};
use crate::format::{annotations, labels, names};
use crate::volumes::volume::bytes_of;
use crate::volumes::{AdjustedClaim, DataSource, RestoreSource, RestoreTarget, VolumeRecord};
use crate::{Error, ErrorKind, Result};

/// The claim, with a request for no less than its snapshot needs: the driver's provisioner refuses one for less.
pub(super) fn with_room(record: &VolumeRecord, mut claim: PersistentVolumeClaim) -> AdjustedClaim {
    let Some(least) = record.restore_size else {
        return AdjustedClaim::unchanged(claim);
    };
    let spec = claim.spec.get_or_insert_default();
    let requests = spec
        .resources
        .get_or_insert_default()
        .requests
        .get_or_insert_default();
    let asked = requests.get("storage");
    if asked.and_then(bytes_of).is_some_and(|asked| asked >= least) {
        return AdjustedClaim::unchanged(claim);
    }
    let asked = asked.map_or_else(
        || "nothing".to_owned(),
        |quantity| format!("`{}`", quantity.0),
    );
    requests.insert("storage".to_owned(), Quantity(least.to_string()));
    let warning =
        format!("it asks for {asked}, and gets the {least} bytes that its snapshot needs");
    AdjustedClaim::changed(claim, vec![warning])
}

/// A static VolumeSnapshotContent and its VolumeSnapshot, from which the driver's provisioner makes the volume.
pub(super) fn source(
    record: &VolumeRecord,
    target: &RestoreTarget,
    classes: Option<&Classes>,
    groups: Option<&Groups>,
) -> Result<RestoreSource> {
    let refuse = |why: &str| {
        let claim = &record.claim;
        let step = format!("restore claim `{claim}` from its snapshot: {why}");
        Err(Error::new(ErrorKind::Volume, step))
    };
    if !record.state.is_restorable() {
        return refuse("the snapshot was never ready");
    }
    let Some(handle) = record.handle.as_deref() else {
        return refuse("its record has no handle");
    };
    let Some(driver) = record.attributes.get(attribute::DRIVER) else {
        return refuse("its record names no driver");
    };
    if !target.serves_snapshots {
        return refuse("the cluster does not serve `snapshot.storage.k8s.io/v1`");
    }
    if record.group_handle.is_some() && groups.is_none() {
        return refuse(
            "it is of a group, and the cluster does not serve `groupsnapshot.storage.k8s.io`, without which a snapshot \
             that its driver takes for part of a group is never ready; install its definitions",
        );
    }
    let metadata = &target.claim.metadata;
    let namespace = metadata.namespace.as_deref().unwrap_or_default();
    let claim = metadata.name.as_deref().unwrap_or_default();
    let name = names::restored_snapshot(&target.restore_uid, namespace, claim);
    let marks = json!({labels::BACKUP_UID: labels::value(&record.backup_uid),
        labels::RESTORE_UID: labels::value(&target.restore_uid)});
    let mut annotations: serde_json::Map<String, Value> = secrets(record)
        .into_iter()
        .map(|(key, value)| (key, Value::String(value)))
        .collect();
    annotations.insert(annotations::BACKUP_UID.to_owned(), json!(record.backup_uid));
    let mut content = json!({
        "apiVersion": API_VERSION, "kind": "VolumeSnapshotContent",
        "metadata": {"name": name, "labels": marks, "annotations": annotations},
        "spec": {"driver": driver, "deletionPolicy": "Retain", "source": {"snapshotHandle": handle},
            // No uid: a wrong one would bind it wrongly for good.
            "volumeSnapshotRef": {"name": name, "namespace": namespace}}});
    let mut snapshot = json!({
        "apiVersion": API_VERSION, "kind": "VolumeSnapshot",
        "metadata": {"name": name, "namespace": namespace, "labels": marks},
        "spec": {"source": {"volumeSnapshotContentName": name}}});
    if let Some(mode) = record.attributes.get(attribute::VOLUME_MODE) {
        content["spec"]["sourceVolumeMode"] = json!(mode);
    }
    // A class that is not there would keep it from ever being ready, and none does.
    if let Some(class) = classes.and_then(|classes| classes.with_list_secret(driver)) {
        for object in [&mut content, &mut snapshot] {
            object["spec"]["volumeSnapshotClassName"] = json!(class.name());
        }
    }
    let group = groups.filter(|_| record.group_handle.is_some());
    let group = group.map(|groups| beside(groups, record, [namespace, &name], &marks));
    Ok(RestoreSource::DataSource {
        objects: group.into_iter().chain([content, snapshot]).collect(),
        data_source: DataSource {
            api_group: "snapshot.storage.k8s.io".to_owned(),
            kind: "VolumeSnapshot".to_owned(),
            name,
        },
        at_least: record.restore_size,
    })
}
