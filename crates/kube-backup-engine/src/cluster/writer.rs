//! Single requests to the API server: raw JSON in and out, repeated where that is safe.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use kube::Client;
use kube::client::Body;
use serde_json::Value;

use crate::{Error, ErrorKind, Result};

/// An answer of the server, success or not.
#[derive(Debug)]
pub(crate) struct ApiResponse {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl ApiResponse {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The reason of a Status, such as `AlreadyExists`.
    pub(crate) fn reason(&self) -> String {
        self.json()["reason"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// The message of a Status, for people.
    pub(crate) fn message(&self) -> String {
        match self.json()["message"].as_str() {
            Some(message) => message.to_owned(),
            None => format!("the API server answered {}", self.status),
        }
    }
}

/// The API server, for single requests that may change something.
#[derive(Clone)]
pub(crate) struct ClusterWriter {
    client: Client,
    request_timeout: Duration,
    dry_run: bool,
    given_up: Arc<Mutex<HashSet<String>>>,
}

impl ClusterWriter {
    pub(crate) fn new(client: Client, request_timeout: Duration) -> Self {
        Self {
            client,
            request_timeout,
            dry_run: false,
            given_up: Arc::default(),
        }
    }

    /// Whatever is asked of the server, it changes nothing: it admits, defaults and checks, and says
    /// what would have become of it.
    pub(crate) fn for_dry_runs(mut self) -> Self {
        self.dry_run = true;
        self
    }

    pub(crate) fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        self.request_timeout
    }

    pub(crate) async fn get(&self, path: &str) -> Result<ApiResponse> {
        self.request(Method::GET, path, "application/json", Bytes::new())
            .await
    }

    pub(crate) async fn create(&self, path: &str, object: &Value) -> Result<ApiResponse> {
        let path = self.for_writing(path);
        self.request(Method::POST, &path, "application/json", encode(object)?)
            .await
    }

    pub(crate) async fn merge(&self, path: &str, patch: &Value) -> Result<ApiResponse> {
        let path = self.for_writing(path);
        self.request(
            Method::PATCH,
            &path,
            "application/merge-patch+json",
            encode(patch)?,
        )
        .await
    }

    fn for_writing<'a>(&self, path: &'a str) -> Cow<'a, str> {
        if self.dry_run {
            format!("{path}?dryRun=All").into()
        } else {
            path.into()
        }
    }

    /// Repeats what failed for a while: a broken connection, 429, 5xx, and the 409 of a writer that
    /// was overtaken. Gives up, naming what was asked, when the time is over. A webhook that failed for
    /// so long is not waited for again: thousands of objects may be for it.
    async fn request(
        &self,
        method: Method,
        path: &str,
        media: &str,
        body: Bytes,
    ) -> Result<ApiResponse> {
        let step = || format!("{method} `{path}`");
        let started = Instant::now();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let request = Request::builder()
                .method(method.clone())
                .uri(path)
                .header("content-type", media)
                .header("accept", "application/json")
                .body(Body::from(body.clone()))
                .map_err(|error| Error::invalid(step()).with_source(error))?;
            let left = self.request_timeout.saturating_sub(started.elapsed());
            let outcome = tokio::time::timeout(left, exchange(&self.client, request)).await;
            let (failure, wait, webhook) = match outcome {
                Err(_) => {
                    return Err(Error::new(
                        ErrorKind::Timeout,
                        format!("{}: no answer within {:?}", step(), self.request_timeout),
                    ));
                }
                Ok(Ok((status, wait, body))) => {
                    let answer = ApiResponse { status, body };
                    let transient = status == StatusCode::TOO_MANY_REQUESTS
                        || status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
                        || status == StatusCode::CONFLICT && answer.reason() == "Conflict";
                    if !transient {
                        return Ok(answer);
                    }
                    let message = answer.message();
                    let webhook = failed_webhook(&message).map(str::to_owned);
                    let failure = Error::new(ErrorKind::Cluster, format!("{}: {message}", step()));
                    (failure, wait, webhook)
                }
                Ok(Err(error)) => (Error::cluster(step(), error), None, None),
            };
            let pause = wait.unwrap_or_else(|| backoff(attempts));
            let given_up = || self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(webhook) = &webhook
                && given_up().contains(webhook)
            {
                return Err(failure);
            }
            if started.elapsed() + pause >= self.request_timeout {
                given_up().extend(webhook);
                return Err(failure);
            }
            tracing::debug!(%failure, attempts, "try again");
            tokio::time::sleep(pause).await;
        }
    }
}

/// What names the webhook in the message of a server that could not call it (apiserver,
/// webhook/errors and apiextensions, conversion/webhook_converter.go). Behind it stands the address,
/// which tells the time each attempt was given.
fn failed_webhook(message: &str) -> Option<&str> {
    let call = message.split(": Post ").next()?;
    call.contains(" webhook ").then_some(call)
}

async fn exchange(
    client: &Client,
    request: Request<Body>,
) -> std::result::Result<
    (StatusCode, Option<Duration>, Bytes),
    Box<dyn std::error::Error + Send + Sync>,
> {
    let response = client.send(request).await?;
    let status = response.status();
    let wait = response
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(Duration::from_secs);
    let body = response.into_body().collect().await?.to_bytes();
    Ok((status, wait, body))
}

/// 50 ms, doubled each time up to 3 s, half of it at random.
fn backoff(attempts: u32) -> Duration {
    let ceiling = Duration::from_millis(50 << attempts.min(6));
    ceiling / 2 + (ceiling / 2).mul_f64(fastrand::f64())
}

fn encode(object: &Value) -> Result<Bytes> {
    serde_json::to_vec(object)
        .map(Bytes::from)
        .map_err(|error| Error::invalid("encode an object").with_source(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_that_fails_is_known_by_its_name() {
        // As kube-apiserver 1.36 says it.
        let admission = r#"Internal error occurred: failed calling webhook "deny.example.com": failed to call webhook: Post "https://s.ns.svc:443/?timeout=1s": no endpoints available for service "s""#;
        assert_eq!(
            failed_webhook(admission),
            Some(
                r#"Internal error occurred: failed calling webhook "deny.example.com": failed to call webhook"#
            )
        );
        let conversion = r#"conversion webhook for example.com/v2, Kind=Cart failed: Post "https://s.ns.svc:443/?timeout=30s": service "s" not found"#;
        assert_eq!(
            failed_webhook(conversion),
            Some("conversion webhook for example.com/v2, Kind=Cart failed")
        );
        assert_eq!(failed_webhook("etcdserver: request timed out"), None);
    }
}
