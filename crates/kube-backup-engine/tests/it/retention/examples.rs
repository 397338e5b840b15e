//! Worked examples, computed by hand for restic's rules; where Proxmox's differ, the comments say how.

use kube_backup_engine::Phase;
use kube_backup_engine::retention::{Candidate, Reason, RetentionPolicy, Verdict};

use super::{at, good, kept, names};

#[test]
fn a_two_last_and_four_daily_share_backups() {
    let days: Vec<String> = (1..=10).map(|day| format!("2026-03-{day:02}")).collect();
    let days: Vec<&str> = days.iter().map(String::as_str).collect();
    let policy = RetentionPolicy {
        keep_last: Some(2),
        keep_daily: Some(4),
        ..RetentionPolicy::default()
    };
    // Proxmox: 10 9 8 7 6 5.
    assert_eq!(
        kept(&policy, &good(&days), "2026-03-10"),
        ["2026-03-10", "2026-03-09", "2026-03-08", "2026-03-07"]
    );
}

#[test]
fn b_weeks_are_iso_weeks_and_years_are_of_the_calendar() {
    let days = [
        "2026-12-27",
        "2026-12-28",
        "2026-12-31",
        "2027-01-01",
        "2027-01-03",
        "2027-01-04",
    ];
    let policy = RetentionPolicy {
        keep_weekly: Some(2),
        keep_yearly: Some(2),
        ..RetentionPolicy::default()
    };
    // 4 January is week 1 of 2027, and the days before it are week 53 of 2026.
    assert_eq!(
        kept(&policy, &good(&days), "2027-01-05"),
        ["2027-01-04", "2027-01-03", "2026-12-31"]
    );
}

#[test]
fn c_the_oldest_is_kept_while_a_rule_has_some_left() {
    let times = [
        "2026-05-04T01",
        "2026-05-04T13",
        "2026-05-05T01",
        "2026-05-05T13",
    ];
    let policy = RetentionPolicy {
        keep_daily: Some(7),
        ..RetentionPolicy::default()
    };
    let plan = policy.apply(&good(&times), at("2026-05-06")).unwrap();
    // Proxmox: without 4 May at one.
    assert_eq!(
        names(&plan, Verdict::Keep),
        ["2026-05-05T13", "2026-05-04T13", "2026-05-04T01"]
    );
    let oldest = plan
        .backups
        .iter()
        .find(|backup| backup.name == "2026-05-04T01")
        .unwrap();
    assert_eq!(oldest.reasons[0].to_string(), "oldest daily (4 left)");
}

#[test]
fn d_within_counts_from_the_newest_and_not_from_now() {
    let days = [
        "2026-01-01",
        "2026-01-02",
        "2026-01-03",
        "2026-01-04",
        "2026-01-05",
    ];
    let policy = RetentionPolicy {
        keep_within: Some("2d".parse().unwrap()),
        ..RetentionPolicy::default()
    };
    // The 3rd is on the edge, and out.
    assert_eq!(
        kept(&policy, &good(&days), "2026-06-15"),
        ["2026-01-05", "2026-01-04"]
    );
}

#[test]
fn e_what_is_dated_in_the_future_takes_no_slot() {
    let days = ["2026-06-08", "2026-06-09", "2026-06-10", "2027-06-10"];
    let policy = RetentionPolicy {
        keep_daily: Some(2),
        ..RetentionPolicy::default()
    };
    let plan = policy.apply(&good(&days), at("2026-06-11")).unwrap();
    // restic: the one of the future and the 10th; the 9th is lost.
    assert_eq!(
        names(&plan, Verdict::Keep),
        ["2027-06-10", "2026-06-10", "2026-06-09"]
    );
    assert_eq!(plan.backups[0].reasons, [Reason::InFuture]);
}

#[test]
fn f_only_whole_ones_count() {
    let day = |day: u32, phase: Phase| {
        let mut backup = Candidate::completed(day.to_string(), at(&format!("2026-06-{day:02}")));
        backup.phase = phase;
        backup
    };
    let mut held = day(7, Phase::Completed);
    held.held = Some("audit".to_owned());
    let backups = [
        day(10, Phase::PartiallyFailed),
        day(9, Phase::Completed),
        day(8, Phase::PartiallyFailed),
        held,
        day(6, Phase::Completed),
        day(5, Phase::Completed),
    ];
    let policy = RetentionPolicy {
        keep_last: Some(2),
        ..RetentionPolicy::default()
    };
    let plan = policy.apply(&backups, at("2026-06-11")).unwrap();
    // Proxmox: 10 9 7 6, since what is protected takes no slot there. Here, as with restic's tags, it does.
    assert_eq!(names(&plan, Verdict::Keep), ["10", "9", "7"]);
    assert_eq!(names(&plan, Verdict::Delete), ["8", "6", "5"]);
    let text = plan.to_string();
    for line in [
        "6 backups: keep 3, delete 3, pending 0",
        "keep    10  2026-06-10T02:00:00Z  it is PartiallyFailed, and there is no newer good one",
        "keep    9   2026-06-09T02:00:00Z  last (1 left), the newest good one of its plan",
        "delete  8   2026-06-08T02:00:00Z  it is PartiallyFailed, and `9` is newer and good",
        "delete  6   2026-06-06T02:00:00Z  no rule keeps it",
    ] {
        assert!(text.contains(line), "{text}");
    }
}
