//! A plan: the steps from what is to what is wanted.

use std::fmt;

use alibaba_ram::{PolicyDocument, diff};
use serde::Serialize;

use crate::component::{ADDON, ADDON_NAMESPACE, CREDENTIALS_SECRET, NAMESPACE};

/// What is to be done, in order. Printing it is a dry run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Plan {
    /// The steps. None: everything is as wanted.
    pub steps: Vec<Step>,
    /// What a reader should know that no step does.
    pub notes: Vec<String>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(
    tag = "step",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[non_exhaustive]
pub enum Step {
    /// Creates the RAM user.
    CreateUser {
        /// Its name.
        user: String,
    },
    /// Creates the policy.
    CreatePolicy {
        /// Its name.
        policy: String,
        /// Its document.
        document: PolicyDocument,
    },
    /// Makes a new default version of the policy. Of five versions, the oldest that is not in force goes.
    UpdatePolicy {
        /// Its name.
        policy: String,
        /// Its new document.
        document: PolicyDocument,
        /// What changes by it, a line each.
        changes: Vec<String>,
    },
    /// Attaches the policy to the user.
    AttachPolicy {
        /// The policy.
        policy: String,
        /// The user.
        user: String,
    },
    /// Creates the namespace of the Secret.
    CreateNamespace,
    /// Reserves the Secret for this run, with the keys that are known by now.
    ReserveSecret {
        /// Their ids.
        known_keys: Vec<String>,
    },
    /// Deletes an AccessKey.
    DeleteKey {
        /// Its user.
        user: String,
        /// Its id.
        id: String,
        /// Why.
        reason: &'static str,
    },
    /// Creates an AccessKey and writes it into the Secret.
    CreateKey {
        /// Its user.
        user: String,
        /// The key that it replaces, which stays valid until the new one was seen to work.
        replaces: Option<String>,
    },
    /// Restarts the component, so that it reads the Secret again.
    RestartComponent,
    /// Waits until the key in the Secret is accepted, and the restarted component is up.
    SeeKeyWork,
    /// Takes the notes of a finished rotation, or of a reservation that led to nothing, off the Secret.
    SettleSecret,
    /// Detaches the policy from the user.
    DetachPolicy {
        /// The policy.
        policy: String,
        /// The user.
        user: String,
    },
    /// Deletes the policy with all its versions.
    DeletePolicy {
        /// Its name.
        policy: String,
    },
    /// Deletes the Secret.
    DeleteSecret,
    /// Deletes the RAM user.
    DeleteUser {
        /// Its name.
        user: String,
    },
}

impl Plan {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    pub(super) fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }
}

impl fmt::Display for Plan {
    /// A line for each step and note.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            writeln!(f, "nothing to do")?;
        }
        for step in &self.steps {
            writeln!(f, "{step}")?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateUser { user } => write!(f, "create RAM user `{user}`"),
            Self::CreatePolicy { policy, document } => {
                let statements = document.statements().len();
                write!(f, "create policy `{policy}` of {statements} statements")
            }
            Self::UpdatePolicy {
                policy, changes, ..
            } => {
                write!(f, "make a new version of policy `{policy}` the default")?;
                changes
                    .iter()
                    .try_for_each(|change| write!(f, "\n  {change}"))
            }
            Self::AttachPolicy { policy, user } => {
                write!(f, "attach policy `{policy}` to RAM user `{user}`")
            }
            Self::CreateNamespace => write!(f, "create namespace `{NAMESPACE}`"),
            Self::ReserveSecret { .. } => {
                write!(
                    f,
                    "reserve Secret `{NAMESPACE}/{CREDENTIALS_SECRET}` for a new AccessKey"
                )
            }
            Self::DeleteKey { user, id, reason } => {
                write!(f, "delete AccessKey `{id}` of RAM user `{user}`: {reason}")
            }
            Self::CreateKey { user, replaces } => {
                let secret = format_args!("Secret `{NAMESPACE}/{CREDENTIALS_SECRET}`");
                write!(
                    f,
                    "create an AccessKey of RAM user `{user}` and write it into {secret}"
                )?;
                match replaces {
                    Some(id) => write!(f, ", in place of `{id}`"),
                    None => Ok(()),
                }
            }
            Self::RestartComponent => write!(
                f,
                "restart `{ADDON_NAMESPACE}/{ADDON}`, so that it reads the Secret again"
            ),
            Self::SeeKeyWork => f.write_str("wait until the new AccessKey is seen to work"),
            Self::SettleSecret => {
                write!(
                    f,
                    "finish the notes on Secret `{NAMESPACE}/{CREDENTIALS_SECRET}`"
                )
            }
            Self::DetachPolicy { policy, user } => {
                write!(f, "detach policy `{policy}` from RAM user `{user}`")
            }
            Self::DeletePolicy { policy } => write!(f, "delete policy `{policy}`"),
            Self::DeleteSecret => write!(f, "delete Secret `{NAMESPACE}/{CREDENTIALS_SECRET}`"),
            Self::DeleteUser { user } => write!(f, "delete RAM user `{user}`"),
        }
    }
}

/// What changes between two documents, a line each; none where they mean the same.
pub(super) fn changes(before: &PolicyDocument, after: &PolicyDocument) -> Option<Vec<String>> {
    if before == after {
        return None;
    }
    let lines: Vec<String> = match diff([before], [after]) {
        Ok(diff) => diff.to_string().lines().map(str::to_owned).collect(),
        Err(error) => vec![format!(
            "the two documents differ; by what cannot be said: {error}"
        )],
    };
    (!lines.is_empty()).then_some(lines)
}
