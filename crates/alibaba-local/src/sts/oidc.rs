//! AssumeRoleWithOIDC: for the bearer of a token that a provider of the account signed.

use alibaba_ram::{Principal, keys};
use chrono::{DateTime, SecondsFormat};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::jwt::{self, TokenProblem};
use super::session::SessionRequest;
use crate::directory::ACCOUNT_ID;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

#[derive(Deserialize)]
struct Parameters {
    #[serde(rename = "OIDCProviderArn")]
    provider_arn: String,
    #[serde(rename = "OIDCToken")]
    token: String,
}

pub(super) fn run(call: &Call<'_>) -> Result<Value, ApiError> {
    let session: SessionRequest = call.parameters.read()?;
    let Parameters {
        provider_arn,
        token,
    } = call.parameters.read()?;
    if !(4..=20_000).contains(&token.len()) {
        return Err(ApiError::invalid("OIDCToken"));
    }
    let name = provider_arn
        .strip_prefix("acs:ram::")
        .and_then(|rest| rest.split_once(":oidc-provider/"))
        .ok_or_else(|| ApiError::invalid("OIDCProviderArn"))?;
    let provider = Some(name)
        .filter(|(account, _)| *account == ACCOUNT_ID)
        .and_then(|(_, name)| call.directory.oidc_provider(name))
        .ok_or_else(|| {
            ApiError::not_found(
                "EntityNotExist.OIDCProvider",
                "The specified OIDCProvider not exists.",
            )
        })?;
    let claims = jwt::verify(&token, &provider, call.now()).map_err(|problem| {
        let (code, message) = match problem {
            TokenProblem::Expired => (
                "AuthenticationFail.OIDCToken.Expired",
                "This JSON Web Token is expired.",
            ),
            TokenProblem::Invalid => (
                "AuthenticationFail.OIDCToken.Invalid",
                "This JSON Web Token is invalid.",
            ),
        };
        // "401 AuthenticationFail.OIDCToken.Expired" and its like: STS's table of errors.
        ApiError::new(StatusCode::UNAUTHORIZED, code, message)
    })?;
    let known = claims
        .audiences
        .iter()
        .fold(call.known(), |known, audience| {
            known.with(keys::OIDC_AUDIENCE, audience)
        })
        .with(keys::OIDC_ISSUER, &claims.issuer)
        .with(keys::OIDC_SUBJECT, &claims.subject);
    let mut result = session.open(call, Principal::federated(provider_arn), known)?;
    let iso = |seconds: i64| {
        DateTime::from_timestamp(seconds, 0)
            .map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
    };
    result["OIDCTokenInfo"] = json!({
        "Subject": claims.subject,
        "Issuer": claims.issuer,
        "ClientIds": claims.audiences.join(","),
        "ExpirationTime": iso(claims.expires_at),
        "IssuanceTime": claims.issued_at.and_then(iso),
        "VerificationInfo": "Success",
    });
    Ok(result)
}
