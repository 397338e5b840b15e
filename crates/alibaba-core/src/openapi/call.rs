//! One call, being put together.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::client::Client;
use super::flatten::flatten;
use super::{Response, send};
use crate::{Error, ErrorKind};

/// A call of one action. Parameters are added by name, then [`send`](Call::send) sends it.
#[must_use = "a call does nothing until it is sent"]
pub struct Call {
    pub(super) client: Client,
    pub(super) action: String,
    pub(super) query: BTreeMap<String, String>,
    pub(super) form: BTreeMap<String, String>,
    pub(super) anonymous: bool,
    pub(super) idempotent: Option<bool>,
    pub(super) invalid: Option<Error>,
}

/// Shows the parameters' names. Values can be secrets.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("action", &self.action)
            .field("query", &self.query.keys())
            .field("form", &self.form.keys())
            .field("anonymous", &self.anonymous)
            .finish_non_exhaustive()
    }
}

impl Call {
    pub(super) fn new(client: Client, action: &str) -> Self {
        Self {
            client,
            action: action.to_owned(),
            query: BTreeMap::new(),
            form: BTreeMap::new(),
            anonymous: false,
            idempotent: None,
            invalid: None,
        }
    }

    /// Adds a parameter to the query, replacing one of the same name. Lists and structures are
    /// flattened into `Name.1.Key`; `None` adds nothing; [`Json`](super::Json) makes it one text.
    pub fn param(mut self, name: &str, value: impl Serialize) -> Self {
        self.invalid = self.invalid.or(add(&mut self.query, name, value).err());
        self
    }

    /// The same in the form body, where an API wants it there, or where the value is secret or
    /// long: queries end up in the logs of whatever is on the way.
    pub fn form_param(mut self, name: &str, value: impl Serialize) -> Self {
        self.invalid = self.invalid.or(add(&mut self.form, name, value).err());
        self
    }

    /// Names this call, so that the service performs it once however often it arrives. At most 64
    /// ASCII characters. Such a call is repeated after broken connections too.
    pub fn client_token(self, token: impl Into<String>) -> Self {
        let token = token.into();
        let is_valid = (1..=64).contains(&token.len()) && token.is_ascii();
        let mut call = self.param("ClientToken", token);
        if !is_valid {
            let step = "use the client token: expected 1 to 64 ASCII characters";
            call.invalid = call
                .invalid
                .or(Some(Error::new(ErrorKind::Configuration, step)));
        }
        call
    }

    /// Names this call with a fresh token.
    pub fn new_client_token(self) -> Self {
        self.client_token(send::fresh_id())
    }

    /// Says whether performing the action twice does no harm. Without this, actions that only read
    /// (`Describe…`, `Get…`, `List…`, `Query…`, `Search…`) and calls with a client token are
    /// repeated after a broken connection, and all others only where the service has done nothing.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = Some(idempotent);
        self
    }

    /// Sends the call without credentials, as the actions that give some want it.
    pub fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// Sends the call, repeating it as the client's retry policy says. Every attempt is signed
    /// anew; the parameters, a client token among them, stay.
    ///
    /// # Errors
    ///
    /// The last attempt's error.
    pub async fn send(self) -> Result<Response, Error> {
        send::send(self).await
    }

    pub(super) fn is_idempotent(&self) -> bool {
        const READING: [&str; 5] = ["Describe", "Get", "List", "Query", "Search"];
        self.idempotent.unwrap_or_else(|| {
            self.query.contains_key("ClientToken")
                || self.form.contains_key("ClientToken")
                || READING.iter().any(|prefix| self.action.starts_with(prefix))
        })
    }
}

fn add(
    parameters: &mut BTreeMap<String, String>,
    name: &str,
    value: impl Serialize,
) -> Result<(), Error> {
    let value = serde_json::to_value(value).map_err(|error| {
        let step = format!("write the parameter `{name}`");
        Error::new(ErrorKind::Configuration, step).with_source(error)
    })?;
    flatten(parameters, name, value);
    Ok(())
}
