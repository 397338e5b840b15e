//! Errors of RPC-style products.

use std::borrow::Cow;
use std::time::Duration;

use alibaba_ram::Decision;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::directory::ACCOUNT_ID;
use crate::directory::caller::Identity;
use crate::gateway::exchange::Injected;

/// An error as these products report it.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: Cow<'static, str>,
    message: String,
    /// Of a denial by RAM.
    detail: Option<Value>,
    /// How long the client should wait.
    pub(crate) retry_after: Option<Duration>,
}

impl ApiError {
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            detail: None,
            retry_after: None,
        }
    }

    pub(crate) fn bad_request(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn not_found(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    pub(crate) fn forbidden(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// A required parameter is not there.
    pub(crate) fn missing(parameter: &str) -> Self {
        Self::bad_request(
            format!("MissingParameter.{parameter}"),
            format!("The parameter {parameter} is required, and was not supplied."),
        )
    }

    /// A parameter is not what it should be.
    pub(crate) fn invalid(parameter: &str) -> Self {
        Self::bad_request(
            format!("InvalidParameter.{parameter}"),
            format!("The parameter {parameter} is wrongly formed."),
        )
    }

    /// The request is not signed, and has to be.
    pub(crate) fn unsigned() -> Self {
        Self::bad_request(
            "MissingAccessKeyId",
            "AccessKeyId is mandatory for this action.",
        )
    }

    /// RAM does not allow it.
    pub(crate) fn denied(
        code: &'static str,
        decision: &Decision,
        identity: Option<&Identity>,
    ) -> Self {
        let message = "You are not authorized to do this action. You should be authorized by RAM.";
        let mut detail = json!({
            "AuthAction": decision.action(),
            "NoPermissionType": decision.verdict().to_string(),
            "PolicyType": decision.layer().name(),
            "EncodedDiagnosticMessage": BASE64_STANDARD.encode(decision.explain()),
        });
        if let Some(identity) = identity {
            detail["AuthPrincipalType"] = identity.principal_type().into();
            detail["AuthPrincipalOwnerId"] = ACCOUNT_ID.into();
            detail["AuthPrincipalDisplayName"] = identity.display_name().into();
        }
        Self {
            detail: Some(detail),
            ..Self::forbidden(code, message)
        }
    }

    /// What the disk or the file system under this cloud fails with.
    pub(crate) fn internal(error: &dyn std::error::Error) -> Self {
        tracing::warn!(%error, "keep what a call has changed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalError",
            format!("The request processing has failed due to some unknown error: {error}."),
        )
    }

    /// What it says beside its code.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The object that goes into the body.
    pub(crate) fn to_object(&self, request_id: &str, host: &str) -> Map<String, Value> {
        let mut object = Map::new();
        for (name, value) in [
            ("RequestId", request_id),
            ("HostId", host),
            ("Code", &*self.code),
            ("Message", &*self.message),
        ] {
            object.insert(name.to_owned(), value.into());
        }
        if self.status.is_success() {
            // Some products refuse within a 200, and say so here.
            object.insert("Success".to_owned(), false.into());
        }
        if let Some(detail) = &self.detail {
            object.insert("AccessDeniedDetail".to_owned(), detail.clone());
        }
        object
    }
}

/// An error that a test asked for.
impl From<Injected> for ApiError {
    fn from(injected: Injected) -> Self {
        Self {
            retry_after: injected.wait,
            ..Self::new(
                injected.status,
                injected.code,
                "A fault that a test asked for.",
            )
        }
    }
}
