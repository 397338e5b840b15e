//! The command line.

use std::net::SocketAddr;

use clap::{Parser, Subcommand, ValueEnum};

/// Backup, restore and migration of Kubernetes applications on Alibaba Cloud, by ACK's custom resources.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Brings a cluster and a cloud of its own, in memory, for a try.
    #[arg(long)]
    pub(crate) local: bool,
    /// The region of the cluster; that of its nodes unless it is set.
    #[arg(long, env = "REGION_ID", default_value = "")]
    pub(crate) region: String,
    /// The namespace of the custom resources.
    #[arg(long, default_value = "csdr")]
    pub(crate) namespace: String,
    /// The name of this process among those that do the same.
    #[arg(long, env = "POD_NAME")]
    pub(crate) pod_name: Option<String>,
    /// Lets the machine's own credentials sign for vaults where the cluster holds none.
    #[arg(long)]
    pub(crate) machine_credentials: bool,
    /// The id that ACK knows the cluster by, where ACK has not written it into the cluster.
    #[arg(long, env = "CLUSTER_ID")]
    pub(crate) cluster_id: Option<String>,
    /// Where kubelets have what Pods mount, if that is not /var/lib/kubelet/pods.
    #[arg(long, env = "KUBELET_ROOT_PATH")]
    pub(crate) kubelet_root: Option<String>,
    /// Where health and metrics are served.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// How the log is written.
    #[arg(long, value_enum, default_value_t = Log::Text)]
    pub(crate) log: Log,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Command {
    /// Prints the definitions of the custom resources.
    Crds,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Log {
    Text,
    Json,
}
