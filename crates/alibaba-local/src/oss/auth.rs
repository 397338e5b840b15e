//! Who is calling: signature, time, token.

use std::time::Duration;

use http::request::Parts;

use alibaba_sign::{VerifyError, oss_v1, oss_v4};
use chrono::{DateTime, Utc};

use crate::directory::caller::{Caller, KeyProblem, TokenProblem};
use crate::directory::store::Directory;
use crate::oss::error::OssError;
use crate::oss::refusal::Refusal;
use crate::oss::request::Target;

/// OSS takes requests whose time is off by at most this, either way.
const TOLERANCE: Duration = Duration::from_secs(15 * 60);

/// What a request is checked against.
pub(crate) struct Context<'a> {
    pub(crate) directory: &'a Directory,
    pub(crate) region: &'a str,
    pub(crate) now: DateTime<Utc>,
    pub(crate) refuse_v1: bool,
}

/// How a request says who it is from.
enum Scheme {
    HeaderV1,
    HeaderV4,
    QueryV1,
    QueryV4,
}

/// The caller, once signature and token are found good; none where the request is not signed.
pub(crate) fn authenticate(
    context: &Context<'_>,
    parts: &Parts,
    target: &Target,
) -> Result<Option<Caller>, OssError> {
    let Some(scheme) = scheme(parts, target)? else {
        return Ok(None);
    };
    let query: Vec<_> = target
        .query
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_deref()))
        .collect();
    let headers: Vec<_> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    let (bucket, key) = (target.bucket.as_deref(), target.key.as_deref());
    let method = parts.method.as_str();
    let caller = match scheme {
        Scheme::HeaderV4 | Scheme::QueryV4 => {
            let request = oss_v4::Request {
                method,
                bucket,
                key,
                query: &query,
                headers: &headers,
                additional_headers: &[],
            };
            let claim = claim_v4(&scheme, parts, &query)?;
            let caller = context.caller(&claim.access_key_id)?;
            check_token(
                &caller,
                token(parts, target, "x-oss-security-token"),
                context.now,
            )?;
            claim
                .verify(
                    &caller.secret,
                    context.region,
                    context.now,
                    TOLERANCE,
                    &request,
                )
                .map_err(|error| refusal_of(&error, &caller, parts, target))?;
            caller
        }
        Scheme::HeaderV1 | Scheme::QueryV1 => {
            context.check_v1()?;
            let request = oss_v1::Request {
                method,
                bucket,
                key,
                query: &query,
                headers: &headers,
            };
            let claim = if matches!(scheme, Scheme::HeaderV1) {
                let date = text(parts, "x-oss-date").or_else(|| text(parts, "date"));
                oss_v1::Claim::from_headers(
                    text(parts, "authorization").unwrap_or_default(),
                    date.unwrap_or_default(),
                )
            } else {
                oss_v1::Claim::from_query(&query)
            }
            .map_err(|error| refusal(&error))?;
            let caller = context.caller(&claim.access_key_id)?;
            let sent = token(parts, target, "x-oss-security-token")
                .or_else(|| token(parts, target, "security-token"));
            check_token(&caller, sent, context.now)?;
            claim
                .verify(&caller.secret, context.now, TOLERANCE, &request)
                .map_err(|error| refusal_of(&error, &caller, parts, target))?;
            caller
        }
    };
    Ok(Some(caller))
}

fn scheme(parts: &Parts, target: &Target) -> Result<Option<Scheme>, OssError> {
    let header = match text(parts, "authorization") {
        Some(value) if value.starts_with("OSS ") => Some(Scheme::HeaderV1),
        Some(_) => Some(Scheme::HeaderV4),
        None => None,
    };
    let query = if target.param("x-oss-signature-version").is_some() {
        Some(Scheme::QueryV4)
    } else if target.param("OSSAccessKeyId").is_some() || target.param("Signature").is_some() {
        Some(Scheme::QueryV1)
    } else {
        None
    };
    match (header, query) {
        (Some(_), Some(_)) => Err(OssError::refuse(
            Refusal::INVALID_ARGUMENT,
            "Authorization header and query signature must not both be present.",
        )),
        (header, query) => Ok(header.or(query)),
    }
}

fn claim_v4(
    scheme: &Scheme,
    parts: &Parts,
    query: &[(&str, Option<&str>)],
) -> Result<oss_v4::Claim, OssError> {
    if matches!(scheme, Scheme::QueryV4) {
        return oss_v4::Claim::from_query(query).map_err(|error| {
            OssError::refuse(Refusal::CREDENTIAL_PARAMETER_MALFORMED, error.to_string())
        });
    }
    if text(parts, "x-oss-content-sha256") != Some(oss_v4::UNSIGNED_PAYLOAD) {
        return Err(OssError::refuse(
            Refusal::INVALID_ARGUMENT,
            "x-oss-content-sha256 must be UNSIGNED-PAYLOAD.",
        ));
    }
    oss_v4::Claim::from_headers(
        text(parts, "authorization").unwrap_or_default(),
        text(parts, "x-oss-date").unwrap_or_default(),
    )
    .map_err(|error| refusal(&error))
}

