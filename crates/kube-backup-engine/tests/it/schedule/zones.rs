//! Cron in time zones, held against going through every minute of a clock.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::TimeZone;
use kube_backup_engine::schedule::Schedule;
use proptest::prelude::*;

use super::at;

/// Zones with half an hour of summer time, a gap at midnight, a whole day without being there, changes that follow
/// the moon, offsets of quarters of an hour, and none of these.
const ZONES: [&str; 12] = [
    "UTC",
    "Asia/Shanghai",
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Asia/Tehran",
];

#[derive(Debug, Clone)]
struct Fields {
    minutes: BTreeSet<i8>,
    hours: BTreeSet<i8>,
    days: Option<BTreeSet<i8>>,
    months: Option<BTreeSet<i8>>,
    weekdays: Option<BTreeSet<i8>>,
    both: bool,
}

impl Fields {
    fn text(&self) -> String {
        let list = |values: &BTreeSet<i8>| {
            values
                .iter()
                .map(i8::to_string)
                .collect::<Vec<_>>()
                .join(",")
        };
        let optional =
            |values: &Option<BTreeSet<i8>>| values.as_ref().map_or_else(|| "*".to_owned(), list);
        format!(
            "{} {} {} {} {}{}",
            list(&self.minutes),
            if self.hours.len() == 24 {
                "*".to_owned()
            } else {
                list(&self.hours)
            },
            optional(&self.days),
            optional(&self.months),
            if self.both { "+" } else { "" },
            optional(&self.weekdays)
        )
    }

    fn names(&self, shows: civil::DateTime) -> bool {
        let has = |values: &Option<BTreeSet<i8>>, value| {
            values.as_ref().is_none_or(|it| it.contains(&value))
        };
        let weekday = shows.weekday().to_sunday_zero_offset();
        let day = match (&self.days, &self.weekdays, self.both) {
            (Some(days), Some(weekdays), false) => {
                days.contains(&shows.day()) || weekdays.contains(&weekday)
            }
            (days, weekdays, _) => has(days, shows.day()) && has(weekdays, weekday),
        };
        day && has(&self.months, shows.month())
            && self.hours.contains(&shows.hour())
            && self.minutes.contains(&shows.minute())
    }

    /// Every run of some days, by looking at the clock every minute.
    fn runs(&self, zone: &TimeZone, from: Timestamp, days: i64) -> Vec<i64> {
        let by_hours = self.hours.len() == 24;
        let mut runs = Vec::new();
        // A day before, so that it is known what the clock has shown.
        let first = from.as_second() / 60 * 60 - 86_400;
        let mut latest_shown = civil::DateTime::MIN;
        let mut shown: Option<civil::DateTime> = None;
        for minute in 0..(days + 1) * 1440 {
            let second = first + minute * 60;
            let shows = zone.to_datetime(Timestamp::from_second(second).unwrap());
            let is_again = shows <= latest_shown;
            let mut runs_now = self.names(shows) && (by_hours || !is_again);
            if !by_hours {
                let mut skipped = shown.map_or(shows, next_minute);
                while skipped < shows {
                    runs_now |= self.names(skipped);
                    skipped = next_minute(skipped);
                }
            }
            if runs_now && second > from.as_second() {
                runs.push(second);
            }
            latest_shown = latest_shown.max(shows);
            shown = Some(shows);
        }
        runs
    }
}

fn next_minute(shows: civil::DateTime) -> civil::DateTime {
    shows
        .checked_add(jiff::SignedDuration::from_mins(1))
        .unwrap()
}

fn chrono_at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn some(values: std::ops::Range<i8>, most: usize) -> impl Strategy<Value = BTreeSet<i8>> {
    prop::collection::btree_set(values, 1..=most)
}

fn fields() -> impl Strategy<Value = Fields> {
    let hours = prop_oneof![
        Just((0..24).collect::<BTreeSet<i8>>()),
        some(0..24, 3),
        // Where clocks change.
        some(0..4, 4),
    ];
    let minutes = prop_oneof![
        some(0..60, 3),
        Just([0, 15, 30, 45].into()),
        Just((0..60).collect())
    ];
    let days = prop::option::weighted(0.3, some(1..32, 4));
    let weekdays = prop::option::weighted(0.3, some(0..7, 3));
    let months = prop::option::weighted(0.2, some(1..13, 8));
    (minutes, hours, days, months, weekdays, any::<bool>()).prop_map(
        |(minutes, hours, days, months, weekdays, both)| Fields {
            minutes,
            hours,
            both: both && weekdays.is_some(),
            days,
            months,
            weekdays,
        },
    )
}

