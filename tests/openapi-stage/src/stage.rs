//! A service that is a script.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alibaba_core::clock::ManualClock;
use alibaba_core::credentials::{SharedCredentials, StaticProvider};
use alibaba_core::http_send::{HttpSend, SendError, SendErrorKind, SendOptions};
use alibaba_core::{Context, Credentials};
use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};

/// What the service does with a request.
#[derive(Clone, Debug)]
pub enum Scene {
    /// Answers with this status and body.
    Respond(u16, String),
    /// Breaks the connection off.
    BreakOff,
}

/// Plays scenes, the last one again and again, and keeps the requests. Clones play the same ones.
#[derive(Clone, Debug)]
pub struct Stage {
    clock: Arc<ManualClock>,
    scenes: Arc<Mutex<VecDeque<Scene>>>,
    requests: Arc<Mutex<Vec<Sent>>>,
}

/// A request as it was sent.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the parts of a request")]
pub struct Sent {
    pub method: String,
    pub host: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub headers: BTreeMap<String, String>,
    pub body: Bytes,
}

impl Sent {
    /// The body, read as a form.
    #[must_use]
    pub fn form(&self) -> BTreeMap<String, String> {
        form_urlencoded::parse(&self.body).into_owned().collect()
    }
}

/// Those of the recorded requests.
///
/// # Panics
/// Never: they can sign.
#[must_use]
pub fn credentials() -> SharedCredentials {
    let credentials = Credentials::new("FAKE-ACCESS-KEY-ID", "FAKE-ACCESS-KEY-SECRET");
    Arc::new(StaticProvider::new(credentials).expect("they are plain text"))
}

impl Stage {
    /// Answers everything with 200 and this body.
    pub fn responding(body: impl Into<String>) -> Self {
        Self::playing([Scene::Respond(200, body.into())])
    }

    /// Plays these scenes.
    ///
    /// # Panics
    /// Never: the time it begins at is one.
    pub fn playing(scenes: impl IntoIterator<Item = Scene>) -> Self {
        let began = "2026-01-15T08:30:00Z".parse().expect("a time");
        Self {
            clock: Arc::new(ManualClock::at(began)),
            scenes: Arc::new(Mutex::new(scenes.into_iter().collect())),
            requests: Arc::default(),
        }
    }

    /// What a client has to be built with to be sent here. The clock is the stage's own.
    #[must_use]
    pub fn context(&self) -> Context {
        Context::new(Arc::new(self.clone())).with_clock(Arc::clone(&self.clock) as _)
    }

    /// All requests so far.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        locked(&self.requests).clone()
    }

    /// The last request.
    ///
    /// # Panics
    /// When there was none.
    #[must_use]
    pub fn last(&self) -> Sent {
        self.sent().pop().expect("a request")
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl HttpSend for Stage {
    fn send(
        &self,
        request: http::Request<Bytes>,
        _: SendOptions,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, SendError>> {
        let (head, body) = request.into_parts();
        let query = head.uri.query().unwrap_or_default();
        locked(&self.requests).push(Sent {
            method: head.method.to_string(),
            host: head.uri.host().unwrap_or_default().to_owned(),
            path: head.uri.path().to_owned(),
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            headers: head
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()))
                .collect(),
            body,
        });
        let mut scenes = locked(&self.scenes);
        let scene = if scenes.len() > 1 {
            scenes.pop_front()
        } else {
            scenes.front().cloned()
        };
        let response = match scene.expect("a scene") {
            Scene::BreakOff => Err(SendError::new(SendErrorKind::Interrupted)),
            Scene::Respond(status, body) => Ok(http::Response::builder()
                .status(status)
                .body(Bytes::from(body))
                .expect("a response")),
        };
        ready(response).boxed()
    }
}
