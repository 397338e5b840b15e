//! Where backups are, and which cluster they are of, as every command is told.

use std::path::PathBuf;

use ack_backup_center::location::Location;
use clap::Args;

/// Where backups are, and which cluster they are of.
#[derive(Args, Debug)]
pub(crate) struct Place {
    /// Where backups are: `oss://BUCKET/PREFIX` or `file:///FOLDER`.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "BACKUP_CENTER_LOCATION"
    )]
    pub(crate) location: Option<Location>,
    /// The bucket's region, such as cn-hangzhou.
    #[arg(long, global = true, env = "ALIBABA_CLOUD_REGION_ID")]
    pub(crate) region: Option<String>,
    /// Another endpoint than the region's public one.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        conflicts_with = "internal",
        env = "OSS_ENDPOINT"
    )]
    pub(crate) endpoint: Option<String>,
    /// Over Alibaba Cloud's own network, from machines in the bucket's region.
    #[arg(long, global = true)]
    pub(crate) internal: bool,
    /// Whose seals are believed: a file that `key seal` wrote.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) trust: Option<PathBuf>,
    /// Who reads encrypted backups: a file that `key age` or `age-keygen` wrote; may be repeated.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) identity: Vec<PathBuf>,
    /// The kubeconfig of the cluster; else the default one, or the cluster that this runs in.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig; else the current one.
    #[arg(long, global = true, visible_alias = "kubecontext")]
    pub(crate) context: Option<String>,
}
