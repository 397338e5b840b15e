//! Who calls: signatures of both generations, their time, nonce and token.

use std::time::Duration;

use alibaba_sign::{VerifyError, acs3, rpc_v1};
use chrono::{DateTime, Utc};
use http::request::Parts;

use super::error::ApiError;
use super::flat::{Pairs, value};
use super::nonces::Nonces;
use crate::directory::caller::{Caller, KeyProblem, TokenProblem};
use crate::directory::store::Directory;

/// How far off the time of a request may be, either way.
const TOLERANCE: Duration = Duration::from_secs(15 * 60);

/// A request as it travelled.
pub(super) struct Travelled<'a> {
    pub(super) parts: &'a Parts,
    pub(super) query: &'a Pairs,
    pub(super) form: &'a Pairs,
    pub(super) body: &'a [u8],
}

impl Travelled<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name).and_then(|it| it.to_str().ok())
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        value(self.query, name).or_else(|| value(self.form, name))
    }

    /// Whether it is signed the newer way.
    pub(super) fn is_acs3(&self) -> bool {
        self.header("authorization")
            .is_some_and(|value| value.starts_with(acs3::ALGORITHM))
    }
}

/// The caller, once signature and token are found good; none where the request is not signed.
pub(super) fn authenticate(
    request: &Travelled<'_>,
    directory: &Directory,
    nonces: &Nonces,
    now: DateTime<Utc>,
) -> Result<Option<Caller>, ApiError> {
    let find = |access_key_id: &str| {
        let caller = directory.caller(access_key_id);
        caller.map_err(|problem| match problem {
            KeyProblem::Unknown => ApiError::not_found(
                "InvalidAccessKeyId.NotFound",
                "Specified access key is not found.",
            ),
            KeyProblem::Inactive => ApiError::bad_request(
                "InvalidAccessKeyId.Inactive",
                "Specified access key is disabled.",
            ),
        })
    };
    let (caller, nonce, token) = if request.is_acs3() {
        let claim = acs3::Claim::from_headers(
            request.header("authorization").unwrap_or_default(),
            request.header("x-acs-date").unwrap_or_default(),
        )
        .map_err(|error| refusal(&error))?;
        let caller = find(&claim.access_key_id)?;
        let headers: Vec<_> = request
            .parts
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        let signed = acs3::Request {
            method: request.parts.method.as_str(),
            path: request.parts.uri.path(),
            query: &borrowed(request.query),
            headers: &headers,
            additional_headers: &[],
            body: request.body,
        };
        claim
            .verify(&caller.secret, now, TOLERANCE, &signed)
            .map_err(|error| refusal(&error))?;
        let nonce = request.header("x-acs-signature-nonce");
        (caller, nonce, request.header("x-acs-security-token"))
    } else if request.parameter("Signature").is_some() || request.parameter("AccessKeyId").is_some()
    {
        let signed = rpc_v1::Request {
            method: request.parts.method.as_str(),
            query: &borrowed(request.query),
            form: &borrowed(request.form),
        };
        let claim = rpc_v1::Claim::from_request(&signed).map_err(|error| refusal(&error))?;
        let caller = find(&claim.access_key_id)?;
        claim
            .verify(&caller.secret, now, TOLERANCE, &signed)
            .map_err(|error| refusal(&error))?;
        let nonce = request.parameter("SignatureNonce");
        (caller, nonce, request.parameter("SecurityToken"))
    } else {
        return Ok(None);
    };
    check_token(&caller, token, now)?;
    let nonce = nonce
        .filter(|nonce| !nonce.is_empty())
        .ok_or_else(|| ApiError::missing("SignatureNonce"))?;
    let is_new = nonces.use_up(&caller.access_key_id, nonce, now);
    if !is_new.map_err(|error| ApiError::internal(&error))? {
        return Err(ApiError::bad_request(
            "SignatureNonceUsed",
            "Specified signature nonce was used already.",
        ));
    }
    Ok(Some(caller))
}

fn borrowed(pairs: &Pairs) -> Vec<(&str, &str)> {
    let pairs = pairs.iter();
    pairs.map(|(n, v)| (n.as_str(), v.as_str())).collect()
}

fn check_token(caller: &Caller, sent: Option<&str>, now: DateTime<Utc>) -> Result<(), ApiError> {
    caller.check_token(sent, now).map_err(|problem| {
        let (code, message) = match problem {
            TokenProblem::Missing => (
                "MissingSecurityToken",
                "SecurityToken is mandatory for this action.",
            ),
            TokenProblem::Mismatch => (
                "InvalidSecurityToken.MismatchWithAccessKey",
                "Specified SecurityToken mismatch with the AccessKey.",
            ),
            TokenProblem::Expired => (
                "InvalidSecurityToken.Expired",
                "Specified SecurityToken is expired.",
            ),
        };
        ApiError::bad_request(code, message)
    })
}

fn refusal(error: &VerifyError) -> ApiError {
    let (code, message) = match error {
        VerifyError::Mismatch { string_to_sign, .. } => (
            "SignatureDoesNotMatch",
            format!(
                "Specified signature is not matched with our calculation. server string to sign \
                 is:{string_to_sign}"
            ),
        ),
        VerifyError::Skewed { .. } => (
            "InvalidTimeStamp.Expired",
            "Specified time stamp or date value is expired.".to_owned(),
        ),
        VerifyError::Malformed {
            part: "x-acs-date" | "Timestamp",
        } => (
            "InvalidTimeStamp.Format",
            "Specified time stamp or date value is not well formatted.".to_owned(),
        ),
        other => (
            "IncompleteSignature",
            format!("The request signature does not conform to Aliyun standards: {other}."),
        ),
    };
    ApiError::bad_request(code, message)
}
