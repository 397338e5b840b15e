//! What was asked of the server.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// One request, as the server understood it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// The API's name, such as `PutObject`.
    pub operation: &'static str,
    /// The bucket, where one was named.
    pub bucket: Option<String>,
    /// The object key, where one was named.
    pub key: Option<String>,
    /// The `Range` header, where one was sent.
    pub range: Option<String>,
    /// The HTTP status of the answer; `None` while it is under way, and where no answer was sent.
    pub status: Option<u16>,
    /// Bytes of the answer's body.
    pub bytes_out: u64,
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

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<RequestRecord>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
