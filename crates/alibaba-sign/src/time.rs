//! Times as the algorithms write them.

use chrono::{DateTime, NaiveDateTime, Utc};

/// `YYYY-MM-DDTHH:MM:SSZ`.
pub(crate) fn iso_seconds(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `Thu, 15 Jan 2026 08:30:00 GMT`.
pub(crate) fn http_date(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Reads what [`http_date`] writes, and nothing else: one time has one text, so that no byte of a
/// date can change unnoticed.
pub(crate) fn parse_http_date(text: &str) -> Option<DateTime<Utc>> {
    let time = NaiveDateTime::parse_from_str(text, "%a, %d %b %Y %H:%M:%S GMT")
        .ok()?
        .and_utc();
    (http_date(time) == text).then_some(time)
}
