//! The traces that a kind of cluster leaves in it.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Node, Secret};
use kube::api::{Api, ListParams};
use kube::{Client, Error, ResourceExt};

use super::region::common_region;
use crate::component::ROLE_TOKEN_SECRET;

/// The agent that joins a registered cluster to ACK One ("Create a registered cluster": it is seen
/// by `kubectl -n kube-system get pod | grep ack-cluster-agent`).
pub(crate) const AGENT: &str = "ack-cluster-agent";
/// What ACK writes about a cluster of its own. The open CSI driver and Velero's plugin for Alibaba
/// Cloud read the id, the account and the zones from it.
pub(crate) const CLUSTER_PROFILE: &str = "ack-cluster-profile";
/// Tells nodes in the cloud from those at the edge ("FAQ about edge nodes").
pub(crate) const EDGE_LABEL: &str = "alibabacloud.com/is-edge-worker";

/// What can be seen of the kind in a cluster. What could not be asked is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Evidence {
    /// Whether the agent of registered clusters is deployed.
    pub agent: Option<bool>,
    /// Whether ACK has written its profile of the cluster.
    pub profile: Option<bool>,
    /// Whether the token of the role of managed clusters is there.
    pub role_token: Option<bool>,
    /// The nodes.
    pub nodes: Option<Nodes>,
    /// The id of the cluster, in ACK's profile of it.
    pub cluster_id: Option<String>,
    /// The id of the account that it belongs to, in ACK's profile of it.
    pub account_id: Option<String>,
    /// The region of its nodes, where those that say one say the same.
    pub region: Option<String>,
    /// Why something could not be asked.
    pub unknown: Vec<String>,
}

/// How many nodes there are of which sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Nodes {
    /// All.
    pub total: usize,
    /// With a control plane on them.
    pub control_plane: usize,
    /// Virtual ones, which stand for Elastic Container Instances.
    pub virtual_nodes: usize,
    /// Labelled as in the cloud or at the edge, which only ACK Edge does.
    pub labelled_edge: usize,
}

impl Evidence {
    /// Looks for them. Nothing is written; a right that is missing leaves its part unknown.
    pub async fn gather(client: &Client) -> Self {
        let deployments = Api::<Deployment>::namespaced(client.clone(), "kube-system");
        let config_maps = Api::<ConfigMap>::namespaced(client.clone(), "kube-system");
        let secrets = Api::<Secret>::namespaced(client.clone(), "kube-system");
        let nodes = Api::<Node>::all(client.clone());
        let all_nodes = ListParams::default();
        let (agent, profile, token, nodes) = futures::join!(
            deployments.get_metadata_opt(AGENT),
            config_maps.get_opt(CLUSTER_PROFILE),
            secrets.get_metadata_opt(ROLE_TOKEN_SECRET),
            nodes.list_metadata(&all_nodes),
        );
        let mut seen = Self::default();
        seen.agent = seen.answer(
            "the Deployment `ack-cluster-agent`",
            agent.map(|it| it.is_some()),
        );
        seen.role_token = seen.answer("the role's token", token.map(|it| it.is_some()));
        if let Some(profile) = seen.answer("the ConfigMap `ack-cluster-profile`", profile) {
            seen.profile = Some(profile.is_some());
            let mut data = profile.and_then(|it| it.data).unwrap_or_default();
            seen.cluster_id = data.remove("clusterid");
            seen.account_id = data.remove("uid");
        }
        if let Some(nodes) = seen.answer("the nodes", nodes) {
            seen.nodes = Some(Nodes::of(&nodes.items));
            seen.region = common_region(&nodes.items).ok();
        }
        seen
    }

    fn answer<T>(&mut self, what: &str, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.unknown.push(format!("{what}: {error}"));
                None
            }
        }
    }
}

impl Nodes {
    pub(crate) fn of<N: ResourceExt>(nodes: &[N]) -> Self {
        let count = |holds: &dyn Fn(&N) -> bool| nodes.iter().filter(|node| holds(node)).count();
        Self {
            total: nodes.len(),
            control_plane: count(&|node| {
                label(node, "node-role.kubernetes.io/control-plane").is_some()
                    || label(node, "node-role.kubernetes.io/master").is_some()
            }),
            virtual_nodes: count(&|node| label(node, "type") == Some("virtual-kubelet")),
            labelled_edge: count(&|node| label(node, EDGE_LABEL).is_some()),
        }
    }
}

fn label<'a>(node: &'a impl ResourceExt, key: &str) -> Option<&'a str> {
    node.labels().get(key).map(String::as_str)
}
