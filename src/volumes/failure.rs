//! What the services refuse, as the engine's errors and as reasons of records.

use alibaba_core::ErrorKind as CloudErrorKind;
use kube_backup_engine::{Error, ErrorKind};

use crate::chain::chain;

/// Refusals that pass by themselves: what they are about is still being worked on.
const PASSING: [&str; 10] = [
    "IncorrectDiskStatus.CreatingSnapshot",
    "IncorrectDiskStatus.TooManyCreatingSnapshots",
    "QuotaExceed.ConcurrentSnapshotQuota",
    "IncorrectInstanceStatus",
    "InvalidOperation.UnfinishedCrossRegionCopy",
    "InvalidOperation.RelatedSnapshotNotFinished",
    "InvalidSnapshotId.NotReady",
    "IdempotentProcessing",
    "LastTokenProcessing",
    "VaultNotReady",
];

/// A call of the cloud that failed, and at which step.
#[derive(Debug)]
pub(super) struct Failure {
    step: String,
    source: alibaba_core::Error,
}

impl Failure {
    pub(super) fn of(step: impl Into<String>) -> impl FnOnce(alibaba_core::Error) -> Self {
        let step = step.into();
        move |source| Self { step, source }
    }

    /// Whether the same call may succeed later.
    pub(super) fn passes(&self) -> bool {
        let code = self.source.service_code();
        self.source.is_retryable() || code.is_some_and(|code| PASSING.contains(&code))
    }

    /// Whether a right is missing.
    pub(super) fn is_denial(&self) -> bool {
        self.source.kind() == CloudErrorKind::Denied
    }

    pub(super) fn code(&self) -> Option<&str> {
        self.source.service_code()
    }

    /// The step, with what can be done about it.
    fn message(&self) -> String {
        let denied = self.source.access_denied().filter(|_| self.is_denial());
        let action = denied.and_then(|denied| denied.auth_action.as_deref());
        let service = || {
            let ecs = alibaba_ecs_snapshot::remedy(&self.source);
            ecs.or_else(|| alibaba_hbr::remedy(&self.source))
        };
        match (action, service()) {
            (Some(action), _) => format!(
                "{}: `{action}` is not allowed to the caller: grant it",
                self.step
            ),
            (None, Some(remedy)) => format!("{}: {remedy}", self.step),
            (None, None) => self.step.clone(),
        }
    }

    /// All of it in one line, for a record.
    pub(super) fn reason(&self) -> String {
        format!("{}: {}", self.message(), chain(&self.source))
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let passes = failure.passes();
        Self::new(ErrorKind::Volume, failure.message())
            .with_retryable(passes)
            .with_source(failure.source)
    }
}
