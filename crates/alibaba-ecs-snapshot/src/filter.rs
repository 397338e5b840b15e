//! Filters of listings by time.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// A bound on a time of what is listed, to the minute.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TimeFilter {
    key: &'static str,
    value: String,
}

impl TimeFilter {
    /// What was made at this time or later.
    #[must_use]
    pub fn created_from(time: DateTime<Utc>) -> Self {
        Self::new("CreationStartTime", time)
    }

    /// What was made at this time or earlier.
    #[must_use]
    pub fn created_until(time: DateTime<Utc>) -> Self {
        Self::new("CreationEndTime", time)
    }

    /// What expires at this time or later. Only instances are filtered by this.
    #[must_use]
    pub fn expires_from(time: DateTime<Utc>) -> Self {
        Self::new("ExpiredStartTime", time)
    }

    /// What expires at this time or earlier. Only instances are filtered by this.
    #[must_use]
    pub fn expires_until(time: DateTime<Utc>) -> Self {
        Self::new("ExpiredEndTime", time)
    }

    fn new(key: &'static str, time: DateTime<Utc>) -> Self {
        let value = time.format("%Y-%m-%dT%H:%MZ").to_string();
        Self { key, value }
    }
}
