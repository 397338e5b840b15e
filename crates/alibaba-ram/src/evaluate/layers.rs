//! All policies that bear on a call, and the order in which they decide.

use crate::request::{Request, Resource};

use super::decide::{AttachedPolicy, decide, is_account_root};
use super::decision::{Decision, PolicyLayer, Verdict};

/// The policies that bear on a caller, in the order of RAM's documentation.
///
/// A control policy and a session policy must allow a call, each on its own, before the identity
/// policies are asked. A resource-group policy is asked only where the account-level ones neither
/// allow nor deny. A policy of the resource stands beside the identity's: a denial of either
/// counts, and otherwise an Allow of either is enough.
///
/// ```
/// use alibaba_ram::{PolicyDocument, PolicyLayer, Policies, Request, Statement};
///
/// let role = PolicyDocument::new()
///     .statement(Statement::allow().action("oss:*").resource("*"));
/// let session = PolicyDocument::new()
///     .statement(Statement::allow().action("oss:GetObject").resource("*"));
/// let policies = Policies::new().identity([&role]).session([&session]);
///
/// let object = "acs:oss:oss-cn-hangzhou:1234567890123456:mybackups/a";
/// assert!(policies.evaluate(&Request::new("oss:GetObject", object)).is_allowed());
/// let denied = policies.evaluate(&Request::new("oss:PutObject", object));
/// assert_eq!(denied.layer(), PolicyLayer::Session);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Policies<'a> {
    control: Option<Vec<AttachedPolicy<'a>>>,
    session: Option<Vec<AttachedPolicy<'a>>>,
    identity: Vec<AttachedPolicy<'a>>,
    resource_group: Vec<AttachedPolicy<'a>>,
    resource: Vec<AttachedPolicy<'a>>,
}

/// Sets of policies, given as anything that names documents.
fn collect<'a, P: Into<AttachedPolicy<'a>>>(
    policies: impl IntoIterator<Item = P>,
) -> Vec<AttachedPolicy<'a>> {
    policies.into_iter().map(Into::into).collect()
}

impl<'a> Policies<'a> {
    /// No policies, which allow nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Those attached to the user or role for the whole account.
    #[must_use]
    pub fn identity<P: Into<AttachedPolicy<'a>>>(
        mut self,
        policies: impl IntoIterator<Item = P>,
    ) -> Self {
        self.identity = collect(policies);
        self
    }

    /// Those attached to the user or role for the resource group of the resource.
    #[must_use]
    pub fn resource_group<P: Into<AttachedPolicy<'a>>>(
        mut self,
        policies: impl IntoIterator<Item = P>,
    ) -> Self {
        self.resource_group = collect(policies);
        self
    }

    /// Those given when the role was assumed. Once there are any, they must allow each call.
    #[must_use]
    pub fn session<P: Into<AttachedPolicy<'a>>>(
        mut self,
        policies: impl IntoIterator<Item = P>,
    ) -> Self {
        self.session = Some(collect(policies));
        self
    }

    /// Those of the organisation. Once there are any, they must allow each call.
    #[must_use]
    pub fn control<P: Into<AttachedPolicy<'a>>>(
        mut self,
        policies: impl IntoIterator<Item = P>,
    ) -> Self {
        self.control = Some(collect(policies));
        self
    }

    /// Those of the resource itself, such as a bucket policy. Their statements may name
    /// principals.
    #[must_use]
    pub fn resource<P: Into<AttachedPolicy<'a>>>(
        mut self,
        policies: impl IntoIterator<Item = P>,
    ) -> Self {
        self.resource = collect(policies);
        self
    }

    /// Decides on a call.
    ///
    /// Of several resources all must be allowed. The decision on the first that is not is
    /// returned, one that is denied before one that is merely not allowed.
    #[must_use]
    pub fn evaluate(&self, request: &Request) -> Decision {
        let mut decisions = request
            .resources()
            .iter()
            .map(|resource| self.on(request, resource));
        let mut result = decisions.next().expect("a request has a resource");
        for decision in decisions {
            let worse = match result.verdict() {
                Verdict::Allow => !decision.is_allowed(),
                Verdict::ImplicitDeny => decision.verdict() == Verdict::ExplicitDeny,
                Verdict::ExplicitDeny => break,
            };
            if worse {
                result = decision;
            }
        }
        result
    }

    fn on(&self, request: &Request, resource: &Resource) -> Decision {
        let gates = [
            (PolicyLayer::Control, &self.control),
            (PolicyLayer::Session, &self.session),
        ];
        for (layer, policies) in gates {
            if let Some(policies) = policies {
                let decision = decide(policies, layer, request, resource);
                if !decision.is_allowed() {
                    return decision;
                }
            }
        }
        let by_identity = self.by_identity(request, resource);
        if self.resource.is_empty() || by_identity.verdict() == Verdict::ExplicitDeny {
            return by_identity;
        }
        let by_resource = decide(&self.resource, PolicyLayer::Resource, request, resource);
        match (by_resource.verdict(), by_identity.verdict()) {
            (Verdict::ExplicitDeny, _) | (Verdict::Allow, Verdict::ImplicitDeny) => by_resource,
            _ => by_identity,
        }
    }

    fn by_identity(&self, request: &Request, resource: &Resource) -> Decision {
        if is_account_root(request) {
            return Decision::for_account_root(request, resource);
        }
        let account = decide(&self.identity, PolicyLayer::Identity, request, resource);
        if account.verdict() != Verdict::ImplicitDeny || self.resource_group.is_empty() {
            return account;
        }
        let layer = PolicyLayer::ResourceGroup;
        let group = decide(&self.resource_group, layer, request, resource);
        if group.verdict() == Verdict::ImplicitDeny {
            account
        } else {
            group
        }
    }
}
