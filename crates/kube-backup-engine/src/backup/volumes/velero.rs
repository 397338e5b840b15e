//! What became of volumes, in Velero's words: its side files (pkg/persistence/object_store_layout.go), so that its
//! tools show what ours keeps.

use bytes::Bytes;
use object_store::path::Path;
use serde::Serialize;
use serde_json::{Value, json};

use super::planned::PlannedVolume;
use crate::archive::gzip::gzip;
use crate::format::keys::Keys;
use crate::format::labels;
use crate::volumes::{SnapshotState, VolumeDecision, VolumeInfo, VolumeMethod, VolumeRecord};
use crate::{Error, Result};

/// The backup that the files are beside.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfBackup<'a> {
    pub(crate) name: &'a str,
    pub(crate) uid: &'a str,
}

/// The side files of these volumes: facts of each, and for each method that was used what Velero notes of it.
pub(crate) fn side_files(
    keys: &Keys,
    backup: OfBackup<'_>,
    volumes: &[PlannedVolume],
) -> Result<Vec<(Path, Bytes)>> {
    let infos: Vec<VolumeInfo> = volumes.iter().map(info).collect();
    let mut files = vec![(keys.volume_info(), written(&infos)?)];
    let of = |method: VolumeMethod| {
        let records = volumes.iter();
        records
            .filter_map(|it| it.backed_up.record.as_ref().map(|record| (it, record)))
            .filter(move |(_, record)| record.method == method)
    };
    let native = of(VolumeMethod::NativeSnapshot).map(|(it, record)| native(backup, it, record));
    let copies = of(VolumeMethod::PodVolumeBackup).map(|(it, record)| copy(backup, it, record));
    let of_csi =
        || of(VolumeMethod::CsiSnapshot).filter(|(_, record)| record.state.is_restorable());
    let snapshots = of_csi().map(|(_, record)| csi_snapshot(backup, record));
    let contents = of_csi().map(|(it, record)| csi_content(backup, it, record));
    let mut classes: Vec<Value> = of_csi()
        .filter_map(|(it, record)| csi_class(it, record))
        .collect();
    classes.sort_by_key(ToString::to_string);
    classes.dedup();
    for (key, objects) in [
        (keys.native_snapshots(), native.collect::<Vec<Value>>()),
        (keys.pod_volume_backups(), copies.collect()),
        (keys.csi_snapshots(), snapshots.collect()),
        (keys.csi_snapshot_contents(), contents.collect()),
        (keys.csi_snapshot_classes(), classes),
    ] {
        if !objects.is_empty() {
            files.push((key, written(&objects)?));
        }
    }
    Ok(files)
}

fn written<T: Serialize>(value: &T) -> Result<Bytes> {
    let text = serde_json::to_vec(value)
        .map_err(|error| Error::internal("write what became of the volumes", error))?;
    gzip(&text)
}

fn info(planned: &PlannedVolume) -> VolumeInfo {
    let volume = &planned.backed_up;
    let mut info = match (&volume.decision, &volume.record) {
        (_, Some(record)) => VolumeInfo::kept(&planned.volume, record),
        (VolumeDecision::Skipped { reason }, None) => VolumeInfo::skipped(&planned.volume, reason),
        (VolumeDecision::Taken { .. }, None) => {
            VolumeInfo::skipped(&planned.volume, "no snapshot was made of it")
        }
    };
    // Velero has a word for why where there is nothing to restore from, too.
    if let Some(SnapshotState::Failed { reason }) = volume.record.as_ref().map(|it| &it.state) {
        info.skipped_reason.clone_from(reason);
    }
    info
}

/// internal/volume/native_snapshot.go
fn native(backup: OfBackup<'_>, planned: &PlannedVolume, record: &VolumeRecord) -> Value {
    let attribute = |name: &str| record.attributes.get(name);
    let mut spec = json!({
        "backupName": backup.name,
        "backupUID": backup.uid,
        "location": record.snapshotter,
        "persistentVolumeName": record.volume.name,
        "providerVolumeID": planned.backed_up.facts.handle,
        "volumeType": attribute("type").map_or("", String::as_str),
    });
    if let Some(zone) = attribute("zone") {
        spec["volumeAZ"] = json!(zone);
    }
    if let Some(iops) = attribute("iops").and_then(|text| text.parse::<i64>().ok()) {
        spec["volumeIOPS"] = json!(iops);
    }
    let mut status = json!({"phase": record.state.velero_phase()});
    if let Some(handle) = &record.handle {
        status["providerSnapshotID"] = json!(handle);
    }
    json!({"spec": spec, "status": status})
}

