//! One call, being put together.

use std::fmt;

use http::Method;
use serde::Serialize;

use super::action::{Action, Invalid, Route, add, document, fresh_id, path_of};
use super::client::Client;
use super::response::Response;
use super::send::send;
use crate::Error;

/// A call of one action. Parameters are added by name, then [`send`](Call::send) sends it.
#[derive(Clone)]
#[must_use = "a call does nothing until it is sent"]
pub struct Call {
    client: Client,
    action: Action,
    /// The first parameter that cannot be sent.
    invalid: Option<Invalid>,
}

/// Shows the parameters' names. Values can be secrets.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("action", &self.action.name)
            .field("query", &self.action.query.keys())
            .field("form", &self.action.form.keys())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Begins a call of an action.
    pub fn call(&self, action: &str) -> Call {
        Call {
            client: self.clone(),
            action: Action::new(action),
            invalid: None,
        }
    }

    /// Begins a call in the ROA style, of products whose resources are in the path, such as Container Service.
    /// The segments of the path are names as they are: they are encoded here.
    ///
    /// ```no_run
    /// # async fn example(context: alibaba_core::Context) -> Result<(), Box<dyn std::error::Error>> {
    /// use alibaba_core::endpoint::Product;
    /// use alibaba_core::http::Method;
    /// use alibaba_core::{Region, credentials, openapi};
    ///
    /// let credentials = credentials::default_chain(&context);
    /// let product = Product::new("cs", "2015-12-15")?;
    /// let cs = openapi::Client::new(&context, product, Region::CN_HANGZHOU, credentials)?;
    /// let clusters = cs
    ///     .roa_call("DescribeClustersV1", Method::GET, &["api", "v1", "clusters"])
    ///     .param("page_size", 10)
    ///     .send()
    ///     .await?;
    /// let upgrade = serde_json::json!({"component_name": "migrate-controller", "next_version": "v1.9.0"});
    /// cs.roa_call("UpgradeClusterAddons", Method::POST, &["clusters", "c0123", "components", "upgrade"])
    ///     .body(&upgrade)
    ///     .send()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Such calls are signed by ACS3, and repeated after a broken connection where they only read (GET and
    /// HEAD), or where the caller says [that it does no harm](Call::idempotent).
    pub fn roa_call(&self, action: &str, method: Method, path: &[&str]) -> Call {
        let mut call = self.call(action);
        match path_of(path) {
            Ok(path) => call.action.route = Some(Route { method, path }),
            Err(invalid) => call.invalid = Some(invalid),
        }
        call
    }
}

impl Call {
    /// Adds a parameter to the query, replacing one of the same name. Lists and structures are
    /// flattened into `Name.1.Key`; `None` adds nothing; [`Json`](super::Json) makes it one text.
    pub fn param(mut self, name: &str, value: impl Serialize) -> Self {
        let added = add(&mut self.action.query, name, value);
        self.invalid = self.invalid.or(added.err());
        self
    }

    /// Adds a parameter to the query, unless one of this name is there already.
    pub fn default_param(self, name: &str, value: impl Serialize) -> Self {
        if self.action.query.contains_key(name) {
            self
        } else {
            self.param(name, value)
        }
    }

    /// The same as [`param`](Self::param) in the form body, where an API wants it there, or where the value is secret or
    /// long: queries end up in the logs of whatever is on the way.
    pub fn form_param(mut self, name: &str, value: impl Serialize) -> Self {
        let added = add(&mut self.action.form, name, value);
        self.invalid = self.invalid.or(added.err());
        self
    }

    /// The body of the call, as JSON: what calls in the ROA style take instead of a form.
    pub fn body(mut self, value: impl Serialize) -> Self {
        match document(value) {
            Ok(document) => self.action.document = Some(document),
            Err(invalid) => self.invalid = self.invalid.or(Some(invalid)),
        }
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
            call.invalid = call.invalid.or(Some(Invalid::new(step)));
        }
        call
    }

    /// Names this call with a fresh token.
    pub fn new_client_token(self) -> Self {
        self.client_token(fresh_id())
    }

    /// Says whether performing the action twice does no harm. Without this, actions that only read
    /// (`Describe…`, `Get…`, `List…`, `Query…`, `Search…`) and calls with a client token are
    /// repeated after a broken connection, and all others only where the service has done nothing.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.action.idempotent = Some(idempotent);
        self
    }

    /// Refuses the call, before it is sent, unless one of these parameters is there.
    pub fn needs_any_of(self, names: &[&str]) -> Self {
        if names.iter().any(|name| self.action.has(name)) {
            return self;
        }
        let names = format!("`{}`", names.join("` or `"));
        self.refused(&format!("give {names}"))
    }

    /// Refuses the call, before it is sent, where several of these parameters are there.
    pub fn allows_one_of(self, names: &[&str]) -> Self {
        if names.iter().filter(|name| self.action.has(name)).count() < 2 {
            return self;
        }
        let names = format!("`{}`", names.join("` and `"));
        self.refused(&format!("give one of {names}, not several"))
    }

    fn refused(mut self, remedy: &str) -> Self {
        let step = format!("check the parameters of `{}`: {remedy}", self.action.name);
        self.invalid = self.invalid.or(Some(Invalid::new(step)));
        self
    }

    /// Sends the call, repeating it as the client's retry policy says. Every attempt is signed
    /// anew; the parameters, a client token among them, stay.
    ///
    /// # Errors
    ///
    /// The last attempt's error.
    pub async fn send(self) -> Result<Response, Error> {
        match self.invalid {
            Some(invalid) => Err(invalid.into_error()),
            None => send(&self.client, &self.action).await,
        }
    }
}
