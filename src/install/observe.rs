//! What of an installation is in the cluster.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::Api;

use super::error::{Error, Refusal};
use crate::component::{
    ADDON, ADDON_NAMESPACE, CREDENTIALS_SECRET, ComponentVersion, NAMESPACE, version_of,
};
use crate::grants;

/// What a plan looks at.
pub(super) struct Seen {
    /// The component's version; none if it is not there, or its image does not say.
    pub(super) version: Option<ComponentVersion>,
    /// Whether there is a Secret with an AccessKey.
    pub(super) has_secret: bool,
    /// What tells the credentials that Pods are started for.
    pub(super) mark: String,
}

pub(super) async fn observe(cluster: &kube::Client) -> Result<Seen, Error> {
    let namespaces = Api::<Namespace>::all(cluster.clone());
    let deployments = Api::<Deployment>::namespaced(cluster.clone(), ADDON_NAMESPACE);
    let secrets = Api::<Secret>::namespaced(cluster.clone(), NAMESPACE);
    let namespace = namespaces
        .get_opt(NAMESPACE)
        .await
        .map_err(Error::cluster(format_args!(
            "look for namespace `{NAMESPACE}`"
        )))?;
    if namespace.is_some_and(|it| it.metadata.deletion_timestamp.is_some()) {
        return Err(Refusal::Terminating.into());
    }
    let component = deployments
        .get_opt(ADDON)
        .await
        .map_err(Error::cluster(format_args!(
            "look for Deployment `{ADDON_NAMESPACE}/{ADDON}`"
        )))?;
    let secret = secrets
        .get_opt(CREDENTIALS_SECRET)
        .await
        .map_err(Error::cluster(format_args!(
            "look for Secret `{NAMESPACE}/{CREDENTIALS_SECRET}`"
        )))?;
    Ok(Seen {
        version: component.and_then(|it| version_of(&it).ok()),
        has_secret: secret.is_some(),
        mark: grants::mark_of_secret(secret.as_ref()),
    })
}
