//! A world for tests: responses from a script, a clock that tests move, no randomness.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use parking_lot::Mutex;

use crate::Context;
use crate::clock::ManualClock;
use crate::http_send::{HttpSend, SendError, SendErrorKind, SendOptions};
use crate::retry::FixedJitter;

/// Responds from a script and keeps the requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scripted {
    responses: Arc<Mutex<VecDeque<Scene>>>,
    seen: Arc<Mutex<Vec<http::Request<Bytes>>>>,
}

#[derive(Debug)]
pub(crate) enum Scene {
    Response(u16, &'static [(&'static str, &'static str)], &'static str),
    Failure(SendErrorKind),
}

pub(crate) const OK: Scene = Scene::Response(200, &[], r#"{"RequestId":"R-ok"}"#);

impl HttpSend for Scripted {
    fn send(
        &self,
        request: http::Request<Bytes>,
        _options: SendOptions,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, SendError>> {
        self.seen.lock().push(request);
        let scene = self
            .responses
            .lock()
            .pop_front()
            .expect("more requests than responses");
        let response = match scene {
            Scene::Failure(kind) => Err(SendError::new(kind)),
            Scene::Response(status, headers, body) => {
                let mut response = http::Response::builder().status(status);
                for (name, value) in headers {
                    response = response.header(*name, *value);
                }
                Ok(response.body(Bytes::from_static(body.as_bytes())).unwrap())
            }
        };
        ready(response).boxed()
    }
}

pub(crate) struct Stage {
    http: Scripted,
    pub(crate) clock: ManualClock,
    pub(crate) context: Context,
}

pub(crate) fn now() -> DateTime<Utc> {
    "2026-01-15T08:30:00Z".parse().unwrap()
}

pub(crate) fn stage(responses: impl IntoIterator<Item = Scene>) -> Stage {
    let http = Scripted::default();
    http.responses.lock().extend(responses);
    let clock = ManualClock::at(now());
    let context = Context::new(Arc::new(http.clone()))
        .with_clock(Arc::new(clock.clone()))
        .with_jitter(Arc::new(FixedJitter(0.5)));
    Stage {
        http,
        clock,
        context,
    }
}

impl Stage {
    /// How many requests came.
    pub(crate) fn attempts(&self) -> usize {
        self.http.seen.lock().len()
    }

    /// The requests, in order.
    pub(crate) fn seen(&self) -> Vec<http::Request<Bytes>> {
        self.http.seen.lock().clone()
    }

    pub(crate) fn header(&self, at: usize, name: &str) -> String {
        self.seen()[at].headers()[name].to_str().unwrap().to_owned()
    }
}

/// The parameters of a query or form.
pub(crate) fn decoded(text: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| alibaba_sign::percent::decode(text).unwrap();
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}
