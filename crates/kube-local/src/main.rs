//! `kube-local`: an empty cluster on a port, until it is interrupted.

use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use kube_local::KubeLocal;

/// A small Kubernetes API server in memory, over plain HTTP.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen. Anybody who reaches it is an administrator.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Allow an address that others than this machine can reach.
    #[arg(long)]
    allow_remote: bool,
    /// A name under which it may be called, beside addresses and `localhost`; may be repeated.
    #[arg(long)]
    host_name: Vec<String>,
    /// Write a kubeconfig here.
    #[arg(long)]
    kubeconfig: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    let mut builder = KubeLocal::builder().address(arguments.listen);
    if arguments.allow_remote {
        builder = builder.allow_remote();
    }
    for name in arguments.host_name {
        builder = builder.host_name(name);
    }
    let cluster = builder.start().await?;
    if let Some(path) = &arguments.kubeconfig {
        std::fs::write(path, cluster.kubeconfig())?;
    }
    let mut out = std::io::stdout();
    writeln!(
        out,
        "kubectl --server {} get all --all-namespaces",
        cluster.url()
    )?;
    out.flush()?;
    tokio::signal::ctrl_c().await?;
    Ok(())
}
