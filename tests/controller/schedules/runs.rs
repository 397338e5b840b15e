//! When a plan makes a backup, and which it takes for its own.

use std::collections::BTreeSet;
use std::time::Duration;

use ack_backup_center::crds::from_time;
use ack_backup_center::schedules::Scheduler;
use chrono::{SubsecRound as _, TimeDelta, Utc};
use kube::ResourceExt as _;
use kube::api::ListParams;
use serde_json::json;

use super::{Plans, VAULT, reasons};
use crate::cluster::{list, object, plane};

#[tokio::test]
async fn a_day_of_a_plan_makes_its_backups_and_keeps_those_of_its_retention() {
    let Some(plane) = plane() else { return };
    let mut plans = Plans::new(plane.client()).await;
    plans
        .create(
            "hourly",
            json!({"retention": {"keepLast": 3, "keepDaily": 2}, "timeZone": "Asia/Shanghai"}),
        )
        .await;
    let day = plans.now;
    let mut made = Vec::new();
    let mut looks = 0;
    while plans.now < day + TimeDelta::days(1) {
        let step = plans.step("hourly").await;
        looks += 1;
        if reasons(&step).contains(&"BackupMade") {
            made.push(step.status.last_backup_name.clone().unwrap());
            assert!(
                step.wake_in.unwrap() <= Duration::from_secs(30),
                "it looks whether that has ended"
            );
            plans.end_all("Completed").await;
        }
        plans.meet_requests().await;
        plans.now += step.wake_in.unwrap();
    }
    let slots: Vec<String> = (0..24)
        .map(|hour| {
            (day + TimeDelta::hours(hour))
                .format("hourly-%Y%m%d%H%M%S")
                .to_string()
        })
        .collect();
    assert_eq!(made, slots);
    assert_eq!(looks, 48);
    // In Shanghai the day ended at 16:00, UTC.
    let left = plans.names().await;
    assert_eq!(left, [&slots[15..16], &slots[21..24]].concat());
    let plan = plans.plans().get("hourly").await.unwrap().status.unwrap();
    assert_eq!(plan.phase.as_deref(), Some("Enabled"));
    assert_eq!(plan.upcoming.len(), 5);
    assert_eq!(
        plan.next_backup.as_ref().map(from_time),
        Some(day + TimeDelta::days(1))
    );
    assert_eq!(plan.retention.unwrap().kept, 4);
}

#[tokio::test]
async fn the_same_look_twice_writes_the_same_status() {
    let Some(plane) = plane() else { return };
    let mut plans = Plans::new(plane.client()).await;
    plans
        .create("hourly", json!({"schedule": "0 2 15 * 1"}))
        .await;
    let first = plans.step("hourly").await;
    plans.now += TimeDelta::seconds(7);
    let second = plans.step("hourly").await;
    // Otherwise a controller that is woken by what it writes would never rest.
    assert_eq!(second.status, first.status);
    assert!(
        first.status.warnings[0].contains("runs on a day that is either"),
        "{:?}",
        first.status.warnings
    );
    assert_eq!(reasons(&second), [] as [&str; 0]);
}

#[tokio::test]
async fn two_controllers_never_run_a_slot_twice() {
    let Some(plane) = plane() else { return };
    let mut plans = Plans::new(plane.client()).await;
    plans
        .create("often", json!({"schedule": "*/15 * * * *"}))
        .await;
    for _ in 0..6 {
        let plan = plans.plans().get("often").await.unwrap();
        let other = Scheduler::new(plane.client(), &plans.namespace, "this-cluster");
        // Both see the same plan; the one that is killed writes no status.
        let (first, second) = tokio::join!(
            plans.scheduler.step(&plan, plans.now),
            other.step(&plan, plans.now)
        );
        let (first, second) = (first.unwrap(), second.unwrap());
        assert_eq!(
            first.status.last_backup_name,
            second.status.last_backup_name
        );
        let made = reasons(&first).len() + reasons(&second).len();
        assert_eq!(made, 1, "one of them made it, and the other found it");
        // And a third, which knows nothing of them but what is in the cluster.
        plans.step("often").await;
        plans.end_all("Completed").await;
        plans.now += TimeDelta::minutes(15);
    }
    let names = plans.names().await;
    assert_eq!(names.len(), 6, "{names:?}");
}

#[tokio::test]
async fn a_backup_of_the_name_that_is_somebody_elses_is_left_alone() {
    let Some(plane) = plane() else { return };
    let plans = Plans::new(plane.client()).await;
    plans.create("hourly", json!({})).await;
    let name = plans.now.format("hourly-%Y%m%d%H%M%S").to_string();
    let body = object(
        "ApplicationBackup",
        &name,
        &json!({"storageLocation": VAULT}),
    );
    test_support::create(
        &plans.client,
        &list("ApplicationBackup", &plans.namespace),
        body,
    )
    .await;
    let step = plans.step("hourly").await;
    assert_eq!(reasons(&step), ["NameTaken"]);
    assert_eq!(step.status.last_backup_name, None);
    let untouched = plans.backups().get(&name).await.unwrap();
    assert!(untouched.labels().is_empty());
}

