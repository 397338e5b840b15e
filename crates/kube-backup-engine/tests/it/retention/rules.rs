//! The rules, held against counting periods one by one.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use jiff::tz::TimeZone;
use kube_backup_engine::ErrorKind;
use kube_backup_engine::retention::{Candidate, RetentionPolicy, Verdict};
use proptest::prelude::*;

use super::{at, good, kept, names};

/// What a rule keeps: the newest of each of the last `count` periods that have one, and the oldest if there are fewer.
fn slowly(
    times: &[DateTime<Utc>],
    count: i32,
    period: impl Fn(DateTime<Utc>) -> String,
) -> BTreeSet<DateTime<Utc>> {
    let mut newest: BTreeMap<String, DateTime<Utc>> = BTreeMap::new();
    for time in times {
        let entry = newest.entry(period(*time)).or_insert(*time);
        *entry = (*entry).max(*time);
    }
    let mut kept: Vec<DateTime<Utc>> = newest.into_values().collect();
    kept.sort_by_key(|time| std::cmp::Reverse(*time));
    let most = usize::try_from(count).unwrap_or(usize::MAX);
    let oldest = times.iter().min().filter(|_| kept.len() < most).copied();
    kept.into_iter().take(most).chain(oldest).collect()
}

fn shows(zone: &TimeZone, time: DateTime<Utc>) -> jiff::civil::DateTime {
    zone.to_datetime(jiff::Timestamp::from_second(time.timestamp()).unwrap())
}

pub(super) fn times() -> impl Strategy<Value = Vec<DateTime<Utc>>> {
    let step = prop_oneof![0..7200_i64, 0..200_000_i64, 0..10_000_000_i64];
    prop::collection::vec(step, 1..40).prop_map(|steps| {
        let mut now = at("2024-02-27");
        steps
            .into_iter()
            .map(|step| {
                now -= TimeDelta::seconds(step + 1);
                now
            })
            .collect()
    })
}

pub(super) fn policies() -> impl Strategy<Value = RetentionPolicy> {
    let count = || prop::option::weighted(0.4, -1..6_i32);
    let within = prop::option::weighted(
        0.3,
        prop::sample::select(vec!["7d", "36h", "1m", "2m3d", "1y", "1y1m1d1h"])
            .prop_map(|text| text.parse().unwrap()),
    );
    let zone = prop::option::of(prop::sample::select(vec![
        "Asia/Shanghai".to_owned(),
        "Etc/GMT+5".to_owned(),
    ]));
    (
        count(),
        count(),
        count(),
        count(),
        count(),
        count(),
        within,
        zone,
    )
        .prop_map(
            |(
                keep_last,
                keep_hourly,
                keep_daily,
                keep_weekly,
                keep_monthly,
                keep_yearly,
                keep_within,
                time_zone,
            )| {
                RetentionPolicy {
                    keep_last,
                    keep_hourly,
                    keep_daily,
                    keep_weekly,
                    keep_monthly,
                    keep_yearly,
                    keep_within,
                    time_zone,
                    ..RetentionPolicy::default()
                }
            },
        )
}

pub(super) fn candidates(times: &[DateTime<Utc>]) -> Vec<Candidate> {
    times
        .iter()
        .enumerate()
        .map(|(position, time)| Candidate::completed(position.to_string(), *time))
        .collect()
}