/// Times around the changes of a zone's clock, and others.
fn start(zone: &TimeZone, year: i16, change: usize, before: i64) -> Timestamp {
    let new_year = civil::date(year, 1, 1)
        .to_zoned(TimeZone::UTC)
        .unwrap()
        .timestamp();
    let changes: Vec<_> = zone
        .following(new_year)
        .take(4)
        .map(|change| change.timestamp())
        .collect();
    let about = changes.get(change).copied().unwrap_or(new_year);
    Timestamp::from_second(about.as_second() - before).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn runs_are_those_of_a_clock_that_is_looked_at_every_minute(
        fields in fields(), zone in 0..ZONES.len(), year in prop_oneof![Just(2011_i16), 2023..2031_i16], change in 0..4_usize,
        before in 0..300_000_i64,
    ) {
        let name = ZONES[zone];
        let zone = TimeZone::get(name).unwrap();
        let from = start(&zone, year, change, before);
        // What never runs is refused.
        let Ok(schedule) = Schedule::parse(&fields.text(), Some(name)) else {
            prop_assert_eq!(fields.runs(&zone, from, 40), Vec::<i64>::new());
            return Ok(());
        };
        let expected = fields.runs(&zone, from, 6);
        let end = chrono_at(from.as_second() / 60 * 60 + 6 * 86_400);
        let from = chrono_at(from.as_second());
        let found: Vec<i64> = schedule.runs_after(from, from)
            .take_while(|run| *run < end).map(|run| run.timestamp()).collect();
        prop_assert_eq!(found, expected, "{}", schedule);
    }

    /// Wherever one begins, the next run is the first of those that come after.
    #[test]
    fn the_next_run_does_not_depend_on_where_the_search_begins(
        fields in fields(), zone in 0..ZONES.len(), year in 2023..2031_i16, change in 0..4_usize, before in 0..200_000_i64,
        later in 0..90_000_000_000_000_i64,
    ) {
        let zone_name = ZONES[zone];
        let from = start(&TimeZone::get(zone_name).unwrap(), year, change, before).as_second();
        let Ok(schedule) = Schedule::parse(&fields.text(), Some(zone_name)) else { return Ok(()) };
        let from = chrono_at(from);
        let later = from + TimeDelta::nanoseconds(later);
        let expected = schedule.runs_after(from, from).find(|run| *run > later);
        prop_assert_eq!(schedule.runs_after(from, later).next(), expected, "{}", schedule);
    }
}

/// A year, minute by minute, in each zone.
#[test]
fn a_whole_year_is_right_in_every_zone() {
    let daily = Fields {
        minutes: [30].into(),
        hours: [2, 14].into(),
        days: None,
        months: None,
        weekdays: None,
        both: false,
    };
    for (year, name) in ZONES
        .iter()
        .map(|zone| (2026_i16, zone))
        .chain([(2011, &ZONES[9])])
    {
        let zone = TimeZone::get(name).unwrap();
        let from = civil::date(year, 1, 1)
            .to_zoned(TimeZone::UTC)
            .unwrap()
            .timestamp();
        let expected = daily.runs(&zone, from, 364);
        let schedule = Schedule::parse(&daily.text(), Some(name)).unwrap();
        let from = chrono_at(from.as_second());
        let found: Vec<i64> = schedule
            .runs_after(from, from)
            .take(expected.len())
            .map(|run| run.timestamp())
            .collect();
        assert_eq!(found, expected, "{name}");
        // No day is without a run, whatever the clocks do.
        assert!(
            found.windows(2).all(|pair| pair[1] - pair[0] <= 25 * 3600),
            "{name}"
        );
    }
}

#[test]
fn clocks_that_change_lose_no_run_and_make_none_twice() {
    for (schedule, zone, from, expected) in [
        // 2:00 to 3:00 was skipped on 29 March 2026 in Berlin, and came twice on 25 October.
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-03-28T12:00",
            ["2026-03-29T01:00", "2026-03-30T00:30"],
        ),
        (
            "0,30 2 * * *",
            "Europe/Berlin",
            "2026-03-28T12:00",
            ["2026-03-29T01:00", "2026-03-30T00:00"],
        ),
        (
            "0 2,3 * * *",
            "Europe/Berlin",
            "2026-03-28T12:00",
            ["2026-03-29T01:00", "2026-03-30T00:00"],
        ),
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-24T12:00",
            ["2026-10-25T00:30", "2026-10-26T01:30"],
        ),
        (
            "30 * * * *",
            "Europe/Berlin",
            "2026-10-25T00:00",
            ["2026-10-25T00:30", "2026-10-25T01:30"],
        ),
        (
            "30 * * * *",
            "Europe/Berlin",
            "2026-03-29T00:00",
            ["2026-03-29T00:30", "2026-03-29T01:30"],
        ),
        // Beirut skips midnight.
        (
            "@daily",
            "Asia/Beirut",
            "2026-03-28T12:00",
            ["2026-03-28T22:00", "2026-03-29T21:00"],
        ),
        (
            "0 */6 * * *",
            "Asia/Beirut",
            "2026-03-28T18:00",
            ["2026-03-28T22:00", "2026-03-29T03:00"],
        ),
        // Half an hour on Lord Howe Island.
        (
            "15 2 * * *",
            "Australia/Lord_Howe",
            "2026-10-03T00:00",
            ["2026-10-03T15:30", "2026-10-04T15:15"],
        ),
        // Samoa had no 30 December 2011.
        (
            "0 9 30 12 *",
            "Pacific/Apia",
            "2011-12-01T00:00",
            ["2011-12-30T10:00", "2012-12-29T19:00"],
        ),
    ] {
        let schedule = Schedule::parse(schedule, Some(zone)).unwrap();
        let runs: Vec<_> = schedule.runs_after(at(from), at(from)).take(2).collect();
        assert_eq!(runs, expected.map(at), "{schedule}");
    }
}

/// Who asks in the middle of the hour that comes twice gets no run of it twice.
#[test]
fn a_start_within_the_hour_that_comes_twice_is_no_exception() {
    let named = Schedule::parse("0,45 2 * * *", Some("Europe/Berlin")).unwrap();
    let hourly = Schedule::parse("45 * * * *", Some("Europe/Berlin")).unwrap();
    for (from, next_named, next_hourly) in [
        ("2026-10-25T00:20", "2026-10-25T00:45", "2026-10-25T00:45"),
        ("2026-10-25T00:50", "2026-10-26T01:00", "2026-10-25T01:45"),
        ("2026-10-25T01:00", "2026-10-26T01:00", "2026-10-25T01:45"),
        ("2026-10-25T01:20", "2026-10-26T01:00", "2026-10-25T01:45"),
    ] {
        let from = at(from);
        assert_eq!(named.runs_after(from, from).next(), Some(at(next_named)));
        assert_eq!(hourly.runs_after(from, from).next(), Some(at(next_hourly)));
    }
}
