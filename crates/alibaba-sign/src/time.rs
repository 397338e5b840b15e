//! Times as the OpenAPI algorithms write them.

use chrono::{DateTime, Utc};

/// `YYYY-MM-DDTHH:MM:SSZ`.
pub(crate) fn iso_seconds(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
