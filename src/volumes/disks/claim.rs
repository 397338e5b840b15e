//! What a claim must be for a disk to provide it.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube_backup_engine::volumes::{AdjustedClaim, VolumeRecord};

/// The least size that a restored disk has, as in ACK's backup center.
const LEAST_BYTES: u64 = 20 << 30;

/// The least that a claim must request which is to hold the disk of `record`.
pub(super) fn at_least(record: &VolumeRecord) -> u64 {
    record.restore_size.unwrap_or_default().max(LEAST_BYTES)
}

/// One node writes to a disk, and it is not smaller than 20 GiB or its snapshot.
pub(super) fn adjust(record: &VolumeRecord, mut claim: PersistentVolumeClaim) -> AdjustedClaim {
    let mut warnings = Vec::new();
    let name = claim.metadata.name.clone().unwrap_or_default();
    let spec = claim.spec.get_or_insert_default();
    let modes = spec.access_modes.get_or_insert_default();
    let is_shared = |mode: &String| mode == "ReadWriteMany" || mode == "ReadOnlyMany";
    if modes.iter().any(is_shared) {
        // ACK's own words, so that what people search for is found.
        warnings.push(format!(
            "accessMode of PVC {name} is {}: multi-node writing is only supported for block volume; it is \
             restored as ReadWriteOnce, and Pods on several nodes need a NAS volume instead",
            modes.join(", ")
        ));
        *modes = vec!["ReadWriteOnce".to_owned()];
    }
    let requests = spec
        .resources
        .get_or_insert_default()
        .requests
        .get_or_insert_default();
    let least = at_least(record);
    let requested = requests.get("storage").cloned();
    let is_enough = requested
        .as_ref()
        .and_then(bytes)
        .is_some_and(|bytes| bytes >= least);
    if !is_enough {
        let asked = requested.map_or_else(|| "nothing".to_owned(), |it| it.0);
        let gib = least.div_ceil(1 << 30);
        warnings.push(format!(
            "PVC {name} requests {asked}: it is restored with {gib}Gi, the least that its disk can have"
        ));
        requests.insert("storage".to_owned(), Quantity(format!("{gib}Gi")));
    }
    AdjustedClaim::changed(claim, warnings)
}

/// What a claim requests, in bytes.
pub(super) fn requested(claim: &PersistentVolumeClaim) -> Option<u64> {
    let requests = claim.spec.as_ref()?.resources.as_ref()?.requests.as_ref()?;
    bytes(requests.get("storage")?)
}

fn bytes(quantity: &Quantity) -> Option<u64> {
    kube_backup_engine::volumes::bytes_of(quantity)
}
