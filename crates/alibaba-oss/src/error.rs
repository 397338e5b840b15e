//! The crate's error.

use std::fmt;
use std::time::Duration;

use alibaba_core::clock::ServiceClock;
use alibaba_core::retry::Cause;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, StatusCode};

/// The result of every call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a call failed: what was being done, what OSS said, and its request id.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Inner>);

#[derive(Debug, thiserror::Error)]
#[error("{}", printable(&format!("{step}{}", Response(self))))]
struct Inner {
    kind: ErrorKind,
    step: String,
    host: Option<String>,
    attempts: u32,
    status: Option<StatusCode>,
    code: Option<String>,
    message: Option<String>,
    ec: Option<String>,
    auth_action: Option<String>,
    request_id: Option<String>,
    server: Option<String>,
    retry_after: Option<Duration>,
    served_at: Option<DateTime<Utc>>,
    mismatch: bool,
    source: Option<Source>,
}

/// What the caller can do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting or argument is wrong: change it.
    Configuration,
    /// The credentials are missing, wrong or expired.
    Credentials,
    /// OSS could not be reached, or the connection broke.
    Connection,
    /// No response in time.
    Timeout,
    /// OSS wants fewer requests.
    Throttled,
    /// The caller may not do this: change the RAM policy.
    Denied,
    /// This machine's clock and OSS's differ by more than 15 minutes.
    ClockSkew,
    /// No such object, bucket or upload; the code tells which.
    NotFound,
    /// The object exists and may not be overwritten.
    AlreadyExists,
    /// A condition of the request does not hold.
    Precondition,
    /// The object is as the caller knows it.
    NotModified,
    /// The state of the bucket or object does not allow this.
    Conflict,
    /// The range lies outside the object.
    RangeNotSatisfiable,
    /// The object is archived and has to be restored first.
    Archived,
    /// A local file, or the caller's stream, could not be read or written.
    Local,
    /// Bytes were altered or lost on the way.
    Integrity,
    /// OSS refuses the request as it is.
    Refused,
    /// OSS failed.
    Service,
    /// The response is not what OSS documents, or not OSS's at all.
    Response,
    /// A fault of this crate, or a runtime that is shutting down: nothing that a caller can correct.
    Internal,
}

/// What OSS says of a refusal.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Document {
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) request_id: Option<String>,
    #[serde(rename = "EC")]
    pub(crate) ec: Option<String>,
    pub(crate) endpoint: Option<String>,
    /// Which action was denied, where OSS says so.
    pub(crate) auth_action: Option<String>,
    pub(crate) server_time: Option<String>,
}