fn labels_of(backup: OfBackup<'_>) -> Value {
    json!({labels::BACKUP_NAME: labels::value(backup.name)})
}

/// pkg/apis/velero/v1/pod_volume_backup_types.go
fn copy(backup: OfBackup<'_>, planned: &PlannedVolume, record: &VolumeRecord) -> Value {
    let mount = planned.volume.mounts.first();
    let pod = mount.map(|mount| mount.pod.clone()).unwrap_or_default();
    let name_in_pod = mount.map_or("", |mount| mount.volume.as_str());
    let mut status = json!({"phase": record.state.velero_phase(), "progress": {
        "totalBytes": record.bytes_total.unwrap_or_default(),
        "bytesDone": record.bytes_done.unwrap_or_default()}});
    if let Some(handle) = &record.handle {
        status["snapshotID"] = json!(handle);
    }
    if let SnapshotState::Failed { reason } = &record.state {
        status["message"] = json!(reason);
    }
    for (field, time) in [
        ("startTimestamp", record.started_at),
        ("completionTimestamp", record.completed_at),
    ] {
        if let Some(time) = time {
            status[field] = json!(time);
        }
    }
    let mut labels = labels_of(backup);
    labels["velero.io/backup-uid"] = json!(backup.uid);
    labels["velero.io/pvc-uid"] = json!(record.claim.uid);
    json!({
        "apiVersion": "velero.io/v1", "kind": "PodVolumeBackup",
        "metadata": {"name": record.name, "namespace": crate::format::record::NAMESPACE, "labels": labels,
            "annotations": {"velero.io/pvc-name": record.claim.name}},
        "spec": {
            "node": mount.map_or("", |mount| mount.node.as_str()),
            "pod": {"kind": "Pod", "namespace": pod.namespace, "name": pod.name, "uid": pod.uid},
            "volume": name_in_pod,
            "backupStorageLocation": "default",
            "repoIdentifier": "",
            "uploaderType": record.snapshotter,
            "tags": {"backup": backup.name, "backup-uid": backup.uid, "pod": pod.name, "pod-uid": pod.uid,
                "ns": pod.namespace, "volume": name_in_pod, "pvc-uid": record.claim.uid}},
        "status": status})
}

const CSI: &str = "snapshot.storage.k8s.io/v1";

fn csi_snapshot(backup: OfBackup<'_>, record: &VolumeRecord) -> Value {
    let mut spec = json!({"source": {"persistentVolumeClaimName": record.claim.name}});
    if let Some(class) = record.attributes.get(VolumeRecord::SNAPSHOT_CLASS) {
        spec["volumeSnapshotClassName"] = json!(class);
    }
    let mut status = json!({"boundVolumeSnapshotContentName": record.name, "readyToUse": true});
    if let Some(cut_at) = record.cut_at {
        status["creationTime"] = json!(cut_at);
    }
    if let Some(size) = record.restore_size {
        status["restoreSize"] = json!(size.to_string());
    }
    json!({"apiVersion": CSI, "kind": "VolumeSnapshot",
        "metadata": {"name": record.name, "namespace": record.claim.namespace, "labels": labels_of(backup)},
        "spec": spec, "status": status})
}

fn csi_content(backup: OfBackup<'_>, planned: &PlannedVolume, record: &VolumeRecord) -> Value {
    let facts = &planned.backed_up.facts;
    let mut spec = json!({"driver": facts.driver, "deletionPolicy": "Retain",
        "source": {"snapshotHandle": record.handle},
        "sourceVolumeMode": facts.volume_mode,
        // Without a uid: one of another cluster would bind it wrongly, for good.
        "volumeSnapshotRef": {"apiVersion": CSI, "kind": "VolumeSnapshot", "name": record.name,
            "namespace": record.claim.namespace}});
    if let Some(class) = record.attributes.get(VolumeRecord::SNAPSHOT_CLASS) {
        spec["volumeSnapshotClassName"] = json!(class);
    }
    let mut status = json!({"snapshotHandle": record.handle, "readyToUse": true});
    if let Some(size) = record.restore_size {
        status["restoreSize"] = json!(size);
    }
    json!({"apiVersion": CSI, "kind": "VolumeSnapshotContent",
        "metadata": {"name": record.name, "labels": labels_of(backup)}, "spec": spec, "status": status})
}

fn csi_class(planned: &PlannedVolume, record: &VolumeRecord) -> Option<Value> {
    let class = record.attributes.get(VolumeRecord::SNAPSHOT_CLASS)?;
    Some(
        json!({"apiVersion": CSI, "kind": "VolumeSnapshotClass", "metadata": {"name": class},
        "driver": planned.backed_up.facts.driver, "deletionPolicy": "Retain"}),
    )
}
