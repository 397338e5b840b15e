//! A clock that can be wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

/// The server's clock: the system's, moved by an offset that tests set.
#[derive(Clone, Debug, Default)]
pub struct LocalClock(Arc<AtomicI64>);

impl LocalClock {
    /// The server's idea of now.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        // The one place where this crate reads the system's clock.
        Utc::now() + TimeDelta::seconds(self.0.load(Ordering::Relaxed))
    }

    /// Moves the clock by this many seconds from the system's, ahead or (negative) behind.
    pub fn set_offset_seconds(&self, seconds: i64) {
        self.0.store(seconds, Ordering::Relaxed);
    }
}
