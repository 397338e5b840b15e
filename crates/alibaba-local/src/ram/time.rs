//! Times, as responses have them.

use chrono::{DateTime, SecondsFormat, Utc};

/// In UTC, to the second.
pub(super) fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
