//! Breaking on demand.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The connection closes before the request is looked at.
    Refuse,
    /// The request is carried out, then the connection closes without a response.
    LoseReply,
    /// The request is carried out, and its response never comes: the connection stays open.
    NeverReply,
    /// The request's body is read so far, then the connection closes. Nothing is carried out.
    ResetUpload(u64),
    /// The response's body breaks off after this many bytes, and the connection with it.
    ResetBody(u64),
    /// The response's body ends after this many bytes as if that were all: its `Content-Length`
    /// says so too. Only its CRC-64, or knowing how long it should be, gives it away.
    TruncateBody(u64),
    /// The response's body comes in pieces of this many bytes, with a pause before each.
    SlowBody {
        /// Bytes of a piece.
        piece: usize,
        /// What passes before each.
        pause: Duration,
    },
    /// One byte of the response's body is altered.
    CorruptBody,
    /// The response names a CRC-64 that its body does not have.
    WrongCrc,
    /// The response names no CRC-64, as that of an object copied from parts without one.
    NoCrc,
    /// The response does not say that what was stored is encrypted, though that was asked for.
    NoEncryption,
    /// The request is not carried out; the response is an error of the service with this status
    /// and code.
    Status(u16, &'static str),
    /// The request is not carried out, since there are too many. OSS sends 503 with a code such as
    /// `TotalQpsLimitExceeded`, or 429 with `QpsLimitExceeded`, and says how long to wait in
    /// `x-oss-qos-delay-time` and, in whole seconds, `Retry-After`. The other services send a code
    /// such as `Throttling.User`, and say how long in `x-acs-retry-after`.
    Throttle {
        /// 503 or 429, of other services than OSS also 400.
        status: u16,
        /// Which limit was hit.
        code: &'static str,
        /// How long the client is told to wait.
        wait: Duration,
    },
    /// The server's clock is off by this many seconds for this request, ahead or (negative) behind.
    SkewClock(i64),
    /// The response comes later.
    Delay(Duration),
}

/// A fault, and the requests it applies to: all of them, without conditions.
#[derive(Clone, Debug)]
pub struct Rule {
    fault: Fault,
    service: Option<&'static str>,
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
            service: None,
            operation: None,
            key_contains: None,
            skip: 0,
            times: usize::MAX,
        }
    }

    /// Only requests of this service, such as `oss`.
    #[must_use]
    pub fn service(mut self, service: &'static str) -> Self {
        self.service = Some(service);
        self
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

    /// Applies to this many requests, then to no more.
    #[must_use]
    pub fn times(mut self, requests: usize) -> Self {
        self.times = requests;
        self
    }

    fn applies(&mut self, service: &str, operation: &str, key: Option<&str>) -> bool {
        let matches = self.service.is_none_or(|wanted| wanted == service)
            && self.operation.is_none_or(|wanted| wanted == operation)
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
    /// Adds a rule, after those that are there.
    pub fn add(&self, rule: Rule) {
        self.lock().push(rule);
    }

    /// Removes every rule.
    pub fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn next(&self, service: &str, operation: &str, key: Option<&str>) -> Option<Fault> {
        self.lock().iter_mut().find_map(|rule| {
            rule.applies(service, operation, key)
                .then(|| rule.fault.clone())
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.0.lock()
    }
}
