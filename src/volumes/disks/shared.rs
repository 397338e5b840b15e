//! What all steps share: the client of ECS, the cluster, and what may be done.

use std::collections::BTreeMap;

use alibaba_core::Region;
use alibaba_core::clock::SharedClock;
use alibaba_ecs_snapshot::{Client, KmsKeyId};
use kube_backup_engine::{Error, ErrorKind, Result};

use crate::clusters::ClusterKind;
use crate::component::ComponentVersion;

/// What it is called in records.
pub(super) const NAME: &str = "ecs";

/// By one client, for one cluster.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) ecs: Client,
    pub(super) clock: SharedClock,
    pub(super) cluster: String,
    pub(super) kind: Option<ClusterKind>,
    pub(super) version: Option<ComponentVersion>,
    pub(super) other_regions: Vec<Region>,
    /// By region.
    pub(super) copy_keys: BTreeMap<String, KmsKeyId>,
    pub(super) looks_at_disks: bool,
}

impl Shared {
    /// A client for the region that a record says it is in.
    pub(super) fn ecs_in(&self, region: Option<&str>) -> Result<Client> {
        match region {
            None => Ok(self.ecs.clone()),
            Some(id) if self.ecs.region().is_some_and(|own| own.as_str() == id) => {
                Ok(self.ecs.clone())
            }
            Some(id) => {
                let region = Region::new(id).map_err(|error| {
                    let step = format!("use snapshots of the region `{id}`");
                    Error::new(ErrorKind::Invalid, step).with_source(error)
                })?;
                Ok(self.ecs.in_region(region))
            }
        }
    }
}
