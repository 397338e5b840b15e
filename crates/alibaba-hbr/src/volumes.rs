//! Volumes of container clusters, as jobs name them: by where a Pod has them mounted on its node.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::ids::ContainerResourceId;

alibaba_core::identifiers! {
    /// Where a volume is mounted on a node, below the kubelet's directory of Pods.
    HostPrefix: "a path below the kubelet's directory of Pods, without `/` at its beginning" = |text| {
        !text.is_empty() && !text.starts_with('/')
    };
    /// Where a volume is mounted on a node.
    HostPath: "a path with `/` at its beginning" = |text| text.starts_with('/');
}

/// The kubelet's directory of Pods on an ACK node.
const PODS: &str = "/var/lib/kubelet/pods";

impl HostPrefix {
    /// Where a Pod has a volume: `plugin` is the kubelet's directory name of its kind, such as
    /// `kubernetes.io~csi` or `kubernetes.io~nfs`.
    #[must_use]
    pub fn of_pod(pod_uid: &str, plugin: &str, pv_name: &str) -> Self {
        Self(format!("{pod_uid}/volumes/{plugin}/{pv_name}/mount"))
    }
}

impl HostPath {
    /// Where a Pod has a volume: `plugin` is the kubelet's directory name of its kind, such as
    /// `kubernetes.io~csi` or `kubernetes.io~nfs`.
    #[must_use]
    pub fn of_pod(pod_uid: &str, plugin: &str, pv_name: &str) -> Self {
        let prefix = HostPrefix::of_pod(pod_uid, plugin, pv_name);
        Self(format!("{PODS}/{prefix}"))
    }
}

/// A volume to back up.
///
/// Only file systems that a running Pod has mounted can be backed up: block volumes are refused, and
/// a `hostPath` has no such directory and fails with `SOURCE_NOT_EXIST`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ContainerVolume {
    resource_type: &'static str,
    backup_method: &'static str,
    /// An id of the volume: a UUID.
    pub resource_id: ContainerResourceId,
    /// What the volume is in Kubernetes.
    #[serde(serialize_with = "as_text")]
    pub resource_info: VolumeInfo,
    /// The node on which it is mounted.
    pub host: String,
    /// Where it is mounted there.
    pub host_prefix: HostPrefix,
    /// What of it to back up: `/` for all.
    pub pv_path: String,
}

impl ContainerVolume {
    /// All of a volume that is mounted on this node at this place.
    pub fn new(
        resource_id: impl Into<ContainerResourceId>,
        resource_info: VolumeInfo,
        host: impl Into<String>,
        host_prefix: impl Into<HostPrefix>,
    ) -> Self {
        Self {
            resource_type: "PV",
            backup_method: "FILE",
            resource_id: resource_id.into(),
            resource_info,
            host: host.into(),
            host_prefix: host_prefix.into(),
            pv_path: "/".to_owned(),
        }
    }
}

/// What a volume is in Kubernetes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeInfo {
    /// The PersistentVolume.
    pub pv_name: String,
    /// Its size, as a Kubernetes quantity such as `8Gi`.
    pub pv_size: String,
    /// Its storage class.
    pub storage_class: String,
    /// The PersistentVolumeClaim that it is bound to.
    pub pvc_name: String,
    /// The namespace of that claim.
    pub namespace: String,
}

/// A mounted volume to restore into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TargetContainer {
    /// The node on which it is mounted.
    pub host: String,
    /// Where it is mounted there.
    pub host_prefix: HostPath,
    /// Where in it to restore to: `/` for its root.
    pub pv_path: String,
}

impl TargetContainer {
    /// The root of a volume that is mounted on this node at this place.
    pub fn new(host: impl Into<String>, host_prefix: impl Into<HostPath>) -> Self {
        Self {
            host: host.into(),
            host_prefix: host_prefix.into(),
            pv_path: "/".to_owned(),
        }
    }
}

alibaba_core::words! {
    /// What happens to a file that is there already.
    ConflictPolicy {
        /// It is replaced.
        OverwriteExisting = "OVERWRITE_EXISTING",
    }
}

/// How files are restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RestoreOptions {
    /// The only paths to restore; all, where there are none.
    pub includes: Vec<String>,
    /// Paths not to restore.
    pub excludes: Vec<String>,
    /// What happens to files that are there already.
    pub conflict_policy: ConflictPolicy,
    /// Any other members.
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

impl Default for RestoreOptions {
    /// All paths, and files that are there already are replaced.
    fn default() -> Self {
        Self {
            includes: Vec::new(),
            excludes: Vec::new(),
            conflict_policy: ConflictPolicy::OverwriteExisting,
            others: Map::new(),
        }
    }
}

fn as_text<S: Serializer>(info: &VolumeInfo, serializer: S) -> Result<S::Ok, S::Error> {
    alibaba_core::openapi::Json(info).serialize(serializer)
}
