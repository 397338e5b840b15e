//! What is to be kept.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::Within;
use crate::{Error, Result, time_zone};

/// Which backups of a plan are kept. A backup is kept that any rule keeps; without rules all are, until they expire.
///
/// A field that is not known is an error: a rule that was mistyped would delete what it was to keep.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RetentionPolicy {
    /// Keeps this many of the newest; -1 keeps all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = -1)))]
    pub keep_last: Option<i32>,
    /// Keeps the newest of each of this many hours that have one; -1 of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = -1)))]
    pub keep_hourly: Option<i32>,
    /// Keeps the newest of each of this many days that have one; -1 of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = -1)))]
    pub keep_daily: Option<i32>,
    /// Keeps the newest of each of this many ISO weeks that have one; -1 of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = -1)))]
    pub keep_weekly: Option<i32>,
    /// Keeps the newest of each of this many months that have one; -1 of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = -1)))]
    pub keep_monthly: Option<i32>,
    /// Keeps the newest of each of this many years that have one; -1 of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = -1)))]
    pub keep_yearly: Option<i32>,
    /// Keeps all that are less than this older than the newest, as in `7d` or `1y6m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub keep_within: Option<Within>,
    /// The time zone whose hours, days, weeks, months and years these are, as in `Asia/Shanghai`. UTC if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Deletes this many backups at most in one pass, the oldest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub max_deletions: Option<u32>,
}

impl RetentionPolicy {
    /// The counts of the rules, in their order.
    pub(super) fn counts(&self) -> [Option<i32>; 6] {
        [
            self.keep_last,
            self.keep_hourly,
            self.keep_daily,
            self.keep_weekly,
            self.keep_monthly,
            self.keep_yearly,
        ]
    }

    /// Whether any rule keeps anything. Without one, only what has expired is deleted.
    #[must_use]
    pub fn has_rules(&self) -> bool {
        self.keep_within.is_some() || self.counts().into_iter().flatten().any(|count| count != 0)
    }

    /// Whether it can be applied.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when a count is less than -1, `max_deletions` is 0, or there is
    /// no such time zone.
    pub fn check(&self) -> Result<()> {
        self.zone().map(drop)
    }

    /// The time zone, of a policy that is right.
    pub(super) fn zone(&self) -> Result<TimeZone> {
        const NAMES: [&str; 6] = [
            "keepLast",
            "keepHourly",
            "keepDaily",
            "keepWeekly",
            "keepMonthly",
            "keepYearly",
        ];
        for (name, count) in NAMES.into_iter().zip(self.counts()) {
            if let Some(count) = count.filter(|count| *count < -1) {
                return Err(Error::invalid(format!(
                    "read the retention policy: `{name}` is `{count}`: it takes a number of backups, or -1 for all"
                )));
            }
        }
        if self.max_deletions == Some(0) {
            return Err(Error::invalid(
                "read the retention policy: `maxDeletions` is `0`, so nothing would ever be deleted: leave it out, or \
                 write 1 or more",
            ));
        }
        self.time_zone
            .as_deref()
            .map_or(Ok(TimeZone::UTC), time_zone::named)
    }
}