#[tokio::test]
async fn namespaces_that_are_gone_are_left_out_and_named_and_without_any_the_run_fails() {
    let Some(plane) = plane() else { return };
    let mut plans = Plans::new(plane.client()).await;
    let template = |names: &[&str]| json!({"template": {"storageLocation": VAULT, "includedNamespaces": names}});
    plans.create("some", template(&["default", "gone-a"])).await;
    plans.create("none", template(&["gone-a", "gone-b"])).await;
    let some = plans.step("some").await;
    assert_eq!(reasons(&some), ["NamespacesGone", "BackupMade"]);
    let message = some.status.message.clone().unwrap();
    assert!(message.contains("`gone-a`, which are gone"), "{message}");
    let made = plans
        .backups()
        .get(&some.status.last_backup_name.unwrap())
        .await
        .unwrap();
    assert_eq!(made.spec.included_namespaces, ["default"]);
    let none = plans.step("none").await;
    assert_eq!(reasons(&none), ["NoNamespaces"]);
    let message = none.status.message.clone().unwrap();
    assert!(
        message
            .starts_with("get target namespace failed: none of the namespaces `gone-a`, `gone-b`"),
        "{message}"
    );
    // Not again and again, and once more at the next slot.
    assert_eq!(reasons(&plans.step("none").await), [] as [&str; 0]);
    plans.now += TimeDelta::hours(1);
    assert_eq!(reasons(&plans.step("none").await), ["NoNamespaces"]);
    assert!(
        plans
            .names()
            .await
            .iter()
            .all(|name| name.starts_with("some-"))
    );
}

