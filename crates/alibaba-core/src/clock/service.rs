//! A service's clock, as far as its responses tell.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;
use http::header::DATE;

use super::SharedClock;

/// A difference beyond this is a broken `Date` header rather than a wrong clock. Machines without a
/// battery begin years in the past, so it is generous.
const MAX_SKEW: TimeDelta = TimeDelta::days(3653);

/// The local clock, corrected by what a service said when it refused a signature's time.
///
/// One per client and shared by its calls. It is for signatures only: whether credentials have
/// expired is decided by the [local clock](Self::local), whose times they were compared with before.
///
/// ```
/// use std::sync::Arc;
/// use alibaba_core::clock::{ManualClock, ServiceClock};
///
/// let local = ManualClock::at("2026-01-15T08:30:00Z".parse()?);
/// let service = ServiceClock::new(Arc::new(local));
/// service.learn("2026-01-15T09:30:00Z".parse()?);
/// assert_eq!(service.now().to_rfc3339(), "2026-01-15T09:30:00+00:00");
/// # Ok::<(), chrono::ParseError>(())
/// ```
pub struct ServiceClock {
    local: SharedClock,
    /// The service's time minus ours.
    skew_ms: AtomicI64,
}

impl ServiceClock {
    /// A service whose clock agrees with the local one until it says otherwise.
    #[must_use]
    pub fn new(local: SharedClock) -> Self {
        Self {
            local,
            skew_ms: AtomicI64::new(0),
        }
    }

    /// The service's time, to sign with.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let now = self.local.now();
        now.checked_add_signed(self.skew()).unwrap_or(now)
    }

    /// Takes over the service's time. Returns whether it is believed: a date ten years away is not.
    pub fn learn(&self, service_time: DateTime<Utc>) -> bool {
        let skew = service_time - self.local.now();
        let is_credible = skew.abs() <= MAX_SKEW;
        if is_credible {
            self.skew_ms
                .store(skew.num_milliseconds(), Ordering::Relaxed);
        }
        is_credible
    }

    /// The service's time minus ours, as far as it is known.
    #[must_use]
    pub fn skew(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.skew_ms.load(Ordering::Relaxed))
    }

    /// The clock that is corrected.
    #[must_use]
    pub fn local(&self) -> &SharedClock {
        &self.local
    }

    /// When a response was made, by its `Date` header.
    #[must_use]
    pub fn served_at(headers: &HeaderMap) -> Option<DateTime<Utc>> {
        let date = DateTime::parse_from_rfc2822(headers.get(DATE)?.to_str().ok()?);
        date.ok().map(|date| date.to_utc())
    }
}

impl fmt::Debug for ServiceClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceClock")
            .field("skew", &self.skew())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn a_date_that_no_clock_shows_is_not_believed() {
        let local = ManualClock::at("2026-01-15T08:30:00Z".parse().unwrap());
        let service = ServiceClock::new(Arc::new(local.clone()));
        assert!(service.learn("2026-01-15T08:50:00Z".parse().unwrap()));
        for unbelievable in [
            DateTime::<Utc>::MAX_UTC,
            DateTime::UNIX_EPOCH,
            DateTime::<Utc>::MIN_UTC,
        ] {
            assert!(!service.learn(unbelievable));
            assert_eq!(service.skew(), TimeDelta::minutes(20));
        }
        // The correction moves with the local clock, and never beyond what a time can be.
        local.set(DateTime::<Utc>::MAX_UTC);
        assert_eq!(service.now(), DateTime::<Utc>::MAX_UTC);
    }

    #[test]
    fn a_response_tells_when_it_was_made() {
        let mut headers = HeaderMap::new();
        assert_eq!(ServiceClock::served_at(&headers), None);
        headers.insert(DATE, "Thu, 15 Jan 2026 09:30:00 GMT".parse().unwrap());
        let served_at = ServiceClock::served_at(&headers).unwrap();
        assert_eq!(served_at.to_rfc3339(), "2026-01-15T09:30:00+00:00");
        headers.insert(DATE, "yesterday".parse().unwrap());
        assert_eq!(ServiceClock::served_at(&headers), None);
    }
}
