//! Why a request to the API server failed, in the server's own words.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::printable::Printable;
use crate::{Error, ErrorKind};

/// Characters shown of a body that is no `Status`, such as a proxy's page.
const SHOWN: usize = 300;
/// Characters kept of a `Status`'s message: a 422 of the longest object is a list of some hundred causes.
const KEPT: usize = 8192;

/// A response of the server, success or not.
#[derive(Debug)]
pub(crate) struct ApiResponse {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) retry_after: Option<Duration>,
    /// What the server warns of, in its own words.
    pub(crate) warnings: Vec<String>,
    pub(crate) body: Bytes,
}

impl ApiResponse {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The reason of a Status, such as `AlreadyExists`.
    pub(crate) fn reason(&self) -> String {
        Status::of(self).reason
    }

    /// The message of a Status, for people.
    pub(crate) fn message(&self) -> String {
        Status::of(self).message
    }
}

/// What the engine needs of a `metav1.Status`.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Status {
    message: String,
    reason: String,
    metadata: StatusMeta,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct StatusMeta {
    #[serde(rename = "continue")]
    continue_token: String,
}

impl Status {
    fn of(response: &ApiResponse) -> Self {
        let mut status: Self = serde_json::from_slice(&response.body).unwrap_or_default();
        if let Some((end, _)) = status.message.char_indices().nth(KEPT) {
            status.message.truncate(end);
            status.message.push_str("...");
        }
        if status.message.is_empty() {
            let text = String::from_utf8_lossy(&response.body);
            status.message = text.trim().chars().take(SHOWN).collect();
        }
        if status.message.is_empty() {
            status.message = format!("the API server responded {}", response.status);
        }
        status
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// The server refused, or failed.
    Response(StatusCode),
    /// There was no response, or it broke off.
    Transport,
    /// As [`Cause::Transport`], and the next attempt would end in the same way.
    Setup,
    /// Nothing came for too long.
    Silence,
    /// A response that is not what was asked for.
    Unreadable,
}

/// A request that failed.
#[derive(Debug, thiserror::Error)]
pub(crate) struct Failure {
    cause: Cause,
    /// The server's words, where there are any.
    pub(crate) message: String,
    reason: String,
    /// The token with which an expired list may go on.
    pub(crate) continue_token: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    /// How often it was tried, and for how long, once it is given up.
    tried: Option<(u32, Duration)>,
}

impl Failure {
    fn new(cause: Cause, message: String) -> Self {
        Self {
            cause,
            message,
            reason: String::new(),
            continue_token: None,
            retry_after: None,
            tried: None,
        }
    }

    /// The failure that a response tells of; `None` for a success.
    pub(crate) fn of(response: &ApiResponse) -> Option<Self> {
        (!response.status.is_success()).then(|| Self::refusal(response))
    }

    /// What a response that is no success says.
    pub(crate) fn refusal(response: &ApiResponse) -> Self {
        let status = Status::of(response);
        let token = status.metadata.continue_token;
        Self {
            reason: status.reason,
            continue_token: Some(token).filter(|token| !token.is_empty()),
            retry_after: response.retry_after,
            ..Self::new(Cause::Response(response.status), status.message)
        }
    }

    /// No response, or the end of one in its middle.
    pub(crate) fn transport(error: &(dyn StdError + 'static)) -> Self {
        let cause = if is_setup(error) {
            Cause::Setup
        } else {
            Cause::Transport
        };
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            message = format!("{message}: {error}");
            source = error.source();
        }
        Self::new(cause, message)
    }

    /// Nothing came for `time`; `what` says what was to come.
    pub(crate) fn silence(what: &str, time: Duration) -> Self {
        Self::new(Cause::Silence, format!("{what} within {time:?}"))
    }

    /// A response that is not what was asked for; asking again would not change it.
    pub(crate) fn unreadable(path: &str, error: &dyn StdError) -> Self {
        let message = format!("the response to `{path}` cannot be read: {error}");
        Self::new(Cause::Unreadable, message)
    }

    /// A response of more than `limit` bytes; asking again would not change it.
    pub(crate) fn too_long(limit: usize) -> Self {
        let message = format!("the response is longer than {limit} bytes");
        Self::new(Cause::Unreadable, message)
    }

    pub(crate) fn is(&self, status: StatusCode) -> bool {
        self.cause == Cause::Response(status)
    }

    /// Whether these are the server's words, and not about its silence.
    pub(crate) fn is_response(&self) -> bool {
        matches!(self.cause, Cause::Response(_))
    }

    /// Whether the same request may succeed a little later: a broken connection, 429, 5xx, and the
    /// 409 of a writer that was overtaken, or of a proxy.
    pub(crate) fn is_transient(&self) -> bool {
        match self.cause {
            Cause::Transport | Cause::Silence => true,
            Cause::Setup | Cause::Unreadable => false,
            Cause::Response(StatusCode::CONFLICT) => self.reason != "AlreadyExists",
            Cause::Response(status) => {
                status == StatusCode::TOO_MANY_REQUESTS
                    || status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
            }
        }
    }

