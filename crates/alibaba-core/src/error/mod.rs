//! The crate's error.

mod chain;
mod kind;

use std::error::Error as StdError;
use std::time::Duration;

pub use chain::chain;
pub use kind::ErrorKind;

use crate::{AccessDeniedDetail, ServiceError};

type Source = Box<dyn StdError + Send + Sync>;

/// Why a call or a setup step failed.
///
/// The text names the step; the cause is in [`source`](StdError::source) and only there.
#[derive(Debug, thiserror::Error)]
#[error("{step}")]
pub struct Error {
    kind: ErrorKind,
    step: String,
    #[source]
    source: Option<Source>,
}

impl Error {
    /// An error of a step, written as a fragment that fits after "failed to".
    pub fn new(kind: ErrorKind, step: impl Into<String>) -> Self {
        Self {
            kind,
            step: step.into(),
            source: None,
        }
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The error that a service's refusal of this step makes.
    #[must_use]
    pub fn refused(step: impl Into<String>, service: impl Into<Box<ServiceError>>) -> Self {
        let service = service.into();
        Self {
            kind: service.kind(),
            step: step.into(),
            source: Some(service),
        }
    }

    /// The service's refusal, where there is one.
    #[must_use]
    pub fn service(&self) -> Option<&ServiceError> {
        self.source.as_deref()?.downcast_ref()
    }

    /// The service's error code, such as `Forbidden.RAM`.
    #[must_use]
    pub fn service_code(&self) -> Option<&str> {
        self.service()
            .map(|service| service.code.as_str())
            .filter(|code| !code.is_empty())
    }

    /// The id that the service gave the request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.service()
            .and_then(|service| service.request_id.as_deref())
    }

    /// The HTTP status of the refusal.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        self.service().map(|service| service.status)
    }

    /// A link to a page about the refusal.
    #[must_use]
    pub fn recommend(&self) -> Option<&str> {
        self.service()
            .and_then(|service| service.recommend.as_deref())
    }

    /// The action that the caller lacks, such as `ecs:CreateSnapshot`, where the service says it.
    #[must_use]
    pub fn missing_action(&self) -> Option<&str> {
        self.access_denied()?.auth_action.as_deref()
    }

    /// Which permission was missing, and why.
    #[must_use]
    pub fn access_denied(&self) -> Option<&AccessDeniedDetail> {
        self.service()
            .and_then(|service| service.access_denied.as_ref())
    }

    /// For how long the service asks to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.service().and_then(|service| service.retry_after)
    }

    /// What the caller can do.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the same call may succeed later, unchanged.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind.is_retryable()
    }
}

impl ErrorKind {
    /// Whether the same call may succeed later, unchanged.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Connection | Self::Timeout | Self::Throttled | Self::Service
        )
    }
}
