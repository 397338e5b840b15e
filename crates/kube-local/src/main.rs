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
    let cluster = KubeLocal::builder()
        .address(arguments.listen)
        .start()
        .await?;
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
