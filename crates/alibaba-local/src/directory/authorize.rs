//! Whether a caller may do what it asks for.

use alibaba_ram::{AttachedPolicy, Decision, Policies, Request};

use super::caller::Caller;
use super::store::Directory;

impl Directory {
    /// Decides on a call by the policies of its caller as they are now. All rights of all services
    /// are decided on here.
    pub(crate) fn authorize(&self, caller: &Caller, request: Request) -> Decision {
        let attached = self.policies_of(caller);
        let identity = attached
            .identity
            .iter()
            .map(|policy| AttachedPolicy::named(&policy.name, &policy.document));
        let mut policies = Policies::new().identity(identity);
        if let Some(session) = &attached.session {
            policies = policies.session([session]);
        }
        policies.evaluate(&request.principal(caller.identity.principal()))
    }
}
