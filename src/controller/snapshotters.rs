//! What keeps the data of volumes, as the cluster is now.

use std::collections::BTreeMap;
use std::sync::Arc;

use alibaba_core::Region;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment};
use k8s_openapi::api::core::v1::{ConfigMap, Node, Secret};
use kube::Api;
use kube::api::ListParams;
use kube_backup_engine::RunOptions;
use kube_backup_engine::volumes::{CsiSnapshotter, VolumeSnapshotter};

use super::context::Context;
use crate::chain::chain;
use crate::cloud::Cloud;
use crate::clusters::{AGENT, CLUSTER_PROFILE, ClusterKind, Evidence, detect};
use crate::component::ROLE_TOKEN_SECRET;
use crate::volumes::disks::DiskSnapshots;
use crate::volumes::files::{FileBackups, Nodes};

/// What reads and writes files on nodes for Cloud Backup, as ACK calls it.
const CLIENT: &str = "hbr-client";

/// What each volume is offered to, in this order: disks, any other driver's snapshots, and files. `cloud` is that of the
/// cluster's region; there may be copies of snapshots in `regions`, too. Annotations of a backup choose classes of snapshots, as those of
/// Velero's do.
///
/// # Errors
///
/// What could not be asked, and may be asked again.
pub(super) async fn snapshotters(
    context: &Context,
    cloud: &Cloud,
    regions: impl IntoIterator<Item = Region>,
    annotations: &BTreeMap<String, String>,
) -> Result<Vec<Arc<dyn VolumeSnapshotter>>, String> {
    let (seen, csi) = futures::join!(Seen::of(context), csi(context));
    let (seen, csi) = (seen?, csi?);
    let disks = disks(context, cloud, regions)?;
    let kind = seen.kind;
    let disks = kind.map_or(disks.clone(), |kind| disks.of_kind(kind));
    let mut all: Vec<Arc<dyn VolumeSnapshotter>> = vec![Arc::new(disks)];
    // In some kinds of cluster no volume can be backed up, by whatever.
    if kind.is_none_or(|kind| kind.profile().volumes.is_yes())
        && let Some(csi) = csi
    {
        all.push(Arc::new(csi.with_annotations(annotations)));
    }
    all.push(Arc::new(seen.files(context, cloud)?));
    Ok(all)
}

/// The files of the cluster's volumes.
///
/// # Errors
///
/// What could not be asked, and may be asked again.
pub(super) async fn files(context: &Context, cloud: &Cloud) -> Result<FileBackups, String> {
    Seen::of(context).await?.files(context, cloud)
}

/// The disks of the cluster's region.
///
/// # Errors
///
/// When no client of the cloud can be made.
pub(super) fn disks(
    context: &Context,
    cloud: &Cloud,
    regions: impl IntoIterator<Item = Region>,
) -> Result<DiskSnapshots, String> {
    let disks = DiskSnapshots::new(cloud, &context.cluster).map_err(|error| chain(&error))?;
    Ok(disks.with_regions(regions))
}

/// Snapshots of other drivers. Where the cluster does not let them be looked for, there are none.
async fn csi(context: &Context) -> Result<Option<CsiSnapshotter>, String> {
    let options = RunOptions::default();
    match CsiSnapshotter::connect(context.client.clone(), &options).await {
        Ok(csi) => Ok(Some(csi)),
        Err(error) if error.is_retryable() => Err(error.chain()),
        Err(error) => {
            tracing::warn!(
                error = error.chain(),
                "look for VolumeSnapshotClasses; volumes of other drivers are not snapshotted"
            );
            Ok(None)
        }
    }
}

/// What of the cluster matters to its volumes.
struct Seen {
    kind: Option<ClusterKind>,
    /// As ACK calls it.
    cluster_id: Option<String>,
    nodes: Vec<Node>,
    /// Why no files can be copied.
    refused: Option<String>,
}

