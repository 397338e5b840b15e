//! Time zones by their names, and wall clocks in them. Times are chrono's everywhere else.

use chrono::{DateTime, Utc};
use jiff::civil;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::{Error, Result};

/// The time zone of this name in the IANA database, of which a copy is compiled in for machines without one.
///
/// # Errors
/// When there is none.
pub(crate) fn named(name: &str) -> Result<TimeZone> {
    TimeZone::get(name).map_err(|error| {
        Error::invalid(format!(
            "find time zone `{name}`: write it as the IANA database does, as in `Asia/Shanghai`"
        ))
        .with_source(error)
    })
}

/// `None` beyond the year 9999.
pub(crate) fn to_jiff(time: DateTime<Utc>) -> Option<Timestamp> {
    // Leap seconds are told as the second before, with more than a second's nanoseconds.
    let nanoseconds = time.timestamp_subsec_nanos().min(999_999_999);
    Timestamp::new(time.timestamp(), i32::try_from(nanoseconds).ok()?).ok()
}

pub(crate) fn to_chrono(time: Timestamp) -> Option<DateTime<Utc>> {
    let nanoseconds = u32::try_from(time.as_nanosecond().rem_euclid(1_000_000_000)).ok()?;
    DateTime::from_timestamp(
        time.as_nanosecond()
            .div_euclid(1_000_000_000)
            .try_into()
            .ok()?,
        nanoseconds,
    )
}

/// What a clock on the wall shows in the zone at that time.
pub(crate) fn wall_clock(zone: &TimeZone, time: DateTime<Utc>) -> Option<civil::DateTime> {
    Some(zone.to_datetime(to_jiff(time)?))
}

/// When a clock on the wall shows this: the earlier time where it does so twice, and as long after a gap as the
/// gap is where it never does.
pub(crate) fn at_wall_clock(zone: &TimeZone, shows: civil::DateTime) -> Option<DateTime<Utc>> {
    let zoned: Zoned = zone.to_ambiguous_zoned(shows).compatible().ok()?;
    to_chrono(zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_survive_the_way_to_jiff_and_back() {
        for (seconds, nanoseconds) in [
            (0, 0),
            (-1, 1),
            (1_795_000_000, 999_999_999),
            (-62_000_000_000, 5),
        ] {
            let time = DateTime::from_timestamp(seconds, nanoseconds).unwrap();
            assert_eq!(to_chrono(to_jiff(time).unwrap()), Some(time));
        }
        assert_eq!(to_jiff(DateTime::<Utc>::MAX_UTC), None);
    }

    #[test]
    fn zones_are_found_without_the_files_of_the_machine() {
        let zone = jiff::tz::TimeZoneDatabase::bundled()
            .get("Asia/Shanghai")
            .unwrap();
        assert_eq!(zone.iana_name(), Some("Asia/Shanghai"));
        named("Asia/Shanghai").unwrap();
        let error = named("Asia/Beijing").unwrap_err();
        assert!(error.to_string().contains("`Asia/Beijing`"), "{error}");
    }
}
