//! One call of an action.

use alibaba_ram::{Context, Decision, Request, Resource};
use chrono::{DateTime, Utc};
use serde::Deserialize;

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

/// The tags of a call. Of a call whose tags cannot be read there are none: it is refused for that, if not for
/// its rights.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tagged {
    #[serde(default)]
    tag: Vec<RequestTag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RequestTag {
    key: String,
    #[serde(default)]
    value: String,
}

impl Call<'_> {
    /// When the request came.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.exchange.now()
    }

    /// What conditions can ask for. `acs:RequestTag/<key>` is "the tag that is passed in a request" (ECS's page
    /// on controlling access by tags): those that something is to get, and those that a listing asks for.
    pub(crate) fn known(&self) -> Context {
        let tagged = self.parameters.read::<Tagged>().unwrap_or_default();
        let tags = tagged.tag.into_iter();
        tags.fold(self.exchange.known(), |known, tag| {
            known.request_tag(&tag.key, tag.value)
        })
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
