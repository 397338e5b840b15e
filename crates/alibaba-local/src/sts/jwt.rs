//! JSON Web Tokens of identity providers, checked against the provider's keys.

use chrono::{DateTime, Utc};
use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result as JwtResult};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::signature::{Error as SignatureError, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, Validation};
use ring::signature as ring_signature;
use serde::Deserialize;

use crate::directory::provider::OidcProvider;

/// Checks signatures with ring, as everything else here does.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::InvalidAlgorithm.into()),
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenProblem {
    Expired,
    /// Not signed by the provider, not for its clients, or no token at all.
    Invalid,
}

/// What a good token says.
#[derive(Debug)]
pub(super) struct Claims {
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) audiences: Vec<String>,
    pub(super) expires_at: i64,
    pub(super) issued_at: Option<i64>,
}

#[derive(Clone, Deserialize)]
struct RawClaims {
    iss: String,
    sub: String,
    aud: Audiences,
    exp: i64,
    nbf: Option<i64>,
    iat: Option<i64>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Audiences {
    One(String),
    Many(Vec<String>),
}

/// The claims of a token that this provider signed for one of its clients, and that is good now.
pub(super) fn verify(
    token: &str,
    provider: &OidcProvider,
    now: DateTime<Utc>,
) -> Result<Claims, TokenProblem> {
    // Takes effect once per process; a provider that is already installed will do.
    let _ = PROVIDER.install_default();
    let claims = decode(token, provider).map_err(|_| TokenProblem::Invalid)?;
    let now = now.timestamp();
    if claims.nbf.is_some_and(|begin| now < begin) {
        return Err(TokenProblem::Invalid);
    }
    if claims.exp <= now {
        return Err(TokenProblem::Expired);
    }
    Ok(Claims {
        issuer: claims.iss,
        subject: claims.sub,
        audiences: match claims.aud {
            Audiences::One(audience) => vec![audience],
            Audiences::Many(audiences) => audiences,
        },
        expires_at: claims.exp,
        issued_at: claims.iat,
    })
}

fn decode(token: &str, provider: &OidcProvider) -> JwtResult<RawClaims> {
    let header = jsonwebtoken::decode_header(token)?;
    let keys: JwkSet = serde_json::from_str(&provider.jwks)?;
    let key = match &header.kid {
        Some(id) => keys.find(id),
        None => keys.keys.first().filter(|_| keys.keys.len() == 1),
    };
    let key = key.ok_or(ErrorKind::InvalidKeyFormat)?;
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[&provider.issuer]);
    validation.set_audience(&provider.client_ids);
    validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    // Times are compared with the cloud's clock, which may be moved.
    validation.validate_exp = false;
    let key = DecodingKey::from_jwk(key)?;
    Ok(jsonwebtoken::decode(token, &key, &validation)?.claims)
}

struct Ring {
    algorithm: Algorithm,
    key: DecodingKey,
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> JwtResult<Box<dyn JwtVerifier>> {
    Ok(Box::new(Ring {
        algorithm: *algorithm,
        key: key.clone(),
    }))
}

impl JwtVerifier for Ring {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for Ring {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        let checked = match (self.algorithm, self.key.kind()) {
            (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                ring_signature::RsaPublicKeyComponents { n, e }.verify(
                    &ring_signature::RSA_PKCS1_2048_8192_SHA256,
                    message,
                    signature,
                )
            }
            (Algorithm::ES256, DecodingKeyKind::SecretOrDer(point)) => {
                ring_signature::UnparsedPublicKey::new(
                    &ring_signature::ECDSA_P256_SHA256_FIXED,
                    point,
                )
                .verify(message, signature)
            }
            _ => return Err(SignatureError::new()),
        };
        checked.map_err(|_| SignatureError::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key of 2048 bits, and a token that was signed with it by OpenSSL; good for the hour from
    /// 1 800 000 000 on.
    const MODULUS: &str = "li0e1hwwvJ-11tld02gK0E8svh-lQlLG1Mpzlrr-iv81-rfv0kly_wdFA37tjVt_ekIYYjybN1wQkijb_SNEpOgFZiZ21XClbKq7dtthnQwcQD5sqmQRMRr4_pWvPxzP37vDBrj9lIF8IfDLc_TuNpN8FmiEtRCWfGbI5J6gBe9Hlruakxf7Opkkn6Ru_SWmKm6cU3Vv9hlsX1blsGrcLspckvqw9QX9dNkwxp-DENe0dPLo1DiikVbJyhvHDT1hIPV5gaiFd0M2TMRmxMy-Ih1MqtYHY7A9QXNDEM1uXWDc_dO1kjKM3vENdQ8GYBH2cx-UGlIjz-Sxx5XG7sCQNQ";
    const TOKEN: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJpc3MiOiJodHRwczovL29pZGMuZXhhbXBsZSIsImF1ZCI6WyJzdHMuYWxpeXVuY3MuY29tIl0sInN1YiI6InN5c3RlbTpzZXJ2aWNlYWNjb3VudDpjc2RyOmNvbnRyb2xsZXIiLCJleHAiOjE4MDAwMDM2MDAsImlhdCI6MTgwMDAwMDAwMCwibmJmIjoxODAwMDAwMDAwfQ.OKvRiLiN92ip4XpefZO3hit2Bw-2dg7sEddE-3Jwh12tBZOS0x-We13aILrXLbCdsw7CmnHxAOCLV6S88tNRLuWLxStU82rvQ0MAN0bOEWj25oeokmn5z-h2o5gE62mIXS_-Ru1raKEHGUHw6MtwPgrMDIZYD1qSDpQCUenxMpEDrpnassYf20CQWYufGe99UP_HRGAuNJRhayMLDcBKm2d_6ukfkJsftmG_dVvQm53T474aHU-Hvbv_tWYHA5_FKAObP2o7T8a9rUSVvRGWu3OrcjLoXAuFrsP0s3XUslauHTQBowMfGmZIa7Um86Sxa7hLQPz4RUw0yXf5E8pq_g";

    fn check(modulus: &str, token: &str, at: i64) -> Result<String, TokenProblem> {
        let jwks = format!(
            r#"{{"keys": [{{"kty": "RSA", "kid": "k1", "n": "{modulus}", "e": "AQAB"}}]}}"#
        );
        let provider = OidcProvider::new("p", "https://oidc.example", "sts.aliyuncs.com", jwks);
        let now = DateTime::from_timestamp(at, 0).unwrap();
        verify(token, &provider, now).map(|claims| claims.subject)
    }

    #[test]
    fn tokens_signed_with_rsa_are_good_within_their_time() {
        let subject = "system:serviceaccount:csdr:controller".to_owned();
        assert_eq!(check(MODULUS, TOKEN, 1_800_000_000), Ok(subject));
        let at = |seconds| check(MODULUS, TOKEN, seconds);
        assert_eq!(at(1_799_999_999), Err(TokenProblem::Invalid), "not yet");
        assert_eq!(at(1_800_003_600), Err(TokenProblem::Expired));
        let other = MODULUS.replacen('l', "k", 1);
        assert_eq!(
            check(&other, TOKEN, 1_800_000_000),
            Err(TokenProblem::Invalid)
        );
        let unsigned = TOKEN.rsplit_once('.').unwrap().0;
        assert_eq!(
            check(MODULUS, unsigned, 1_800_000_000),
            Err(TokenProblem::Invalid)
        );
    }
}
