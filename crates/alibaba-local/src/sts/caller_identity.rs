//! GetCallerIdentity, which needs no right.

use serde_json::{Value, json};

use crate::directory::ACCOUNT_ID;
use crate::directory::caller::Identity;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

pub(super) fn run(call: &Call<'_>) -> Result<Value, ApiError> {
    let identity = &call.caller()?.identity;
    let mut result = json!({ "AccountId": ACCOUNT_ID, "Arn": identity.arn() });
    match identity {
        Identity::Account => {
            result["IdentityType"] = "Account".into();
            result["PrincipalId"] = ACCOUNT_ID.into();
        }
        Identity::User { id, .. } => {
            result["IdentityType"] = "RAMUser".into();
            result["PrincipalId"] = id.as_str().into();
            result["UserId"] = id.as_str().into();
        }
        Identity::Session { role_id, name, .. } => {
            result["IdentityType"] = "AssumedRoleUser".into();
            result["PrincipalId"] = format!("{role_id}:{name}").into();
            result["RoleId"] = role_id.as_str().into();
        }
    }
    Ok(result)
}
