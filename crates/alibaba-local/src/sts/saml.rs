//! AssumeRoleWithSAML, of an account without SAML providers.
//!
//! None can be described here: to take an assertion, the signature in it is checked over canonical XML, and the code
//! for that is out of proportion to who would use it. So every provider is one that does not exist, which the real
//! service says in these words (the table of errors of AssumeRoleWithSAML).

use serde::Deserialize;
use serde_json::Value;

use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

#[derive(Deserialize)]
struct Parameters {
    #[serde(rename = "SAMLProviderArn")]
    provider_arn: String,
    #[serde(rename = "RoleArn")]
    role_arn: String,
    #[serde(rename = "SAMLAssertion")]
    assertion: String,
}

pub(super) fn run(call: &Call<'_>) -> Result<Value, ApiError> {
    let asked: Parameters = call.parameters.read()?;
    let is_arn = |arn: &str, kind: &str| {
        let rest = arn.strip_prefix("acs:ram::");
        rest.and_then(|rest| rest.split_once(kind))
            .is_some_and(|(account, name)| !account.is_empty() && !name.is_empty())
    };
    if !is_arn(&asked.provider_arn, ":saml-provider/") {
        return Err(ApiError::invalid("SAMLProviderArn"));
    }
    if !is_arn(&asked.role_arn, ":role/") {
        return Err(ApiError::invalid("RoleArn"));
    }
    if !(4..=100_000).contains(&asked.assertion.len()) {
        return Err(ApiError::invalid("SAMLAssertion"));
    }
    Err(ApiError::not_found(
        "EntityNotExist.SAMLProvider",
        "Can not find SAML provider.",
    ))
}
