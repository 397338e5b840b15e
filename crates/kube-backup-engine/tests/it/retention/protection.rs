//! What is never deleted, whatever the rules say.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kube_backup_engine::Phase;
use kube_backup_engine::retention::{
    BackupVerdict, Candidate, ClockWatch, PrunePlan, Reason, RetentionPolicy, Verdict, Verified,
};
use proptest::prelude::*;

use super::rules::policies;
use super::{at, good, names};

fn one<'a>(plan: &'a PrunePlan, name: &str) -> &'a BackupVerdict {
    plan.backups
        .iter()
        .find(|backup| backup.name == name)
        .unwrap()
}

fn any_backup() -> impl Strategy<Value = Candidate> {
    let phase = prop_oneof![
        4 => Just(Phase::Completed),
        1 => Just(Phase::PartiallyFailed),
        1 => Just(Phase::Failed),
        1 => Just(Phase::Unknown),
        1 => Just(Phase::Other("InProgress".to_owned())),
    ];
    let expires = prop_oneof![
        3 => Just(Ok(None)),
        3 => (-5_000_000..5_000_000_i64).prop_map(|seconds| Ok(Some(at("2026-03-01") + TimeDelta::seconds(seconds)))),
        1 => Just(Err("it is no time".to_owned())),
    ];
    let verified = prop_oneof![
        4 => Just(Verified::Not),
        1 => Just(Verified::Passed),
        1 => Just(Verified::Failed("a Secret differs".to_owned())),
    ];
    let created = prop_oneof![
        9 => (-9_000_000..1_000_000_i64).prop_map(Some),
        1 => Just(None),
    ];
    let plan = prop::sample::select(vec![None, Some("hourly"), Some("nightly")]);
    (
        phase,
        expires,
        verified,
        created,
        plan,
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
    )
        .prop_map(
            |(phase, expires_at, verified, created, plan, is_foreign, held)| {
                let mut backup = Candidate::completed("", at("2026-03-01"));
                backup.created_at =
                    created.map(|seconds| at("2026-03-01") + TimeDelta::seconds(seconds));
                (backup.phase, backup.expires_at, backup.is_foreign) =
                    (phase, expires_at, is_foreign);
                backup.held = held.then(|| "audit".to_owned());
                let backup = backup.verified(verified);
                match plan {
                    Some(plan) => backup.of_plan(plan),
                    None => backup,
                }
            },
        )
}

proptest! {
    #[test]
    fn the_newest_good_backup_of_each_plan_survives_everything(
        mut backups in prop::collection::vec(any_backup(), 0..30), policy in policies(), most in prop::option::of(1..4_u32),
    ) {
        for (position, backup) in backups.iter_mut().enumerate() {
            backup.name = position.to_string();
        }
        let now = at("2026-03-01");
        let policy = RetentionPolicy { max_deletions: most, ..policy };
        let plan = policy.apply(&backups, now).unwrap();
        prop_assert_eq!(plan.backups.len(), backups.len());
        prop_assert!(plan.backups.iter().all(|backup| !backup.reasons.is_empty()));
        let counts = |backup: &&Candidate| backup.created_at.is_some_and(|at| at <= now)
            && !backup.is_foreign && backup.expires_at.is_ok();
        for of in [None, Some("hourly"), Some("nightly")] {
            let of_plan = || backups.iter().filter(|backup| backup.plan.as_deref() == of).filter(counts);
            let best = of_plan().filter(|backup| backup.is_good()).max_by_key(|backup| backup.created_at)
                .or_else(|| of_plan().filter(|it| matches!(it.phase, Phase::Completed | Phase::PartiallyFailed))
                    .max_by_key(|backup| backup.created_at));
            if let Some(best) = best {
                let same_time = |it: &&BackupVerdict| it.plan.as_deref() == of && it.created_at == best.created_at;
                prop_assert!(plan.with(Verdict::Keep).any(|it| same_time(&it)), "{}", plan);
            }
        }
        for backup in &backups {
            let verdict = one(&plan, &backup.name);
            // What is not known to have ended, is another's, or of no known age, is not touched.
            if !counts(&backup) || matches!(backup.phase, Phase::Unknown | Phase::Other(_)) {
                prop_assert_eq!(verdict.verdict, Verdict::Keep);
            }
            if backup.held.is_some() {
                prop_assert_ne!(verdict.verdict, Verdict::Delete);
            }
            let is_expired = matches!(backup.expires_at, Ok(Some(at)) if at <= now);
            if !policy.has_rules() && !is_expired {
                prop_assert_eq!(verdict.verdict, Verdict::Keep);
            }
        }
        if let Some(most) = most {
            prop_assert!(plan.with(Verdict::Delete).count() <= most as usize);
        }
    }
}