impl Document {
    /// What OSS's clock showed.
    fn server_time(&self) -> Option<DateTime<Utc>> {
        self.server_time.as_ref()?.parse().ok()
    }
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, step: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            step: step.into(),
            host: None,
            attempts: 0,
            status: None,
            code: None,
            message: None,
            ec: None,
            auth_action: None,
            request_id: None,
            server: None,
            retry_after: None,
            served_at: None,
            mismatch: false,
            source: None,
        }))
    }

    pub(crate) fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Notes the head of the response that the error is about.
    pub(crate) fn with_response(mut self, status: StatusCode, headers: &HeaderMap) -> Self {
        let text = |name| said(headers.get(name)?.to_str().ok().map(str::to_owned));
        self.0.status = Some(status);
        self.0.request_id = text("x-oss-request-id");
        self.0.ec = text("x-oss-ec");
        self.0.server = text("server");
        self.0.served_at = ServiceClock::served_at(headers);
        self
    }

    /// Notes the request whose response the error is about, unless one is noted.
    pub(crate) fn or_request_id(mut self, id: Option<&HeaderValue>) -> Self {
        let id = id.and_then(|id| id.to_str().ok()).map(str::to_owned);
        self.0.request_id = self.0.request_id.or(id);
        self
    }

    /// Notes what OSS says in the body of that response, which has precedence over the head.
    pub(crate) fn with_document(mut self, document: Document) -> Self {
        // Signed for by OSS, unlike the date of whoever handed it on.
        self.0.served_at = document.server_time().or(self.0.served_at);
        self.0.code = said(document.code);
        self.0.message = said(document.message);
        self.0.ec = said(document.ec).or(self.0.ec);
        self.0.request_id = said(document.request_id).or(self.0.request_id);
        self.0.auth_action = said(document.auth_action);
        self
    }

    /// Notes what the response says in words.
    pub(crate) fn with_message(mut self, message: String) -> Self {
        self.0.message = Some(message);
        self
    }

    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    /// Notes which host was asked, and how often.
    pub(crate) fn with_attempts(mut self, host: Option<String>, attempts: u32) -> Self {
        self.0.host = host;
        self.0.attempts = attempts;
        self
    }

    /// Marks the failure of a comparison of checksums.
    pub(crate) fn with_mismatch(mut self) -> Self {
        self.0.mismatch = true;
        self
    }

    /// What the caller can do.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same call may succeed later, unchanged.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        !matches!(self.cause(), Cause::Permanent | Cause::Credentials)
    }

    /// OSS's error code, such as `NoSuchKey`.
    #[must_use]
    pub fn service_code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// OSS's finer code, such as `0026-00000001`; for people, not for programs.
    #[must_use]
    pub fn ec(&self) -> Option<&str> {
        self.0.ec.as_deref()
    }

    /// The action that the caller lacks, such as `oss:PutObject`, where OSS says it. The text of an
    /// [`ErrorKind::Denied`] names the action of the call elsewhere.
    #[must_use]
    pub fn missing_action(&self) -> Option<&str> {
        self.0.auth_action.as_deref()
    }

    /// The id to give to Alibaba Cloud's support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The host that was asked, where it came to that.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.0.host.as_deref()
    }

    /// How many requests were made; all but the last failed for a reason that could have passed.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// [`Verdict::Mismatch`](crate::Verdict::Mismatch) where the CRC-64 of a transfer is not the one
    /// expected, after the repetitions that the policy allows.
    #[must_use]
    pub fn verdict(&self) -> Option<crate::Verdict> {
        self.0.mismatch.then_some(crate::Verdict::Mismatch)
    }

    /// The HTTP status, where a response came.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// Whether an earlier attempt may have been carried out, and its response lost.
    pub(crate) fn was_repeated(&self) -> bool {
        self.0.attempts > 1
    }

    /// Whether OSS says that a setting was never made, and not that its bucket or object is missing.
    pub(crate) fn is_unset(&self) -> bool {
        let missing = ["NoSuchBucket", "NoSuchKey", "NoSuchVersion"];
        let code = self.service_code();
        self.kind() == ErrorKind::NotFound && code.is_some_and(|code| !missing.contains(&code))
    }

    pub(crate) fn cause(&self) -> Cause {
        match self.0.kind {
            ErrorKind::Throttled => Cause::Throttled {
                retry_after: self.0.retry_after,
            },
            // Whoever names a wait gets it, whatever the code is.
            ErrorKind::Service if self.0.retry_after.is_some() => Cause::Throttled {
                retry_after: self.0.retry_after,
            },
            ErrorKind::Connection
            | ErrorKind::Timeout
            | ErrorKind::Service
            | ErrorKind::Integrity => Cause::Transient,
            ErrorKind::ClockSkew => Cause::ClockSkew {
                served_at: self.0.served_at,
            },
            // A token may end while a long transfer is under way, and sooner than it said. A wrong
            // secret stays wrong, and so does a wrong region.
            ErrorKind::Credentials
                if !matches!(
                    self.0.code.as_deref(),
                    Some("SignatureDoesNotMatch" | "InvalidArgument")
                ) =>
            {
                Cause::Credentials
            }
            // OSS waited too long for the body (RequestTimeout) or lost it (InvalidDigest).
            ErrorKind::Refused
                if matches!(
                    self.0.code.as_deref(),
                    Some("RequestTimeout" | "InvalidDigest")
                ) =>
            {
                Cause::Transient
            }
            _ => Cause::Permanent,
        }
    }
}

