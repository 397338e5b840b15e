//! The command line.

use std::path::PathBuf;

use ack_backup_center::clusters::ClusterKind;
use ack_backup_center::grants::Feature;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Installs the backup center of Container Service for Kubernetes and its permissions, for every kind of cluster.
#[derive(Debug, Parser)]
#[command(name = "onectl")]
pub(crate) struct Arguments {
    /// Try it on a cluster and a cloud in this process, without an account. They end with the command.
    #[arg(long, global = true)]
    pub(crate) local: bool,
    /// The kind of cluster: managed, dedicated, registered, serverless-pro or edge. Detected, if not given.
    #[arg(long, global = true, value_name = "KIND")]
    pub(crate) cluster_kind: Option<ClusterKind>,
    /// The region of the cluster; else the one that its nodes say.
    #[arg(long, global = true, env = "REGION_ID")]
    pub(crate) region: Option<String>,
    /// One endpoint for all services, such as that of `alibaba-local`.
    #[arg(long, global = true, value_name = "URL", conflicts_with = "local")]
    pub(crate) endpoint: Option<String>,
    /// The kubeconfig of the cluster; else the default one.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig; else the current one.
    #[arg(long, global = true)]
    pub(crate) context: Option<String>,
    /// How to print.
    #[arg(long, short, global = true, value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Gives the cluster its permissions, narrows them, renews its AccessKey, takes all back.
    #[command(subcommand)]
    RamUser(RamUser),
    /// Installs the component, or upgrades it, and removes it.
    #[command(subcommand)]
    Addon(Addon),
    /// Prints the policy that a grant makes.
    Policy {
        #[command(flatten)]
        wanted: Wanted,
    },
    /// Says what is missing, and what to do about it. Changes nothing. Exits with 1 if something is.
    Doctor {
        #[command(flatten)]
        wanted: Wanted,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RamUser {
    /// Makes the RAM user, its policy, its AccessKey and the Secret with it.
    Grant {
        #[command(flatten)]
        run: Run,
        #[command(flatten)]
        wanted: Wanted,
    },
    /// Makes the policy one for the named buckets alone.
    Narrow {
        #[command(flatten)]
        run: Run,
        #[command(flatten)]
        wanted: Wanted,
    },
    /// Replaces the AccessKey. Both work until the component was seen to work with the new one.
    Rotate {
        #[command(flatten)]
        run: Run,
    },
    /// Takes back what a grant made.
    Revoke {
        #[command(flatten)]
        run: Run,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Addon {
    /// Applies namespace, custom resources, rights and Deployment, and a vault if a bucket is named.
    Install {
        #[command(flatten)]
        run: AddonRun,
        #[command(flatten)]
        install: Installation,
    },
    /// Removes Deployment and rights. Namespace, custom resources and all backups stay.
    Uninstall {
        #[command(flatten)]
        run: AddonRun,
        /// Also while a backup runs. It is cut, and goes on when the component is installed again.
        #[arg(long)]
        even_if_running: bool,
    },
}

#[derive(Args, Debug)]
pub(crate) struct AddonRun {
    /// The component.
    #[arg(value_parser = ["migrate-controller"])]
    name: String,
    /// Print what would change, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Installation {
    /// The image, whose tag says the version; else the one of this version.
    #[arg(long)]
    pub(crate) image: Option<String>,
    /// How many Pods: one works, the others stand by.
    #[arg(long, default_value_t = 1)]
    pub(crate) replicas: u32,
    /// The bucket of a vault to create, if there is none yet.
    #[arg(long)]
    pub(crate) bucket: Option<String>,
    /// The bucket's region; else the cluster's.
    #[arg(long, requires = "bucket")]
    pub(crate) bucket_region: Option<String>,
    /// Where in the bucket; else in its root.
    #[arg(long, requires = "bucket")]
    pub(crate) prefix: Option<String>,
    /// The vault's name; else the bucket's.
    #[arg(long, requires = "bucket")]
    pub(crate) vault: Option<String>,
    /// Take over what somebody else manages, such as an installation by other means.
    #[arg(long)]
    pub(crate) take_over: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Run {
    /// The component that it is for.
    #[arg(long, default_value = "migrate-controller", value_parser = ["migrate-controller"])]
    addon: String,
    /// Say what would be done, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Wanted {
    /// A bucket for backups; may be repeated. All buckets of the account, if none is given.
    #[arg(long)]
    pub(crate) bucket: Vec<String>,
    /// Something beyond what is granted to every cluster; may be repeated: cross-region-disks,
    /// cancel-file-jobs, sweep-uploads, customer-keys.
    #[arg(long)]
    pub(crate) feature: Vec<Feature>,
}
