//! One call of an action.

use alibaba_ram::{Context, Decision, Request, Resource};
use chrono::{DateTime, Utc};

use super::error::ApiError;
use super::parameters::Parameters;
use crate::directory::caller::Caller;
use crate::directory::records::Records;
use crate::directory::store::Directory;
use crate::gateway::exchange::Exchange;

/// A call, its signature found good.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// Of the query and the form or JSON body together.
    pub(crate) parameters: Parameters,
    /// None where the request is not signed.
    pub(crate) caller: Option<Caller>,
    pub(crate) directory: &'a Directory,
    /// The region that the host's name says, or else that of the endpoint.
    pub(crate) region: String,
    pub(crate) exchange: &'a Exchange,
    /// The code of a denial.
    pub(crate) denied: &'static str,
}

impl Call<'_> {
    /// When the request came.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.exchange.now()
    }

    /// What conditions can ask for.
    pub(crate) fn known(&self) -> Context {
        self.exchange.known()
    }

    /// The caller, of actions that want a signature.
    pub(crate) fn caller(&self) -> Result<&Caller, ApiError> {
        self.caller.as_ref().ok_or_else(ApiError::unsigned)
    }

    /// Refuses a caller who lacks the right to an action on one of the resources.
    pub(crate) fn authorize(
        &self,
        action: &'static str,
        resources: Vec<Resource>,
    ) -> Result<(), ApiError> {
        let caller = self.caller()?;
        let mut resources = resources.into_iter();
        let first = resources.next().unwrap_or_else(|| Resource::new("*"));
        let request = resources.fold(Request::new(action, first), Request::and_resource);
        let decision = self
            .directory
            .authorize(caller, request.context(self.known()));
        self.heed(&decision)
    }

    /// Looks at users, roles and policies, and changes them. What has changed is kept when this returns.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Records) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let changed = self.directory.change(change);
        changed.unwrap_or_else(|error| Err(ApiError::internal(&error)))
    }

    /// Notes a decision in the log, and refuses the call if it is not to go on.
    pub(crate) fn heed(&self, decision: &Decision) -> Result<(), ApiError> {
        self.exchange.decided(decision);
        if decision.is_allowed() {
            return Ok(());
        }
        let identity = self.caller.as_ref().map(|caller| &caller.identity);
        Err(ApiError::denied(self.denied, decision, identity))
    }
}
