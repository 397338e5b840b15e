//! Files that are restored onto a volume of another class: what the claim becomes, and what is refused.
//!
//! As ACK's backup center does it ("FAQ about the backup center"): onto a disk or a NAS file system, and, from
//! version 1.8.6 on, onto an OSS bucket. Its error texts are kept, so that what people search for is found.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use k8s_openapi::api::storage::v1::StorageClass;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube_backup_engine::volumes::{AdjustedClaim, bytes_of};

/// The provisioners of classes that files can be restored onto.
const DISK: &str = "diskplugin.csi.alibabacloud.com";
const NAS: &str = "nasplugin.csi.alibabacloud.com";
const OSS: &str = "ossplugin.csi.alibabacloud.com";

/// The least size of a disk.
const LEAST_BYTES: u64 = 20 << 30;

/// What a claim is to become.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Conversion {
    /// The class (`convertToStorageClassType`).
    pub class: String,
    /// The access modes (`convertToAccessModes`); those of the claim unless set.
    pub access_modes: Vec<String>,
    /// The size; that of the claim unless set.
    pub capacity: Option<Quantity>,
}

impl Conversion {
    /// To this class.
    pub fn to_class(class: impl Into<String>) -> Self {
        Self {
            class: class.into(),
            ..Self::default()
        }
    }

    /// With these access modes.
    #[must_use]
    pub fn with_access_modes(mut self, modes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.access_modes = modes.into_iter().map(Into::into).collect();
        self
    }

    /// Of this size, such as `40Gi`.
    #[must_use]
    pub fn with_capacity(mut self, capacity: impl Into<String>) -> Self {
        self.capacity = Some(Quantity(capacity.into()));
        self
    }
}

/// A claim that cannot be converted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConversionError {
    /// The class is not in the cluster.
    #[error(
        "storageclass {0} not exists: create it in the restore cluster, or convert to another one"
    )]
    NoClass(String),
    /// Files cannot be restored onto volumes of the class.
    #[error(
        "only support convert to storageclass with CSI diskplugin or nasplugin provisioner: the provisioner of `{class}` \
         is `{provisioner}`: choose a class of disks, NAS or OSS, or restore with a static PV"
    )]
    Provisioner {
        /// The class.
        class: String,
        /// Its provisioner.
        provisioner: String,
    },
    /// A disk would be made in a zone before it is known where its Pod runs.
    #[error(
        "current cluster is multi-zoned: `{0}` binds at once, and its disk may come to be in another zone than its Pod: \
         choose `alicloud-disk-topology-alltype`, or a class with WaitForFirstConsumer"
    )]
    MultiZoned(String),
    /// A disk is written by one node.
    #[error(
        "multi-node writing is only supported for block volume. For Kubernetes users, if unsure, use ReadWriteOnce access \
         mode in PersistentVolumeClaim for disk volume: `{0}` was asked for: leave the access modes out, or choose NAS"
    )]
    MultiNode(String),
    /// The size cannot be read, or the data does not fit.
    #[error("`{asked}` is not a size that holds the data of claim `{claim}`: use {least} at least")]
    TooSmall {
        /// What was asked for.
        asked: String,
        /// The claim.
        claim: String,
        /// What is needed.
        least: String,
    },
}

/// The claim by which a volume of files is restored onto the class `to`, where `class` is what the cluster has
/// of that name, `zones` are the zones of its nodes and the data has `bytes`.
///
/// Without access modes of its own, a claim for a disk becomes `ReadWriteOnce`, with a warning.
///
/// # Errors
///
/// If there is no such class, or none that files are restored onto; if its disks would be bound in a cluster of
/// several zones at once; if a disk is to be written by several nodes, or the data does not fit.
pub fn convert(
    mut claim: PersistentVolumeClaim,
    to: &Conversion,
    class: Option<&StorageClass>,
    zones: usize,
    bytes: u64,
) -> Result<AdjustedClaim, ConversionError> {
    let class = class.ok_or_else(|| ConversionError::NoClass(to.class.clone()))?;
    let provisioner = class.provisioner.as_str();
    if ![DISK, NAS, OSS].contains(&provisioner) {
        return Err(ConversionError::Provisioner {
            class: to.class.clone(),
            provisioner: provisioner.to_owned(),
        });
    }
    let is_disk = is_of_disks(class);
    let waits = class.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer");
    if is_disk && zones > 1 && !waits {
        return Err(ConversionError::MultiZoned(to.class.clone()));
    }
    let name = claim.metadata.name.clone().unwrap_or_default();
    let spec = claim.spec.get_or_insert_default();
    let mut warnings = Vec::new();
    let is_shared = |mode: &&String| ["ReadWriteMany", "ReadOnlyMany"].contains(&mode.as_str());
    if is_disk && let Some(mode) = to.access_modes.iter().find(is_shared) {
        return Err(ConversionError::MultiNode(mode.clone()));
    }
    if !to.access_modes.is_empty() {
        spec.access_modes = Some(to.access_modes.clone());
    } else if is_disk
        && spec
            .access_modes
            .iter()
            .flatten()
            .any(|mode| is_shared(&mode))
    {
        warnings.push(format!(
            "PVC {name} is restored as ReadWriteOnce: one node writes to a disk, and Pods on several nodes need NAS"
        ));
        spec.access_modes = Some(vec!["ReadWriteOnce".to_owned()]);
    }
    spec.storage_class_name = Some(to.class.clone());
    // What was of the volume that it had.
    (spec.volume_name, spec.data_source, spec.data_source_ref) = (None, None, None);
    spec.selector = None;
    let requests = spec
        .resources
        .get_or_insert_default()
        .requests
        .get_or_insert_default();
    if let Some(capacity) = &to.capacity {
        if bytes_of(capacity).is_none_or(|capacity| capacity < bytes) {
            return Err(ConversionError::TooSmall {
                asked: capacity.0.clone(),
                claim: name,
                least: format!("{}Gi", bytes.div_ceil(1 << 30)),
            });
        }
        requests.insert("storage".to_owned(), capacity.clone());
    }
    let least = if is_disk {
        LEAST_BYTES.max(bytes)
    } else {
        bytes
    };
    let requested = requests.get("storage").cloned();
    if requested
        .as_ref()
        .and_then(bytes_of)
        .is_none_or(|requested| requested < least)
    {
        let asked = requested.map_or_else(|| "nothing".to_owned(), |it| it.0);
        let gib = least.div_ceil(1 << 30);
        warnings.push(format!(
            "PVC {name} requests {asked}: it is restored with {gib}Gi"
        ));
        requests.insert("storage".to_owned(), Quantity(format!("{gib}Gi")));
    }
    Ok(AdjustedClaim::changed(claim, warnings))
}

