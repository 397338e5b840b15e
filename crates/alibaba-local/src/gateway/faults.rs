//! Breaking on demand.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;

use crate::oss::OssError;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The connection closes before the request is looked at.
    Refuse,
    /// The request is carried out, then the connection closes without an answer.
    LoseReply,
    /// The request is carried out, and its answer never comes: the connection stays open.
    NeverReply,
    /// The request's body is read so far, then the connection closes. Nothing is carried out.
    ResetUpload(u64),
    /// The answer's body breaks off after this many bytes, and the connection with it.
    ResetBody(u64),
    /// The answer's body ends after this many bytes as if that were all: its `Content-Length`
    /// says so too. Only its CRC-64, or knowing how long it should be, gives it away.
    TruncateBody(u64),
    /// The answer's body comes in pieces of so many bytes, with a pause before each.
    SlowBody {
        /// Bytes of a piece.
        piece: usize,
        /// What passes before each.
        pause: Duration,
    },
    /// One byte of the answer's body is altered.
    CorruptBody,
    /// The answer names a CRC-64 that its body does not have.
    WrongCrc,
    /// The answer names no CRC-64, as that of an object copied from parts without one.
    NoCrc,
    /// The request is not carried out; the answer is this status with this OSS error code.
    Status(u16, &'static str),
    /// The request is not carried out, since there are too many: OSS answers 503 with a code such
    /// as `TotalQpsLimitExceeded`, or 429 with `QpsLimitExceeded`, and says how long to wait in
    /// `x-oss-qos-delay-time` and, in whole seconds, `Retry-After`.
    Throttle {
        /// 503 or 429.
        status: u16,
        /// Which limit was hit.
        code: &'static str,
        /// How long the client is told to wait.
        wait: Duration,
    },
    /// The server's clock is off by so many seconds for this request, ahead or (negative) behind.
    SkewClock(i64),
    /// The answer comes later.
    Delay(Duration),
}

impl Fault {
    /// The error that is answered in the place of carrying the request out.
    pub(crate) fn error(&self) -> Option<OssError> {
        let status =
            |code: u16| StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        match self {
            Self::Status(code, name) => {
                let error = OssError::new(status(*code), name, "A fault that a test asked for.");
                Some(match *code {
                    503 => error.header("x-oss-qos-delay-time", "10"),
                    _ => error,
                })
            }
            Self::Throttle {
                status: code,
                code: name,
                wait,
            } => Some(
                OssError::new(
                    status(*code),
                    name,
                    "Please reduce your request rate: a fault that a test asked for.",
                )
                .header("x-oss-qos-delay-time", wait.as_millis().to_string())
                .header("retry-after", wait.as_secs().max(1).to_string()),
            ),
            _ => None,
        }
    }
}

/// Which requests a fault befalls. Without conditions, every one.
#[derive(Clone, Debug)]
pub struct Rule {
    fault: Fault,
    operation: Option<&'static str>,
    key_contains: Option<String>,
    skip: usize,
    times: usize,
}

impl Rule {
    /// A fault for every request.
    #[must_use]
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            operation: None,
            key_contains: None,
            skip: 0,
            times: usize::MAX,
        }
    }

    /// Only requests of this operation, such as `UploadPart`.
    #[must_use]
    pub fn operation(mut self, operation: &'static str) -> Self {
        self.operation = Some(operation);
        self
    }

    /// Only requests whose object key contains this text.
    #[must_use]
    pub fn key_contains(mut self, text: impl Into<String>) -> Self {
        self.key_contains = Some(text.into());
        self
    }

    /// Lets this many matching requests pass first.
    #[must_use]
    pub fn skip(mut self, requests: usize) -> Self {
        self.skip = requests;
        self
    }

    /// Befalls this many requests, then no more.
    #[must_use]
    pub fn times(mut self, requests: usize) -> Self {
        self.times = requests;
        self
    }

    fn applies(&mut self, operation: &str, key: Option<&str>) -> bool {
        let matches = self.operation.is_none_or(|wanted| wanted == operation)
            && self
                .key_contains
                .as_ref()
                .is_none_or(|text| key.is_some_and(|key| key.contains(text.as_str())));
        if !matches || self.times == 0 {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times -= 1;
        true
    }
}

/// The rules in force. Clones share one list; the first rule that applies decides.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Vec<Rule>>>);

impl Faults {
    /// Adds a rule, behind those that are there.
    pub fn add(&self, rule: Rule) {
        self.lock().push(rule);
    }

    /// Removes every rule.
    pub fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn next(&self, operation: &str, key: Option<&str>) -> Option<Fault> {
        self.lock()
            .iter_mut()
            .find_map(|rule| rule.applies(operation, key).then(|| rule.fault.clone()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Rule>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