#[test]
fn expiry_is_an_upper_bound_and_the_last_good_one_survives_it() {
    let ttl = |name: &str, day: &str, expires: &str| {
        let mut backup = Candidate::completed(name, at(day));
        backup.expires_at = Ok(Some(at(expires)));
        backup
    };
    let backups = [
        ttl("new", "2026-03-03", "2026-03-10"),
        ttl("old", "2026-03-02", "2026-03-09"),
        ttl("oldest", "2026-03-01", "2026-03-08"),
    ];
    let none = RetentionPolicy::default();
    let plan = none.apply(&backups, at("2026-03-08")).unwrap();
    assert_eq!(names(&plan, Verdict::Delete), ["oldest"]);
    assert_eq!(
        one(&plan, "old").reasons,
        [Reason::NoRules {
            expires_at: Some(at("2026-03-09"))
        }]
    );
    let plan = none.apply(&backups, at("2027-03-08")).unwrap();
    assert_eq!(names(&plan, Verdict::Keep), ["new"]);
    assert!(one(&plan, "new").reasons.contains(&Reason::NewestGood));
    // Rules keep nothing beyond it, and decide about what has not expired.
    let all = RetentionPolicy {
        keep_last: Some(-1),
        ..none.clone()
    };
    assert_eq!(
        names(
            &all.apply(&backups, at("2026-03-09")).unwrap(),
            Verdict::Delete
        ),
        ["old", "oldest"]
    );
    let last = RetentionPolicy {
        keep_last: Some(2),
        ..none
    };
    assert_eq!(
        names(
            &last.apply(&backups, at("2026-03-03")).unwrap(),
            Verdict::Delete
        ),
        ["oldest"]
    );
}

#[test]
fn a_backup_whose_drill_failed_is_no_good_one() {
    let mut backups = good(&["2026-03-03", "2026-03-02", "2026-03-01"]);
    backups[0].verified = Verified::Failed("a Secret differs".to_owned());
    let policy = RetentionPolicy {
        keep_last: Some(1),
        ..RetentionPolicy::default()
    };
    let plan = policy.apply(&backups, at("2026-03-04")).unwrap();
    assert_eq!(names(&plan, Verdict::Keep), ["2026-03-03", "2026-03-02"]);
    assert_eq!(
        one(&plan, "2026-03-03").reasons[0].to_string(),
        "its verification failed: a Secret differs, and there is no newer good one"
    );
    // Once there is a newer good one, it goes.
    backups.push(Candidate::completed("2026-03-04", at("2026-03-04")));
    let plan = policy.apply(&backups, at("2026-03-05")).unwrap();
    assert_eq!(names(&plan, Verdict::Keep), ["2026-03-04"]);
}

#[test]
fn plans_do_not_take_slots_from_each_other() {
    let backups = [
        Candidate::completed("a1", at("2026-03-01")).of_plan("a"),
        Candidate::completed("b2", at("2026-03-02")).of_plan("b"),
        Candidate::completed("a3", at("2026-03-03")).of_plan("a"),
        Candidate::completed("by-hand", at("2026-02-01")),
    ];
    let policy = RetentionPolicy {
        keep_last: Some(1),
        ..RetentionPolicy::default()
    };
    let plan = policy.apply(&backups, at("2026-03-04")).unwrap();
    assert_eq!(names(&plan, Verdict::Keep), ["a3", "b2", "by-hand"]);
}

#[test]
fn what_is_locked_or_held_is_pending_and_said_so() {
    let mut backups = good(&["2026-03-04", "2026-03-03", "2026-03-02", "2026-03-01"]);
    backups[1].locked_until = Some(at("2026-04-01"));
    backups[2].held = Some("restore `again` reads it".to_owned());
    let policy = RetentionPolicy {
        keep_last: Some(1),
        ..RetentionPolicy::default()
    };
    let plan = policy.apply(&backups, at("2026-03-05")).unwrap();
    assert_eq!(names(&plan, Verdict::Pending), ["2026-03-03", "2026-03-02"]);
    assert_eq!(names(&plan, Verdict::Delete), ["2026-03-01"]);
    let text = plan.to_string();
    assert!(
        text.contains("no rule keeps it, the bucket keeps it until 2026-04-01T02:00:00Z"),
        "{text}"
    );
    assert!(
        text.contains("no rule keeps it, held: restore `again` reads it"),
        "{text}"
    );
    let plan = policy.apply(&backups, at("2026-04-01")).unwrap();
    assert_eq!(names(&plan, Verdict::Pending), ["2026-03-02"]);
}

