//! How a controller is run.

use std::time::Duration;

use tokio::net::TcpListener;

use super::leader::ElectionTimes;
use crate::cloud::Cloud;
use crate::component::{ADDON, NAMESPACE};
use crate::placement::{Link, Placement};

/// How a controller is run.
#[derive(Debug)]
pub struct Options {
    pub(super) config: kube::Config,
    pub(super) cloud: Cloud,
    pub(super) namespace: String,
    pub(super) placement: Placement,
    pub(super) may_use_machine: bool,
    pub(super) cluster_id: Option<String>,
    pub(super) kubelet_root: Option<String>,
    pub(super) identity: String,
    pub(super) election: Option<(String, ElectionTimes)>,
    pub(super) grace: Duration,
    pub(super) listener: Option<TcpListener>,
}

impl Options {
    /// A controller of the cluster that `config` connects to, with vaults in `cloud`: in namespace `csdr`, in a VPC of the cloud's
    /// region, electing a leader by the Lease `migrate-controller` there.
    #[must_use]
    pub fn new(config: kube::Config, cloud: Cloud) -> Self {
        let placement = Placement::new(Link::Vpc).in_region(cloud.region().clone());
        Self {
            config,
            cloud,
            namespace: NAMESPACE.to_owned(),
            placement,
            may_use_machine: false,
            cluster_id: None,
            kubelet_root: None,
            identity: format!("{ADDON}-{}", uuid::Uuid::new_v4()),
            election: Some((ADDON.to_owned(), ElectionTimes::default())),
            grace: Duration::from_secs(20),
            listener: None,
        }
    }

    /// Looks at the custom resources of another namespace.
    #[must_use]
    pub fn in_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Says where the cluster is, by which the endpoints of vaults are chosen.
    #[must_use]
    pub fn at(mut self, placement: Placement) -> Self {
        self.placement = placement;
        self
    }

    /// Lets the machine's own credentials sign for vaults where the cluster holds none.
    #[must_use]
    pub fn or_machine_credentials(mut self) -> Self {
        self.may_use_machine = true;
        self
    }

    /// The id that ACK knows the cluster by, under which Cloud Backup copies files: 33 letters and digits, the first a `c`. Unless set, it
    /// is what ACK wrote into ConfigMap `kube-system/ack-cluster-profile`.
    #[must_use]
    pub fn with_cluster_id(mut self, id: impl Into<String>) -> Self {
        self.cluster_id = Some(id.into());
        self
    }

    /// Where the kubelets of the cluster have what Pods mount, as ACK's `KUBELET_ROOT_PATH`: it ends in `/pods`. `/var/lib/kubelet/pods`
    /// unless set.
    #[must_use]
    pub fn with_kubelet_root(mut self, pods: impl Into<String>) -> Self {
        self.kubelet_root = Some(pods.into());
        self
    }

    /// Sets the name of this process among others that do the same, as that of its Pod.
    #[must_use]
    pub fn called(mut self, identity: impl Into<String>) -> Self {
        self.identity = identity.into();
        self
    }

    /// Elects a leader with these times.
    #[must_use]
    pub fn with_election(mut self, times: ElectionTimes) -> Self {
        self.election = Some((ADDON.to_owned(), times));
        self
    }

    /// Elects no leader: there is one process, and never a second one beside it.
    #[must_use]
    pub fn alone(mut self) -> Self {
        self.election = None;
        self
    }

    /// How long what is under way may take to come to its end when it is to stop; 20 seconds unless set. What has not, is gone on with
    /// by the next process, as is what only waits: for a vault, its turn or its next attempt.
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Serves `/healthz`, `/readyz` and `/metrics` here.
    #[must_use]
    pub fn serving(mut self, listener: TcpListener) -> Self {
        self.listener = Some(listener);
        self
    }
}
