//! Which of the rights that something needs are missing.

use std::collections::BTreeSet;
use std::fmt;

use crate::document::PolicyDocument;
use crate::evaluate::{Decision, covers_action, evaluate};
use crate::request::{Context, Principal, Request};

use super::classes::{Kind, TooComplex, classes};
use super::set::{PatternSet, describe};

/// A right that something needs: an action, on all resources that a pattern matches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Required {
    action: String,
    resource: String,
}

impl Required {
    /// `action` on everything that `resource` matches.
    ///
    /// Of an action that is not scoped to resources, the resource is `*`.
    pub fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
        }
    }

    /// The action.
    #[must_use]
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The pattern of the resources.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }
}

/// A required right that is not granted, or not on all of its resources.
///
/// Its `Display` names the action, the resources it is missing on, and why.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Missing {
    /// What is required.
    pub required: Required,
    /// On which of its resources it is not allowed.
    pub resources: Vec<PatternSet>,
    /// The decision on one of these resources.
    pub decision: Decision,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is missing on ", self.required.action)?;
        for (index, set) in self.resources.iter().enumerate() {
            let before = if index == 0 { "" } else { ", " };
            write!(f, "{before}{set}")?;
        }
        write!(f, " ({})", self.decision)
    }
}

/// Finds which required rights the policies of a caller do not grant, and on which resources.
///
/// A resource is a pattern, and it is granted only if all it matches is: `acs:oss:*:*:mybackups/*`
/// is not granted by a statement for one region, nor where another statement denies
/// `acs:oss:*:*:mybackups/private/*`. Conditions are tried with the facts of `context`.
///
/// ```
/// use alibaba_ram::{Context, PolicyDocument, Required, Statement, missing};
///
/// let policy = PolicyDocument::new().statement(
///     Statement::allow().action("oss:*Object").resource("acs:oss:*:*:mybackups"),
/// );
/// let required = [Required::new("oss:PutObject", "acs:oss:*:*:mybackups/*")];
/// let missing = missing([&policy], &required, &Context::new(), None)?;
/// assert_eq!(
///     missing[0].to_string(),
///     "`oss:PutObject` is missing on `acs:oss:*:*:mybackups/*` (`oss:PutObject` on \
///      `acs:oss:*:*:mybackups/*` is not allowed: statement 1 of the identity policy allows the \
///      action on other resources)",
/// );
/// # Ok::<(), alibaba_ram::TooComplex>(())
/// ```
///
/// # Errors
///
/// When the wildcards of the statements for one action are too many to compare.
pub fn missing<'a>(
    policies: impl IntoIterator<Item = &'a PolicyDocument>,
    required: &[Required],
    context: &Context,
    caller: Option<&Principal>,
) -> Result<Vec<Missing>, TooComplex> {
    let policies: Vec<&PolicyDocument> = policies.into_iter().collect();
    let decide = |action: &str, resource: &str| {
        let request = Request::new(action, resource).context(context.clone());
        let request = match caller {
            Some(caller) => request.principal(caller.clone()),
            None => request,
        };
        evaluate(policies.iter().copied(), &request)
    };
    let mut all = Vec::new();
    for one in required {
        let patterns = patterns(&policies, one);
        let wanted = patterns
            .iter()
            .position(|pattern| *pattern == one.resource)
            .expect("the required pattern is among them");
        let classes = classes(Kind::Resources, &patterns)?;
        let lacking: BTreeSet<usize> = (0..classes.len())
            .filter(|class| classes[*class].matched.contains(&wanted))
            .filter(|class| !decide(&one.action, &classes[*class].witness).is_allowed())
            .collect();
        let Some(first) = lacking.first() else {
            continue;
        };
        // The pattern itself reads better than a witness, if it is not allowed either.
        let on_pattern = decide(&one.action, &one.resource);
        let decision = if on_pattern.is_allowed() {
            decide(&one.action, &classes[*first].witness)
        } else {
            on_pattern
        };
        all.push(Missing {
            required: one.clone(),
            resources: describe(&patterns, &classes, &lacking),
            decision,
        });
    }
    Ok(all)
}

/// The required pattern and those of all statements about its action.
fn patterns(policies: &[&PolicyDocument], required: &Required) -> Vec<String> {
    let mut patterns: BTreeSet<&str> = policies
        .iter()
        .flat_map(|policy| policy.statements())
        .filter(|statement| covers_action(statement, &required.action))
        .flat_map(|statement| [statement.resources(), statement.not_resources()])
        .flatten()
        .flatten()
        .map(String::as_str)
        .collect();
    patterns.insert(&required.resource);
    patterns.into_iter().map(str::to_owned).collect()
}
