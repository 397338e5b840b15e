//! One request to the API server, with its attempts: what reading and writing have in common.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use kube::client::Body;
use tokio::time::timeout;

use super::failure::{ApiResponse, Failure};
use super::retry::{Attempts, OnWait, Retries, Timeouts};
use super::single_use::SingleUse;
use super::warnings;

/// Largest response read whole: discovery documents, schemas, pages of a list.
const MAX_RESPONSE: usize = 64 << 20;
/// Largest response to a write: the object, of which servers take 3 MiB, with what the server adds.
pub(super) const MAX_OBJECT: usize = 16 << 20;
/// Largest response that is no success: a `Status`, or a proxy's page.
const MAX_REFUSAL: usize = 1 << 20;

/// A request, to be sent as often as it takes.
#[derive(Debug, Clone)]
pub(crate) struct ApiRequest {
    pub(crate) method: Method,
    /// With its query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Most bytes of a response that are taken.
    pub(crate) limit: usize,
}

impl ApiRequest {
    pub(crate) fn get(path: &str, accept: &'static str) -> Self {
        Self {
            method: Method::GET,
            path: path.to_owned(),
            headers: HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]),
            body: Bytes::new(),
            limit: MAX_RESPONSE,
        }
    }

    /// For people.
    pub(crate) fn name(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        format!("{} `{path}`", self.method)
    }
}

/// The API server, and how long it may take. Clones share what is being waited for.
#[derive(Clone)]
pub(crate) struct Connection {
    client: kube::Client,
    single_use: SingleUse,
    timeouts: Timeouts,
    retries: Retries,
    /// Those that say for whom requests are made.
    act_as: HeaderMap,
}

impl Connection {
    /// Speaks through `client`, whose own retries are turned off: clients made from a [`kube::Config`]
    /// with its defaults have some.
    pub(crate) fn new(client: kube::Client, timeouts: Timeouts, on_wait: Option<OnWait>) -> Self {
        Self {
            single_use: SingleUse::new(client.default_namespace()),
            client,
            timeouts,
            retries: Retries::new(on_wait),
            act_as: HeaderMap::new(),
        }
    }

    pub(super) fn client(&self) -> &kube::Client {
        &self.client
    }

    /// Those that say for whom requests are made.
    pub(super) fn headers(&self) -> &HeaderMap {
        &self.act_as
    }

    /// Sends every request as somebody else, with these headers.
    pub(crate) fn acting_as(mut self, headers: HeaderMap) -> Self {
        self.act_as = headers;
        self
    }

    pub(crate) fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    pub(crate) fn retries(&self) -> &Retries {
        &self.retries
    }

    /// Attempts at what has this name for people.
    pub(crate) fn attempts(&self, request: String) -> Attempts {
        Attempts::new(request, self.timeouts, &self.retries)
    }

    /// Sends once, and returns the beginning of a success.
    pub(crate) async fn open(&self, request: &ApiRequest) -> Result<Response<Body>, Failure> {
        let response = self.send(request).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(Failure::refusal(&self.whole(response, request).await?))
    }

    async fn send(&self, request: &ApiRequest) -> Result<Response<Body>, Failure> {
        let body = self.single_use.body(request.body.clone()).await;
        let mut sent = Request::new(body.map_err(|error| Failure::transport(&error))?);
        *sent.method_mut() = request.method.clone();
        sent.headers_mut().clone_from(&request.headers);
        for (name, value) in &self.act_as {
            sent.headers_mut().append(name, value.clone());
        }
        *sent.uri_mut() = request
            .path
            .parse()
            .map_err(|error: http::uri::InvalidUri| Failure::unreadable(&request.path, &error))?;
        self.client
            .send(sent)
            .await
            .map_err(|error| Failure::transport(&error))
    }

    async fn whole(
        &self,
        response: Response<Body>,
        request: &ApiRequest,
    ) -> Result<ApiResponse, Failure> {
        let (head, body) = response.into_parts();
        let limit = match head.status.is_success() {
            true => request.limit,
            false => MAX_REFUSAL,
        };
        let header = |name| {
            let value: Option<&HeaderValue> = head.headers.get(name);
            value.and_then(|value| value.to_str().ok())
        };
        let retry_after = header(RETRY_AFTER).and_then(|seconds| seconds.parse().ok());
        let content_type = header(CONTENT_TYPE).unwrap_or_default().to_owned();
        // What answers a write is mostly what was written, and a little more.
        let expected = request.body.len() + request.body.len() / 8;
        let body = read_whole(body, limit, expected).await;
        let body = body.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
            Some(_) => Failure::too_long(limit),
            None => Failure::transport(error.as_ref()),
        })?;
        Ok(ApiResponse {
            warnings: warnings::of(&head.headers),
            status: head.status,
            content_type,
            retry_after: retry_after.map(Duration::from_secs),
            body,
        })
    }

    /// The next bytes of a response's body; `None` after its end.
    pub(crate) async fn chunk(&self, body: &mut Body) -> Result<Option<Bytes>, Failure> {
        let limit = self.timeouts.attempt;
        loop {
            let frame = match timeout(limit, body.frame()).await {
                Err(_) => return Err(Failure::silence("no more of the response", limit)),
                Ok(None) => return Ok(None),
                Ok(Some(frame)) => frame.map_err(|error| Failure::transport(&error))?,
            };
            // Anything else is trailers.
            if let Ok(bytes) = frame.into_data() {
                return Ok(Some(bytes));
            }
        }
    }

    /// Sends until there is a response, success or not, that sending again would not change. Of failures
    /// that may pass, `is_hopeless` says which are not worth waiting for, given how many there were.
    pub(crate) async fn exchange(
        &self,
        request: &ApiRequest,
        is_hopeless: impl Fn(&Failure, u32) -> bool,
    ) -> Result<ApiResponse, Failure> {
        let mut attempts = self.attempts(request.name());
        loop {
            let attempt = async { self.whole(self.send(request).await?, request).await };
            let failure = match attempts.one("no complete response", attempt).await {
                Ok(response) => match Failure::of(&response) {
                    Some(failure) if failure.is_transient() => failure,
                    _ => return Ok(response),
                },
                Err(failure) => failure,
            };
            attempts.again(failure, &is_hopeless).await?;
        }
    }
}

/// A body of at most `limit` bytes and probably of `expected`. Each part of it is let go as it is taken over: large
/// objects are not held twice.
async fn read_whole(
    body: Body,
    limit: usize,
    expected: usize,
) -> Result<Bytes, Box<dyn std::error::Error + Send + Sync>> {
    let mut body = Limited::new(body, limit);
    let mut first: Option<Bytes> = None;
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        // Anything else is trailers.
        let Ok(part) = frame?.into_data() else {
            continue;
        };
        match first.take() {
            None if whole.is_empty() => first = Some(part),
            None => whole.extend_from_slice(&part),
            Some(first) => {
                whole.reserve(expected.min(limit).max(first.len() + part.len()));
                whole.extend_from_slice(&first);
                whole.extend_from_slice(&part);
            }
        }
    }
    Ok(first.unwrap_or_else(|| whole.into()))
}
