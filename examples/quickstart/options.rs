//! What can be asked for.

use std::path::PathBuf;

use clap::Parser;

/// Backs an application up to OSS, destroys it, restores it, and compares every field.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// Work in the cluster of this kubeconfig, in namespaces made and deleted here.
    #[arg(long)]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The context to use; alone, of the default kubeconfig.
    #[arg(long)]
    pub(crate) context: Option<String>,
    /// Write to this bucket of real OSS, with credentials of the default chain.
    #[arg(long, requires = "region")]
    pub(crate) bucket: Option<String>,
    /// The bucket's region, such as cn-hangzhou.
    #[arg(long, requires = "bucket")]
    pub(crate) region: Option<String>,
    /// Leave everything running and say how to look inside.
    #[arg(long)]
    pub(crate) keep: bool,
}
