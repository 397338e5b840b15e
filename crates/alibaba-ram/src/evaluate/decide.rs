//! Deciding by one set of policies.

use crate::document::{Effect, PolicyDocument, Statement};
use crate::request::{Principal, Request, Resource};

use super::applies::{Mismatch, Scope, applies};
use super::decision::{DecidingStatement, Decision, NearMiss, PolicyLayer, Verdict};

/// A policy document as it is attached: with its name, if it has one.
///
/// ```
/// use alibaba_ram::{AttachedPolicy, PolicyDocument};
///
/// let document = PolicyDocument::new();
/// let named = AttachedPolicy::named("backup", &document);
/// let unnamed = AttachedPolicy::from(&document);
/// # let _ = (named, unnamed);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AttachedPolicy<'a> {
    name: Option<&'a str>,
    document: &'a PolicyDocument,
}

impl<'a> AttachedPolicy<'a> {
    /// A document under the name that decisions call it by.
    #[must_use]
    pub fn named(name: &'a str, document: &'a PolicyDocument) -> Self {
        Self {
            name: Some(name),
            document,
        }
    }
}

impl<'a> From<&'a PolicyDocument> for AttachedPolicy<'a> {
    fn from(document: &'a PolicyDocument) -> Self {
        Self {
            name: None,
            document,
        }
    }
}

/// Decides by one set of policies, on one resource.
pub(super) fn decide(
    policies: &[AttachedPolicy<'_>],
    layer: PolicyLayer,
    request: &Request,
    resource: &Resource,
) -> Decision {
    let scope = match layer {
        PolicyLayer::Trust => Scope::Trust,
        _ => Scope::Resources,
    };
    let mut allowed = None;
    for (place, statement) in statements(policies) {
        let relevant = statement.effect() == Effect::Deny || allowed.is_none();
        if !relevant || applies(statement, scope, request, resource).is_err() {
            continue;
        }
        if statement.effect() == Effect::Deny {
            let by = place.statement(policies, Effect::Deny);
            return Decision::new(Verdict::ExplicitDeny, layer, request, resource, Some(by));
        }
        allowed = Some(place);
    }
    if let Some(place) = allowed {
        let by = place.statement(policies, Effect::Allow);
        return Decision::new(Verdict::Allow, layer, request, resource, Some(by));
    }
    let mut decision = Decision::new(Verdict::ImplicitDeny, layer, request, resource, None);
    decision.near = statements(policies)
        .filter(|(_, statement)| statement.effect() == Effect::Allow)
        .filter_map(
            |(place, statement)| match applies(statement, scope, request, resource) {
                Ok(()) | Err(Mismatch::Action) => None,
                Err(mismatch) => Some(NearMiss {
                    statement: place.statement(policies, Effect::Allow),
                    mismatch,
                }),
            },
        )
        .collect();
    decision
}

/// Where a statement stands among the policies of a set.
#[derive(Clone, Copy)]
struct Place {
    document: usize,
    index: usize,
}

impl Place {
    fn statement(self, policies: &[AttachedPolicy<'_>], effect: Effect) -> DecidingStatement {
        DecidingStatement {
            document: self.document,
            policy: policies[self.document].name.map(str::to_owned),
            index: self.index,
            effect,
        }
    }
}

fn statements<'a>(
    policies: &'a [AttachedPolicy<'a>],
) -> impl Iterator<Item = (Place, &'a Statement)> {
    policies.iter().enumerate().flat_map(|(document, policy)| {
        let numbered = policy.document.statements().iter().enumerate();
        numbered.map(move |(index, statement)| (Place { document, index }, statement))
    })
}

impl Decision {
    fn new(
        verdict: Verdict,
        layer: PolicyLayer,
        request: &Request,
        resource: &Resource,
        statement: Option<DecidingStatement>,
    ) -> Self {
        Self {
            verdict,
            layer,
            action: request.action().to_owned(),
            resource: resource.arn().to_owned(),
            statement,
            account_root: false,
            near: Vec::new(),
        }
    }

    pub(super) fn for_account_root(request: &Request, resource: &Resource) -> Self {
        Self {
            account_root: true,
            ..Self::new(
                Verdict::Allow,
                PolicyLayer::Identity,
                request,
                resource,
                None,
            )
        }
    }
}

pub(super) fn is_account_root(request: &Request) -> bool {
    request.caller().is_some_and(Principal::is_account_root)
}
