//! Why a grant cannot go on.

use std::fmt;

use super::plan::Step;
use crate::chain::chain;
use crate::component::{CREDENTIALS_SECRET, NAMESPACE};

/// A failed look or step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What is there does not allow it. Nothing was changed in this round.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A call to the cloud failed.
    #[error("{step}{}", remedy_of(.source))]
    Cloud {
        /// What was tried.
        step: String,
        /// Why it failed.
        source: alibaba_core::Error,
    },
    /// A call to the cluster failed.
    #[error("{step}")]
    Cluster {
        /// What was tried.
        step: String,
        /// Why it failed.
        source: Box<kube::Error>,
    },
    /// Something else kept changing what was there.
    #[error(
        "after {rounds} rounds there is still something to do ({next}): something else changes the \
         same things; find it, then run this again"
    )]
    Unsettled {
        /// How often it was looked and acted.
        rounds: usize,
        /// The next step.
        next: Box<Step>,
        /// What failed last, if anything did.
        #[source]
        source: Option<Box<Error>>,
    },
    /// The new key was not seen to work in time. The old one still is there.
    #[error(
        "AccessKey `{id}` was not seen to work within {seconds} s: {reason}; the key before it is still \
         valid, and running this again goes on from here"
    )]
    NotSeenToWork {
        /// Its id.
        id: String,
        /// How long was waited.
        seconds: u64,
        /// What was seen last.
        reason: String,
    },
}

/// A state that has to be cleared up by somebody who knows more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// RAM allows two keys a user.
    #[error(
        "RAM user `{user}` has two AccessKeys already, which is RAM's limit: {}. Find the one that \
         nothing uses by its last use (`aliyun ram GetAccessKeyLastUsed`), delete it, and run this again", keys.join(" and ")
    )]
    TwoKeys {
        /// The user.
        user: String,
        /// Their ids, with when they were made.
        keys: Vec<String>,
    },
    /// The Secret has a key of somebody else.
    #[error(
        "Secret `{NAMESPACE}/{CREDENTIALS_SECRET}` holds AccessKey `{key}`, which is not one of RAM user \
         `{user}`: name the user that it belongs to, or rotate to replace it in the Secret (the key \
         itself is left alone)"
    )]
    ForeignKey {
        /// The id of the key.
        key: String,
        /// The user.
        user: String,
    },
    /// The key in the Secret does not sign.
    #[error(
        "AccessKey `{key}` in Secret `{NAMESPACE}/{CREDENTIALS_SECRET}` is inactive: activate it, or \
         rotate to replace it"
    )]
    InactiveKey {
        /// The id of the key.
        key: String,
    },
    /// The namespace is on its way out.
    #[error(
        "namespace `{NAMESPACE}` is being deleted: wait until it is gone; if it stays, \
         `kubectl describe namespace {NAMESPACE}` names what it waits for"
    )]
    Terminating,
    /// There is no policy to narrow.
    #[error("there is no policy `{policy}` attached to RAM user `{user}`: grant first")]
    NotGranted {
        /// The policy.
        policy: String,
        /// The user.
        user: String,
    },
    /// There is no key to rotate.
    #[error("Secret `{NAMESPACE}/{CREDENTIALS_SECRET}` holds no AccessKey to replace: grant first")]
    NoKey,
    /// Managed clusters need no grant for the buckets named.
    #[error(
        "nothing has to be granted for {buckets}: the role of managed clusters has the rights; there is \
         no policy to narrow"
    )]
    NothingToGrant {
        /// The buckets.
        buckets: String,
    },
}

impl Error {
    /// A failed call to the cloud.
    pub(super) fn cloud(step: impl fmt::Display) -> impl FnOnce(alibaba_core::Error) -> Self {
        let step = step.to_string();
        |source| Self::Cloud { step, source }
    }

    /// A failed call to the cluster.
    pub(super) fn cluster(step: impl fmt::Display) -> impl FnOnce(kube::Error) -> Self {
        let step = step.to_string();
        |source| Self::Cluster {
            step,
            source: Box::new(source),
        }
    }

    /// Whether looking again may show another state: somebody else acted, or nobody knows whether the
    /// call did.
    pub(super) fn is_worth_another_look(&self) -> bool {
        use alibaba_core::ErrorKind;
        match self {
            Self::Cloud { source, .. } => matches!(
                source.kind(),
                ErrorKind::Conflict
                    | ErrorKind::NotFound
                    | ErrorKind::Connection
                    | ErrorKind::Timeout
                    | ErrorKind::Service
                    | ErrorKind::Throttled
            ),
            Self::Cluster { source, .. } => match &**source {
                kube::Error::Api(status) => {
                    matches!(status.code, 404 | 409 | 429) || status.code >= 500
                }
                kube::Error::Service(_) | kube::Error::HyperError(_) => true,
                _ => false,
            },
            Self::Refused(_) | Self::Unsettled { .. } | Self::NotSeenToWork { .. } => false,
        }
    }

    /// Whether the cluster refused a write since somebody else has written in between.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Self::Cluster { source, .. }
            if matches!(&**source, kube::Error::Api(status) if status.code == 409))
    }

    /// The error and its causes, in one line.
    #[must_use]
    pub fn chain(&self) -> String {
        chain(self)
    }
}

/// What to do about it, where that is known.
fn remedy_of(error: &alibaba_core::Error) -> String {
    alibaba_ram::client::remedy(error).map_or_else(String::new, |remedy| format!(" ({remedy})"))
}