impl Context<'_> {
    pub(crate) fn caller(&self, access_key_id: &str) -> Result<Caller, OssError> {
        self.directory.caller(access_key_id).map_err(|problem| {
            let (refusal, message) = match problem {
                KeyProblem::Unknown => (
                    Refusal::KEY_UNKNOWN,
                    "The OSS Access Key Id you provided does not exist in our records.",
                ),
                KeyProblem::Inactive => (
                    Refusal::KEY_DISABLED,
                    "The OSS Access Key Id you provided is disabled.",
                ),
            };
            OssError::refuse(refusal, message).with("OSSAccessKeyId", access_key_id)
        })
    }

    pub(crate) fn check_v1(&self) -> Result<(), OssError> {
        if self.refuse_v1 {
            return Err(OssError::refuse(
                Refusal::SIGNATURE_V1_REFUSED,
                "Signature version 1 is not allowed; use OSS4-HMAC-SHA256.",
            ));
        }
        Ok(())
    }
}

fn text<'p>(parts: &'p Parts, name: &str) -> Option<&'p str> {
    parts.headers.get(name).and_then(|v| v.to_str().ok())
}

fn token<'p>(parts: &'p Parts, target: &'p Target, name: &str) -> Option<&'p str> {
    text(parts, name).or_else(|| target.param(name))
}

/// Anonymous callers may not do this.
pub(crate) fn no_public_access() -> OssError {
    OssError::access_denied("You have no right to access this object because of bucket acl.")
}

/// Compares the token that was sent with the caller's.
pub(crate) fn check_token(
    caller: &Caller,
    sent: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), OssError> {
    caller
        .check_token(sent, now)
        .map_err(|problem| match problem {
            TokenProblem::Missing => OssError::refuse(
                Refusal::TOKEN_MISSING,
                "The OSS Access Key Id you provided does not exist in our records.",
            ),
            TokenProblem::Mismatch => OssError::refuse(
                Refusal::TOKEN_MISMATCH,
                "The security token you provided is invalid.",
            ),
            TokenProblem::Expired => OssError::refuse(
                Refusal::TOKEN_EXPIRED,
                "The security token you provided has expired.",
            ),
        })
}

/// As [`refusal`], naming key and signature where the signature is wrong.
fn refusal_of(error: &VerifyError, caller: &Caller, parts: &Parts, target: &Target) -> OssError {
    let refused = refusal(error);
    if refused.code != "SignatureDoesNotMatch" {
        return refused;
    }
    // After the last colon in a header of version 1, in a field of its own in version 4.
    let in_header = text(parts, "authorization").map(|value| {
        let (_, signature) = value
            .rsplit_once("Signature=")
            .or_else(|| value.rsplit_once(':'))
            .unwrap_or(("", value));
        signature.split(',').next().unwrap_or_default()
    });
    let provided = in_header
        .or_else(|| target.param("x-oss-signature"))
        .or_else(|| target.param("Signature"))
        .unwrap_or_default();
    refused
        .with("OSSAccessKeyId", &caller.access_key_id)
        .with("SignatureProvided", provided)
}

fn refusal(error: &VerifyError) -> OssError {
    match error {
        VerifyError::Region { .. } => OssError::refuse(
            Refusal::SIGNING_REGION,
            "Invalid signing region in Authorization header.",
        ),
        VerifyError::Product(_) => OssError::refuse(
            Refusal::SIGNING_PRODUCT,
            "Invalid signing product in Authorization header.",
        ),
        VerifyError::ScopeDate => OssError::refuse(
            Refusal::SIGNING_DATE,
            "Invalid signing date in Authorization header.",
        ),
        VerifyError::Skewed { now, signed_at, .. } => OssError::refuse(
            Refusal::TIME_TOO_SKEWED,
            "The difference between the request time and the current time is too large.",
        )
        .with("MaxAllowedSkewMilliseconds", "900000")
        .with(
            "RequestTime",
            signed_at.format("%Y-%m-%dT%H:%M:%S.000Z").to_string(),
        )
        .with(
            "ServerTime",
            now.format("%Y-%m-%dT%H:%M:%S.000Z").to_string(),
        ),
        VerifyError::Expired(at) => {
            OssError::refuse(Refusal::REQUEST_EXPIRED, "Request has expired.")
                .with("Expires", at.format("%Y-%m-%dT%H:%M:%S.000Z").to_string())
        }
        VerifyError::Mismatch {
            string_to_sign,
            canonical_request,
        } => {
            // Version 1 has no canonical request.
            let version_1 = canonical_request.is_empty();
            let refusal = match version_1 {
                true => Refusal::SIGNATURE_V1_MISMATCH,
                false => Refusal::SIGNATURE_MISMATCH,
            };
            let refused = OssError::refuse(
                refusal,
                "The request signature we calculated does not match the signature you provided. \
                 Check your key and signing method.",
            )
            .with("StringToSign", string_to_sign)
            .with("StringToSignBytes", spaced_hex(string_to_sign));
            if version_1 {
                refused
            } else {
                refused.with("CanonicalRequest", canonical_request)
            }
        }
        other => OssError::refuse(Refusal::AUTHORIZATION_MALFORMED, other.to_string()),
    }
}

/// As OSS writes bytes: `4F 53 53`.
fn spaced_hex(text: &str) -> String {
    let bytes: Vec<String> = text.bytes().map(|byte| format!("{byte:02X}")).collect();
    bytes.join(" ")
}
