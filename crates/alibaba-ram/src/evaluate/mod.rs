//! Deciding on calls.
//!
//! Within one set of policies, a statement that denies beats all that allow, and what nothing
//! allows is denied. [`evaluate`] decides by one set; [`Policies`] by all that bear on a call, in
//! the order of the RAM documentation.

mod applies;
mod condition;
mod decide;
mod decision;
mod layers;

use crate::document::PolicyDocument;
use crate::request::Request;

pub(crate) use applies::{covers_action, covers_resource};
pub(crate) use condition::is_comparable;
pub use decide::AttachedPolicy;
pub use decision::{DecidingStatement, Decision, PolicyLayer, Verdict};
pub use layers::Policies;

/// Decides on a call by the identity policies of its caller.
///
/// ```
/// use alibaba_ram::{PolicyDocument, Request, Statement, Verdict, evaluate};
///
/// let policy = PolicyDocument::new().statement(
///     Statement::allow().action("oss:Get*").resource("acs:oss:*:*:mybackups/*"),
/// );
/// let read = Request::new("oss:GetObject", "acs:oss:oss-cn-hangzhou:1234567890123456:other/a");
/// let decision = evaluate([&policy], &read);
/// assert_eq!(decision.verdict(), Verdict::ImplicitDeny);
/// assert_eq!(
///     decision.to_string(),
///     "`oss:GetObject` on `acs:oss:oss-cn-hangzhou:1234567890123456:other/a` is not allowed: \
///      statement 1 of the identity policy allows the action on other resources",
/// );
/// ```
pub fn evaluate<'a, P>(policies: impl IntoIterator<Item = P>, request: &Request) -> Decision
where
    P: Into<AttachedPolicy<'a>>,
{
    Policies::new().identity(policies).evaluate(request)
}

/// Decides on a call to assume a role by the role's trust policy alone.
///
/// The caller needs an Allow of its own identity policies beside it, unless it is a service or
/// identified by a provider. `request` names the caller as its principal; its resource is the
/// role, and trust policies do not look at it.
///
/// ```
/// use alibaba_ram::{
///     Condition, Context, Operator, PolicyDocument, Principal, Request, Statement,
///     TrustedPrincipals, evaluate_trust,
/// };
///
/// let provider = "acs:ram::1234567890123456:oidc-provider/ack-rrsa-c1";
/// let trust = PolicyDocument::new().statement(
///     Statement::allow()
///         .action("sts:AssumeRole")
///         .principal(TrustedPrincipals::federated(provider))
///         .condition(Condition::new().and(
///             Operator::StringEquals,
///             "oidc:sub",
///             "system:serviceaccount:csdr:migrate-controller",
///         )),
/// );
/// let request = Request::new("sts:AssumeRole", "acs:ram::1234567890123456:role/backup")
///     .principal(Principal::federated(provider))
///     .context(Context::new().with("oidc:sub", "system:serviceaccount:default:other"));
/// assert!(!evaluate_trust(&trust, &request).is_allowed());
/// ```
#[must_use]
pub fn evaluate_trust(trust: &PolicyDocument, request: &Request) -> Decision {
    let policies = [AttachedPolicy::from(trust)];
    decide::decide(
        &policies,
        PolicyLayer::Trust,
        request,
        &request.resources()[0],
    )
}
