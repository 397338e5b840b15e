//! Why an installation cannot go on.

use std::fmt;

use crate::chain::chain;
use crate::clusters::ClusterKind;
use crate::component::{ADDON, ADDON_NAMESPACE, ComponentVersion, NAMESPACE};
use crate::doctor::Check;

/// A failed look or step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What is there does not allow it. Nothing was changed by the step that was refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A call to the cluster failed.
    #[error("{step}{}", remedy_of(.source))]
    Cluster {
        /// What was tried.
        step: String,
        /// Why it failed.
        source: Box<kube::Error>,
    },
    /// The cluster answered with something else than was asked for.
    #[error(
        "{step}: the API server kept something else at `{pointer}`: a webhook or another controller changes \
         it; find it, then run this again"
    )]
    NotKept {
        /// What was tried.
        step: String,
        /// Where it differs.
        pointer: String,
    },
    /// Something was not seen to become what it should in time.
    #[error("{what} within {seconds} s: {last}; running this again goes on from here")]
    NotSeen {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u64,
        /// What was seen last.
        last: String,
    },
}

/// A state that has to be cleared up by somebody who knows more.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The component cannot run in this cluster.
    #[error("the component cannot run in this {kind} cluster: {}", in_words(.checks))]
    Unfit {
        /// The kind of cluster.
        kind: ClusterKind,
        /// What is not as it should be.
        checks: Vec<Check>,
    },
    /// A newer one is there.
    #[error(
        "`{ADDON_NAMESPACE}/{ADDON}` is of version {installed}, and this would make it {wanted}: install with the \
         program of that version, or a newer one"
    )]
    Newer {
        /// What is there.
        installed: ComponentVersion,
        /// What was to be installed.
        wanted: ComponentVersion,
    },
    /// Somebody else manages what is to be installed.
    #[error(
        "{object} is managed by {}: if nobody needs that one any more, take it over ({}) (`--take-over`)",
        .managers.join(" and "), .fields.join(", ")
    )]
    ManagedByOthers {
        /// The object.
        object: String,
        /// Who manages it.
        managers: Vec<String>,
        /// Which fields of it.
        fields: Vec<String>,
    },
    /// A vault cannot be changed.
    #[error(
        "vault `{name}` is there already with bucket `{bucket}`: a vault cannot be given another bucket; choose \
         another name"
    )]
    OtherVault {
        /// Its name.
        name: String,
        /// Its bucket and prefix.
        bucket: String,
    },
    /// The namespace is on its way out.
    #[error(
        "namespace `{NAMESPACE}` is being deleted: wait until it is gone; if it stays, \
         `kubectl describe namespace {NAMESPACE}` names what it waits for"
    )]
    Terminating,
    /// Something still runs.
    #[error(
        "{} still: wait until that ends, or ask for its end by a DeleteRequest; if the component does not run any \
         more and never will, uninstall with `--even-if-running`", .tasks.join(", ")
    )]
    Running {
        /// What runs, as `kind name (phase)`.
        tasks: Vec<String>,
    },
}

impl Error {
    /// A failed call to the cluster.
    pub(super) fn cluster(step: impl fmt::Display) -> impl FnOnce(kube::Error) -> Self {
        let step = step.to_string();
        |source| Self::Cluster {
            step,
            source: Box::new(source),
        }
    }

    /// Whether trying again may do: the server was busy, or nobody knows whether it did it.
    pub(super) fn is_worth_another_try(&self) -> bool {
        let Self::Cluster { source, .. } = self else {
            return false;
        };
        match &**source {
            kube::Error::Api(status) => status.code == 429 || status.code >= 500,
            kube::Error::Service(_) | kube::Error::HyperError(_) => true,
            _ => false,
        }
    }

    /// The error and its causes, in one line.
    #[must_use]
    pub fn chain(&self) -> String {
        chain(self)
    }
}

/// What to do about it, where that is known.
fn remedy_of(error: &kube::Error) -> &'static str {
    match error {
        // As the console has it ("FAQ about the backup center").
        kube::Error::Api(status) if status.code == 403 => {
            " (APISERVER.403: whoever installs needs the right to do this, and every right that the \
              component gets: use an administrator of the cluster)"
        }
        _ => "",
    }
}

fn in_words(checks: &[Check]) -> String {
    let words = checks.iter().map(|check| match &check.remedy {
        Some(remedy) => format!("{}: {} ({remedy})", check.name, check.detail),
        None => format!("{}: {}", check.name, check.detail),
    });
    words.collect::<Vec<_>>().join("; ")
}