#[test]
fn a_pass_deletes_the_oldest_and_no_more_than_it_may() {
    let days: Vec<String> = (1..=9).map(|day| format!("2026-03-{day:02}")).collect();
    let days: Vec<&str> = days.iter().map(String::as_str).collect();
    let policy = RetentionPolicy {
        keep_last: Some(2),
        max_deletions: Some(3),
        ..RetentionPolicy::default()
    };
    let plan = policy.apply(&good(&days), at("2026-03-10")).unwrap();
    assert_eq!(
        names(&plan, Verdict::Delete),
        ["2026-03-03", "2026-03-02", "2026-03-01"]
    );
    assert_eq!(names(&plan, Verdict::Pending).len(), 4);
    assert!(
        one(&plan, "2026-03-04")
            .reasons
            .contains(&Reason::EnoughForNow)
    );
}

#[test]
fn a_clock_that_has_jumped_deletes_nothing_for_an_hour() {
    let policy = RetentionPolicy {
        keep_last: Some(1),
        ..RetentionPolicy::default()
    };
    let backups = good(&["2026-03-02", "2026-03-01"]);
    let mut watch = ClockWatch::default();
    let mut deleted = |now: DateTime<Utc>| {
        let plan = policy.apply(&backups, now).unwrap().watched_by(&mut watch);
        let pending = plan.with(Verdict::Pending).next();
        if let Some(pending) = pending {
            assert!(matches!(
                pending.reasons.last(),
                Some(Reason::ClockJumped { .. })
            ));
        }
        plan.with(Verdict::Delete).count()
    };
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let start = at("2026-03-03");
    assert_eq!(deleted(start), 1);
    assert_eq!(deleted(start + minutes(60)), 1);
    // A year ahead, and for an hour after that.
    let ahead = start + minutes(60 * 24 * 365);
    for (after, expected) in [(0, 0), (30, 0), (59, 0), (61, 1), (120, 1)] {
        assert_eq!(deleted(ahead + minutes(after)), expected, "{after}");
    }
    // And back again: the pause is not that of the other clock.
    for (after, expected) in [(180, 0), (210, 0), (241, 1)] {
        assert_eq!(deleted(start + minutes(after)), expected, "{after}");
    }
    // A few seconds are nothing.
    assert_eq!(deleted(start + minutes(240)), 1);
}

#[test]
fn records_say_what_is_known_of_a_backup() {
    let record = |annotations: &str, expiration: &str| {
        let text = format!(
            r#"{{"kind":"Backup","apiVersion":"velero.io/v1","metadata":{{"name":"a","uid":"u",
            "creationTimestamp":"2026-03-01T02:00:00Z","labels":{{"velero.io/schedule-name":"nightly"}},
            "annotations":{{{annotations}}}}},"status":{{"phase":"Completed"{expiration}}}}}"#
        );
        Candidate::of(&serde_json::from_str(&text).unwrap())
    };
    let archive = r#""kube-backup-engine.io/archive":"{\"length\":1,\"crc64\":\"1\"}""#;
    let ours = record(archive, "");
    assert_eq!(
        (ours.plan.as_deref(), ours.created_at, ours.is_foreign),
        (Some("nightly"), Some(at("2026-03-01")), false)
    );
    assert_eq!(ours.expires_at, Ok(None));
    let expiring = record(
        &format!(r#"{archive},"kube-backup-engine.io/expires-at":"2026-03-02T02:00:00Z""#),
        "",
    );
    assert_eq!(expiring.expires_at, Ok(Some(at("2026-03-02"))));
    // What is not understood is kept, and said.
    let damaged = record(
        &format!(r#"{archive},"kube-backup-engine.io/expires-at":"tomorrow""#),
        "",
    );
    let plan = RetentionPolicy::default()
        .apply(&[damaged], at("2030-03-01"))
        .unwrap();
    assert!(plan.to_string().contains("`tomorrow` is no time"), "{plan}");
    // Velero's own are shown with their expiry, and are Velero's to delete.
    let velero = record("", r#","expiration":"2026-03-02T02:00:00Z""#);
    let policy = RetentionPolicy {
        keep_last: Some(1),
        ..RetentionPolicy::default()
    };
    let plan = policy.apply(&[velero, ours], at("2026-03-05")).unwrap();
    let others = Reason::OfOthers {
        expires_at: Some(at("2026-03-02")),
    };
    assert!(
        plan.backups
            .iter()
            .any(|backup| backup.reasons == [others.clone()] && backup.verdict == Verdict::Keep)
    );
}
