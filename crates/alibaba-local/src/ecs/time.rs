//! Times, as requests and responses have them.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};

/// In UTC, to the second.
pub(super) fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// As filters have it, `yyyy-MM-ddTHH:mmZ`; with seconds as well.
pub(super) fn read(text: &str) -> Option<DateTime<Utc>> {
    ["%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%SZ"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .map(|time| time.and_utc())
}
