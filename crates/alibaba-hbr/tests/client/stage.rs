//! A client whose service is a script.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use alibaba_core::clock::ManualClock;
use alibaba_core::credentials::StaticProvider;
use alibaba_core::http_send::{HttpSend, SendError, SendErrorKind, SendOptions};
use alibaba_core::openapi::SignatureScheme;
use alibaba_core::{Context, Credentials, Region};
use alibaba_hbr::Client;
use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};

/// What the service does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Scene {
    Respond(u16, String),
    BreakOff,
}

/// Plays scenes, the last one again and again, and keeps the requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stage {
    scenes: Arc<Mutex<VecDeque<Scene>>>,
    requests: Arc<Mutex<Vec<Sent>>>,
}

/// A request as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: String,
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) form: BTreeMap<String, String>,
}

impl Stage {
    pub(crate) fn responding(body: impl Into<String>) -> Self {
        Self::playing([Scene::Respond(200, body.into())])
    }

    pub(crate) fn playing(scenes: impl IntoIterator<Item = Scene>) -> Self {
        let stage = Self::default();
        stage.scenes.lock().unwrap().extend(scenes);
        stage
    }

    pub(crate) fn client(&self) -> Client {
        self.client_signing(SignatureScheme::Acs3)
    }

    pub(crate) fn client_signing(&self, scheme: SignatureScheme) -> Client {
        let clock = ManualClock::at("2026-01-15T08:30:00Z".parse().unwrap());
        let context = Context::new(Arc::new(self.clone())).with_clock(Arc::new(clock));
        let credentials = Credentials::new("FAKE-ACCESS-KEY-ID", "FAKE-ACCESS-KEY-SECRET");
        let credentials = Arc::new(StaticProvider::new(credentials).unwrap());
        Client::builder(&context, Region::CN_HANGZHOU, credentials)
            .with_signature(scheme)
            .build()
            .unwrap()
    }

    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn last(&self) -> Sent {
        self.sent().pop().unwrap()
    }
}

impl HttpSend for Stage {
    fn send(
        &self,
        request: http::Request<Bytes>,
        _: SendOptions,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, SendError>> {
        let (head, body) = request.into_parts();
        let query = head.uri.query().unwrap_or_default();
        self.requests.lock().unwrap().push(Sent {
            method: head.method.to_string(),
            host: head.uri.host().unwrap_or_default().to_owned(),
            path: head.uri.path().to_owned(),
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            headers: head
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect(),
            form: form_urlencoded::parse(&body).into_owned().collect(),
        });
        let mut scenes = self.scenes.lock().unwrap();
        let scene = if scenes.len() > 1 {
            scenes.pop_front()
        } else {
            scenes.front().cloned()
        };
        let response = match scene.unwrap() {
            Scene::BreakOff => Err(SendError::new(SendErrorKind::Interrupted)),
            Scene::Respond(status, body) => Ok(http::Response::builder()
                .status(status)
                .body(Bytes::from(body))
                .unwrap()),
        };
        ready(response).boxed()
    }
}