/// What is there and not empty.
fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// What is known of the response, in brackets after the step.
struct Response<'e>(&'e Inner);

impl fmt::Display for Response<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = self.0;
        let mut facts = Vec::new();
        if let Some(status) = error.status {
            let code = error.code.as_deref().unwrap_or_default();
            let message = error.message.as_deref().unwrap_or_default();
            let gap = if code.is_empty() { "" } else { " " };
            let colon = if message.is_empty() { "" } else { ": " };
            facts.push(format!("{}{gap}{code}{colon}{message}", status.as_u16()));
        }
        facts.extend(error.host.as_ref().map(|host| format!("host {host}")));
        if error.code.is_none() {
            // Who else may have responded.
            facts.extend(error.server.as_ref().map(|name| format!("server {name}")));
        }
        facts.extend(
            error
                .request_id
                .as_ref()
                .map(|id| format!("request id {id}")),
        );
        if error.attempts > 1 {
            facts.push(format!("attempt {}", error.attempts));
        }
        if facts.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", facts.join(", "))
    }
}

/// A text as it can be shown: parts of it are keys, and came over the network, and must not steer a
/// terminal.
fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_control() {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_step_response_host_request_and_attempts() {
        let mut headers = HeaderMap::new();
        headers.insert("x-oss-request-id", http::HeaderValue::from_static("R1"));
        headers.insert("server", http::HeaderValue::from_static("AliyunOSS"));
        let error = || {
            Error::new(ErrorKind::Refused, "put object `a`")
                .with_response(StatusCode::BAD_REQUEST, &headers)
                .with_attempts(Some("b.oss.example".to_owned()), 3)
        };
        assert_eq!(
            error().to_string(),
            "put object `a` (400, host b.oss.example, server AliyunOSS, request id R1, attempt 3)"
        );
        let hostile = error()
            .with_message("\u{1b}[2Jgone\n".to_owned())
            .to_string();
        assert!(hostile.contains(r"\u{1b}[2Jgone\n"), "{hostile}");
        let document = Document {
            code: Some("InvalidArgument".to_owned()),
            message: Some("no".to_owned()),
            ..Document::default()
        };
        let error = error().with_document(document);
        assert_eq!(
            error.to_string(),
            "put object `a` (400 InvalidArgument: no, host b.oss.example, request id R1, attempt 3)"
        );
        assert_eq!((error.host(), error.attempts()), (Some("b.oss.example"), 3));
        assert_eq!(Error::new(ErrorKind::Local, "read").to_string(), "read");
    }

    /// Who asks for a code asks whether there is one.
    #[test]
    fn what_is_empty_is_not_said() {
        let mut headers = HeaderMap::new();
        headers.insert("x-oss-ec", http::HeaderValue::from_static("0003-00000001"));
        headers.insert("x-oss-request-id", http::HeaderValue::from_static(""));
        let empty = || Some(String::new());
        let document = Document {
            code: empty(),
            message: empty(),
            request_id: empty(),
            ec: empty(),
            auth_action: empty(),
            ..Document::default()
        };
        let error = Error::new(ErrorKind::Denied, "read")
            .with_response(StatusCode::FORBIDDEN, &headers)
            .with_document(document);
        assert_eq!((error.service_code(), error.request_id()), (None, None));
        assert_eq!(
            (error.ec(), error.missing_action()),
            (Some("0003-00000001"), None)
        );
        assert_eq!(error.to_string(), "read (403)");
    }

    #[test]
    fn what_is_not_set_is_told_from_what_is_not_there() {
        let refused = |code: &str| {
            let document = Document {
                code: Some(code.to_owned()),
                ..Default::default()
            };
            Error::new(ErrorKind::NotFound, "read").with_document(document)
        };
        assert!(refused("NoSuchLifecycle").is_unset());
        for code in ["NoSuchBucket", "NoSuchKey", "NoSuchVersion"] {
            assert!(!refused(code).is_unset(), "{code}");
        }
    }
}
