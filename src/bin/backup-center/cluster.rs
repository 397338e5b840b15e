//! The cluster.

use ack_backup_center::engine::client_for;
use kube::config::{KubeConfigOptions, Kubeconfig};

use crate::exit::{Failure, Result};
use crate::place::Place;

/// A client of the cluster that is named, of the default kubeconfig's, or of the one that this runs in.
pub(crate) async fn connect(place: &Place) -> Result<kube::Client> {
    Ok(client_for(config(place).await?)?)
}

async fn config(place: &Place) -> Result<kube::Config> {
    let named = std::env::var_os("KUBECONFIG").filter(|it| !it.is_empty());
    if place.kubeconfig.is_none() && place.context.is_none() && named.is_none() {
        return kube::Config::infer()
            .await
            .map_err(|error| Failure::failed("find a cluster: name it by --kubeconfig", error));
    }
    // What was named and cannot be used is not passed over for the cluster that this runs in: it may be another.
    let (read, whose) = match &place.kubeconfig {
        Some(path) => (
            Kubeconfig::read_from(path),
            format!("the kubeconfig `{}`", path.display()),
        ),
        None => (
            Kubeconfig::read(),
            match named {
                Some(paths) => format!(
                    "the kubeconfig that KUBECONFIG names, `{}`",
                    paths.display()
                ),
                None => "the kubeconfig".to_owned(),
            },
        ),
    };
    let kubeconfig = read.map_err(|error| Failure::failed(format!("read {whose}"), error))?;
    let choice = KubeConfigOptions {
        context: place.context.clone(),
        ..KubeConfigOptions::default()
    };
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &choice).await;
    config.map_err(|error| Failure::failed(format!("use {whose}"), error))
}
