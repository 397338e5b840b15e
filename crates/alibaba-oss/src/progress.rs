//! Telling the caller how far a transfer is.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How far a transfer is.
///
/// Bytes that have to be sent again are taken back, so `done` may fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes handed to, or taken from, connections so far.
    pub done: u64,
    /// How many there are, where that is known.
    pub total: Option<u64>,
}

/// Counts the bytes of a transfer and reports each change.
#[derive(Clone)]
pub(crate) struct Meter(Arc<Inner>);

struct Inner {
    done: AtomicU64,
    total: AtomicU64,
    report: Box<dyn Fn(Progress) + Send + Sync>,
}

/// Stands for a total that is not known: no object is that long.
const UNKNOWN: u64 = u64::MAX;

impl Meter {
    pub(crate) fn new(report: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            done: AtomicU64::new(0),
            total: AtomicU64::new(UNKNOWN),
            report: Box::new(report),
        }))
    }

    pub(crate) fn set_total(&self, total: Option<u64>) {
        self.0
            .total
            .store(total.unwrap_or(UNKNOWN), Ordering::Relaxed);
    }

    pub(crate) fn add(&self, bytes: u64) {
        let done = self.0.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.report(done);
    }

    /// An attempt failed, and its bytes count no longer.
    pub(crate) fn take_back(&self, bytes: u64) {
        if bytes > 0 {
            let done = self.0.done.fetch_sub(bytes, Ordering::Relaxed) - bytes;
            self.report(done);
        }
    }

    fn report(&self, done: u64) {
        let total = self.0.total.load(Ordering::Relaxed);
        (self.0.report)(Progress {
            done,
            total: (total != UNKNOWN).then_some(total),
        });
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meter")
    }
}
