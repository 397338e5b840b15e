//! The Kubernetes objects that a restored claim is made from.

use alibaba_ecs_snapshot::Disk;
use k8s_openapi::api::core::v1::{
    CSIPersistentVolumeSource, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm,
    ObjectReference, PersistentVolume, PersistentVolumeSpec, VolumeNodeAffinity,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube_backup_engine::volumes::{ObjectRef, RestoreTarget, VolumeRecord};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::details::Details;
use super::volume::{DRIVER, REGION_KEY, ZONE_KEY};

const API: &str = "snapshot.storage.k8s.io/v1";

/// What the objects of a restored claim are called: by the restore and the claim.
pub(super) fn name(target: &RestoreTarget) -> String {
    let claim = claim_ref(target);
    let mut hash = Sha256::new();
    for part in [&target.restore_uid, &claim.namespace, &claim.name] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut digest = base16ct::lower::encode_string(&hash.finalize());
    digest.truncate(24);
    format!("restored-{digest}")
}

pub(super) fn claim_ref(target: &RestoreTarget) -> ObjectRef {
    let metadata = &target.claim.metadata;
    ObjectRef {
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
        uid: String::new(),
    }
}

/// The static pair that stands for a snapshot. The content names its VolumeSnapshot without a uid: with one
/// that is not its own it would never bind.
pub(super) fn static_snapshot(name: &str, handle: &str, target: &RestoreTarget) -> Vec<Value> {
    let namespace = claim_ref(target).namespace;
    let mut spec = json!({
        "driver": DRIVER,
        "deletionPolicy": "Retain",
        "source": {"snapshotHandle": handle},
        "volumeSnapshotRef": {"name": name, "namespace": namespace},
    });
    let mode = target
        .volume
        .as_ref()
        .and_then(|volume| volume.spec.as_ref());
    if let Some(mode) = mode.map(|spec| spec.volume_mode.as_deref().unwrap_or("Filesystem")) {
        spec["sourceVolumeMode"] = mode.into();
    }
    vec![
        json!({"apiVersion": API, "kind": "VolumeSnapshotContent", "metadata": {"name": name}, "spec": spec}),
        json!({
            "apiVersion": API, "kind": "VolumeSnapshot",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"source": {"volumeSnapshotContentName": name}},
        }),
    ]
}

/// The volume of a disk that was made, bound to its claim and to the disk's zone.
pub(super) fn static_volume(
    name: &str,
    disk: &Disk,
    record: &VolumeRecord,
    target: &RestoreTarget,
) -> PersistentVolume {
    let claim = claim_ref(target);
    let spec = target.claim.spec.as_ref();
    let original = target
        .volume
        .as_ref()
        .and_then(|volume| volume.spec.as_ref());
    let original_csi = original.and_then(|spec| spec.csi.as_ref());
    let details = Details::of_attributes(&record.attributes).corrected_by(disk);
    let mode = spec.and_then(|spec| spec.volume_mode.clone());
    let mode = mode.or_else(|| original.and_then(|spec| spec.volume_mode.clone()));
    let fs_type = original_csi.and_then(|csi| csi.fs_type.clone());
    let is_block = mode.as_deref() == Some("Block");
    let modes = spec.and_then(|spec| spec.access_modes.clone());
    let size = format!("{}Gi", disk.size_gib.unwrap_or_default());
    PersistentVolume {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            annotations: Some(
                [(
                    "pv.kubernetes.io/provisioned-by".to_owned(),
                    DRIVER.to_owned(),
                )]
                .into(),
            ),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeSpec {
            access_modes: modes.or_else(|| Some(vec!["ReadWriteOnce".to_owned()])),
            capacity: Some([("storage".to_owned(), Quantity(size))].into()),
            claim_ref: Some(ObjectReference {
                api_version: Some("v1".to_owned()),
                kind: Some("PersistentVolumeClaim".to_owned()),
                namespace: Some(claim.namespace),
                name: Some(claim.name),
                ..ObjectReference::default()
            }),
            csi: Some(CSIPersistentVolumeSource {
                driver: DRIVER.to_owned(),
                volume_handle: disk.id.to_string(),
                fs_type: fs_type.or_else(|| (!is_block).then(|| "ext4".to_owned())),
                volume_attributes: Some(details.volume_attributes()),
                ..CSIPersistentVolumeSource::default()
            }),
            mount_options: original.and_then(|spec| spec.mount_options.clone()),
            node_affinity: affinity(disk),
            persistent_volume_reclaim_policy: original
                .and_then(|spec| spec.persistent_volume_reclaim_policy.clone())
                .or_else(|| Some("Delete".to_owned())),
            storage_class_name: spec.and_then(|spec| spec.storage_class_name.clone()),
            volume_mode: mode,
            ..PersistentVolumeSpec::default()
        }),
        ..PersistentVolume::default()
    }
}

fn affinity(disk: &Disk) -> Option<VolumeNodeAffinity> {
    let zone = disk
        .zone_id
        .as_ref()
        .map(|zone| (ZONE_KEY, zone.to_string()));
    // Regional disks are in no zone.
    let region = || {
        disk.region_id
            .as_ref()
            .map(|region| (REGION_KEY, region.to_string()))
    };
    let (key, value) = zone.filter(|(_, zone)| !zone.is_empty()).or_else(region)?;
    Some(VolumeNodeAffinity {
        required: Some(NodeSelector {
            node_selector_terms: vec![NodeSelectorTerm {
                match_expressions: Some(vec![NodeSelectorRequirement {
                    key: key.to_owned(),
                    operator: "In".to_owned(),
                    values: Some(vec![value]),
                }]),
                ..NodeSelectorTerm::default()
            }],
        }),
    })
}
