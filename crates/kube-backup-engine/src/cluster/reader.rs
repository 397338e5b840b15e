//! Raw requests to the API server: reading with the retries that lists allow, and [`patient`] single
//! requests that change something.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde::Deserialize;

/// Attempts in all; a server that fails for longer than these take is down.
const ATTEMPTS: u32 = 5;
const FIRST_DELAY: Duration = Duration::from_millis(200);
/// A server may ask for more patience than a list's history lasts.
const LONGEST_DELAY: Duration = Duration::from_secs(20);
/// Largest answer read whole: discovery documents and single objects.
const MAX_ANSWER: usize = 64 << 20;

/// Whether the API server may compress its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListEncoding {
    /// Plain JSON: on short links compression costs the server more than it saves.
    #[default]
    Plain,
    /// Whatever the client's layers ask for, such as gzip: for long links.
    AsClient,
}

/// Why a request has no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The answer's status; `None` when there was no answer.
    pub(crate) status: Option<StatusCode>,
    /// The server's words.
    pub(crate) message: String,
    /// The token with which an expired list may go on.
    pub(crate) continue_token: Option<String>,
    retry_after: Option<Duration>,
}

impl Failure {
    fn transport(error: impl std::error::Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            message = format!("{message}: {error}");
            cause = error.source();
        }
        Self {
            status: None,
            message,
            continue_token: None,
            retry_after: None,
        }
    }

    /// An answer that is not what was asked for; asking again would not change it.
    pub(crate) fn unreadable(path: &str, error: &dyn std::error::Error) -> Self {
        Self {
            status: Some(StatusCode::OK),
            message: format!("the answer to `{path}` cannot be read: {error}"),
            continue_token: None,
            retry_after: None,
        }
    }

    pub(crate) fn is(&self, status: StatusCode) -> bool {
        self.status == Some(status)
    }

    fn is_transient(&self) -> bool {
        match self.status {
            None => true,
            Some(status) => {
                // A conflict on reading is some proxy's, and passes.
                matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::CONFLICT)
                    || (status.is_server_error() && !self.message.contains("conversion webhook"))
            }
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.status {
            Some(status) => write!(f, "{} ({})", self.message, status.as_u16()),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Failure {}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Status {
    message: String,
    metadata: StatusMeta,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct StatusMeta {
    #[serde(rename = "continue")]
    continue_token: Option<String>,
}

/// The cluster, for reading.
#[derive(Clone)]
pub(crate) struct ClusterReader {
    client: kube::Client,
    encoding: ListEncoding,
}

impl ClusterReader {
    pub(crate) fn new(client: kube::Client, encoding: ListEncoding) -> Self {
        Self { client, encoding }
    }

    /// One attempt.
    pub(crate) async fn try_get(
        &self,
        path: &str,
        accept: &'static str,
    ) -> Result<Response<Body>, Failure> {
        let mut request = Request::get(path).header(ACCEPT, accept);
        if self.encoding == ListEncoding::Plain {
            request = request.header(ACCEPT_ENCODING, "identity");
        }
        let request = request.body(Body::empty()).map_err(Failure::transport)?;
        let response = self
            .client
            .send(request)
            .await
            .map_err(Failure::transport)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        let body = collect(response.into_body()).await.unwrap_or_default();
        let told: Status = serde_json::from_slice(&body).unwrap_or_default();
        let message = if told.message.is_empty() {
            let text = String::from_utf8_lossy(&body);
            text.trim().chars().take(300).collect()
        } else {
            told.message
        };
        Err(Failure {
            status: Some(status),
            message,
            continue_token: told
                .metadata
                .continue_token
                .filter(|token| !token.is_empty()),
            retry_after,
        })
    }

    /// As many attempts as it takes, up to a handful.
    pub(crate) async fn get(
        &self,
        path: &str,
        accept: &'static str,
    ) -> Result<Response<Body>, Failure> {
        let mut backoff = Backoff::default();
        loop {
            match self.try_get(path, accept).await {
                Ok(response) => return Ok(response),
                Err(failure) => backoff.wait(failure).await?,
            }
        }
    }

    /// The whole answer, and whether it is of `content_type`.
    pub(crate) async fn get_whole(
        &self,
        path: &str,
        accept: &'static str,
    ) -> Result<(String, Bytes), Failure> {
        let mut backoff = Backoff::default();
        loop {
            let answer = match self.try_get(path, accept).await {
                Ok(response) => {
                    let content_type = response
                        .headers()
                        .get(CONTENT_TYPE)
                        .and_then(|value| value.to_str().ok())
                        .unwrap_or_default()
                        .to_owned();
                    collect(response.into_body())
                        .await
                        .map(|body| (content_type, body))
                }
                Err(failure) => Err(failure),
            };
            match answer {
                Ok(answer) => return Ok(answer),
                Err(failure) => backoff.wait(failure).await?,
            }
        }
    }
}

async fn collect(body: Body) -> Result<Bytes, Failure> {
    http_body_util::Limited::new(body, MAX_ANSWER)
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .map_err(|error| Failure {
            status: None,
            message: error.to_string(),
            continue_token: None,
            retry_after: None,
        })
}

/// Counts attempts and waits between them.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failed: u32,
}

impl Backoff {
    /// Waits, or gives the failure back when trying again makes no sense.
    pub(crate) async fn wait(&mut self, failure: Failure) -> Result<(), Failure> {
        self.failed += 1;
        if !failure.is_transient() || self.failed >= ATTEMPTS {
            return Err(failure);
        }
        let delay = failure.retry_after.unwrap_or_else(|| {
            let full = FIRST_DELAY * 2u32.pow(self.failed - 1);
            // Jitter, so that parallel lists do not come back all at once.
            full.mul_f64(0.5 + fastrand::f64() / 2.0)
        });
        tracing::debug!(%failure, ?delay, "trying again");
        tokio::time::sleep(delay.min(LONGEST_DELAY)).await;
        Ok(())
    }

    /// A failure in the middle of an answer.
    pub(crate) async fn wait_for(&mut self, error: impl std::error::Error) -> Result<(), Failure> {
        self.wait(Failure::transport(error)).await
    }

    pub(crate) fn reset(&mut self) {
        self.failed = 0;
    }
}

/// Percent-encodes a query parameter's value.
pub(crate) fn encode_query(text: &str, into: &mut String) {
    use std::fmt::Write as _;
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                into.push(char::from(byte));
            }
            other => {
                let _ = write!(into, "%{other:02X}");
            }
        }
    }
}
