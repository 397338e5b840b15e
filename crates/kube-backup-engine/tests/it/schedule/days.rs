//! What schedules mean, and what is wrong with others.

use std::time::Duration;

use kube_backup_engine::ErrorKind;
use kube_backup_engine::schedule::Schedule;
use proptest::prelude::*;

use super::at;

fn runs(text: &str, from: &str) -> Vec<String> {
    let schedule = Schedule::parse(text, None).unwrap_or_else(|error| panic!("{error}"));
    let runs = schedule.runs_after(at(from), at(from)).take(3);
    runs.map(|run| run.format("%m-%dT%H:%M").to_string())
        .collect()
}

#[test]
fn names_and_intervals_are_read() {
    for (text, expected) in [
        ("@hourly", ["03-01T01:00", "03-01T02:00", "03-01T03:00"]),
        ("@daily", ["03-02T00:00", "03-03T00:00", "03-04T00:00"]),
        ("@midnight", ["03-02T00:00", "03-03T00:00", "03-04T00:00"]),
        ("@Weekly", ["03-08T00:00", "03-15T00:00", "03-22T00:00"]),
        ("@monthly", ["04-01T00:00", "05-01T00:00", "06-01T00:00"]),
        ("@yearly", ["01-01T00:00", "01-01T00:00", "01-01T00:00"]),
        ("@annually", ["01-01T00:00", "01-01T00:00", "01-01T00:00"]),
        (
            "@every 6h30m",
            ["03-01T07:15", "03-01T13:45", "03-01T20:15"],
        ),
        ("6h30m", ["03-01T07:15", "03-01T13:45", "03-01T20:15"]),
        ("1m", ["03-01T00:46", "03-01T00:47", "03-01T00:48"]),
        (
            "CRON_TZ=Asia/Shanghai 0 3 * * *",
            ["03-01T19:00", "03-02T19:00", "03-03T19:00"],
        ),
        (
            "TZ=Asia/Shanghai  0 3 * * *",
            ["03-01T19:00", "03-02T19:00", "03-03T19:00"],
        ),
        (
            "5/20 4 * * *",
            ["03-01T04:05", "03-01T04:25", "03-01T04:45"],
        ),
        (
            "0 2 * * MON-FRI",
            ["03-02T02:00", "03-03T02:00", "03-04T02:00"],
        ),
        ("0 0 29 2 *", ["02-29T00:00", "02-29T00:00", "02-29T00:00"]),
        ("0 0 31 * *", ["03-31T00:00", "05-31T00:00", "07-31T00:00"]),
    ] {
        assert_eq!(runs(text, "2026-03-01T00:45"), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_read_or_never_runs_is_refused_with_the_remedy() {
    for (text, zone, why) in [
        ("", None, "it is empty"),
        ("   ", None, "it is empty"),
        ("CRON_TZ=Asia/Shanghai", None, "it is empty"),
        ("* * * *", None, "it has 4 fields and not five"),
        ("0 0 3 * * *", None, "it has 6 fields and not five"),
        ("0 3 * * * 2026", None, "it has 6 fields and not five"),
        ("0 25 * * *", None, "hour `25` is not within 0-23"),
        (
            "0 0 30 2 *",
            None,
            "it would never run: month 2 has no day 30",
        ),
        ("@reboot", None, "there are `@hourly`"),
        ("@every", None, "there are `@hourly`"),
        ("@every 6", None, "`6` is neither five fields"),
        ("daily", None, "`daily` is neither five fields"),
        ("30s", None, "an interval of `30s` is shorter than `1m`"),
        ("-1h", None, "`-1h` is neither"),
        ("0", None, "an interval of `0` is shorter"),
        ("90.5s", None, "of no whole seconds"),
        ("9999999h", None, "is neither"),
        (
            "0 3 * * *",
            Some("Mars/Olympus"),
            "find time zone `Mars/Olympus`",
        ),
        ("TZ=Local 0 3 * * *", None, "find time zone `Local`"),
        ("TZ=../../etc/passwd 0 3 * * *", None, "find time zone"),
        (
            "CRON_TZ=Europe/Berlin 0 3 * * *",
            Some("Asia/Shanghai"),
            "leave one of them out",
        ),
    ] {
        let error = Schedule::parse(text, zone).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{text}");
        assert!(error.to_string().contains(why), "{text}: {error}");
    }
    // The same zone twice is no contradiction.
    Schedule::parse("CRON_TZ=Europe/Berlin 0 3 * * *", Some("Europe/Berlin")).unwrap();
}

#[test]
fn either_day_is_enough_and_that_is_said_with_the_next_runs() {
    // ACK's documentation reads it as the 15th alone.
    let schedule = Schedule::parse("0 2 15 * 1", None).unwrap();
    let warnings = schedule.warnings(at("2026-06-10T00:00"));
    let [warning] = &warnings[..] else {
        panic!("{warnings:?}")
    };
    assert!(
        warning.message.contains("`0 2 15 * 1`"),
        "{}",
        warning.message
    );
    let expected = [
        "2026-06-15",
        "2026-06-22",
        "2026-06-29",
        "2026-07-06",
        "2026-07-13",
    ];
    assert_eq!(
        warning.next_runs,
        expected.map(|day| at(&format!("{day}T02:00")))
    );
    let both = Schedule::parse("0 2 15 * +1", None).unwrap();
    assert_eq!(both.warnings(at("2026-06-10T00:00")), []);
    let from = at("2026-06-10T00:00");
    let runs: Vec<_> = both.runs_after(from, from).take(2).collect();
    assert_eq!(runs, [at("2026-06-15T02:00"), at("2027-02-15T02:00")]);
    for quiet in [
        "0 2 15 * *",
        "0 2 * * 1",
        "@weekly",
        "6h",
        "0 2 15 * ?",
        "0 2 */1 * 1",
    ] {
        assert_eq!(
            Schedule::parse(quiet, None).unwrap().warnings(from),
            [],
            "{quiet}"
        );
    }
}

#[test]
fn a_schedule_knows_how_old_its_backups_may_get() {
    let hours = |hours: u64| Some(Duration::from_secs(hours * 3600));
    for (text, zone, expected) in [
        ("@daily", None, hours(24)),
        ("0 3 * * 1-5", None, hours(72)),
        ("6h30m", None, Some(Duration::from_secs(23_400))),
        ("*/15 * * * *", None, Some(Duration::from_secs(900))),
        ("0 0 1 * *", None, hours(31 * 24)),
    ] {
        let schedule = Schedule::parse(text, zone).unwrap();
        assert_eq!(
            schedule.expected_interval(at("2026-03-04T00:00")),
            expected,
            "{text}"
        );
    }
}

#[test]
fn a_schedule_is_written_as_it_is_read() {
    for (text, zone, written) in [
        (" 0  3 * * * ", None, "0  3 * * *"),
        (
            "@daily",
            Some("Asia/Shanghai"),
            "CRON_TZ=Asia/Shanghai @daily",
        ),
        ("TZ=Asia/Shanghai 6h", None, "CRON_TZ=Asia/Shanghai 6h"),
    ] {
        let schedule = Schedule::parse(text, zone).unwrap();
        assert_eq!(schedule.to_string(), written);
        assert_eq!(Schedule::parse(written, None).unwrap().to_string(), written);
    }
}

proptest! {
    #[test]
    fn whatever_is_written_there_is_read_or_refused(text in "\\PC{0,40}|[@0-9*/,+ \\-A-Za-z=]{0,40}|([0-9*/,+\\-?LW#]{1,5} ){4}[0-9*/,+\\-]{1,5}") {
        let now = at("2026-03-01T00:00");
        match Schedule::parse(&text, None) {
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::Invalid),
            // What is taken runs.
            Ok(schedule) => prop_assert!(schedule.runs_after(now, now).next().is_some_and(|run| run > now), "{}", schedule),
        }
    }
}
