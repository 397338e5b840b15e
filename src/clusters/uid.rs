//! By what a cluster is told from others.

use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client, Error};

/// The uid of the namespace `kube-system`, which no two clusters share and no cluster loses.
///
/// # Errors
///
/// If the cluster cannot be asked, or does not say.
pub(crate) async fn uid(cluster: &Client) -> Result<String, Error> {
    let namespaces = Api::<Namespace>::all(cluster.clone());
    let system = namespaces.get_metadata("kube-system").await?;
    let uid = system.metadata.uid.filter(|uid| !uid.is_empty());
    uid.ok_or_else(|| Error::Service("namespace `kube-system` has no uid".into()))
}
