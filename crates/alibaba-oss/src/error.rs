//! The crate's error.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use alibaba_core::retry::Cause;
use http::StatusCode;

/// The result of every call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn StdError + Send + Sync>;

/// Why a call failed: what was being done, what OSS said, and its request id.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    step: String,
    status: Option<StatusCode>,
    code: Option<String>,
    message: Option<String>,
    ec: Option<String>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
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
    /// No answer in time.
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
    /// The answer is not what OSS documents.
    Response,
}

/// The fields of OSS's error document.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Document {
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) request_id: Option<String>,
    #[serde(rename = "EC")]
    pub(crate) ec: Option<String>,
    pub(crate) endpoint: Option<String>,
    pub(crate) server_time: Option<String>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, step: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            step: step.into(),
            status: None,
            code: None,
            message: None,
            ec: None,
            request_id: None,
            retry_after: None,
            mismatch: false,
            source: None,
        }))
    }

    pub(crate) fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn with_request_id(mut self, id: Option<String>) -> Self {
        self.0.request_id = id;
        self
    }

    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    /// Marks the failure of a comparison of checksums.
    pub(crate) fn with_mismatch(mut self) -> Self {
        self.0.mismatch = true;
        self
    }

    /// An answer that is not a success.
    pub(crate) fn refused(step: &str, status: StatusCode, document: Document) -> Self {
        let code = document.code.as_deref().unwrap_or_default();
        let kind = kind_of(status, code);
        let remedy = remedy(kind, code, &document);
        let mut error = Self::new(kind, format!("{step}{remedy}"));
        error.0.status = Some(status);
        error.0.code = document.code;
        error.0.message = document.message;
        error.0.ec = document.ec;
        error.0.request_id = document.request_id;
        error
    }

    /// What the caller can do.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same call may succeed later, unchanged.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        !matches!(self.cause(), Cause::Permanent)
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

    /// The id to give to Alibaba Cloud's support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// [`Verdict::Mismatch`](crate::Verdict::Mismatch) where the CRC-64 of a transfer is not the one
    /// expected, after the repetitions that the policy allows.
    #[must_use]
    pub fn verdict(&self) -> Option<crate::Verdict> {
        self.0.mismatch.then_some(crate::Verdict::Mismatch)
    }

    /// The HTTP status, where an answer came.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    pub(crate) fn cause(&self) -> Cause {
        match self.0.kind {
            ErrorKind::Connection
            | ErrorKind::Timeout
            | ErrorKind::Service
            | ErrorKind::Integrity => Cause::Transient,
            ErrorKind::Throttled => Cause::Throttled {
                retry_after: self.0.retry_after,
            },
            ErrorKind::ClockSkew => Cause::ClockSkew { served_at: None },
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

fn kind_of(status: StatusCode, code: &str) -> ErrorKind {
    match (status.as_u16(), code) {
        (_, "RequestTimeTooSkewed") => ErrorKind::ClockSkew,
        (
            _,
            "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "SecurityTokenExpired"
            | "InvalidSecurityToken"
            | "AuthorizationHeaderMalformed",
        )
        | (401, _) => ErrorKind::Credentials,
        (_, "InvalidObjectState") => ErrorKind::Archived,
        (_, "FileAlreadyExists") => ErrorKind::AlreadyExists,
        (403, _) => ErrorKind::Denied,
        (404, _) => ErrorKind::NotFound,
        (304, _) => ErrorKind::NotModified,
        (412, _) => ErrorKind::Precondition,
        (416, _) => ErrorKind::RangeNotSatisfiable,
        (409, _) => ErrorKind::Conflict,
        (429, _) => ErrorKind::Throttled,
        (503, code) if code.ends_with("LimitExceeded") => ErrorKind::Throttled,
        (500.., _) => ErrorKind::Service,
        (400.., _) => ErrorKind::Refused,
        _ => ErrorKind::Response,
    }
}

/// What to do about it, in one half-sentence.
fn remedy(kind: ErrorKind, code: &str, document: &Document) -> String {
    match (kind, code) {
        (ErrorKind::ClockSkew, _) => format!(
            ": this machine's clock is more than 15 minutes off{}; set it, for example with NTP",
            document
                .server_time
                .as_ref()
                .map(|time| format!(" (OSS says {time})"))
                .unwrap_or_default(),
        ),
        (_, "SignatureDoesNotMatch") => {
            ": check the AccessKey secret, it does not belong to this AccessKey id".to_owned()
        }
        (_, "InvalidAccessKeyId") => {
            ": check the AccessKey id, or add the security token if the pair is temporary"
                .to_owned()
        }
        (_, "SecurityTokenExpired" | "InvalidSecurityToken") => {
            ": the security token is wrong or no longer valid; fetch new temporary credentials"
                .to_owned()
        }
        (_, "AuthorizationHeaderMalformed") => {
            ": check the region, it must be the one that the bucket lies in".to_owned()
        }
        (_, "EntityTooLarge") => {
            ": upload it in parts, or copy it with `Client::copy`, which takes any size".to_owned()
        }
        (_, "FileImmutable") => ": a retention or a legal hold keeps it".to_owned(),
        (_, "NoSuchUpload") => ": the upload was completed or aborted".to_owned(),
        (_, "ObjectNotAppendable") => {
            ": only objects that were made by an append take appends".to_owned()
        }
        (_, "PositionNotEqualToLength") => {
            ": look up where the object ends by a head request".to_owned()
        }
        (_, "BucketNotEmpty") => {
            ": delete its objects, all their versions, and the uploads under way first".to_owned()
        }
        (_, "NoSuchBucket") => ": create the bucket, or check its name and region".to_owned(),
        (ErrorKind::Denied, _) => match &document.endpoint {
            Some(endpoint) => format!(": the bucket is reached at `{endpoint}`"),
            None => ": add the action to the caller's RAM policy".to_owned(),
        },
        (ErrorKind::Archived, _) => ": restore the archived object first".to_owned(),
        _ => String::new(),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.step)?;
        match (&self.0.status, &self.0.code) {
            (Some(status), Some(code)) => write!(f, " ({} {code}", status.as_u16())?,
            (Some(status), None) => write!(f, " ({}", status.as_u16())?,
            _ => return Ok(()),
        }
        if let Some(message) = self
            .0
            .message
            .as_deref()
            .filter(|message| !message.is_empty())
        {
            write!(f, ": {message}")?;
        }
        if let Some(id) = &self.0.request_id {
            write!(f, ", request id {id}")?;
        }
        f.write_str(")")
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("text", &self.to_string())
            .field("ec", &self.0.ec)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
