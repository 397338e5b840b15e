//! Checking documents: the grammar, the limits, and what is legal but hardly meant.

mod actions;
mod closest;
mod conditions;
mod finding;
mod principals;
mod resources;

use crate::document::PolicyDocument;
use crate::pattern::action_matches;

pub use finding::{Finding, Severity};

use finding::Findings;

/// What a document is written for, which decides what it may and must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DocumentKind {
    /// Attached to a user, group or role.
    Identity,
    /// Given to `AssumeRole` to narrow the session.
    Session,
    /// Says who may assume a role.
    Trust,
}

impl DocumentKind {
    /// The longest text that RAM takes, in characters, where a limit is published.
    #[must_use]
    pub fn longest(self) -> Option<usize> {
        match self {
            Self::Identity => Some(6144),
            Self::Session => Some(2048),
            Self::Trust => None,
        }
    }
}

impl PolicyDocument {
    /// Checks the document, and says of each finding where it is and what to do.
    ///
    /// A document without an [`Error`](Severity::Error) is one that RAM takes, by what is published
    /// of its grammar and limits.
    ///
    /// ```
    /// use alibaba_ram::{DocumentKind, PolicyDocument, Severity, Statement};
    ///
    /// let policy = PolicyDocument::new().statement(
    ///     Statement::allow()
    ///         .action(["oss:PutObject", "oss:ListObject"])
    ///         .resource("acs:oss:*:*:mybackups"),
    /// );
    /// let findings = policy.validate(DocumentKind::Identity);
    /// assert!(findings.iter().all(|finding| finding.severity() == Severity::Warning));
    /// let text: Vec<_> = findings.iter().map(ToString::to_string).collect();
    /// assert_eq!(
    ///     text,
    ///     [
    ///         "statement 1: `Action` has `oss:ListObject`, and no action of that name is known: \
    ///          write `oss:ListObjects`, if that is meant",
    ///         "statement 1: `oss:PutObject` is about objects, and `acs:oss:*:*:mybackups` is the \
    ///          bucket alone: add `acs:oss:*:*:mybackups/*`",
    ///     ],
    /// );
    /// ```
    #[must_use]
    pub fn validate(&self, kind: DocumentKind) -> Vec<Finding> {
        let mut all = Vec::new();
        self.check_whole(
            kind,
            &mut Findings {
                all: &mut all,
                statement: None,
            },
        );
        for (index, statement) in self.statements().iter().enumerate() {
            let findings = &mut Findings {
                all: &mut all,
                statement: Some(index),
            };
            for (member, _) in statement.unknown_members() {
                findings.warning(format!(
                    "it has `{member}`, which the policy language does not know: remove it"
                ));
            }
            actions::check(statement, findings);
            if kind == DocumentKind::Trust {
                self.check_trust(index, findings);
                principals::check_present(statement, findings);
            } else {
                resources::check(self, statement, findings);
                principals::check_absent(statement, findings);
            }
            conditions::check(statement, findings);
        }
        all
    }

    fn check_whole(&self, kind: DocumentKind, findings: &mut Findings<'_>) {
        match self.version() {
            Some(Self::VERSION) => {}
            Some(other) => findings.error(format!(
                "`Version` is `{other}`: write `1`, the one version there is"
            )),
            None => findings.error("`Version` is missing: add `\"Version\": \"1\"`".to_owned()),
        }
        for (member, _) in self.unknown_members() {
            findings.warning(format!(
                "the document has `{member}`, which the policy language does not know: remove it"
            ));
        }
        if self.statements().is_empty() {
            findings.error("`Statement` is empty: add a statement".to_owned());
        }
        let length = self.to_string().chars().count();
        if let Some(longest) = kind.longest().filter(|longest| length > *longest) {
            findings.error(format!(
                "the document has {length} characters without white space, and {longest} are \
                 allowed: use wildcards, or split it into several policies"
            ));
        }
    }

    fn check_trust(&self, index: usize, findings: &mut Findings<'_>) {
        let statement = &self.statements()[index];
        if statement
            .resources()
            .or(statement.not_resources())
            .is_some()
        {
            findings.warning(
                "it names resources, and a trust policy is about its role alone: remove them"
                    .to_owned(),
            );
        }
        for action in statement.actions().into_iter().flatten() {
            if !action_matches(action, "sts:AssumeRole") {
                findings.warning(format!(
                    "`Action` has `{action}`, which does not let anyone assume the role: write \
                     `sts:AssumeRole`"
                ));
            }
        }
    }
}
