//! AssumeRole: for users and roles of the account that the role's trust policy names.

use serde::Deserialize;
use serde_json::Value;

use super::session::SessionRequest;
use crate::directory::caller::Identity;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameters {
    external_id: Option<String>,
}

pub(super) fn run(call: &Call<'_>) -> Result<Value, ApiError> {
    let session: SessionRequest = call.parameters.read()?;
    let Parameters { external_id } = call.parameters.read()?;
    let caller = call.caller()?;
    if caller.identity == Identity::Account {
        return Err(ApiError::forbidden(
            "NoPermission",
            "Roles may not be assumed by root accounts.",
        ));
    }
    let mut known = call.known();
    if let Some(id) = external_id {
        let is_id = |c: char| c.is_ascii_alphanumeric() || "=,.@:/-_+".contains(c);
        if !(2..=1224).contains(&id.len()) || !id.chars().all(is_id) {
            return Err(ApiError::invalid("ExternalId"));
        }
        known = known.with("sts:ExternalId", id);
    }
    session.open(call, caller.identity.principal(), known)
}
