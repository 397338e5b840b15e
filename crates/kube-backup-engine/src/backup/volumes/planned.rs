//! What is to be done with each volume of a backup, before anything is done.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::decide::{Decided, decide};
use super::survey::Survey;
use crate::Results;
use crate::backup::spec::BackupSpec;
use crate::format::labels::SKIP_VOLUME_DATA;
use crate::volumes::{
    BackedUpVolume, Eligibility, ObjectRef, SnapshotGroup, Volume, VolumeDecision,
    VolumeSnapshotter, plan_groups,
};

/// A claim, and what was decided about it.
#[derive(Debug, Clone)]
pub(crate) struct PlannedVolume {
    pub(crate) volume: Volume,
    pub(crate) backed_up: BackedUpVolume,
}

/// Volumes that one call snapshots.
#[derive(Debug, Clone)]
pub(crate) struct PlannedGroup {
    /// Who does, by its place among the snapshotters.
    pub(crate) snapshotter: usize,
    pub(crate) group: SnapshotGroup,
}

/// What is to be done with each volume of a backup.
#[derive(Debug, Default)]
pub(crate) struct VolumePlan {
    /// By namespace and name of their claims.
    pub(crate) volumes: Vec<PlannedVolume>,
    pub(crate) groups: Vec<PlannedGroup>,
    /// What could not be read, and what cannot be kept.
    pub(crate) results: Results,
}

impl VolumePlan {
    /// Decides about all claims of `survey`, for the backup `uid`.
    pub(crate) fn of(
        survey: Survey,
        spec: &BackupSpec,
        uid: &str,
        snapshotters: &[Arc<dyn VolumeSnapshotter>],
    ) -> Self {
        let mut plan = Self {
            results: survey.results,
            ..Self::default()
        };
        // By snapshotter and namespace: an application lives in one, and its volumes are to be of one point in
        // time before those of others are. What works in batches is given all at once.
        let mut taken: BTreeMap<(usize, String), Vec<Volume>> = BTreeMap::new();
        for claimed in survey.claims {
            let Decided {
                decision,
                snapshotter,
                is_missing,
            } = decide(&claimed, &spec.volumes, snapshotters);
            let backed_up = BackedUpVolume::new(&claimed.volume, decision);
            let namespace = backed_up.claim.namespace.clone();
            if is_missing && let Some(reason) = backed_up.missing_because() {
                let message = format!(
                    "persistentvolumeclaims {}: its data is not kept: {reason}; label it `{SKIP_VOLUME_DATA}: \"true\"` \
                     if it need not be",
                    backed_up.claim
                );
                plan.results.errors.push(&namespace, message);
            }
            if let Some(at) = snapshotter {
                let in_batches = snapshotters[at].capabilities().batches;
                let namespace = Some(namespace).filter(|_| !in_batches).unwrap_or_default();
                let together = taken.entry((at, namespace)).or_default();
                together.push(claimed.volume.clone());
            }
            plan.volumes.push(PlannedVolume {
                volume: claimed.volume,
                backed_up,
            });
        }
        for ((at, namespace), volumes) in taken {
            let snapshotter = snapshotters[at].as_ref();
            let groups = plan_groups(snapshotter, &spec.name, uid, volumes);
            plan.warn_of_splits(snapshotter, &namespace, &groups);
            plan.groups
                .extend(groups.into_iter().map(|group| PlannedGroup {
                    snapshotter: at,
                    group: group.retained_for(spec.ttl).labelled(spec.labels.clone()),
                }));
        }
        plan
    }

    /// Says which volumes could have been of one point in time, had the limits of their snapshotter not kept them apart.
    fn warn_of_splits(
        &mut self,
        snapshotter: &dyn VolumeSnapshotter,
        namespace: &str,
        groups: &[SnapshotGroup],
    ) {
        let mut sets: BTreeMap<String, Vec<BTreeSet<String>>> = BTreeMap::new();
        for group in groups {
            let eligibility = snapshotter.eligibility(&group.members[0].volume);
            if let Eligibility::Eligible { group: Some(key) } = eligibility {
                let names = group.members.iter();
                let names = names
                    .map(|member| member.volume.name().to_owned())
                    .collect();
                sets.entry(key).or_default().push(names);
            }
        }
        for (key, sets) in sets.into_iter().filter(|(_, sets)| sets.len() > 1) {
            let warning = format!(
                "the volumes in `{key}` are more than one group of `{}` takes and are snapshotted in {} groups, each of \
                 its own point in time",
                snapshotter.name(),
                sets.len()
            );
            let all: BTreeSet<&String> = sets.iter().flatten().collect();
            for planned in &mut self.volumes {
                if all.contains(&planned.backed_up.volume.name) {
                    planned.backed_up.warnings.push(warning.clone());
                }
            }
            self.results.warnings.push(namespace, warning);
        }
    }

    /// Takes the volumes that a Pod has mounted out of the plan, since its hooks failed: `why`.
    pub(crate) fn fail_volumes_of(&mut self, pod: &ObjectRef, why: &str) {
        let mut failed = BTreeSet::new();
        for planned in &mut self.volumes {
            let is_mounted = planned.volume.mounts.iter().any(|mount| mount.pod == *pod);
            let is_taken = matches!(planned.backed_up.decision, VolumeDecision::Taken { .. });
            if is_mounted && is_taken {
                planned.backed_up.decision = VolumeDecision::skipped(why);
                failed.insert(planned.volume.name().to_owned());
                let claim = &planned.backed_up.claim;
                let message =
                    format!("persistentvolumeclaims {claim}: its data is not kept: {why}");
                self.results.errors.push(&claim.namespace, message);
            }
        }
        for planned in &mut self.groups {
            let members = &mut planned.group.members;
            members.retain(|member| !failed.contains(member.volume.name()));
        }
        self.groups
            .retain(|planned| !planned.group.members.is_empty());
    }

    /// The Pods whose files are copied, by what is of no point in time.
    pub(crate) fn copied_pods(
        &self,
        snapshotters: &[Arc<dyn VolumeSnapshotter>],
    ) -> HashSet<ObjectRef> {
        let groups = self.groups.iter();
        let copies = groups.filter(|it| !snapshotters[it.snapshotter].capabilities().point_in_time);
        let members = copies.flat_map(|it| &it.group.members);
        let mounts = members.flat_map(|member| &member.volume.mounts);
        mounts.map(|mount| mount.pod.clone()).collect()
    }

    /// The names of the snapshotters that have something to do.
    pub(crate) fn needed(&self, snapshotters: &[Arc<dyn VolumeSnapshotter>]) -> BTreeSet<String> {
        let groups = self.groups.iter();
        groups
            .map(|group| snapshotters[group.snapshotter].name().to_owned())
            .collect()
    }
}
