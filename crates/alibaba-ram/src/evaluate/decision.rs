//! What was decided, by what, and why in words.

use std::fmt;

use crate::document::Effect;

use super::applies::Mismatch;

/// The three results of evaluating policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// A statement allows it and none denies it.
    Allow,
    /// A statement denies it, whatever allows it.
    ExplicitDeny,
    /// No statement allows it.
    ImplicitDeny,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "Allow",
            Self::ExplicitDeny => "ExplicitDeny",
            Self::ImplicitDeny => "ImplicitDeny",
        })
    }
}

/// Which of the policies that bear on a call decided it.
///
/// [`name`](Self::name) is what a denial's `AccessDeniedDetail` calls it in `PolicyType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PolicyLayer {
    /// Attached to the caller for the whole account.
    Identity,
    /// Attached to the caller for one resource group.
    ResourceGroup,
    /// Given when the role was assumed.
    Session,
    /// Set on the account by its organisation.
    Control,
    /// The trust policy of the role to be assumed.
    Trust,
    /// Attached to the resource: a bucket policy.
    Resource,
}

impl PolicyLayer {
    /// The name in `AccessDeniedDetail`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "AccountLevelIdentityBasedPolicy",
            Self::ResourceGroup => "ResourceGroupLevelIdentityBasedPolicy",
            Self::Session => "SessionPolicy",
            Self::Control => "ControlPolicy",
            Self::Trust => "AssumeRolePolicy",
            Self::Resource => "ResourceBasedPolicy",
        }
    }

    fn in_words(self) -> &'static str {
        match self {
            Self::Identity => "identity policy",
            Self::ResourceGroup => "resource-group policy",
            Self::Session => "session policy",
            Self::Control => "control policy",
            Self::Trust => "trust policy",
            Self::Resource => "resource policy",
        }
    }
}

/// The statement that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidingStatement {
    pub(super) document: usize,
    pub(super) policy: Option<String>,
    pub(super) index: usize,
    pub(super) effect: Effect,
}

impl DecidingStatement {
    /// Which of the documents evaluated it is in, from 0 on, within its layer.
    #[must_use]
    pub fn document(&self) -> usize {
        self.document
    }

    /// The name of the policy, where the document was given with one.
    #[must_use]
    pub fn policy(&self) -> Option<&str> {
        self.policy.as_deref()
    }

    /// Which statement of the document it is, from 0 on. Sentences count from 1.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// What the statement does.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }
}

/// A statement that allows the action, and what of it did not match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NearMiss {
    pub(super) statement: DecidingStatement,
    pub(super) mismatch: Mismatch,
}

/// The decision on a call.
///
/// Its `Display` is a sentence that names the action, the resource, and the statement that decided
/// or the reason why none did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub(super) verdict: Verdict,
    pub(super) layer: PolicyLayer,
    pub(super) action: String,
    pub(super) resource: String,
    pub(super) statement: Option<DecidingStatement>,
    pub(super) account_root: bool,
    pub(super) near: Vec<NearMiss>,
}

impl Decision {
    /// Allow, explicit deny or implicit deny.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Whether the call may go on.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.verdict == Verdict::Allow
    }

    /// The layer that decided: of a denial, the one that refused.
    #[must_use]
    pub fn layer(&self) -> PolicyLayer {
        self.layer
    }

    /// The action decided on.
    #[must_use]
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The resource decided on: of a denial, the one that is not allowed.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The statement that decided. An implicit deny has none, nor has what an account may do with
    /// its own resources.
    #[must_use]
    pub fn statement(&self) -> Option<&DecidingStatement> {
        self.statement.as_ref()
    }

    /// The sentence of `Display`.
    #[must_use]
    pub fn explain(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.action)?;
        if self.layer != PolicyLayer::Trust {
            write!(f, " on `{}`", self.resource)?;
        }
        let verb = match self.verdict {
            Verdict::Allow => "is allowed",
            Verdict::ExplicitDeny => "is denied",
            Verdict::ImplicitDeny => "is not allowed",
        };
        write!(f, " {verb}")?;
        match &self.statement {
            Some(statement) => {
                write!(f, " by ")?;
                self.write_place(f, statement)
            }
            None if self.account_root => f.write_str(": the account itself may do everything"),
            None => self.write_near_misses(f),
        }
    }
}

impl Decision {
    fn write_place(
        &self,
        f: &mut fmt::Formatter<'_>,
        statement: &DecidingStatement,
    ) -> fmt::Result {
        let (number, layer) = (statement.index + 1, self.layer.in_words());
        match statement.policy() {
            Some(name) => write!(f, "statement {number} of the {layer} `{name}`"),
            None if statement.document == 0 => write!(f, "statement {number} of the {layer}"),
            None => {
                let document = statement.document + 1;
                write!(f, "statement {number} of {layer} {document}")
            }
        }
    }

    fn write_near_misses(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.near.is_empty() {
            return write!(
                f,
                ": no statement of the {} allows the action",
                self.layer.in_words()
            );
        }
        for (index, near) in self.near.iter().enumerate() {
            f.write_str(if index == 0 { ": " } else { "; " })?;
            self.write_place(f, &near.statement)?;
            match &near.mismatch {
                Mismatch::Action => f.write_str(" does not cover the action")?,
                Mismatch::Principal => f.write_str(" allows the action to other callers")?,
                Mismatch::Resource => f.write_str(" allows the action on other resources")?,
                Mismatch::Condition(unmet) => write!(
                    f,
                    " allows the action where `{}` of `{}` holds, and it does not",
                    unmet.operator, unmet.key
                )?,
            }
        }
        Ok(())
    }
}
