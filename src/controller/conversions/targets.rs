//! What claims can be converted to in this cluster.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Node, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use kube_backup_engine::volumes::AdjustedClaim;

use crate::chain::chain;
use crate::crds::VolumeConversion;
use crate::volumes::conversion::{Conversion, ConversionError, convert, is_of_disks};

/// The classes and zones of a cluster.
#[derive(Clone, Debug, Default)]
pub(in crate::controller) struct Targets {
    classes: BTreeMap<String, StorageClass>,
    zones: usize,
}

impl Targets {
    /// # Errors
    ///
    /// What the cluster could not be asked.
    pub(in crate::controller) async fn of(client: &kube::Client) -> Result<Self, String> {
        let (classes, nodes) = (
            Api::<StorageClass>::all(client.clone()),
            Api::<Node>::all(client.clone()),
        );
        let all = ListParams::default();
        let (classes, nodes) = futures::join!(classes.list(&all), nodes.list_metadata(&all));
        let failed = |what: &str, error: &kube::Error| format!("list the {what}: {}", chain(error));
        let classes = classes.map_err(|error| failed("storage classes", &error))?;
        let nodes = nodes.map_err(|error| failed("nodes", &error))?;
        let zone = |node: &String| Some(node.clone()).filter(|it| !it.is_empty());
        let zones: BTreeSet<String> = nodes
            .items
            .iter()
            .filter_map(|node| zone(node.labels().get("topology.kubernetes.io/zone")?))
            .collect();
        let named = classes.items.into_iter().map(|it| (it.name_any(), it));
        Ok(Self {
            classes: named.collect(),
            zones: zones.len(),
        })
    }

    /// The claim as it was asked for; `bytes` is what its data has.
    pub(in crate::controller) fn convert(
        &self,
        claim: PersistentVolumeClaim,
        wanted: &VolumeConversion,
        bytes: u64,
    ) -> Result<AdjustedClaim, ConversionError> {
        let mut to = Conversion::to_class(&wanted.convert_to_storage_class_type)
            .with_access_modes(&wanted.convert_to_access_modes);
        to.capacity.clone_from(&wanted.capacity);
        convert(claim, &to, self.class(wanted), self.zones, bytes)
    }

    /// Whether what is wanted is a disk, of which there are snapshots.
    pub(in crate::controller) fn is_disk(&self, wanted: &VolumeConversion) -> bool {
        self.class(wanted).is_some_and(is_of_disks)
    }

    fn class(&self, wanted: &VolumeConversion) -> Option<&StorageClass> {
        self.classes.get(&wanted.convert_to_storage_class_type)
    }
}
