//! Whether the clock can be believed.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How far a clock may go back.
const SKEW: TimeDelta = TimeDelta::minutes(5);
/// How long there may be no pass. A controller that was away for longer waits for an hour, which harms nobody.
const LONGEST: TimeDelta = TimeDelta::days(1);
/// How often a pass is noted.
const NOTED: TimeDelta = TimeDelta::hours(1);
/// How long a clock that has jumped is not believed: time to notice, and for NTP to correct it.
const WAIT: TimeDelta = TimeDelta::hours(1);

/// Watches the clock from one pass to the next, since whatever is deleted by its age is deleted by a clock: one that is a
/// year ahead makes everything old.
///
/// It is kept where the policy's status is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ClockWatch {
    /// The last pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_pass: Option<DateTime<Utc>>,
    /// The clock is not believed before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<DateTime<Utc>>,
}

impl ClockWatch {
    /// Notes a pass at this time, of several in an hour the first, so that what is kept somewhere does not change with each.
    /// Returns until when nothing may be deleted; `None` when the clock is believed.
    pub fn pass(&mut self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let since = self.last_pass.map(|last| now - last);
        if since.is_none_or(|since| since < TimeDelta::zero() || since >= NOTED) {
            self.last_pass = Some(now);
        }
        let has_jumped = since.is_some_and(|since| since > LONGEST || since < -SKEW);
        // A pause that was begun by a clock far ahead would last until then.
        let is_over = self
            .paused_until
            .is_none_or(|until| now >= until || until - now > WAIT);
        if has_jumped {
            self.paused_until = now.checked_add_signed(WAIT);
        } else if is_over {
            self.paused_until = None;
        }
        self.paused_until
    }
}
