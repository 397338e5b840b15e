//! For each claim of a backup, what becomes of its data: a plain function of what the backup says and what
//! the target has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::core::v1::PersistentVolume;
use serde_json::Value;

use super::data::{ClaimData, DataOutcome};
use super::loaded::Loaded;
use super::machine::Placement;
use super::size::requested;
use super::target::Target;
use super::zones::{self, Wanted};
use crate::ObjectId;
use crate::restore::spec::RestoreSpec;
use crate::volumes::{
    BackedUpVolume, SnapshotState, VolumeDecision, VolumeMethod, VolumeRecord, VolumeSnapshotter,
};

/// A claim whose data is brought back from a snapshot.
#[derive(Debug, Clone)]
pub(crate) struct FromSnapshot {
    pub(crate) record: VolumeRecord,
    pub(crate) snapshotter: Arc<dyn VolumeSnapshotter>,
    /// The volume in the backup.
    pub(crate) volume: Option<PersistentVolume>,
    /// Where what uses it can run.
    pub(crate) placement: Placement,
    pub(crate) region: Option<String>,
}

/// How a claim is restored.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// With its data.
    FromSnapshot(Box<FromSnapshot>),
    /// As any other claim.
    Plain,
    /// Not at all, lest it be empty: its data can come back, and not by this restore.
    Refused(String),
}

/// What is planned for a claim.
#[derive(Debug, Clone)]
pub(crate) struct PlannedClaim {
    pub(crate) data: ClaimData,
    pub(crate) way: Way,
}

impl PlannedClaim {
    /// Why the volume that the claim had is not restored itself.
    pub(crate) fn instead_of_volume(&self) -> Option<String> {
        let ClaimData {
            namespace, claim, ..
        } = &self.data;
        match &self.way {
            Way::FromSnapshot(from) => Some(format!(
                "its data comes back from snapshot `{}`, in the volume that claim `{namespace}/{claim}` gets",
                handle_of(&from.record)
            )),
            Way::Refused(_) => Some(format!(
                "claim `{namespace}/{claim}` gets another volume, once its data can be brought back"
            )),
            Way::Plain => None,
        }
    }
}

/// What the storage calls a snapshot, or what we do.
pub(crate) fn handle_of(record: &VolumeRecord) -> String {
    record.handle.clone().unwrap_or_else(|| record.name.clone())
}

/// What becomes of the data of each claim.
pub(crate) fn plan(
    loaded: &Loaded,
    target: &Target,
    snapshotters: &[Arc<dyn VolumeSnapshotter>],
    spec: &RestoreSpec,
) -> BTreeMap<ObjectId, PlannedClaim> {
    let keys = |name: &str| {
        let by = snapshotters.iter().find(|it| it.name() == name);
        by.map(|it| it.capabilities().topology_keys)
            .unwrap_or_default()
    };
    let zone = |kept: &BackedUpVolume| {
        let keys = kept.record.as_ref().map(|record| keys(&record.snapshotter));
        original_zone(kept, loaded.volumes.get(&kept.volume.name), &keys?)
    };
    let originals: BTreeSet<String> = loaded.kept.iter().filter_map(|(_, it)| zone(it)).collect();
    let region = zones::region(&target.machines);
    let mut planned = BTreeMap::new();
    for (id, kept) in &loaded.kept {
        let claim = loaded.claims.get(id);
        let claim: Value = claim
            .and_then(|bytes| serde_json::from_slice(bytes).ok())
            .unwrap_or_default();
        let volume = loaded.volumes.get(&kept.volume.name);
        let users = loaded.users.get(id);
        let placement = users.and_then(|users| users.placement.clone());
        let placement = placement.unwrap_or_default();
        let mut data = described(id, kept, spec);
        data.used_by = users.map(|users| users.names.clone()).unwrap_or_default();
        data.storage_class = class_for(&claim, kept, target, spec, &mut data.warnings);
        data.bytes = requested(&claim).max(kept.record.as_ref().and_then(|it| it.restore_size));
        let way = match way_of(kept, volume, snapshotters, spec) {
            Ok(snapshotter) => {
                let capabilities = snapshotter.capabilities();
                let class = target.class(data.storage_class.as_deref());
                let allowed = class.as_ref().ok().and_then(|class| class.as_ref());
                data.zones = zones::order(
                    &target.machines,
                    &Wanted {
                        keys: &capabilities.topology_keys,
                        placement: &placement,
                        allowed: allowed.and_then(|class| class.zones.as_ref()),
                        original: zone(kept).as_deref(),
                        originals: &originals,
                    },
                );
                // A provisioner makes the volume, and there has to be a class for it.
                let is_provisioned = match capabilities.method {
                    VolumeMethod::PodVolumeBackup => true,
                    VolumeMethod::CsiSnapshot => target.serves_snapshots,
                    VolumeMethod::NativeSnapshot => false,
                };
                match (class, kept.record.clone()) {
                    (Err(why), _) if is_provisioned => Way::Refused(why),
                    (_, Some(record)) => {
                        data.outcome = DataOutcome::Planned;
                        Way::FromSnapshot(Box::new(FromSnapshot {
                            record,
                            snapshotter: snapshotter.clone(),
                            volume: volume.cloned(),
                            placement,
                            region: region.clone(),
                        }))
                    }
                    (_, None) => Way::Plain,
                }
            }
            Err(without) => without.settle(&mut data),
        };
        if let Way::Refused(why) = &way {
            data.outcome = DataOutcome::Failed(why.clone());
        }
        planned.insert(id.clone(), PlannedClaim { data, way });
    }
    planned
}

