//! `20260115T083000Z`, made and read without an allocation.

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};

use crate::time::{put, year};

/// A signing time in the form that OSS wants.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp([u8; 16]);

impl Stamp {
    pub(super) fn new(time: DateTime<Utc>) -> Self {
        let time = time.naive_utc();
        let mut out = *b"00000000T000000Z";
        put(&mut out[0..4], year(time));
        put(&mut out[4..6], time.month());
        put(&mut out[6..8], time.day());
        put(&mut out[9..11], time.hour());
        put(&mut out[11..13], time.minute());
        put(&mut out[13..15], time.second());
        Self(out)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The day part, `20260115`.
    pub(super) fn day(&self) -> &str {
        &self.as_str()[..8]
    }
}

/// Reads a stamp; `None` for any other form.
pub(super) fn parse(text: &str) -> Option<DateTime<Utc>> {
    let bytes = text.as_bytes();
    if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| -> Option<u32> {
        bytes[range].iter().try_fold(0, |sum, byte| {
            byte.is_ascii_digit()
                .then(|| sum * 10 + u32::from(byte - b'0'))
        })
    };
    let date = NaiveDate::from_ymd_opt(
        i32::try_from(number(0..4)?).ok()?,
        number(4..6)?,
        number(6..8)?,
    )?;
    Some(
        date.and_hms_opt(number(9..11)?, number(11..13)?, number(13..15)?)?
            .and_utc(),
    )
}
