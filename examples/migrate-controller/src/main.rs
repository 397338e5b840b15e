//! The controller for ACK's backup center resources, as a program.
//!
//! ```sh
//! cargo run -p migrate-controller -- --local     # a cluster and a cloud in this process, nothing else
//! cargo run -p migrate-controller -- crds        # the definitions, as YAML
//! cargo run -p migrate-controller                # the cluster of the kubeconfig, or the one it runs in
//! ```

#![allow(clippy::print_stdout, reason = "a program prints")]

mod local;
mod options;

use std::error::Error;

use ack_backup_center::cloud::Cloud;
use ack_backup_center::clusters::region_of;
use ack_backup_center::controller::{Options, run};
use ack_backup_center::core::{Context, Region, credentials};
use ack_backup_center::crds;
use ack_backup_center::engine::{client_for, cluster_config};
use clap::Parser as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use local::Local;
use options::{Arguments, Command, Log};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    if let Some(Command::Crds) = arguments.command {
        for definition in crds::definitions() {
            println!("---\n{}", serde_norway::to_string(&definition)?);
        }
        return Ok(());
    }
    // One provider for the whole program: two libraries that each bring their own would panic.
    let _ = rustls::crypto::ring::default_provider().install_default();
    start_log(arguments.log);
    // Both live as long as the program.
    let local = match arguments.local {
        true => Some(Local::start().await?),
        false => None,
    };
    let options = match &local {
        Some(local) => local.options()?,
        None => of_a_cluster(&arguments).await?,
    };
    let listener = TcpListener::bind(arguments.listen).await?;
    tracing::info!(address = %listener.local_addr()?, "health and metrics");
    run(options.serving(listener), asked_to_stop()?).await?;
    Ok(())
}

/// The cluster that it runs in, or that the kubeconfig names.
async fn of_a_cluster(arguments: &Arguments) -> Result<Options, Box<dyn Error>> {
    let context = Context::system()?;
    let chain = credentials::default_chain(&context);
    let config = cluster_config(None, None).await?;
    let region = match arguments.region.as_str() {
        "" => region_of(&client_for(config.clone())?).await?,
        region => Region::new(region)?,
    };
    tracing::info!(%region, "the region of the cluster");
    let mut options = Options::new(config, Cloud::new(&context, region, chain))
        .in_namespace(&arguments.namespace);
    if let Some(name) = &arguments.pod_name {
        options = options.called(name);
    }
    if let Some(id) = &arguments.cluster_id {
        options = options.with_cluster_id(id);
    }
    if let Some(root) = &arguments.kubelet_root {
        options = options.with_kubelet_root(root);
    }
    if arguments.machine_credentials {
        options = options.or_machine_credentials();
    }
    Ok(options)
}

/// Ready when a cluster or somebody at the keyboard asks to stop.
fn asked_to_stop() -> Result<impl Future<Output = ()>, std::io::Error> {
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping; what is under way has some time to come to its end");
    })
}

fn start_log(log: Log) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    let filter = filter.unwrap_or_else(|_| "info".into());
    let log_ = tracing_subscriber::fmt().with_env_filter(filter);
    match log {
        Log::Text => log_.init(),
        Log::Json => log_.json().init(),
    }
}
