//! Identity providers.

use serde::{Deserialize, Serialize};

/// An OIDC provider whose tokens may be exchanged for credentials of a role.
///
/// The keys are those of its JWKS document, which the real service fetches from the issuer; here
/// they are handed over, so that no issuer need be running.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OidcProvider {
    pub(crate) name: String,
    pub(crate) issuer: String,
    pub(crate) client_ids: Vec<String>,
    pub(crate) jwks: String,
}

impl OidcProvider {
    /// A provider of this name and issuer, whose tokens are for this client: the audience, such as
    /// `sts.aliyuncs.com`. `jwks` is its JSON Web Key Set.
    pub fn new(
        name: impl Into<String>,
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        jwks: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            issuer: issuer.into(),
            client_ids: vec![client_id.into()],
            jwks: jwks.into(),
        }
    }

    /// Another client whose tokens are taken.
    #[must_use]
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_ids.push(client_id.into());
        self
    }
}
