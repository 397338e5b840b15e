//! Who is calling, and may they: signature, time, token, rights.

use std::time::Duration;

use http::request::Parts;

use alibaba_sign::oss_v4::{Claim, Request, VerifyError};
use chrono::{DateTime, Utc};

use super::error::OssError;
use super::request::Target;
use crate::users::{User, Users};

/// OSS takes requests whose time is off by at most this, either way.
const TOLERANCE: Duration = Duration::from_secs(15 * 60);

/// The caller, once signature, token and rights are found good.
pub(crate) fn authenticate<'u>(
    users: &'u Users,
    region: &str,
    now: DateTime<Utc>,
    parts: &Parts,
    target: &Target,
) -> Result<&'u User, OssError> {
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
    let header = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok());

    let presigned = target.param("x-oss-signature-version").is_some();
    let claim = match (header("authorization"), presigned) {
        (Some(_), true) => {
            return Err(OssError::bad_request(
                "InvalidArgument",
                "Authorization header and query signature must not both be present.",
            ));
        }
        (Some(authorization), false) if authorization.starts_with("OSS ") => {
            return Err(OssError::forbidden(
                "InvalidArgument",
                "Signature version 1 is not allowed; use OSS4-HMAC-SHA256.",
            )
            .ec("0002-00000080"));
        }
        (Some(authorization), false) => {
            if header("x-oss-content-sha256") != Some("UNSIGNED-PAYLOAD") {
                return Err(OssError::bad_request(
                    "InvalidArgument",
                    "x-oss-content-sha256 must be UNSIGNED-PAYLOAD.",
                )
                .ec("0002-00000204"));
            }
            Claim::from_headers(authorization, header("x-oss-date").unwrap_or_default())
        }
        (None, true) => Claim::from_query(&query),
        (None, false) => {
            return Err(OssError::forbidden(
                "AccessDenied",
                "You have no right to access this object because of bucket acl.",
            )
            .ec("0003-00000001"));
        }
    }
    .map_err(|error| refusal(&error))?;

    let user = users.get(&claim.access_key_id).ok_or_else(|| {
        OssError::forbidden(
            "InvalidAccessKeyId",
            "The OSS Access Key Id you provided does not exist in our records.",
        )
        .ec("0002-00000902")
        .with("OSSAccessKeyId", &claim.access_key_id)
    })?;
    let sent = header("x-oss-security-token").or_else(|| target.param("x-oss-security-token"));
    check_token(user, sent)?;
    let request = Request {
        method: parts.method.as_str(),
        bucket: target.bucket.as_deref(),
        key: target.key.as_deref(),
        query: &query,
        headers: &headers,
        additional_headers: &[],
    };
    claim
        .verify(&user.secret, region, now, TOLERANCE, &request)
        .map_err(|error| match refusal(&error) {
            refused if refused.code == "SignatureDoesNotMatch" => {
                refused.with("OSSAccessKeyId", &claim.access_key_id)
            }
            refused => refused,
        })?;
    authorize(user, target)?;
    Ok(user)
}

fn check_token(user: &User, sent: Option<&str>) -> Result<(), OssError> {
    match (&user.token, sent) {
        (None, None) => Ok(()),
        (Some(token), Some(sent)) if token.expose() == sent => Ok(()),
        (Some(_), None) => Err(OssError::forbidden(
            "InvalidAccessKeyId",
            "The OSS Access Key Id you provided is temporary and needs its security token.",
        )
        .ec("0002-00000902")),
        _ => Err(OssError::forbidden(
            "InvalidSecurityToken",
            "The security token you provided is invalid.",
        )
        .ec("0002-00000218")),
    }
}

/// The seam where a RAM policy will decide; today the user's list of actions does.
fn authorize(user: &User, target: &Target) -> Result<(), OssError> {
    match target
        .operation
        .ram_actions()
        .iter()
        .find(|action| !user.may(action))
    {
        None => Ok(()),
        Some(action) => Err(OssError::forbidden(
            "AccessDenied",
            "You have no right to access this object because of bucket acl or RAM policy.",
        )
        .ec("0003-00000001")
        .with("AuthAction", *action)
        .with("AuthPrincipalType", "SubUser")
        .with("NoPermissionType", "ImplicitDeny")
        .with("PolicyType", "AccountLevelIdentityBasedPolicy")),
    }
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
        } => OssError::forbidden(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. \
             Check your key and signing method.",
        )
        .ec("0002-00000201")
        .with("StringToSign", string_to_sign)
        .with("CanonicalRequest", canonical_request),
        other => OssError::bad_request("AuthorizationHeaderMalformed", other.to_string())
            .ec("0002-00000212"),
    }
}
