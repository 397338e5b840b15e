//! What Pods say of the volumes that they mount.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::format::annotations::{BACKUP_VOLUMES, BACKUP_VOLUMES_EXCLUDES};
use crate::format::labels;
use crate::resource::full_name;
use crate::volumes::{Mount, ObjectRef};

/// A Pod that names a claim.
#[derive(Debug, Clone)]
pub(crate) struct Use {
    pub(crate) pod: ObjectRef,
    /// The volume's name in the Pod.
    pub(crate) volume: String,
    /// The node it runs on, if it runs.
    pub(crate) node: Option<String>,
    /// Whether the data of its volumes is to be left alone.
    pub(crate) opts_out: bool,
    /// Whether it asks for a copy of the files.
    pub(crate) wants_copy: bool,
    /// Whether it refuses a copy of the files.
    pub(crate) refuses_copy: bool,
}

impl Use {
    /// Where the volume is mounted, if the Pod runs.
    pub(crate) fn mount(&self) -> Option<Mount> {
        let node = self.node.as_deref()?;
        Some(Mount::new(self.pod.clone(), node, &self.volume))
    }
}

/// What one Pod says.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    /// By the claim, as `namespace/name`.
    pub(crate) claims: Vec<(String, Use)>,
    /// Warnings.
    pub(crate) messages: Vec<String>,
}

#[derive(Deserialize)]
struct Pod {
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    namespace: String,
    name: String,
    #[serde(default)]
    uid: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    node_name: Option<String>,
    volumes: Vec<PodVolume>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PodVolume {
    name: String,
    persistent_volume_claim: Option<ClaimSource>,
    /// A claim that is made for the Pod alone.
    ephemeral: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClaimSource {
    claim_name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    phase: String,
}

/// Which claims a Pod names, and what it says of them. One that has ended says nothing.
pub(crate) fn uses_of(raw: &[u8]) -> Result<Uses, String> {
    let pod: Pod = serde_json::from_slice(raw).map_err(|error| error.to_string())?;
    let mut uses = Uses::default();
    if matches!(pod.status.phase.as_str(), "Succeeded" | "Failed") {
        return Ok(uses);
    }
    let Metadata {
        namespace,
        name,
        uid,
        labels,
        annotations,
    } = pod.metadata;
    let named = |annotation: &str| -> BTreeSet<String> {
        let text = annotations.get(annotation).map_or("", String::as_str);
        let names = text.split(',').map(str::trim);
        names.filter(|it| !it.is_empty()).map(Into::into).collect()
    };
    let wanted = named(BACKUP_VOLUMES);
    let refused = named(BACKUP_VOLUMES_EXCLUDES);
    let opts_out = labels
        .get(labels::SKIP_VOLUME_DATA)
        .is_some_and(|it| it == "true");
    let is_running = pod.status.phase == "Running";
    let volumes = &pod.spec.volumes;
    for volume in volumes {
        let claim = match (&volume.persistent_volume_claim, &volume.ephemeral) {
            (Some(source), _) => source.claim_name.clone(),
            (None, Some(_)) => format!("{name}-{}", volume.name),
            (None, None) => {
                if wanted.contains(&volume.name) {
                    uses.messages.push(format!(
                        "pods {namespace}/{name}: its volume `{}`, which `{BACKUP_VOLUMES}` names, is of no claim, and \
                         its data is not kept",
                        volume.name
                    ));
                }
                continue;
            }
        };
        let it = Use {
            pod: ObjectRef {
                namespace: namespace.clone(),
                name: name.clone(),
                uid: uid.clone(),
            },
            volume: volume.name.clone(),
            node: pod.spec.node_name.clone().filter(|_| is_running),
            opts_out,
            wants_copy: wanted.contains(&volume.name),
            refuses_copy: refused.contains(&volume.name),
        };
        uses.claims.push((full_name(Some(&namespace), &claim), it));
    }
    for (annotation, names) in [
        (BACKUP_VOLUMES, &wanted),
        (BACKUP_VOLUMES_EXCLUDES, &refused),
    ] {
        let is_there = |wanted: &&String| volumes.iter().any(|volume| volume.name == **wanted);
        for name_of_volume in names.iter().filter(|wanted| !is_there(wanted)) {
            uses.messages.push(format!(
                "pods {namespace}/{name}: it has no volume `{name_of_volume}`, which `{annotation}` names"
            ));
        }
    }
    Ok(uses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_says_which_claims_it_mounts_and_how_they_are_to_be_kept() {
        let pod = br#"{"metadata":{"namespace":"shop","name":"db-0","uid":"u",
            "labels":{"kube-backup-engine.io/skip-volume-data":"true"},
            "annotations":{"backup.velero.io/backup-volumes":"data, cache,typo",
                "backup.velero.io/backup-volumes-excludes":"scratch"}},
            "spec":{"nodeName":"n","volumes":[
                {"name":"data","persistentVolumeClaim":{"claimName":"data-db-0"}},
                {"name":"scratch","ephemeral":{"volumeClaimTemplate":{}}},
                {"name":"cache","emptyDir":{}}]},
            "status":{"phase":"Running"}}"#;
        let uses = uses_of(pod).unwrap();
        let said: Vec<_> = uses
            .claims
            .iter()
            .map(|(claim, it)| (claim.as_str(), it.wants_copy, it.refuses_copy))
            .collect();
        assert_eq!(
            said,
            [
                ("shop/data-db-0", true, false),
                ("shop/db-0-scratch", false, true)
            ]
        );
        assert!(
            uses.claims
                .iter()
                .all(|(_, it)| it.opts_out && it.mount().is_some())
        );
        assert_eq!(uses.messages.len(), 2, "{:?}", uses.messages);
        assert!(uses.messages[0].contains("`cache`") && uses.messages[1].contains("`typo`"));
        let ended = String::from_utf8_lossy(pod).replace("Running", "Succeeded");
        assert!(uses_of(ended.as_bytes()).unwrap().claims.is_empty());
        let waiting = String::from_utf8_lossy(pod).replace("Running", "Pending");
        assert!(
            uses_of(waiting.as_bytes()).unwrap().claims[0]
                .1
                .mount()
                .is_none()
        );
    }
}