/// Whether the volumes of a class are disks, of which there are snapshots.
#[must_use]
pub fn is_of_disks(class: &StorageClass) -> bool {
    class.provisioner == DISK
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn class(provisioner: &str, mode: &str) -> StorageClass {
        let class = json!({"metadata": {"name": "to"}, "provisioner": provisioner, "volumeBindingMode": mode});
        serde_json::from_value(class).unwrap()
    }

    fn claim(mode: &str, size: &str) -> PersistentVolumeClaim {
        let claim = json!({
            "metadata": {"name": "data", "namespace": "shop"},
            "spec": {"accessModes": [mode], "storageClassName": "nas", "volumeName": "pv-1",
                "resources": {"requests": {"storage": size}}},
        });
        serde_json::from_value(claim).unwrap()
    }

    fn converted(
        to: &Conversion,
        provisioner: &str,
        mode: &str,
        zones: usize,
    ) -> Result<AdjustedClaim, ConversionError> {
        let claim = claim("ReadWriteMany", "5Gi");
        convert(claim, to, Some(&class(provisioner, mode)), zones, 1 << 30)
    }

    #[test]
    fn what_cannot_be_converted_says_so_in_the_backup_centers_words() {
        let to = Conversion::to_class("to");
        let missing = convert(claim("ReadWriteMany", "5Gi"), &to, None, 1, 0).unwrap_err();
        let shared = to.clone().with_access_modes(["ReadWriteMany"]);
        let small = to.clone().with_capacity("1Mi");
        for (error, words) in [
            (missing, "storageclass to not exists"),
            (
                converted(&to, "rbd.csi.ceph.com", "Immediate", 1).unwrap_err(),
                "only support convert to storageclass with CSI diskplugin or nasplugin provisioner",
            ),
            (
                converted(&to, DISK, "Immediate", 2).unwrap_err(),
                "current cluster is multi-zoned",
            ),
            (
                converted(&shared, DISK, "WaitForFirstConsumer", 2).unwrap_err(),
                "multi-node writing is only supported for block volume. For Kubernetes users, if unsure, use \
                 ReadWriteOnce access mode in PersistentVolumeClaim for disk volume",
            ),
            (
                converted(&small, NAS, "Immediate", 1).unwrap_err(),
                "use 1Gi at least",
            ),
        ] {
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    #[test]
    fn claims_become_what_their_new_class_can_provide() {
        let to = Conversion::to_class("to");
        for (to, provisioner, mode, size, warnings) in [
            (to.clone(), DISK, "ReadWriteOnce", "20Gi", 2),
            (to.clone(), NAS, "ReadWriteMany", "5Gi", 0),
            (to.clone(), OSS, "ReadWriteMany", "5Gi", 0),
            (
                to.clone().with_capacity("40Gi"),
                DISK,
                "ReadWriteOnce",
                "40Gi",
                1,
            ),
            (
                to.clone().with_access_modes(["ReadOnlyMany"]),
                NAS,
                "ReadOnlyMany",
                "5Gi",
                0,
            ),
        ] {
            let adjusted = converted(&to, provisioner, "WaitForFirstConsumer", 3).unwrap();
            let spec = adjusted.claim.spec.unwrap();
            assert_eq!(spec.access_modes, Some(vec![mode.to_owned()]), "{to:?}");
            let requests = spec.resources.unwrap().requests.unwrap();
            assert_eq!(requests["storage"].0, size, "{to:?}");
            assert_eq!(adjusted.warnings.len(), warnings, "{:?}", adjusted.warnings);
            assert_eq!(
                (spec.storage_class_name.as_deref(), spec.volume_name),
                (Some("to"), None)
            );
        }
    }
}