/// Why a claim comes back without a snapshot.
enum Without {
    /// The volume itself comes back.
    Reused,
    /// Nobody asked for its data.
    NotKept(String),
    /// It is lost.
    Lost(String),
    /// This restore cannot bring it back; another one can.
    Refused(String),
}

impl Without {
    fn settle(self, data: &mut ClaimData) -> Way {
        match self {
            Self::Reused => data.outcome = DataOutcome::Reused,
            Self::NotKept(why) => data.outcome = DataOutcome::NotKept(why),
            Self::Lost(why) => data.outcome = DataOutcome::Failed(why),
            Self::Refused(why) => return Way::Refused(why),
        }
        Way::Plain
    }
}

/// Who brings the data back.
fn way_of<'a>(
    kept: &BackedUpVolume,
    volume: Option<&PersistentVolume>,
    snapshotters: &'a [Arc<dyn VolumeSnapshotter>],
    spec: &RestoreSpec,
) -> Result<&'a Arc<dyn VolumeSnapshotter>, Without> {
    let retained = volume
        .and_then(|volume| volume.spec.as_ref())
        .is_some_and(|spec| spec.persistent_volume_reclaim_policy.as_deref() == Some("Retain"));
    let Some(record) = &kept.record else {
        return Err(match &kept.decision {
            _ if retained => Without::Reused,
            VolumeDecision::Skipped { reason } => Without::NotKept(reason.clone()),
            VolumeDecision::Taken { .. } => {
                Without::Lost("no snapshot was made of it when it was backed up".to_owned())
            }
        });
    };
    if spec.restore_pvs == Some(false) {
        let why = "`restorePVs` is false, and its data stays where the backup keeps it";
        return Err(Without::NotKept(why.to_owned()));
    }
    if let SnapshotState::Failed { reason } = &record.state {
        return Err(Without::Lost(format!(
            "there is no snapshot of it, since {reason}"
        )));
    }
    let by = |it: &&Arc<dyn VolumeSnapshotter>| it.name() == record.snapshotter;
    snapshotters.iter().find(by).ok_or_else(|| {
        Without::Refused(format!(
            "its data is kept by `{}`, and this restore has nothing of that name; restore with that, or without data \
             by `restorePVs: false`",
            record.snapshotter
        ))
    })
}

fn described(id: &ObjectId, kept: &BackedUpVolume, spec: &RestoreSpec) -> ClaimData {
    let namespace = id.namespace.clone().unwrap_or_default();
    ClaimData {
        target_namespace: spec.target_namespace(&namespace).to_owned(),
        namespace,
        claim: id.name.clone(),
        volume: kept.volume.name.clone(),
        snapshotter: kept.record.as_ref().map(|it| it.snapshotter.clone()),
        method: kept.record.as_ref().map(|record| record.method),
        snapshot: kept.record.as_ref().map(handle_of),
        bytes: None,
        storage_class: None,
        zones: Vec::new(),
        used_by: Vec::new(),
        outcome: DataOutcome::Planned,
        warnings: kept.warnings.clone(),
    }
}

/// The zone that a volume was in.
fn original_zone(
    kept: &BackedUpVolume,
    volume: Option<&PersistentVolume>,
    keys: &[String],
) -> Option<String> {
    let bound = volume.and_then(|volume| zones::bound_to(volume, keys));
    let noted = || kept.record.as_ref()?.attributes.get("zone").cloned();
    bound.or_else(noted).filter(|zone| !zone.is_empty())
}

/// The class of a claim in the target: its own, the one that it is mapped to, or, where that is not there,
/// the one for volumes of its driver.
fn class_for(
    claim: &Value,
    kept: &BackedUpVolume,
    target: &Target,
    spec: &RestoreSpec,
    warnings: &mut Vec<String>,
) -> Option<String> {
    let name = claim["spec"]["storageClassName"].as_str()?;
    let mapped = spec.storage_class_mapping.get(name);
    let name = mapped.map_or(name, String::as_str);
    // Without a class, a volume is made by hand: by the snapshotter, where it makes volumes.
    let is_made = || {
        let method = kept.record.as_ref().map(|record| record.method);
        method.is_none_or(|method| method == VolumeMethod::NativeSnapshot)
    };
    if target.has_class(name) || name.is_empty() && is_made() {
        return Some(name.to_owned());
    }
    let defaults = &spec.default_storage_classes;
    let default = defaults.get(&kept.facts.driver).or(defaults.get("*"));
    match default.filter(|default| target.has_class(default)) {
        Some(default) => {
            warnings.push(format!(
                "its storage class `{name}` is not in the cluster; it gets `{default}`"
            ));
            Some(default.clone())
        }
        None => Some(name.to_owned()),
    }
}
