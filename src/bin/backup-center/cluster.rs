//! The cluster.

use ack_backup_center::engine::{client_for, cluster_config};

use crate::exit::Result;
use crate::place::Place;

/// A client of the cluster that is named, of the default kubeconfig's, or of the one that this runs in.
pub(crate) async fn connect(place: &Place) -> Result<kube::Client> {
    let (kubeconfig, context) = (place.kubeconfig.as_deref(), place.context.as_deref());
    Ok(client_for(cluster_config(kubeconfig, context).await?)?)
}