impl Seen {
    async fn of(context: &Context) -> Result<Self, String> {
        let client = &context.client;
        let (all, only) = (
            ListParams::default(),
            ListParams::default().fields(&format!("metadata.name={CLIENT}")),
        );
        let clients = Api::<DaemonSet>::namespaced(client.clone(), &context.namespace);
        let profiles = Api::<ConfigMap>::namespaced(client.clone(), "kube-system");
        let deployments = Api::<Deployment>::namespaced(client.clone(), "kube-system");
        let secrets = Api::<Secret>::namespaced(client.clone(), "kube-system");
        let nodes = Api::<Node>::all(client.clone());
        let (clients, profile, agent, token, nodes) = futures::join!(
            clients.list(&only),
            profiles.get_opt(CLUSTER_PROFILE),
            deployments.get_metadata_opt(AGENT),
            secrets.get_metadata_opt(ROLE_TOKEN_SECRET),
            nodes.list(&all),
        );
        let mut seen = Self {
            kind: None,
            cluster_id: None,
            nodes: Vec::new(),
            refused: None,
        };
        let mut evidence = Evidence::default();
        if let Some(profile) = seen.answer("read what ACK says of the cluster", profile)? {
            evidence.profile = Some(profile.is_some());
            seen.cluster_id = profile
                .and_then(|it| it.data?.remove("clusterid"))
                .filter(|id| !id.is_empty());
        }
        if let Some(nodes) = seen.answer("list the nodes", nodes)? {
            evidence.nodes = Some(crate::clusters::Nodes::of(&nodes.items));
            seen.nodes = nodes.items;
        }
        evidence.agent = agent.ok().map(|it| it.is_some());
        evidence.role_token = token.ok().map(|it| it.is_some());
        seen.kind = detect(&evidence).kind();
        if let Some(clients) = seen.answer("look for what copies files", clients)? {
            let why = abnormal(clients.items.first(), &context.namespace);
            seen.refused = seen.refused.or(why);
        }
        Ok(seen)
    }

    /// What the cluster says; what it does not let be asked keeps files from being copied, by that reason.
    fn answer<T>(
        &mut self,
        step: &str,
        result: Result<T, kube::Error>,
    ) -> Result<Option<T>, String> {
        match result {
            Ok(found) => Ok(Some(found)),
            Err(kube::Error::Api(refused)) if refused.code == 403 => {
                let why = format!("{step}: {}", refused.message);
                self.refused.get_or_insert(why);
                Ok(None)
            }
            Err(error) => Err(format!("{step}: {}", chain(&error))),
        }
    }

    fn files(self, context: &Context, cloud: &Cloud) -> Result<FileBackups, String> {
        let id = context.cluster_id.clone().or(self.cluster_id);
        let unknown = id.is_none().then(|| {
            format!(
                "the id of the cluster, by which Cloud Backup knows it, is not in ConfigMap `kube-system/{CLUSTER_PROFILE}`: start \
                 the controller with it"
            )
        });
        let files = FileBackups::new(cloud, id.unwrap_or_default());
        let files = files.map_err(|error| chain(&error))?;
        let policy = context.settings.read().nodes;
        let mut files = files
            .on_nodes(Nodes::new(policy, &self.nodes))
            .cancelling_jobs_where_allowed()
            .deleting_backups_where_allowed();
        if let Some(root) = &context.kubelet_root {
            files = files.with_kubelet_root(root);
        }
        if let Some(kind) = self.kind {
            files = files.of_kind(kind);
        }
        Ok(match self.refused.or(unknown) {
            Some(why) => files.refusing(why),
            None => files,
        })
    }
}

/// Why files cannot be copied, in ACK's words ("FAQ about the backup center"); nothing where they can. A node that has no client is
/// told of by its job.
fn abnormal(client: Option<&DaemonSet>, namespace: &str) -> Option<String> {
    let Some(client) = client else {
        return Some(format!(
            "addon status is abnormal: there is no DaemonSet `{namespace}/{CLIENT}`, whose Pods copy files for Cloud Backup: \
             install it, with the cluster's token of Cloud Backup as `HBR_TOKEN` in Secret `{namespace}/{CLIENT}-token`"
        ));
    };
    let status = client.status.as_ref()?;
    (status.desired_number_scheduled > 0 && status.number_ready == 0).then(|| {
        format!(
            "addon status is abnormal: no Pod of DaemonSet `{namespace}/{CLIENT}` is ready, and they copy files for Cloud \
             Backup: see their events (couldn't find key HBR_TOKEN), and that they may run on the nodes"
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_client_that_is_missing_or_bad_is_told_in_acks_words() {
        let of = |status: Value| -> DaemonSet {
            serde_json::from_value(json!({"metadata": {"name": CLIENT}, "status": status})).unwrap()
        };
        let counts = |desired: i32, ready: i32| {
            of(
                json!({"currentNumberScheduled": desired, "desiredNumberScheduled": desired,
                "numberMisscheduled": 0, "numberReady": ready}),
            )
        };
        assert_eq!(abnormal(Some(&counts(0, 0)), "csdr"), None);
        assert_eq!(abnormal(Some(&counts(3, 1)), "csdr"), None);
        let missing = abnormal(None, "csdr").unwrap();
        let bad = abnormal(Some(&counts(3, 0)), "csdr").unwrap();
        for (why, words) in [(missing, "`csdr/hbr-client`"), (bad, "HBR_TOKEN")] {
            assert!(why.starts_with("addon status is abnormal"), "{why}");
            assert!(why.contains(words), "{why}");
        }
    }
}
