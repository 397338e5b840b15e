//! Who is calling: signature, time, token.

use std::time::Duration;

use http::request::Parts;

use alibaba_sign::{VerifyError, oss_v1, oss_v4};
use chrono::{DateTime, Utc};

use crate::directory::caller::{Caller, KeyProblem, TokenProblem};
use crate::directory::store::Directory;
use crate::oss::error::OssError;
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
        (Some(_), Some(_)) => Err(OssError::bad_request(
            "InvalidArgument",
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
        return oss_v4::Claim::from_query(query).map_err(|error| refusal(&error));
    }
    if text(parts, "x-oss-content-sha256") != Some(oss_v4::UNSIGNED_PAYLOAD) {
        return Err(OssError::bad_request(
            "InvalidArgument",
            "x-oss-content-sha256 must be UNSIGNED-PAYLOAD.",
        )
        .ec("0002-00000204"));
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
            let (message, ec) = match problem {
                KeyProblem::Unknown => (
                    "The OSS Access Key Id you provided does not exist in our records.",
                    "0002-00000902",
                ),
                KeyProblem::Inactive => (
                    "The OSS Access Key Id you provided is disabled.",
                    "0002-00000901",
                ),
            };
            OssError::forbidden("InvalidAccessKeyId", message)
                .ec(ec)
                .with("OSSAccessKeyId", access_key_id)
        })
    }

    pub(crate) fn check_v1(&self) -> Result<(), OssError> {
        if self.refuse_v1 {
            return Err(OssError::forbidden(
                "InvalidArgument",
                "Signature version 1 is not allowed; use OSS4-HMAC-SHA256.",
            )
            .ec("0002-00000080"));
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
        .ec("0003-00000001")
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
            TokenProblem::Missing => OssError::forbidden(
                "InvalidAccessKeyId",
                "The OSS Access Key Id you provided is temporary and needs its security token.",
            )
            .ec("0002-00000902"),
            TokenProblem::Mismatch => OssError::forbidden(
                "InvalidSecurityToken",
                "The security token you provided is invalid.",
            )
            .ec("0002-00000218"),
            TokenProblem::Expired => OssError::forbidden(
                "SecurityTokenExpired",
                "The security token you provided has expired.",
            )
            .ec("0002-00000219"),
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
        VerifyError::Region { expected, .. } => OssError::bad_request(
            "AuthorizationHeaderMalformed",
            format!("Invalid signing region in Authorization header, expect '{expected}'."),
        )
        .ec("0002-00000226"),
        VerifyError::Product(_) => OssError::bad_request(
            "AuthorizationHeaderMalformed",
            "Invalid signing product in Authorization header.",
        )
        .ec("0002-00000227"),
        VerifyError::ScopeDate => OssError::bad_request(
            "AuthorizationHeaderMalformed",
            "Invalid signing date in Authorization header.",
        )
        .ec("0002-00000225"),
        VerifyError::Skewed { now, signed_at, .. } => OssError::forbidden(
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        )
        .ec("0002-00000504")
        .with(
            "RequestTime",
            signed_at.format("%Y-%m-%dT%H:%M:%S.000Z").to_string(),
        )
        .with(
            "ServerTime",
            now.format("%Y-%m-%dT%H:%M:%S.000Z").to_string(),
        ),
        VerifyError::Expired(at) => OssError::forbidden("AccessDenied", "Request has expired.")
            .ec("0002-00000069")
            .with("Expires", at.format("%Y-%m-%dT%H:%M:%S.000Z").to_string()),
        VerifyError::Mismatch {
            string_to_sign,
            canonical_request,
        } => {
            let refused = OssError::forbidden(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. \
                 Check your key and signing method.",
            )
            .ec("0002-00000201")
            .with("StringToSign", string_to_sign)
            .with("StringToSignBytes", spaced_hex(string_to_sign));
            if canonical_request.is_empty() {
                refused
            } else {
                refused.with("CanonicalRequest", canonical_request)
            }
        }
        other => OssError::bad_request("AuthorizationHeaderMalformed", other.to_string())
            .ec("0002-00000212"),
    }
}

/// As OSS writes bytes: `4F 53 53`.
fn spaced_hex(text: &str) -> String {
    let bytes: Vec<String> = text.bytes().map(|byte| format!("{byte:02X}")).collect();
    bytes.join(" ")
}
