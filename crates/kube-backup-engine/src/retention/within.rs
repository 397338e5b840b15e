//! Spans of the calendar, as restic writes them: `1y6m7d12h`.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};

use crate::Error;

/// A span of the calendar: years, months, days and hours, as in `1y6m7d12h`. `m` is months, and there is no unit for
/// weeks: `7d`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub struct Within {
    /// Years.
    pub years: u32,
    /// Months.
    pub months: u32,
    /// Days.
    pub days: u32,
    /// Hours.
    pub hours: u32,
}

/// More than this of any unit is a typo.
const MOST: u32 = 100_000;

impl Within {
    /// The time on the calendar that long before `shows`, as Go's `AddDate` counts: of a day that a month does not
    /// have, as many days into the next month as it exceeds.
    pub(super) fn before(self, shows: DateTime) -> Option<DateTime> {
        let date = shows.date();
        let months = i64::from(date.year()) * 12 + i64::from(date.month())
            - 1
            - i64::from(self.years) * 12
            - i64::from(self.months);
        let year = i16::try_from(months.div_euclid(12)).ok()?;
        let month = i8::try_from(months.rem_euclid(12) + 1).ok()?;
        let days = i64::from(date.day()) - 1 - i64::from(self.days);
        let date = Date::new(year, month, 1)
            .ok()?
            .checked_add(days.days())
            .ok()?;
        date.to_datetime(shows.time())
            .checked_sub(i64::from(self.hours).hours())
            .ok()
    }
}

impl FromStr for Within {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| {
            Error::invalid(format!(
                "read span `{text}`: {why}; write it as in `7d`, `6m` (months) or `1y6m7d12h`"
            ))
        };
        let mut within = Self::default();
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(refuse("it is empty"));
        }
        while let Some(end) = rest.find(|c: char| !c.is_ascii_digit()) {
            let (number, after) = rest.split_at(end);
            let number: u32 = number
                .parse()
                .map_err(|_| refuse("a number is missing or too large"))?;
            if number > MOST {
                return Err(refuse("a number is too large"));
            }
            let mut units = after.chars();
            let unit = match units.next() {
                Some('y') => &mut within.years,
                Some('m') => &mut within.months,
                Some('d') => &mut within.days,
                Some('h') => &mut within.hours,
                Some(other) => return Err(refuse(&format!("there is no unit `{other}`"))),
                None => break,
            };
            if *unit != 0 {
                return Err(refuse("it has a unit twice"));
            }
            *unit = number;
            rest = units.as_str();
        }
        if !rest.is_empty() {
            return Err(refuse("a unit is missing"));
        }
        if within == Self::default() {
            return Err(refuse("it is no time at all; leave it out"));
        }
        Ok(within)
    }
}

impl TryFrom<String> for Within {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Within> for String {
    fn from(within: Within) -> Self {
        within.to_string()
    }
}

impl fmt::Display for Within {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, unit) in [
            (self.years, 'y'),
            (self.months, 'm'),
            (self.days, 'd'),
            (self.hours, 'h'),
        ] {
            if number != 0 {
                write!(f, "{number}{unit}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::datetime;

    use super::*;

    #[test]
    fn spans_are_read_and_written_as_restic_does() {
        for text in ["7d", "6m", "1y6m7d12h", "36h"] {
            assert_eq!(text.parse::<Within>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "7",
            "d",
            "1w",
            "-7d",
            "7d7d",
            "0d",
            "99999999999d",
            "7 d",
            "200000d",
        ] {
            text.parse::<Within>().unwrap_err();
        }
    }

    #[test]
    fn months_are_counted_as_go_does() {
        let before = |text: &str, shows| text.parse::<Within>().unwrap().before(shows).unwrap();
        let march = datetime(2026, 3, 31, 2, 0, 0, 0);
        // There is no 31 February: three days into March.
        assert_eq!(before("1m", march), datetime(2026, 3, 3, 2, 0, 0, 0));
        assert_eq!(before("1m3d", march), datetime(2026, 2, 28, 2, 0, 0, 0));
        assert_eq!(before("3h", march), datetime(2026, 3, 30, 23, 0, 0, 0));
        assert_eq!(
            before("2y2m", datetime(2026, 1, 15, 2, 0, 0, 0)),
            datetime(2023, 11, 15, 2, 0, 0, 0)
        );
        assert_eq!("100000y".parse::<Within>().unwrap().before(march), None);
    }
}
