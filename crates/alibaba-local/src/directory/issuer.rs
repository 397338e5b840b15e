//! An identity provider's other half: who signs the tokens.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

use super::provider::OidcProvider;

/// The name of the one key.
const KEY_ID: &str = "local";

/// A token issuer with a key of its own, for tests and demos without a cluster to issue service
/// account tokens.
///
/// ```
/// use alibaba_local::{LocalCloud, OidcIssuer};
/// use serde_json::json;
///
/// let issuer = OidcIssuer::new("https://oidc.example/c1");
/// let cloud = LocalCloud::builder().oidc_provider(issuer.provider("ack-rrsa-c1", "sts.aliyuncs.com"));
/// let token = issuer.token(&json!({
///     "iss": "https://oidc.example/c1",
///     "aud": "sts.aliyuncs.com",
///     "sub": "system:serviceaccount:csdr:migrate-controller",
///     "exp": 4_102_444_800_u32,
/// }));
/// # let _ = (cloud, token);
/// ```
pub struct OidcIssuer {
    issuer: String,
    key: EcdsaKeyPair,
}

impl OidcIssuer {
    /// An issuer at this URL, with a new key.
    ///
    /// # Panics
    ///
    /// Where the system has no random numbers.
    #[must_use]
    pub fn new(issuer: impl Into<String>) -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random)
            .expect("the system has random numbers");
        let key = EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random)
            .expect("a key that was just made is one");
        Self {
            issuer: issuer.into(),
            key,
        }
    }

    /// The provider of this name that trusts this issuer's tokens for this client.
    #[must_use]
    pub fn provider(&self, name: &str, client_id: &str) -> OidcProvider {
        // An uncompressed point: 4, x, y.
        let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
        let key = json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": KEY_ID,
            "x": BASE64_URL_SAFE_NO_PAD.encode(x),
            "y": BASE64_URL_SAFE_NO_PAD.encode(y),
        });
        let keys = json!({ "keys": [key] });
        OidcProvider::new(name, &*self.issuer, client_id, keys.to_string())
    }

    /// A token with these claims, whatever they say.
    ///
    /// # Panics
    ///
    /// Where the system has no random numbers.
    #[must_use]
    pub fn token(&self, claims: &Value) -> String {
        let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let head = encode(&json!({"alg": "ES256", "kid": KEY_ID, "typ": "JWT"}));
        let message = format!("{head}.{}", encode(claims));
        let signature = self
            .key
            .sign(&SystemRandom::new(), message.as_bytes())
            .expect("the system has random numbers");
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

impl fmt::Debug for OidcIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OidcIssuer").field(&self.issuer).finish()
    }
}
