//! What a backup would do.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use uuid::Uuid;

use super::backup::Backup;
use super::scope::Scope;
use crate::printable::Printable;
use crate::volumes::BackedUpVolume;
use crate::{Result, Results};

/// What a backup would hold, and how it would keep the data of each volume. It prints as a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BackupPlan {
    /// The backup's name.
    pub backup: String,
    /// How many objects it would hold.
    pub objects: u64,
    /// Of each kind, by `apiVersion/Kind`.
    pub objects_by_kind: BTreeMap<String, u64>,
    /// Bytes of their JSON.
    pub object_bytes: u64,
    /// What would be done with each volume, by the namespaces and names of their claims. There is no
    /// [record](BackedUpVolume::record) of any.
    pub volumes: Vec<BackedUpVolume>,
    /// Which volumes would be snapshotted by one call.
    pub groups: Vec<PlannedGroup>,
    /// The capacities of all volumes whose data would be kept.
    pub volume_bytes: u64,
    /// What would be missing, and what someone should know.
    pub results: Results,
}

/// Volumes that would be snapshotted by one call, of one point in time where its snapshotter can.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PlannedGroup {
    /// The name of the snapshotter.
    pub snapshotter: String,
    /// Names of the volumes.
    pub volumes: Vec<String>,
    /// Their capacities.
    pub bytes: u64,
}

impl Backup {
    /// What it would do: objects, volumes, methods and bytes, with the reason for each. Nothing is written, neither to
    /// the store nor to the cluster, and nothing is asked of a snapshotter but which volumes it takes.
    ///
    /// # Errors
    /// Those of [`run`](Self::run) about the specification and the cluster.
    pub async fn plan(&self) -> Result<BackupPlan> {
        self.check()?;
        let name = &self.spec.name;
        let began = self.now();
        let api = self.reader();
        let deadline = self.deadline(&api);
        let planning = async {
            let scope = Scope::of(&api, &self.spec).await?;
            let random = || Uuid::new_v4().to_string();
            let uid = self.uid.clone().unwrap_or_else(random);
            let volumes = self.plan_volumes(&api, &scope, &uid).await;
            let collected = self.count_objects(&api, scope, began).await?;
            Ok((volumes, collected))
        };
        let step = format!("plan backup `{name}`");
        let planned: Result<_> = deadline.within(&step, Box::pin(planning)).await?;
        let (volumes, mut collected) = planned?;
        let groups: Vec<PlannedGroup> = volumes
            .groups
            .iter()
            .map(|planned| {
                let members = &planned.group.members;
                let names = members.iter().map(|it| it.volume.name().to_owned());
                let bytes = members.iter().filter_map(|it| it.volume.capacity());
                PlannedGroup {
                    snapshotter: self.snapshotters[planned.snapshotter].name().to_owned(),
                    volumes: names.collect(),
                    bytes: bytes.sum(),
                }
            })
            .collect();
        collected.results.absorb(volumes.results);
        Ok(BackupPlan {
            backup: name.clone(),
            objects: collected.objects,
            objects_by_kind: collected.names.counts(),
            object_bytes: collected.bytes,
            volumes: volumes.volumes.into_iter().map(|it| it.backed_up).collect(),
            volume_bytes: groups.iter().map(|group| group.bytes).sum(),
            groups,
            results: collected.results,
        })
    }
}

impl fmt::Display for BackupPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Plan of backup `{}`: {} objects, {} bytes, nothing is written yet",
            self.backup, self.objects, self.object_bytes
        )?;
        for (kind, count) in &self.objects_by_kind {
            writeln!(f, "  {count:>7} {}", Printable(kind))?;
        }
        if !self.volumes.is_empty() {
            writeln!(
                f,
                "Volumes: {} in {} snapshots or groups of them, {} bytes",
                self.volumes.len(),
                self.groups.len(),
                self.volume_bytes
            )?;
        }
        for volume in &self.volumes {
            let decision = volume.decision.to_string();
            writeln!(f, "  {}: {}", volume.claim, Printable(&decision))?;
        }
        for message in self.results.errors.messages() {
            writeln!(f, "  error: {}", Printable(message))?;
        }
        for message in self.results.warnings.messages() {
            writeln!(f, "  warning: {}", Printable(message))?;
        }
        Ok(())
    }
}
