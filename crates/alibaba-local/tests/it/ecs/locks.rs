//! Locks, which nobody can undo once they hold.

use chrono::TimeDelta;
use serde_json::Value;

use super::calls::{DISK, TAKES, call, each, finished_snapshot, here, snapshot, start, text};
use crate::raw::Raw;
use crate::raw::openapi::ApiCall;

fn lock<'r>(raw: &'r Raw, id: &str, days: &str, hours: &str) -> ApiCall<'r> {
    here(
        raw,
        "LockSnapshot",
        &[
            ("SnapshotId", id),
            ("LockMode", "compliance"),
            ("LockDuration", days),
            ("CoolOffPeriod", hours),
        ],
    )
}

async fn locks(raw: &Raw, filter: &[(&str, &str)]) -> Vec<Value> {
    let found = here(raw, "DescribeLockedSnapshots", filter).ok().await;
    found["LockedSnapshotsInfo"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_lock_can_be_undone_until_it_has_cooled_off_and_then_only_grow() {
    let raw = start().await;
    let id = finished_snapshot(&raw, DISK).await;
    let unlock = || here(&raw, "UnlockSnapshot", &[("SnapshotId", &id)]);
    let delete = || {
        call(
            &raw,
            "DeleteSnapshot",
            &[("SnapshotId", &id), ("Force", "true")],
        )
    };
    let status = async || each(&locks(&raw, &[]).await, "LockStatus");

    let info = lock(&raw, &id, "10", "2").ok().await["LockedSnapshotInfo"].clone();
    assert_eq!(info["LockStatus"], "compliance-cooloff");
    assert_eq!(
        (&info["LockDuration"], &info["CoolOffPeriod"]),
        (&10.into(), &2.into())
    );
    delete().fails(403, "OperationDenied.SnapshotLocked").await;
    unlock().ok().await;
    assert!(locks(&raw, &[]).await.is_empty());
    unlock()
        .fails(403, "OperationDenied.SnapshotNotLocked")
        .await;

    // Locked anew while it cools off, all values are reset: less is fine.
    lock(&raw, &id, "10", "2").ok().await;
    raw.pass(TimeDelta::hours(1));
    lock(&raw, &id, "5", "3").ok().await;
    raw.pass(TimeDelta::hours(2));
    assert_eq!(status().await, ["compliance-cooloff"]);
    raw.pass(TimeDelta::hours(1));
    assert_eq!(status().await, ["compliance"]);
    unlock().fails(403, "OperationDenied.SnapshotLocked").await;
    delete().fails(403, "OperationDenied.SnapshotLocked").await;
    lock(&raw, &id, "5", "0")
        .fails(400, "InvalidParameter.LockDuration")
        .await;
    lock(&raw, &id, "6", "1")
        .fails(400, "InvalidParameter.CoolOffPeriod")
        .await;
    let longer = lock(&raw, &id, "6", "0").ok().await["LockedSnapshotInfo"].clone();
    let before = locks(&raw, &[]).await[0].clone();
    assert_eq!(
        longer["LockDurationStartTime"],
        before["LockDurationStartTime"]
    );

    raw.pass(TimeDelta::days(5));
    delete().fails(403, "OperationDenied.SnapshotLocked").await;
    raw.pass(TimeDelta::days(1));
    assert_eq!(status().await, ["expired"]);
    assert!(
        locks(&raw, &[("LockStatus", "compliance")])
            .await
            .is_empty()
    );
    let named = [("LockStatus", "expired"), ("SnapshotIds.1", id.as_str())];
    assert_eq!(locks(&raw, &named).await.len(), 1);
    delete().ok().await;
}

#[tokio::test]
async fn a_lock_outlasts_the_days_that_a_snapshot_is_kept() {
    let raw = start().await;
    let keep = [("DiskId", DISK), ("RetentionDays", "1")];
    let id = text(&call(&raw, "CreateSnapshot", &keep).ok().await["SnapshotId"]);
    lock(&raw, &id, "3", "0").ok().await;
    raw.pass(TimeDelta::days(2));
    assert_eq!(each(&locks(&raw, &[]).await, "SnapshotId"), [id]);
    raw.pass(TimeDelta::days(1) + TAKES);
    assert!(locks(&raw, &[]).await.is_empty());
}

#[tokio::test]
async fn a_snapshot_that_is_being_made_is_locked_when_it_is_there() {
    let raw = start().await;
    let id = snapshot(&raw, DISK).await;
    let info = lock(&raw, &id, "1", "0").ok().await["LockedSnapshotInfo"].clone();
    let time = |name: &str| {
        text(&info[name])
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap()
    };
    let (created, starts) = (time("LockCreationTime"), time("LockDurationStartTime"));
    let waits = starts - created;
    assert!(
        waits >= TAKES - TimeDelta::seconds(5) && waits <= TAKES,
        "{info}"
    );
    assert_eq!(time("LockExpiredTime") - starts, TimeDelta::days(1));
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let raw = start().await;
    let id = finished_snapshot(&raw, DISK).await;
    let dry = lock(&raw, &id, "1", "1")
        .query("DryRun", "true")
        .query("ClientToken", "dry");
    dry.fails(400, "DryRunOperation").await;
    assert!(locks(&raw, &[]).await.is_empty());
    lock(&raw, &id, "1", "1").ok().await;
    let dry = here(
        &raw,
        "UnlockSnapshot",
        &[("SnapshotId", &id), ("DryRun", "true")],
    );
    dry.fails(400, "DryRunOperation").await;
    assert_eq!(locks(&raw, &[]).await.len(), 1);
}
