//! Times as the algorithms write them, made without an allocation.

use chrono::{DateTime, Datelike, NaiveDateTime, Timelike, Utc};

/// `2026-01-15T08:30:00Z`, of the OpenAPI algorithms.
#[derive(Clone, Copy)]
pub(crate) struct IsoTime([u8; 20]);

impl IsoTime {
    pub(crate) fn new(time: DateTime<Utc>) -> Self {
        let time = time.naive_utc();
        let mut out = *b"0000-00-00T00:00:00Z";
        put(&mut out[0..4], year(time));
        put(&mut out[5..7], time.month());
        put(&mut out[8..10], time.day());
        put_time_of_day(&mut out[11..19], time);
        Self(out)
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Reads what [`IsoTime::new`] writes, and nothing else: one time has one text, so that no byte
    /// of it can change unnoticed.
    pub(crate) fn parse(text: &str) -> Option<DateTime<Utc>> {
        let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%SZ").ok()?;
        let time = time.and_utc();
        (Self::new(time).as_str() == text).then_some(time)
    }
}

/// `Thu, 15 Jan 2026 08:30:00 GMT`, of the HTTP header `Date`.
#[derive(Clone, Copy)]
pub(crate) struct HttpDate([u8; 29]);

impl HttpDate {
    pub(crate) fn new(time: DateTime<Utc>) -> Self {
        const DAYS: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
        const MONTHS: [&[u8; 3]; 12] = [
            b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
            b"Dec",
        ];
        let time = time.naive_utc();
        let mut out = *b"Mon, 00 Jan 0000 00:00:00 GMT";
        out[0..3].copy_from_slice(DAYS[time.weekday().num_days_from_monday() as usize]);
        put(&mut out[5..7], time.day());
        out[8..11].copy_from_slice(MONTHS[time.month0() as usize]);
        put(&mut out[12..16], year(time));
        put_time_of_day(&mut out[17..25], time);
        Self(out)
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Reads what [`HttpDate::new`] writes, and nothing else.
    pub(crate) fn parse(text: &str) -> Option<DateTime<Utc>> {
        let time = NaiveDateTime::parse_from_str(text, "%a, %d %b %Y %H:%M:%S GMT").ok()?;
        let time = time.and_utc();
        (Self::new(time).as_str() == text).then_some(time)
    }
}

/// Four digits hold the years that a signature can be made in.
pub(crate) fn year(time: NaiveDateTime) -> u32 {
    u32::try_from(time.year().clamp(0, 9999)).unwrap_or(0)
}

/// Fills `out` with the decimal digits of `value`, with leading zeros.
pub(crate) fn put(out: &mut [u8], mut value: u32) {
    for digit in out.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// `08:30:00`.
fn put_time_of_day(out: &mut [u8], time: NaiveDateTime) {
    put(&mut out[0..2], time.hour());
    put(&mut out[3..5], time.minute());
    put(&mut out[6..8], time.second());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_what_chrono_writes_and_reads_back(seconds in 0..253_402_300_799_i64) {
            let time = DateTime::from_timestamp(seconds, 0).unwrap();
            let iso = IsoTime::new(time);
            prop_assert_eq!(iso.as_str(), time.format("%Y-%m-%dT%H:%M:%SZ").to_string());
            prop_assert_eq!(IsoTime::parse(iso.as_str()), Some(time));
            let date = HttpDate::new(time);
            prop_assert_eq!(date.as_str(), time.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
            prop_assert_eq!(HttpDate::parse(date.as_str()), Some(time));
        }
    }

    #[test]
    fn one_time_has_one_text() {
        for text in [
            "2026-01-15T8:30:00Z",
            "+2026-01-15T08:30:00Z",
            "2026-01-15t08:30:00z",
            "2026-01-15T08:30:60Z",
        ] {
            assert_eq!(IsoTime::parse(text), None, "{text}");
        }
        for text in [
            "Thu, 15 Jan 2026 8:30:00 GMT",
            "Fri, 15 Jan 2026 08:30:00 GMT",
            "thu, 15 jan 2026 08:30:00 GMT",
        ] {
            assert_eq!(HttpDate::parse(text), None, "{text}");
        }
    }
}
