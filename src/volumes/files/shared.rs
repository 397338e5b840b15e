//! What all steps of a backup of files share: the client, the cluster, and what it may do.

use std::sync::Arc;

use alibaba_core::clock::SharedClock;
use alibaba_hbr::{AckClusterId, Client, NetworkType};
use kube_backup_engine::{Error, ErrorKind};

use super::nodes::Nodes;
use crate::clusters::ClusterKind;

/// What it is called in records.
pub(crate) const NAME: &str = "hbr";

/// The vault of a region, as ACK's backup center calls it.
pub(super) const VAULT: &str = "ack-backup-data";

/// Where the kubelet of an ACK node has what Pods mount.
pub(super) const PODS: &str = "/var/lib/kubelet/pods";

/// By one client, for one cluster.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) hbr: Client,
    pub(super) clock: SharedClock,
    pub(super) cluster: AckClusterId,
    pub(super) network: NetworkType,
    pub(super) kind: Option<ClusterKind>,
    pub(super) nodes: Arc<Nodes>,
    /// The kubelet's directory of Pods.
    pub(super) pods: String,
    pub(super) cancels: Wanted,
    /// Why no files can be copied at all.
    pub(super) refused: Option<String>,
    pub(super) deletes: Wanted,
}

/// Whether something is done that takes a right which ACK's page does not grant. Without it, jobs and backups end by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    No,
    /// Where the account may.
    WhereAllowed,
    Yes,
}

impl Shared {
    pub(super) fn region(&self) -> Option<String> {
        self.hbr.region().map(ToString::to_string)
    }
}

/// An error of what was asked for, not of the service.
pub(super) fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, message)
}
