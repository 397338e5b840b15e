//! The log of requests, for tests that count.

use std::sync::{Arc, Mutex, PoisonError};

/// One request as the server saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recorded {
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

impl Recorded {
    /// Would this request change the cluster? Dry runs and reviews do not.
    #[must_use]
    pub fn is_write(&self) -> bool {
        self.method != "GET"
            && !self.query.contains("dryRun=All")
            && !self.path.contains("/authorization.k8s.io/")
            && !self.path.contains("/authentication.k8s.io/")
    }

    /// Is it a watch?
    #[must_use]
    pub fn is_watch(&self) -> bool {
        self.query
            .split('&')
            .any(|pair| matches!(pair, "watch=1" | "watch=true"))
    }
}

/// Everything a server was asked. Clones share the log.
#[derive(Debug, Clone, Default)]
pub struct Requests(Arc<Mutex<Vec<Recorded>>>);

impl Requests {
    /// How many requests arrived.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// How many of them meet a condition.
    #[must_use]
    pub fn count_where(&self, condition: impl Fn(&Recorded) -> bool) -> usize {
        self.lock().iter().filter(|r| condition(r)).count()
    }

    /// How many would have changed the cluster.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.count_where(Recorded::is_write)
    }

    /// All of them, in order of arrival.
    #[must_use]
    pub fn all(&self) -> Vec<Recorded> {
        self.lock().clone()
    }

    /// Starts the log and its count anew.
    pub fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn arrived(&self, method: &str, path: &str, query: &str) -> u64 {
        let mut log = self.lock();
        let number = log.len() as u64 + 1;
        log.push(Recorded {
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
        if let Some(entry) = self.lock().get_mut(index) {
            entry.status = Some(status);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Recorded>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
