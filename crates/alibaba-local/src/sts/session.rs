//! What both ways to assume a role ask for and hand out.

use std::time::Duration;

use alibaba_ram::{Context, PolicyDocument, Principal, Request, Resource, evaluate_trust};
use chrono::{SecondsFormat, TimeDelta};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::directory::ACCOUNT_ID;
use crate::directory::caller::Identity;
use crate::directory::session::NewSession;
use crate::directory::store::RoleView;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

/// The longest session policy.
const MAX_POLICY: usize = 2048;
/// The shortest session.
const MIN_DURATION: Duration = Duration::from_secs(900);
/// How long a session is unless the request says.
const USUAL_DURATION: Duration = Duration::from_secs(3600);

/// The parameters of a session.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SessionRequest {
    role_arn: String,
    role_session_name: String,
    duration_seconds: Option<u64>,
    policy: Option<String>,
    source_identity: Option<String>,
}

/// The role that a caller wants the right to assume, asked for before parameters are looked at.
pub(super) fn role_resource(call: &Call<'_>) -> Vec<Resource> {
    vec![Resource::new(
        call.parameters.text("RoleArn").unwrap_or("*"),
    )]
}

impl SessionRequest {
    /// Opens a session for a principal that the role trusts. `known` is what its trust policy may
    /// ask for.
    pub(super) fn open(
        self,
        call: &Call<'_>,
        principal: Principal,
        known: Context,
    ) -> Result<Value, ApiError> {
        let name = self.role_session_name;
        let is_name = |c: char| c.is_ascii_alphanumeric() || "@._-".contains(c);
        if !(2..=64).contains(&name.len()) || !name.chars().all(is_name) {
            return Err(ApiError::invalid("RoleSessionName"));
        }
        let policy = self.policy.as_deref().map(read_policy).transpose()?;
        let role = find_role(call, &self.role_arn)?;
        let duration = self
            .duration_seconds
            .map_or(USUAL_DURATION, Duration::from_secs);
        if !(MIN_DURATION..=role.role.max_session).contains(&duration) {
            return Err(ApiError::invalid("DurationSeconds"));
        }
        let duration =
            TimeDelta::from_std(duration).map_err(|_| ApiError::invalid("DurationSeconds"))?;

        let request = Request::new("sts:AssumeRole", self.role_arn.as_str())
            .principal(principal)
            .context(known);
        call.heed(&evaluate_trust(&role.role.trust, &request))?;

        let identity = Identity::Session {
            role: role.role.name.clone(),
            role_id: role.id.clone(),
            name: name.clone(),
        };
        let new = NewSession {
            role: role.role.name,
            name: name.clone(),
            policy,
            expires_at: call.now() + duration,
        };
        let session = call
            .directory
            .open_session(new, call.now())
            .map_err(|error| ApiError::internal(&error))?
            .ok_or_else(no_such_role)?;
        let expires_at = session.expires_at;
        let mut result = json!({
            "AssumedRoleUser": {
                "Arn": identity.arn(),
                "AssumedRoleId": format!("{}:{name}", role.id),
            },
            "Credentials": {
                "AccessKeyId": session.access_key_id,
                "AccessKeySecret": session.secret.expose(),
                "SecurityToken": session.token.expose(),
                "Expiration": expires_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            },
        });
        if let Some(source) = self.source_identity {
            result["SourceIdentity"] = source.into();
        }
        Ok(result)
    }
}

fn read_policy(text: &str) -> Result<PolicyDocument, ApiError> {
    if text.len() > MAX_POLICY {
        return Err(ApiError::bad_request(
            "InvalidParameter.PolicySize",
            "The size of Policy must be smaller than 2048 bytes.",
        ));
    }
    PolicyDocument::parse(text).map_err(|error| {
        ApiError::bad_request(
            "InvalidParameter.PolicyGrammar",
            format!("The parameter Policy has not passed grammar check: {error}."),
        )
    })
}

fn find_role(call: &Call<'_>, arn: &str) -> Result<RoleView, ApiError> {
    let (account, name) = arn
        .strip_prefix("acs:ram::")
        .and_then(|rest| rest.split_once(":role/"))
        .filter(|(_, name)| !name.is_empty() && !name.contains(['/', ':']))
        .ok_or_else(|| ApiError::invalid("RoleArn"))?;
    Some(account)
        .filter(|account| *account == ACCOUNT_ID)
        .and_then(|_| call.directory.role(name))
        .ok_or_else(no_such_role)
}

fn no_such_role() -> ApiError {
    ApiError::not_found("EntityNotExist.Role", "The specified Role not exists.")
}
