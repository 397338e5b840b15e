//! A clock that can be wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

/// The cloud's clock: the system's, moved by an offset that tests set.
///
/// All services go by it. What changes by itself, such as an archived object's restore or the end
/// of a session, is a function of this clock and of when it began, so moving the clock is enough.
#[derive(Clone, Debug, Default)]
pub struct LocalClock {
    offset_millis: Arc<AtomicI64>,
}

impl LocalClock {
    /// The cloud's idea of now.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        // The one place where this crate reads the system's clock.
        Utc::now() + TimeDelta::milliseconds(self.offset_millis.load(Ordering::Relaxed))
    }

    /// Sets the clock this many seconds off the system's, ahead or (negative) behind.
    pub fn set_offset_seconds(&self, seconds: i64) {
        self.offset_millis
            .store(seconds.saturating_mul(1000), Ordering::Relaxed);
    }

    /// Moves the clock on by this time, or back.
    pub fn advance(&self, time: TimeDelta) {
        self.offset_millis
            .fetch_add(time.num_milliseconds(), Ordering::Relaxed);
    }
}
