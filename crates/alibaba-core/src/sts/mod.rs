//! STS: temporary credentials of roles, and who the caller is.
//!
//! [`Client`] signs its calls. [`FederatedClient`] signs nothing: it exchanges the token of an
//! identity provider for a role's credentials.

mod client;
mod endpoint;
mod federated;
mod request;
mod response;
#[cfg(test)]
mod tests;

pub use client::Client;
pub use endpoint::endpoint_from_environment;
pub use federated::FederatedClient;
pub use request::{AssumeRole, AssumeRoleWithOidc, AssumeRoleWithSaml};
pub use response::{
    AssumedRole, AssumedWithOidc, AssumedWithSaml, CallerIdentity, OidcTokenInfo, SamlAssertionInfo,
};
