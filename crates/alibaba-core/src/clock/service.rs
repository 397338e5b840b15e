//! A service's clock, as far as its responses tell.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;
use http::header::DATE;
use parking_lot::Mutex;

use super::SharedClock;

/// A service that shows a time further away than this is not believed: what is signed for that time
/// could be sent again then, by whoever has seen it.
const MAX_SKEW: TimeDelta = TimeDelta::hours(24);

/// What was learnt is forgotten after this time: clocks are set right, and a lie must not last.
const VALID_FOR: TimeDelta = TimeDelta::hours(1);

/// What is handed to others to be sent later is signed for a time no further away than this, which is
/// what the services themselves tolerate.
const MAX_PRESIGNING_SKEW: TimeDelta = TimeDelta::minutes(15);

/// The local clock, corrected by what a service said when it refused a signature's time.
///
/// One per client and shared by its calls. It is for signatures only: whether credentials have
/// expired is decided by the [local clock](Self::local), whose times they were compared with before.
///
/// A correction is of 24 hours at the most, and forgotten after an hour, or when it did not help.
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
    /// Whether who responds has proved to be the service.
    learns: bool,
    learnt: Mutex<Option<Learnt>>,
}

#[derive(Clone, Copy)]
struct Learnt {
    /// The service's time minus ours.
    skew: TimeDelta,
    /// When, by the local clock.
    at: DateTime<Utc>,
}

impl ServiceClock {
    /// A service whose clock agrees with the local one until it says otherwise.
    #[must_use]
    pub fn new(local: SharedClock) -> Self {
        Self {
            local,
            learns: true,
            learnt: Mutex::new(None),
        }
    }

    /// Whether it learns. It must not where anybody between can speak for the service: without TLS,
    /// except on this machine. See [`Endpoint::is_trusted`](crate::endpoint::Endpoint::is_trusted).
    #[must_use]
    pub fn learning_if(mut self, trusted: bool) -> Self {
        self.learns = trusted;
        self
    }

    /// The service's time, to sign with.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.shifted(self.skew())
    }

    /// The time to sign with what somebody else will send, and may send later: the correction is of 15
    /// minutes at the most, so that nothing is valid longer than was meant by more than that.
    #[must_use]
    pub fn now_for_presigning(&self) -> DateTime<Utc> {
        let skew = self.skew();
        self.shifted(skew.clamp(-MAX_PRESIGNING_SKEW, MAX_PRESIGNING_SKEW))
    }

    fn shifted(&self, skew: TimeDelta) -> DateTime<Utc> {
        let now = self.local.now();
        now.checked_add_signed(skew).unwrap_or(now)
    }

    /// Takes over the service's time. Returns whether it is believed: one that is more than a day away
    /// is not, and none where this clock [does not learn](Self::learning_if).
    pub fn learn(&self, service_time: DateTime<Utc>) -> bool {
        let now = self.local.now();
        let skew = service_time - now;
        let is_believed = self.learns && skew.abs() <= MAX_SKEW;
        if !is_believed {
            tracing::warn!(
                %service_time, local_time = %now, learns = self.learns,
                "a service refuses this machine's time, and its own is not taken over"
            );
            return false;
        }
        if self
            .learnt
            .lock()
            .replace(Learnt { skew, at: now })
            .is_none()
        {
            tracing::warn!(
                %service_time, local_time = %now,
                "this machine's clock is off; sign with the service's time for an hour"
            );
        }
        true
    }

    /// Forgets the correction: it did not help.
    pub fn forget(&self) {
        *self.learnt.lock() = None;
    }

    /// The service's time minus ours, as far as it is known.
    #[must_use]
    pub fn skew(&self) -> TimeDelta {
        let mut learnt = self.learnt.lock();
        let Some(Learnt { skew, at }) = *learnt else {
            return TimeDelta::zero();
        };
        // A clock that was set in between says nothing of the age.
        if (self.local.now() - at).abs() > VALID_FOR {
            *learnt = None;
            return TimeDelta::zero();
        }
        skew
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
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::clock::{Clock as _, ManualClock};

    fn clocks() -> (ManualClock, ServiceClock) {
        let local = ManualClock::at("2026-01-15T08:30:00Z".parse().unwrap());
        let service = ServiceClock::new(Arc::new(local.clone()));
        (local, service)
    }

    #[test]
    fn a_date_that_no_clock_shows_is_not_believed() {
        let (local, service) = clocks();
        assert!(service.learn("2026-01-15T08:50:00Z".parse().unwrap()));
        for unbelievable in [
            DateTime::<Utc>::MAX_UTC,
            DateTime::UNIX_EPOCH,
            DateTime::<Utc>::MIN_UTC,
            "2026-01-16T08:30:01Z".parse().unwrap(),
            "2036-01-15T08:30:00Z".parse().unwrap(),
        ] {
            assert!(!service.learn(unbelievable));
            assert_eq!(service.skew(), TimeDelta::minutes(20));
        }
        // Never beyond what a time can be.
        local.set(DateTime::<Utc>::MAX_UTC);
        assert_eq!(service.now(), DateTime::<Utc>::MAX_UTC);
    }

    #[test]
    fn a_correction_ends_after_an_hour_and_when_it_did_not_help() {
        let (local, service) = clocks();
        let an_hour_off = local.now() + TimeDelta::hours(1);
        assert!(service.learn(an_hour_off));
        local.advance(Duration::from_secs(3600));
        assert_eq!(service.skew(), TimeDelta::hours(1));
        local.advance(Duration::from_secs(1));
        assert_eq!(service.skew(), TimeDelta::zero());
        assert_eq!(service.now(), local.now());

        assert!(service.learn(local.now() + TimeDelta::hours(1)));
        service.forget();
        assert_eq!(service.now(), local.now());
    }

    #[test]
    fn nothing_is_learnt_from_who_has_not_proved_to_be_the_service() {
        let (local, service) = clocks();
        let service = service.learning_if(false);
        assert!(!service.learn(local.now() + TimeDelta::minutes(20)));
        assert_eq!(service.now(), local.now());
    }

    proptest! {
        #[test]
        fn no_signature_is_ever_far_from_the_local_time(seconds in any::<i32>(), later in 0_u64..10_000) {
            let (local, service) = clocks();
            service.learn(local.now() + TimeDelta::seconds(i64::from(seconds)));
            local.advance(Duration::from_secs(later));
            let off = |time: DateTime<Utc>| (time - local.now()).abs();
            prop_assert!(off(service.now()) <= TimeDelta::hours(24));
            prop_assert!(off(service.now_for_presigning()) <= TimeDelta::minutes(15));
            if later > 3600 {
                prop_assert_eq!(service.now(), local.now());
            }
        }
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
