//! What was asked of the server.

use std::collections::BTreeMap;
use std::sync::Arc;

use alibaba_ram::Decision;
use parking_lot::{Mutex, MutexGuard};

/// One request, as the server understood it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestRecord {
    /// The service, such as `oss`.
    pub service: &'static str,
    /// The API's name, such as `PutObject`.
    pub operation: &'static str,
    /// The bucket, where one was named.
    pub bucket: Option<String>,
    /// The object key, where one was named.
    pub key: Option<String>,
    /// The `Range` header, where one was sent.
    pub range: Option<String>,
    /// The HTTP status of the response; `None` while it is under way, and where none was sent.
    pub status: Option<u16>,
    /// Bytes of the response's body.
    pub bytes_out: u64,
    /// What was decided on the caller's rights, action by action, up to the first that was not
    /// allowed: with the statement that made it. Empty where no rights were asked for, as of a caller
    /// without a name.
    pub decisions: Vec<Decision>,
}

/// Every request since the start, or the last [`RequestLog::clear`]. Clones share one list.
#[derive(Clone, Debug, Default)]
pub struct RequestLog(Arc<Mutex<Vec<RequestRecord>>>);

impl RequestLog {
    /// All requests, in the order of their arrival.
    #[must_use]
    pub fn all(&self) -> Vec<RequestRecord> {
        self.lock().clone()
    }

    /// How many requests there were.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether nothing was asked yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// How many requests there were of each operation.
    #[must_use]
    pub fn by_operation(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for record in self.lock().iter() {
            *counts.entry(record.operation).or_insert(0) += 1;
        }
        counts
    }

    /// Forgets what was asked so far.
    pub fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn begin(&self, record: RequestRecord) -> usize {
        let mut records = self.lock();
        records.push(record);
        records.len() - 1
    }

    pub(crate) fn end(&self, at: usize, status: u16, bytes_out: u64) {
        if let Some(record) = self.lock().get_mut(at) {
            record.status = Some(status);
            record.bytes_out = bytes_out;
        }
    }

    pub(crate) fn decided(&self, at: usize, decision: Decision) {
        if let Some(record) = self.lock().get_mut(at) {
            record.decisions.push(decision);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<RequestRecord>> {
        self.0.lock()
    }
}
