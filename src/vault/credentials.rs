//! What signs for a vault.

use std::fmt;
use std::sync::Arc;

use alibaba_core::credentials::{CachedProvider, SharedCredentials};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;

use super::error::VaultError;
use super::role_token::RoleToken;
use crate::cloud::Cloud;
use crate::component::{
    ADDON_NAMESPACE, CREDENTIALS_SECRET, NAMESPACE, ROLE_TOKEN_SECRET, access_key,
};
use crate::grants::Buckets;

/// What was chosen to sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CredentialsChoice {
    /// The AccessKey in Secret `csdr/alibaba-addon-secret`.
    Secret,
    /// The role of managed clusters.
    ManagedRole,
    /// What the machine itself has.
    Machine,
}

impl fmt::Display for CredentialsChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret => write!(f, "Secret `{NAMESPACE}/{CREDENTIALS_SECRET}`"),
            Self::ManagedRole => f.write_str("the role of managed clusters"),
            Self::Machine => f.write_str("the machine's own credentials"),
        }
    }
}

/// Chooses.
pub(super) async fn choose(
    cloud: &Cloud,
    cluster: &kube::Client,
    bucket: &str,
    may_use_machine: bool,
) -> Result<(CredentialsChoice, SharedCredentials), VaultError> {
    let step = "look for its credentials in the cluster";
    let failed = |source| VaultError::Cluster {
        step,
        source: Box::new(source),
    };
    let own = Api::<Secret>::namespaced(cluster.clone(), NAMESPACE);
    if let Some(secret) = own.get_opt(CREDENTIALS_SECRET).await.map_err(failed)? {
        let provider = access_key(&secret).map_err(|source| VaultError::Credentials {
            step: "read the AccessKey in Secret `csdr/alibaba-addon-secret`",
            source,
        })?;
        return Ok((CredentialsChoice::Secret, Arc::new(provider)));
    }
    let system = Api::<Secret>::namespaced(cluster.clone(), ADDON_NAMESPACE);
    if system
        .get_metadata_opt(ROLE_TOKEN_SECRET)
        .await
        .map_err(failed)?
        .is_some()
    {
        if !Buckets::is_managed(bucket) {
            return Err(VaultError::OtherBucket {
                bucket: bucket.to_owned(),
            });
        }
        let token = RoleToken::new(cloud.context(), cluster.clone());
        let cached = CachedProvider::new(cloud.context(), Arc::new(token));
        return Ok((CredentialsChoice::ManagedRole, Arc::new(cached)));
    }
    if may_use_machine {
        return Ok((CredentialsChoice::Machine, cloud.credentials().clone()));
    }
    Err(VaultError::NoCredentials)
}
