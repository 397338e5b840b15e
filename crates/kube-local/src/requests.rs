//! The log of requests, for tests that count.

use std::sync::Arc;

use parking_lot::Mutex;

/// One request as the server saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestRecord {
    /// Counts from 1, in order of arrival.
    pub number: u64,
    /// The HTTP method.
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// The query, empty if there is none.
    pub query: String,
    /// The status of the response; `None` when the connection was closed instead, or while the
    /// request is being handled.
    pub status: Option<u16>,
}

impl RequestRecord {
    /// Whether this request would change the cluster. Dry runs and reviews do not.
    #[must_use]
    pub fn is_write(&self) -> bool {
        self.method != "GET"
            && !self.is_dry_run()
            && !self.path.contains("/authorization.k8s.io/")
            && !self.path.contains("/authentication.k8s.io/")
    }

    /// Whether the query, as a server reads it, asks for a dry run.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        let mut values = self
            .query
            .split('&')
            .filter_map(|pair| pair.strip_prefix("dryRun="));
        values.next() == Some("All")
    }

    /// Whether it is a watch.
    #[must_use]
    pub fn is_watch(&self) -> bool {
        self.query
            .split('&')
            .any(|pair| matches!(pair, "watch=1" | "watch=true"))
    }
}

/// Every request since the start, or the last [`RequestLog::clear`]. Clones share the log.
#[derive(Debug, Clone, Default)]
pub struct RequestLog(Arc<Mutex<Vec<RequestRecord>>>);

impl RequestLog {
    /// How many requests arrived.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.lock().len()
    }

    /// How many of them meet a condition.
    #[must_use]
    pub fn count_where(&self, condition: impl Fn(&RequestRecord) -> bool) -> usize {
        self.0.lock().iter().filter(|r| condition(r)).count()
    }

    /// How many would have changed the cluster.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.count_where(RequestRecord::is_write)
    }

    /// All of them, in order of arrival.
    #[must_use]
    pub fn all(&self) -> Vec<RequestRecord> {
        self.0.lock().clone()
    }

    /// Empties the log, and counts from 1 again.
    pub fn clear(&self) {
        self.0.lock().clear();
    }

    pub(crate) fn arrived(&self, method: &str, path: &str, query: &str) -> u64 {
        let mut log = self.0.lock();
        let number = log.len() as u64 + 1;
        log.push(RequestRecord {
            number,
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            status: None,
        });
        number
    }

    pub(crate) fn responded(&self, number: u64, status: u16) {
        let index = usize::try_from(number)
            .unwrap_or(usize::MAX)
            .wrapping_sub(1);
        if let Some(entry) = self.0.lock().get_mut(index) {
            entry.status = Some(status);
        }
    }
}