    /// Whether the server could not convert an object to the version asked for.
    pub(crate) fn is_of_conversion(&self) -> bool {
        self.is_response() && self.message.contains("conversion webhook")
    }

    /// What names the webhook in the message of a server that could not call it (apiserver,
    /// webhook/errors and apiextensions, conversion/webhook_converter.go). After it comes the
    /// address, which tells the time each attempt was given.
    pub(crate) fn webhook(&self) -> Option<&str> {
        let call = self.message.split(": Post ").next()?;
        call.contains(" webhook ").then_some(call)
    }

    /// The failure of the last of `attempts`, which took `time` in all.
    pub(crate) fn after(mut self, attempts: u32, time: Duration) -> Self {
        self.tried = Some((attempts, time));
        self
    }

    /// The error of the caller's `step`.
    pub(crate) fn into_error(self, step: &str) -> Error {
        let kind = match self.cause {
            Cause::Silence => ErrorKind::Timeout,
            _ => ErrorKind::Cluster,
        };
        Error::new(kind, format!("{step}: {self}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Printable(&self.message))?;
        if let Cause::Response(status) = self.cause {
            write!(f, " ({})", status.as_u16())?;
        }
        match self.tried {
            Some((attempts, time)) if attempts > 1 => {
                write!(f, ", after {attempts} attempts in {time:.1?}")
            }
            _ => Ok(()),
        }
    }
}

/// Whether no request can reach the server: its certificate is not trusted, or the client has no valid
/// credentials.
fn is_setup(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(kube::Error::Auth(_)) = error.downcast_ref() {
            return true;
        }
        // So rustls reports what is wrong with a certificate.
        if let Some(error) = error.downcast_ref::<io::Error>()
            && error.kind() == io::ErrorKind::InvalidData
        {
            return true;
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, body: &str) -> ApiResponse {
        ApiResponse {
            status: StatusCode::from_u16(status).unwrap(),
            content_type: String::new(),
            retry_after: None,
            warnings: Vec::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    fn failure(status: u16, body: &str) -> Failure {
        Failure::of(&response(status, body)).unwrap()
    }

    #[test]
    fn a_webhook_that_fails_is_known_by_its_name() {
        let failed =
            |message: &str| failure(500, &serde_json::json!({"message": message}).to_string());
        // As kube-apiserver 1.36 says it.
        let admission = failed(
            r#"Internal error occurred: failed calling webhook "deny.example.com": failed to call webhook: Post "https://s.ns.svc:443/?timeout=1s": no endpoints available for service "s""#,
        );
        assert_eq!(
            admission.webhook(),
            Some(
                r#"Internal error occurred: failed calling webhook "deny.example.com": failed to call webhook"#
            )
        );
        let conversion = failed(
            r#"conversion webhook for example.com/v2, Kind=Cart failed: Post "https://s.ns.svc:443/?timeout=30s": service "s" not found"#,
        );
        assert_eq!(
            conversion.webhook(),
            Some("conversion webhook for example.com/v2, Kind=Cart failed")
        );
        assert_eq!(failed("etcdserver: request timed out").webhook(), None);
    }

    #[test]
    fn what_may_pass_is_told_from_what_will_not() {
        for (status, reason, transient) in [
            (429, "TooManyRequests", true),
            (500, "InternalError", true),
            (501, "", false),
            (503, "ServiceUnavailable", true),
            (504, "Timeout", true),
            (409, "Conflict", true),
            (409, "", true),
            (409, "AlreadyExists", false),
            (403, "Forbidden", false),
            (404, "NotFound", false),
            (410, "Expired", false),
            (422, "Invalid", false),
        ] {
            let body = format!(r#"{{"reason":"{reason}"}}"#);
            assert_eq!(
                failure(status, &body).is_transient(),
                transient,
                "{status} {reason}"
            );
        }
    }

    #[test]
    fn a_failure_holds_the_words_of_whoever_responded() {
        let of_status = failure(503, r#"{"message":"etcdserver: no leader"}"#);
        assert_eq!(of_status.to_string(), "etcdserver: no leader (503)");
        let of_proxy = failure(502, "<h1>Bad gateway</h1>\n");
        assert_eq!(of_proxy.to_string(), "<h1>Bad gateway</h1> (502)");
        let of_nobody = failure(500, "").after(3, Duration::from_millis(1250));
        assert_eq!(
            of_nobody.to_string(),
            "the API server responded 500 Internal Server Error (500), after 3 attempts in 1.2s"
        );
    }

    #[test]
    fn an_untrusted_certificate_is_not_tried_again() {
        let refused = io::Error::new(io::ErrorKind::InvalidData, "invalid peer certificate");
        assert!(!Failure::transport(&refused).is_transient());
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        assert!(Failure::transport(&reset).is_transient());
    }
}
