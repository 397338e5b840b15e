//! What a service says when it refuses a call.

mod read;

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::ErrorKind;
use crate::retry::Cause;

/// A service's refusal: its code, message and what else it says.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct ServiceError {
    /// Such as `InvalidAccessKeyId.NotFound`; empty where the response names none.
    pub code: String,
    /// The service's message.
    pub message: String,
    /// What support asks for.
    pub request_id: Option<String>,
    /// The HTTP status.
    pub status: u16,
    /// A link to a page about this error.
    pub recommend: Option<String>,
    /// Which permission is missing, and why.
    pub access_denied: Option<AccessDeniedDetail>,
    /// For how long the service asks to wait.
    pub retry_after: Option<Duration>,
    /// When the response was made, by the service's clock.
    pub served_at: Option<DateTime<Utc>>,
}

/// RAM's account of a denial.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessDeniedDetail {
    /// The action that was checked, such as `ecs:CreateSnapshot`.
    pub auth_action: Option<String>,
    /// `SubUser`, `AssumedRoleUser`, …
    pub auth_principal_type: Option<String>,
    /// The account.
    pub auth_principal_owner_id: Option<String>,
    /// The user or role session.
    pub auth_principal_display_name: Option<String>,
    /// `ImplicitDeny` (nothing allows it) or `ExplicitDeny` (something denies it).
    pub no_permission_type: Option<String>,
    /// Which kind of policy decided.
    pub policy_type: Option<String>,
    /// For `DecodeDiagnosticMessage`.
    pub encoded_diagnostic_message: Option<String>,
}

impl ServiceError {
    /// What the caller can do about it.
    ///
    /// Codes decide before the status: throttling comes with 400, 403, 429 and 503 alike.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        let code = self.code.as_str();
        let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| code.starts_with(prefix));
        if begins(&["Throttling", "Rejected.Throttling"]) || self.status == 429 {
            ErrorKind::Throttled
        } else if begins(&[
            "InvalidAccessKeyId",
            "InvalidSecurityToken",
            "MissingSecurityToken",
            "SignatureDoesNotMatch",
            "IncompleteSignature",
            "Forbidden.AccessKeyDisabled",
        ]) || self.is_clock_skew()
        {
            ErrorKind::Credentials
        } else if begins(&[
            "InternalError",
            "ServiceUnavailable",
            "UnknownError",
            "SystemBusy",
        ]) || self.status >= 500
        {
            ErrorKind::Service
        } else if self.access_denied.is_some()
            || begins(&["Forbidden", "NoPermission", "AccessDenied"])
        {
            ErrorKind::Denied
        } else if self.status == 404 || code.contains("NotFound") || code.contains("NotExist") {
            ErrorKind::NotFound
        } else if self.status == 409
            || code.contains("Conflict")
            || begins(&["EntityAlreadyExists"])
        {
            ErrorKind::Conflict
        } else if code.is_empty() && matches!(self.status, 401 | 403) {
            ErrorKind::Denied
        } else {
            ErrorKind::Refused
        }
    }

    /// Whether the request's time was too far from the service's. The request did nothing.
    #[must_use]
    pub fn is_clock_skew(&self) -> bool {
        matches!(
            self.code.as_str(),
            "InvalidTimeStamp.Expired" | "IllegalTimestamp" | "RequestTimeTooSkewed"
        )
    }

    /// Whether the credentials have expired or were revoked, so that others might work.
    #[must_use]
    pub fn wants_other_credentials(&self) -> bool {
        self.code.starts_with("InvalidSecurityToken") || self.code.starts_with("InvalidAccessKeyId")
    }

    /// Whether the service refused this attempt for a reason that passes, having done nothing.
    #[must_use]
    pub fn passes_soon(&self) -> bool {
        matches!(
            self.code.as_str(),
            "SignatureNonceUsed"
                | "OperationConflict"
                | "InvalidOperation.Conflict"
                | "LastTokenProcessing"
                | "IdempotentProcessing"
                | "IncorrectDiskStatus.Initializing"
                | "ServiceUnavailable"
                | "SystemBusy"
        )
    }

    /// What the refusal means to a [`RetryPolicy`](crate::retry::RetryPolicy). A service that failed
    /// may have acted before, so such a call is repeated only where performing it twice does no harm.
    #[must_use]
    pub fn cause(&self, is_idempotent: bool) -> Cause {
        if self.is_clock_skew() {
            return Cause::ClockSkew {
                served_at: self.served_at,
            };
        }
        if self.wants_other_credentials() {
            return Cause::Credentials;
        }
        match self.kind() {
            ErrorKind::Throttled => Cause::Throttled {
                retry_after: self.retry_after,
            },
            _ if self.passes_soon() => Cause::Transient,
            ErrorKind::Service if is_idempotent => Cause::Transient,
            _ => Cause::Permanent,
        }
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        if !self.code.is_empty() {
            write!(f, " `{}`", self.code)?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if let Some(detail) = &self.access_denied {
            let action = detail.auth_action.as_ref();
            let denial = match (&detail.no_permission_type, &detail.policy_type) {
                (Some(kind), Some(policy)) => Some(format!("{kind} by {policy}")),
                (kind, policy) => kind.clone().or_else(|| policy.clone()),
            };
            let known = action.map(|action| format!("action `{action}`"));
            let known: Vec<String> = known.into_iter().chain(denial).collect();
            if !known.is_empty() {
                write!(f, " ({})", known.join(", "))?;
            }
        }
        if let Some(request_id) = &self.request_id {
            write!(f, " (request {request_id})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_follow_codes_before_statuses() {
        use ErrorKind::*;
        for (status, code, kind) in [
            (400, "Throttling", Throttled),
            (403, "Throttling.User", Throttled),
            (503, "Throttling.Api", Throttled),
            (429, "", Throttled),
            (404, "InvalidAccessKeyId.NotFound", Credentials),
            (400, "InvalidSecurityToken.Expired", Credentials),
            (400, "InvalidTimeStamp.Expired", Credentials),
            (403, "InvalidSnapshotId.NotFound", NotFound),
            (404, "EntityNotExist.Role", NotFound),
            (409, "EntityAlreadyExists.User", Conflict),
            (403, "QuotaExceed.Snapshot", Refused),
            (400, "MissingParameter", Refused),
            (500, "InternalError", Service),
            (503, "", Service),
            (403, "", Denied),
        ] {
            let error = ServiceError {
                code: code.into(),
                status,
                ..Default::default()
            };
            assert_eq!(error.kind(), kind, "{status} {code}");
        }
    }
}