#[tokio::test]
async fn pause_skip_run_now_and_overlap_do_what_they_say() {
    let Some(plane) = plane() else { return };
    let mut plans = Plans::new(plane.client()).await;
    plans.create("hourly", json!({})).await;
    plans.step("hourly").await;
    // The backup of midnight has not ended.
    plans.now += TimeDelta::hours(1);
    let waiting = plans.step("hourly").await;
    assert_eq!(reasons(&waiting), [] as [&str; 0]);
    assert!(waiting.status.active.is_some());
    plans.end_all("Failed").await;
    assert_eq!(reasons(&plans.step("hourly").await), ["BackupMade"]);
    plans.end_all("Completed").await;
    // One is skipped; the field stays true, and skips no other.
    plans
        .change("hourly", json!({"skipImmediately": true}))
        .await;
    plans.now += TimeDelta::hours(1);
    assert_eq!(reasons(&plans.step("hourly").await), ["Skipped"]);
    plans.now += TimeDelta::hours(1);
    assert_eq!(reasons(&plans.step("hourly").await), ["BackupMade"]);
    plans.end_all("Completed").await;
    // Paused: none, but the one that is asked for.
    let at =
        (plans.now + TimeDelta::minutes(90)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    plans
        .change("hourly", json!({"paused": true, "runAt": at}))
        .await;
    plans.now += TimeDelta::hours(1);
    let paused = plans.step("hourly").await;
    assert_eq!(
        (reasons(&paused), paused.status.phase.as_deref()),
        (vec![], Some("Paused"))
    );
    plans.now += TimeDelta::minutes(30);
    assert_eq!(reasons(&plans.step("hourly").await), ["BackupMade"]);
    plans.end_all("Completed").await;
    plans.change("hourly", json!({"paused": false})).await;
    assert_eq!(reasons(&plans.step("hourly").await), [] as [&str; 0]);
    assert_eq!(plans.names().await.len(), 4);
}

#[tokio::test]
async fn a_plan_that_cannot_be_followed_says_why_once() {
    let Some(plane) = plane() else { return };
    let plans = Plans::new(plane.client()).await;
    for (name, fields, why) in [
        (
            "never",
            json!({"schedule": "0 0 30 2 *"}),
            "it would never run: month 2 has no day 30",
        ),
        (
            "seconds",
            json!({"schedule": "0 0 3 * * *"}),
            "it has 6 fields and not five",
        ),
        (
            "zone",
            json!({"timeZone": "Mars/Olympus"}),
            "find time zone `Mars/Olympus`",
        ),
        (
            "vault",
            json!({"template": {}}),
            "`template.storageLocation` names no BackupLocation",
        ),
        (
            "within",
            json!({"retention": {"keepWithin": "90m"}}),
            "write whole hours",
        ),
    ] {
        plans.create(name, fields).await;
        let plan = plans.plans().get(name).await.unwrap();
        let status = plan.status.clone().unwrap();
        assert_eq!(status.phase.as_deref(), Some("FailedValidation"), "{name}");
        assert!(status.message.as_ref().unwrap().contains(why), "{status:?}");
        let again = plans.step(name).await;
        assert_eq!((again.notices.len(), again.wake_in), (0, None), "{name}");
    }
    // Mended, it runs.
    plans
        .change("never", json!({"schedule": "0 0 28 2 *"}))
        .await;
    let mended = plans.step("never").await;
    assert_eq!(
        (mended.status.phase.as_deref(), mended.status.message),
        (Some("Enabled"), None)
    );
    assert_eq!(plans.names().await, [] as [String; 0]);
}

#[tokio::test]
async fn two_hundred_plans_run_at_once() {
    let Some(plane) = plane() else { return };
    let mut plans = Plans::new(plane.client()).await;
    for number in 0..200 {
        let spec = json!({"schedule": "0 3 * * *", "template": {"storageLocation": VAULT}});
        let plan = object("BackupSchedule", &format!("plan-{number:03}"), &spec);
        test_support::create(
            &plans.client,
            &list("BackupSchedule", &plans.namespace),
            plan,
        )
        .await;
    }
    let all = plans
        .plans()
        .list(&ListParams::default())
        .await
        .unwrap()
        .items;
    plans.now += TimeDelta::hours(3);
    let steps =
        futures::future::join_all(all.iter().map(|plan| plans.scheduler.step(plan, plans.now)))
            .await;
    assert!(
        steps
            .iter()
            .all(|step| reasons(step.as_ref().unwrap()).contains(&"BackupMade"))
    );
    let names: BTreeSet<String> = plans.names().await.into_iter().collect();
    let slot = plans.now.format("%Y%m%d%H%M%S");
    let expected: BTreeSet<String> = (0..200)
        .map(|number| format!("plan-{number:03}-{slot}"))
        .collect();
    assert_eq!(names, expected);
}

/// Whoever writes to the bucket says there of which plan a backup is.
#[tokio::test]
async fn what_was_only_found_in_a_vault_is_neither_a_run_of_the_plan_nor_its_last_success() {
    let Some(plane) = plane() else { return };
    let plans = Plans::new(plane.client()).await;
    plans.create("hourly", json!({})).await;
    let found = |name: &str| {
        let spec = json!({"storageLocation": VAULT});
        let mut backup = object("ApplicationBackup", name, &spec);
        backup["metadata"]["labels"] = json!({"csdr/schedule-name": "hourly"});
        backup["metadata"]["annotations"] =
            json!({"csdr.alibabacloud.com/synced-from-uid": "u-of-a-record"});
        backup
    };
    let all = list("ApplicationBackup", &plans.namespace);
    test_support::create(&plans.client, &all, found("forged")).await;
    let at = plans.now.trunc_subsecs(0);
    let status = json!({"status": {"phase": "Completed", "backupUid": "u-of-a-record", "startTimestamp": at,
        "completionTimestamp": at, "verification": {"phase": "Passed", "level": "Verify", "completionTimestamp": at}}});
    let path = format!("{all}/forged/status");
    test_support::patch(&plans.client, &path, &status).await;
    // What is in its vault was not looked up yet, and perhaps never can be.
    test_support::create(&plans.client, &all, found("unread")).await;
    let step = plans.step("hourly").await;
    assert_eq!(step.status.last_successful, None);
    assert_eq!(step.status.last_verified, None);
    assert_eq!(reasons(&step), ["BackupMade"]);
}

/// As somebody does who writes the time first, and then makes the plan.
#[tokio::test]
async fn a_run_that_was_asked_for_just_before_the_plan_was_made_is_run_once_and_an_old_one_is_named()
 {
    let Some(plane) = plane() else { return };
    let plans = Plans::new(plane.client()).await;
    let all = list("BackupSchedule", &plans.namespace);
    let now = Utc::now().trunc_subsecs(0);
    for (name, at) in [
        ("soon", now - TimeDelta::seconds(30)),
        ("long-ago", now - TimeDelta::days(2)),
    ] {
        let spec =
            json!({"schedule": "0 3 1 1 *", "runAt": at, "template": {"storageLocation": VAULT}});
        test_support::create(&plans.client, &all, object("BackupSchedule", name, &spec)).await;
    }
    let step = plans.step_at("soon", Utc::now()).await;
    assert_eq!(reasons(&step), ["BackupMade"]);
    plans.end_all("Completed").await;
    let step = plans.step_at("soon", Utc::now()).await;
    assert_eq!(reasons(&step), [""; 0]);
    let step = plans.step_at("long-ago", Utc::now()).await;
    assert_eq!(reasons(&step), [""; 0]);
    let told = step.status.warnings.join("; ");
    assert!(
        told.contains("runAt") && told.contains("before the plan was made"),
        "{told}"
    );
    // Made anew, a plan takes the run of the former one for its own.
    test_support::delete(&plans.client, &format!("{all}/soon")).await;
    let spec = json!({"schedule": "0 3 1 1 *", "runAt": now - TimeDelta::seconds(30), "template": {"storageLocation": VAULT}});
    test_support::create(&plans.client, &all, object("BackupSchedule", "soon", &spec)).await;
    plans.step_at("soon", Utc::now()).await;
    assert_eq!(plans.names().await.len(), 1);
}
