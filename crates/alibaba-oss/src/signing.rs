//! How requests are signed.

use std::time::Duration;

use alibaba_sign::{Credentials, oss_v1, oss_v4};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::call::Call;
use crate::error::{Error, ErrorKind, Result};

/// Which of OSS's signatures requests carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureVersion {
    /// `OSS4-HMAC-SHA256`, which every region of the public cloud takes.
    #[default]
    V4,
    /// HMAC-SHA1, for private clouds that are too old for version 4. The public cloud refuses it for
    /// accounts opened since March 2025 and buckets created since September 2025.
    V1,
}

/// Signs for one region.
#[derive(Debug)]
pub(crate) enum Signer {
    V4(oss_v4::Signer),
    V1 { region: String },
}

/// The headers that a signature adds.
pub(crate) enum SignedHeaders {
    V4(oss_v4::SignedHeaders),
    V1(oss_v1::SignedHeaders),
}

impl Signer {
    pub(crate) fn new(version: SignatureVersion, region: &str) -> Self {
        match version {
            SignatureVersion::V4 => Self::V4(oss_v4::Signer::new(region)),
            SignatureVersion::V1 => Self::V1 {
                region: region.to_owned(),
            },
        }
    }

    pub(crate) fn region(&self) -> &str {
        match self {
            Self::V4(signer) => signer.region(),
            Self::V1 { region } => region,
        }
    }

    pub(crate) fn sign(
        &self,
        credentials: &Credentials,
        now: DateTime<Utc>,
        call: &Call,
    ) -> SignedHeaders {
        call.with_request(|request| match self {
            Self::V4(signer) => SignedHeaders::V4(signer.sign(credentials, now, request)),
            Self::V1 { .. } => {
                SignedHeaders::V1(oss_v1::sign(credentials, now, &version_1(request)))
            }
        })
    }

    /// The query that makes a call for somebody else.
    pub(crate) fn presign(
        &self,
        credentials: &Credentials,
        now: DateTime<Utc>,
        expires: Duration,
        call: &Call,
    ) -> Result<String> {
        let unusable = || {
            let text = format!("presign: {}", call.step);
            Error::new(ErrorKind::Configuration, text)
        };
        call.with_request(|request| match self {
            Self::V4(signer) => signer
                .presign(credentials, now, expires, request)
                .map(|query| query.as_str().to_owned())
                .map_err(|error| unusable().with_source(error)),
            Self::V1 { .. } => {
                let until = chrono::TimeDelta::from_std(expires).ok();
                let until = until
                    .filter(|expires| expires.num_seconds() > 0)
                    .and_then(|expires| now.checked_add_signed(expires))
                    .ok_or_else(unusable)?;
                let query = oss_v1::presign(credentials, until, &version_1(request));
                Ok(query.as_str().to_owned())
            }
        })
    }

    /// The conditions that the signature of a form brings with it.
    pub(crate) fn form_conditions(
        &self,
        credentials: &Credentials,
        now: DateTime<Utc>,
    ) -> Vec<Value> {
        let mut conditions = match self {
            Self::V4(signer) => vec![
                json!({ "x-oss-signature-version": oss_v4::ALGORITHM }),
                json!({ "x-oss-credential": signer.credential(credentials, now) }),
                json!({ "x-oss-date": now.format("%Y%m%dT%H%M%SZ").to_string() }),
            ],
            Self::V1 { .. } => Vec::new(),
        };
        if let Some(token) = &credentials.security_token {
            conditions.push(json!({ "x-oss-security-token": token.expose() }));
        }
        conditions
    }

    /// The fields of a form with this policy.
    pub(crate) fn form_fields(
        &self,
        credentials: &Credentials,
        now: DateTime<Utc>,
        policy: &str,
    ) -> Vec<(String, String)> {
        let owned = |(name, value): (&'static str, &str)| (name.to_owned(), value.to_owned());
        match self {
            Self::V4(signer) => {
                let fields = signer.sign_post_policy(credentials, now, policy);
                fields.iter().map(owned).collect()
            }
            Self::V1 { .. } => {
                let fields = oss_v1::sign_post_policy(credentials, policy);
                fields.iter().map(owned).collect()
            }
        }
    }
}

impl SignedHeaders {
    /// Hands each header over, with its lower-case name.
    pub(crate) fn try_each<E>(
        &self,
        mut each: impl FnMut(&'static str, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::V4(headers) => headers
                .iter()
                .try_for_each(|(name, value)| each(name, value)),
            Self::V1(headers) => headers
                .iter()
                .try_for_each(|(name, value)| each(name, value)),
        }
    }
}

fn version_1<'r>(request: &oss_v4::Request<'r>) -> oss_v1::Request<'r> {
    oss_v1::Request {
        method: request.method,
        bucket: request.bucket,
        key: request.key,
        query: request.query,
        headers: request.headers,
    }
}
