//! Breaking on demand.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The connection closes before the request is looked at.
    Refuse,
    /// The request is carried out, then the connection closes without an answer.
    LoseReply,
    /// The answer's body breaks off after this many bytes, and the connection with it.
    ResetBody(u64),
    /// One byte of the answer's body is altered.
    CorruptBody,
    /// The answer names a CRC-64 that its body does not have.
    WrongCrc,
    /// The request is not carried out; the answer is this status with this OSS error code.
    Status(u16, &'static str),
    /// The answer comes later.
    Delay(Duration),
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
