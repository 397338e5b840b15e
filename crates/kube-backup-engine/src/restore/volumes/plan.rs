//! For each claim of a backup, what becomes of its data: a plain function of what the backup says and what
//! the target has.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use k8s_openapi::api::core::v1::PersistentVolume;
use serde_json::Value;

use super::claim::set_class;
use super::data::{ClaimData, DataOutcome};
use super::loaded::Loaded;
use super::machine::Placement;
use super::size::requested;
use super::target::Target;
use super::zones::{self, Wanted};
use crate::ObjectId;
use crate::restore::spec::RestoreSpec;
use crate::restore::step::{TransformStep, Transformed};
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
    /// Why not all of it is in the backup, or perhaps nothing.
    pub(crate) partial: Option<String>,
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

    /// Once it is known which volumes claims can be bound to: a claim whose own is not among them is empty.
    pub(crate) fn without_volume(&mut self, free: &HashSet<String>) {
        let volume = &self.data.volume;
        if self.data.outcome == DataOutcome::Reused && !free.contains(volume) {
            self.data.outcome = DataOutcome::NotKept(format!(
                "there is no snapshot of it, and its volume `{volume}` is another claim's, or was not restored"
            ));
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
    (spec, steps): (&RestoreSpec, &[TransformStep]),
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
        data.storage_class = match class_by_steps(id, &claim, spec, steps) {
            Some(class) => Some(class),
            None => class_for(&claim, kept, target, spec, &mut data.warnings),
        };
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
                        let partial = partial(&record);
                        let not_all = |why| format!("not all of it is in the backup: {why}");
                        data.warnings.extend(partial.clone().map(not_all));
                        Way::FromSnapshot(Box::new(FromSnapshot {
                            record,
                            snapshotter: snapshotter.clone(),
                            volume: volume.cloned(),
                            placement,
                            region: region.clone(),
                            partial,
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
    if let SnapshotState::Failed { reason } = &record.state
        && partial(record).is_none()
    {
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

/// Why a copy of files is not whole, where there is one all the same: what was copied can be restored.
fn partial(record: &VolumeRecord) -> Option<String> {
    match &record.state {
        SnapshotState::Failed { reason }
            if record.method == VolumeMethod::PodVolumeBackup && record.handle.is_some() =>
        {
            Some(reason.clone())
        }
        _ => None,
    }
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

/// The class that the caller's own steps give a claim, if they give it another one. A step that fails is told of where the claim is
/// prepared.
fn class_by_steps(
    id: &ObjectId,
    claim: &Value,
    spec: &RestoreSpec,
    steps: &[TransformStep],
) -> Option<String> {
    let class = |claim: &Value| {
        claim["spec"]["storageClassName"]
            .as_str()
            .map(str::to_owned)
    };
    let mut changed = claim.clone();
    let before = class(claim).map(|name| {
        spec.storage_class_mapping
            .get(&name)
            .cloned()
            .unwrap_or(name)
    });
    set_class(&mut changed, before.as_deref());
    for step in steps {
        match step.apply(id, changed) {
            Ok(Transformed::Object(claim) | Transformed::ObjectWith(claim, _)) => changed = claim,
            _ => return None,
        }
    }
    class(&changed).filter(|class| Some(class) != before.as_ref())
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

#[cfg(all(test, feature = "testkit"))]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::*;
    use crate::volumes::testkit::{FakeKind, FakeStorage};

    const DRIVER: &str = "fake.example.com";

    fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
        serde_json::from_value(value).expect("it is what it should be")
    }

    /// A claim `shop/data` that was snapshotted by `snapshotter`, and what is changed of that.
    fn loaded(snapshotter: &str, change: impl Fn(&mut Value)) -> Loaded {
        let mut kept = json!({
            "claim": {"namespace": "shop", "name": "data"}, "volume": {"name": "pv"}, "facts": {"driver": DRIVER},
            "decision": {"outcome": "taken", "snapshotter": snapshotter, "method": "NativeSnapshot", "reason": "r"},
            "record": {"snapshotter": snapshotter, "method": "NativeSnapshot", "backupUid": "u", "name": "n",
                "claim": {"namespace": "shop", "name": "data"}, "volume": {"name": "pv"}, "handle": "h",
                "state": {"phase": "complete"}, "restoreSize": 1 << 30},
            "policy": "Delete",
        });
        change(&mut kept);
        let volume = json!({"metadata": {"name": "pv"}, "spec": {"csi": {"driver": DRIVER, "volumeHandle": "v"},
            "persistentVolumeReclaimPolicy": kept["policy"]}});
        let id = ObjectId {
            resource: crate::GroupResource::core("persistentvolumeclaims"),
            namespace: Some("shop".to_owned()),
            name: "data".to_owned(),
        };
        let claim = json!({"spec": {"storageClassName": "old", "resources": {"requests": {"storage": "5Mi"}}}});
        Loaded {
            kept: vec![(id.clone(), read(kept))],
            claims: [(id, claim.to_string().into_bytes().into())].into(),
            volumes: [("pv".to_owned(), read(volume))].into(),
            ..Loaded::default()
        }
    }

    fn planned(
        loaded: &Loaded,
        kind: Option<FakeKind>,
        change: impl Fn(&mut RestoreSpec),
    ) -> PlannedClaim {
        let storage = FakeStorage::new(DateTime::UNIX_EPOCH);
        let snapshotters: Vec<Arc<dyn VolumeSnapshotter>> = kind
            .map(|kind| Arc::new(storage.snapshotter(kind)) as Arc<dyn VolumeSnapshotter>)
            .into_iter()
            .collect();
        let mut target = Target {
            serves_snapshots: true,
            ..Target::default()
        };
        target.note_classes(&[json!({"metadata": {"name": "new"}, "provisioner": DRIVER})]);
        let mut spec = RestoreSpec::named("r");
        change(&mut spec);
        let mut planned = plan(loaded, &target, &snapshotters, (&spec, &[]));
        assert_eq!(planned.len(), 1);
        planned.pop_first().expect("there is one claim").1
    }

    fn says(outcome: &DataOutcome, words: &str) -> bool {
        outcome
            .reason()
            .is_some_and(|reason| reason.contains(words))
    }

    #[test]
    fn a_claim_gets_its_data_or_the_reason_why_not() {
        let as_it_is = |_: &mut RestoreSpec| {};
        let disks = Some(FakeKind::Disks);
        let plain = loaded("fake-disks", |_| {});
        let from = planned(&plain, disks, as_it_is);
        assert!(matches!(from.way, Way::FromSnapshot(_)));
        assert_eq!(from.data.outcome, DataOutcome::Planned);
        assert_eq!(from.data.bytes, Some(1 << 30), "what the snapshot needs");
        assert!(
            from.instead_of_volume()
                .is_some_and(|why| why.contains("snapshot `h`"))
        );

        let empty = planned(&plain, disks, |spec| spec.restore_pvs = Some(false));
        assert!(matches!(empty.way, Way::Plain));
        assert_eq!(empty.data.outcome.name(), "not kept");
        assert!(says(&empty.data.outcome, "restorePVs"));
        assert_eq!(empty.instead_of_volume(), None);

        let nobody = planned(&plain, None, as_it_is);
        assert!(matches!(nobody.way, Way::Refused(_)));
        assert_eq!(nobody.data.outcome.name(), "failed");
        assert!(says(&nobody.data.outcome, "`fake-disks`"));
        assert!(nobody.instead_of_volume().is_some());

        let failed = loaded("fake-disks", |kept| {
            kept["record"]["state"] = json!({"phase": "failed", "reason": "the disk was gone"});
        });
        let lost = planned(&failed, disks, as_it_is);
        assert!(matches!(lost.way, Way::Plain));
        assert_eq!(lost.data.outcome.name(), "failed");
        assert!(says(&lost.data.outcome, "the disk was gone"));
    }

    #[test]
    fn without_a_snapshot_a_retained_volume_is_used_again_where_it_can_be() {
        let skipped = |policy: &'static str| {
            loaded("fake-disks", move |kept| {
                kept["record"] = Value::Null;
                kept["decision"] = json!({"outcome": "skipped", "reason": "its label says so"});
                kept["policy"] = policy.into();
            })
        };
        let not_kept = planned(&skipped("Delete"), None, |_| {});
        assert_eq!(
            not_kept.data.outcome,
            DataOutcome::NotKept("its label says so".to_owned())
        );
        let mut reused = planned(&skipped("Retain"), None, |_| {});
        assert_eq!(reused.data.outcome, DataOutcome::Reused);
        reused.without_volume(&["pv".to_owned()].into());
        assert_eq!(reused.data.outcome, DataOutcome::Reused);
        reused.without_volume(&HashSet::new());
        assert_eq!(reused.data.outcome.name(), "not kept");
        assert!(says(&reused.data.outcome, "another claim's"));
    }

    #[test]
    fn what_is_provisioned_needs_a_class_and_what_is_made_does_not() {
        let owned =
            |pairs: [(&str, &str); 1]| pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).into();
        for (kind, name, needs) in [
            (FakeKind::Disks, "fake-disks", false),
            (FakeKind::Csi, "fake-csi", true),
            (FakeKind::Files, "fake-files", true),
        ] {
            let loaded = loaded(name, |_| {});
            let without = planned(&loaded, Some(kind), |_| {});
            let is_refused = says(&without.data.outcome, "no storage class `old`");
            assert_eq!(is_refused, needs, "{name}");
            for (mapping, defaults) in [
                ([("old", "new")], [("x", "y")]),
                ([("x", "y")], [(DRIVER, "new")]),
            ] {
                let with = planned(&loaded, Some(kind), |spec| {
                    spec.storage_class_mapping = owned(mapping);
                    spec.default_storage_classes = owned(defaults);
                });
                assert!(matches!(with.way, Way::FromSnapshot(_)), "{name}");
                assert_eq!(with.data.storage_class.as_deref(), Some("new"), "{name}");
            }
        }
    }
}
