//! The AccessKey in the component's Secret.

use alibaba_core::credentials::{CredentialsError, StaticProvider, from_secret_content};
use k8s_openapi::api::core::v1::Secret;

/// Reads it. No value is ever part of the error.
pub(crate) fn access_key(secret: &Secret) -> Result<StaticProvider, CredentialsError> {
    let data = secret.data.as_ref();
    from_secret_content(|key| data?.get(key).map(|value| value.0.as_slice()))
}