proptest! {
    #[test]
    fn count_rules_keep_the_newest_of_each_period(
        times in times(), counts in prop::array::uniform6(prop::option::of(-1..6_i32)),
        zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "Pacific/Chatham"]),
    ) {
        let [keep_last, keep_hourly, keep_daily, keep_weekly, keep_monthly, keep_yearly] = counts;
        let policy = RetentionPolicy {
            keep_last, keep_hourly, keep_daily, keep_weekly, keep_monthly, keep_yearly,
            time_zone: Some(zone.to_owned()),
            ..RetentionPolicy::default()
        };
        prop_assume!(policy.has_rules());
        let zone = TimeZone::get(zone).unwrap();
        let mut expected: BTreeSet<DateTime<Utc>> = times.iter().max().copied().into_iter().collect();
        for (count, pattern) in counts.into_iter().zip(["", "%F %H", "%F", "%G-%V", "%Y-%m", "%Y"]) {
            let Some(count) = count.filter(|count| *count != 0) else { continue };
            expected.extend(slowly(&times, count, |time| match pattern {
                "" => time.to_string(),
                pattern => shows(&zone, time).strftime(pattern).to_string(),
            }));
        }
        let plan = policy.apply(&candidates(&times), at("2024-03-01")).unwrap();
        let found: BTreeSet<_> = plan.with(Verdict::Keep).filter_map(|backup| backup.created_at).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_second_pass_over_what_is_left_deletes_nothing(times in times(), policy in policies()) {
        let all = candidates(&times);
        let now = at("2024-03-01");
        let first = names(&policy.apply(&all, now).unwrap(), Verdict::Keep);
        let left: Vec<Candidate> = all.into_iter().filter(|backup| first.contains(&backup.name)).collect();
        prop_assert_eq!(names(&policy.apply(&left, now).unwrap(), Verdict::Keep), first);
    }

    #[test]
    fn the_order_of_what_is_passed_in_means_nothing(times in times(), policy in policies(), turn in 0..40_usize) {
        let all = candidates(&times);
        let mut turned = all.clone();
        turned.rotate_left(turn % all.len());
        let now = at("2024-03-01");
        prop_assert_eq!(policy.apply(&all, now).unwrap(), policy.apply(&turned, now).unwrap());
    }
}

#[test]
fn days_are_those_of_the_time_zone() {
    let times = ["2026-03-01T15", "2026-03-01T17"];
    let days = |zone: Option<&str>| RetentionPolicy {
        keep_daily: Some(2),
        time_zone: zone.map(str::to_owned),
        keep_last: None,
        ..RetentionPolicy::default()
    };
    // In Shanghai it is midnight between them. In UTC the older one is the oldest of a day.
    let backups = good(&["2026-03-01T03", times[0], times[1]]);
    assert_eq!(
        kept(&days(Some("Asia/Shanghai")), &backups, "2026-03-02"),
        ["2026-03-01T17", "2026-03-01T15"]
    );
    assert_eq!(
        kept(&days(None), &backups, "2026-03-02"),
        ["2026-03-01T17", "2026-03-01T03"]
    );
}

#[test]
fn a_policy_that_is_wrong_deletes_nothing() {
    for (policy, why) in [
        (
            RetentionPolicy {
                keep_daily: Some(-2),
                ..RetentionPolicy::default()
            },
            "`keepDaily` is `-2`",
        ),
        (
            RetentionPolicy {
                max_deletions: Some(0),
                ..RetentionPolicy::default()
            },
            "`maxDeletions` is `0`",
        ),
        (
            RetentionPolicy {
                time_zone: Some("Mars/Olympus".into()),
                ..RetentionPolicy::default()
            },
            "time zone `Mars/Olympus`",
        ),
    ] {
        let error = policy
            .apply(&good(&["2026-03-01"]), at("2026-03-02"))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(why), "{error}");
    }
    for typo in [
        r#"{"keepDayly": 7}"#,
        r#"{"keepWithin": "1w"}"#,
        r#"{"keepLast": 1.5}"#,
    ] {
        serde_json::from_str::<RetentionPolicy>(typo).unwrap_err();
    }
    let policy: RetentionPolicy =
        serde_json::from_str(r#"{"keepDaily": 7, "keepWithin": "1y6m"}"#).unwrap();
    assert_eq!(
        serde_json::to_string(&policy).unwrap(),
        r#"{"keepDaily":7,"keepWithin":"1y6m"}"#
    );
}
