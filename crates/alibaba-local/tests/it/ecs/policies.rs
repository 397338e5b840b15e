//! Policies of automatic snapshots, which work while nobody looks.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::calls::{
    DISK, ELSEWHERE, INSTANCE, OLD, OTHER, REGION, TAKES, UNUSED, call, described, each, here,
    list, snapshots, start, text,
};
use crate::raw::{Raw, start_with};

/// The first day of 2030 is a Tuesday; it is eight in the morning in China.
fn on_a_tuesday(raw: &Raw) {
    let tuesday: DateTime<Utc> = "2030-01-01T00:00:00Z".parse().unwrap();
    raw.pass(tuesday - raw.now());
}

async fn policy(raw: &Raw, more: &[(&str, &str)]) -> String {
    let hours = [
        ("timePoints", r#"["9","20"]"#),
        ("repeatWeekdays", r#"["2","3"]"#),
        ("retentionDays", "-1"),
    ];
    let hours = hours
        .into_iter()
        .filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    let all: Vec<_> = hours.chain(more.iter().copied()).collect();
    text(&here(raw, "CreateAutoSnapshotPolicy", &all).ok().await["AutoSnapshotPolicyId"])
}

async fn apply(raw: &Raw, policy: &str, disks: &[&str]) {
    let disks = serde_json::to_string(disks).unwrap();
    here(
        raw,
        "ApplyAutoSnapshotPolicy",
        &[("autoSnapshotPolicyId", policy), ("diskIds", &disks)],
    )
    .ok()
    .await;
}

async fn times(raw: &Raw, filter: &[(&str, &str)]) -> Vec<String> {
    let mut times = each(&snapshots(raw, REGION, filter).await, "CreationTime");
    times.sort();
    times
}

#[tokio::test]
async fn snapshots_are_made_when_they_are_due_with_the_bytes_of_then() {
    let raw = start().await;
    on_a_tuesday(&raw);
    let id = policy(&raw, &[]).await;
    apply(&raw, &id, &[DISK, OTHER, UNUSED]).await;
    let disk = raw.cloud.ecs().disk(DISK);
    disk.write(0, b"tuesday").unwrap();
    assert!(times(&raw, &[]).await.is_empty());
    raw.pass(TimeDelta::days(1));
    // Nobody has asked since, and the write comes after the snapshots that were due.
    disk.write(0, b"wednesday").unwrap();
    raw.pass(TimeDelta::days(6));
    let due = [
        "2030-01-01T01:00:00Z",
        "2030-01-01T12:00:00Z",
        "2030-01-02T01:00:00Z",
        "2030-01-02T12:00:00Z",
    ];
    assert_eq!(times(&raw, &[("DiskId", DISK)]).await, due);
    assert_eq!(times(&raw, &[("DiskId", OTHER)]).await, due);
    assert!(
        times(&raw, &[("DiskId", UNUSED)]).await.is_empty(),
        "it was never used"
    );
    let mut found = snapshots(&raw, REGION, &[("DiskId", DISK), ("SnapshotType", "auto")]).await;
    found.reverse();
    let bytes = |found: &Value| {
        let bytes = raw
            .cloud
            .ecs()
            .snapshot(text(&found["SnapshotId"]))
            .read(0, 9)
            .unwrap();
        String::from_utf8(bytes).unwrap()
    };
    let bytes: Vec<_> = found.iter().map(bytes).collect();
    assert_eq!(
        bytes,
        ["tuesday\0\0", "tuesday\0\0", "wednesday", "wednesday"]
    );
    assert!(text(&found[0]["SnapshotName"]).starts_with("auto"));
    assert_eq!(found[0]["Status"], "accomplished");
    // Asked again, nothing is made twice, even where the clock went back.
    raw.pass(TimeDelta::days(-3));
    assert_eq!(times(&raw, &[("DiskId", DISK)]).await, due);
    // The end of a policy, and of its effect.
    here(
        &raw,
        "DeleteAutoSnapshotPolicy",
        &[("autoSnapshotPolicyId", &id)],
    )
    .ok()
    .await;
    raw.pass(TimeDelta::days(30));
    assert_eq!(times(&raw, &[("DiskId", DISK)]).await, due, "they stay");
    let gone = here(
        &raw,
        "DeleteAutoSnapshotPolicy",
        &[("autoSnapshotPolicyId", &id)],
    );
    gone.fails(404, "ParameterInvalid").await;
}

#[tokio::test]
async fn what_is_kept_for_days_is_what_is_left_when_the_clock_has_moved_by_years() {
    let raw = start().await;
    on_a_tuesday(&raw);
    let id = policy(&raw, &[("retentionDays", "7")]).await;
    apply(&raw, &id, &[DISK]).await;
    raw.pass(TimeDelta::days(365 * 40));
    let found = times(&raw, &[]).await;
    // Four a week; at a border it may be one more or less.
    assert!((3..=5).contains(&found.len()), "{found:?}");
    let oldest: DateTime<Utc> = found[0].parse().unwrap();
    assert!(raw.now() - oldest <= TimeDelta::days(7), "{found:?}");
}

#[tokio::test]
async fn the_oldest_automatic_snapshot_makes_room_for_the_next() {
    let raw = start_with(described().snapshot_quota(2, 3)).await;
    on_a_tuesday(&raw);
    let id = policy(&raw, &[]).await;
    apply(&raw, &id, &[DISK]).await;
    for days in [1, 1, 7] {
        raw.pass(TimeDelta::days(days));
        times(&raw, &[]).await;
    }
    let left = [
        "2030-01-08T12:00:00Z",
        "2030-01-09T01:00:00Z",
        "2030-01-09T12:00:00Z",
    ];
    assert_eq!(times(&raw, &[]).await, left);
    // Those that calls make have a quota of their own, which refuses.
    for _ in 0..2 {
        super::calls::finished_snapshot(&raw, DISK).await;
    }
    call(&raw, "CreateSnapshot", &[("DiskId", DISK)])
        .fails(403, "QuotaExceed.Snapshot")
        .await;
}

#[tokio::test]
async fn copies_of_a_policy_begin_when_its_snapshots_are_there() {
    let raw = start().await;
    on_a_tuesday(&raw);
    let id = policy(
        &raw,
        &[
            ("retentionDays", "1"),
            ("EnableCrossRegionCopy", "true"),
            ("TargetCopyRegions", r#"["cn-beijing"]"#),
            ("CopiedSnapshotsRetentionDays", "10"),
        ],
    )
    .await;
    apply(&raw, &id, &[DISK]).await;
    raw.cloud.ecs().disk(DISK).write(0, b"kept").unwrap();
    raw.pass(TimeDelta::hours(1));
    assert_eq!(times(&raw, &[]).await.len(), 1);
    assert!(snapshots(&raw, ELSEWHERE, &[]).await.is_empty());
    raw.pass(TAKES);
    let copies = snapshots(&raw, ELSEWHERE, &[]).await;
    assert_eq!(each(&copies, "Status"), ["progressing"]);
    assert_eq!(copies[0]["RetentionDays"], 10);
    // The originals are gone before anybody looks again; their copies are not.
    raw.pass(TimeDelta::days(5));
    assert!(times(&raw, &[]).await.is_empty());
    let copies = snapshots(&raw, ELSEWHERE, &[]).await;
    assert_eq!(copies.len(), 4, "{copies:?}");
    for copy in copies {
        let copy = raw.cloud.ecs().snapshot(text(&copy["SnapshotId"]));
        assert_eq!(copy.read(0, 4).unwrap(), b"kept");
    }
}

#[tokio::test]
async fn a_policy_for_tags_of_instances_finds_their_disks() {
    let raw = start().await;
    on_a_tuesday(&raw);
    policy(
        &raw,
        &[
            ("AssociationType", "AssociatedWithInstanceTag"),
            ("TargetTags.1.Key", "pool"),
            ("TargetTags.1.Value", "a"),
        ],
    )
    .await;
    raw.cloud.ecs().disk(OTHER).detach().unwrap();
    raw.pass(TimeDelta::hours(2));
    assert_eq!(times(&raw, &[("DiskId", DISK)]).await.len(), 1);
    assert_eq!(times(&raw, &[("InstanceId", INSTANCE)]).await.len(), 3);
    assert!(times(&raw, &[("DiskId", OTHER)]).await.is_empty());
}

#[tokio::test]
async fn a_change_holds_from_then_on_and_changes_what_is_sent_only() {
    let raw = start().await;
    on_a_tuesday(&raw);
    let id = policy(&raw, &[("autoSnapshotPolicyName", "nightly")]).await;
    apply(&raw, &id, &[DISK]).await;
    raw.pass(TimeDelta::hours(3));
    let modify = |more: &[(&str, &str)]| {
        let all = [&[("autoSnapshotPolicyId", id.as_str())], more].concat();
        here(&raw, "ModifyAutoSnapshotPolicyEx", &all)
    };
    // An hour that is over, and one to come.
    modify(&[("timePoints", r#"["8","10","13"]"#)]).ok().await;
    raw.pass(TimeDelta::days(1) - TimeDelta::hours(8));
    assert_eq!(
        times(&raw, &[]).await,
        ["2030-01-01T01:00:00Z", "2030-01-01T05:00:00Z"]
    );
    let found = here(
        &raw,
        "DescribeAutoSnapshotPolicyEx",
        &[("AutoSnapshotPolicyName", "nightly")],
    );
    let found = list(
        &found.ok().await,
        "AutoSnapshotPolicies",
        "AutoSnapshotPolicy",
    );
    let shown = &found[0];
    assert_eq!(shown["TimePoints"], r#"["8","10","13"]"#);
    assert_eq!(
        (&shown["RetentionDays"], &shown["DiskNums"]),
        (&(-1).into(), &1.into())
    );
    modify(&[("EnableCrossRegionCopy", "true")])
        .fails(403, "ParameterInvalid")
        .await;
    modify(&[("TargetTags.1.Key", "pool")])
        .fails(403, "ParameterInvalid")
        .await;
}

#[tokio::test]
async fn policies_are_put_on_disks_and_taken_off() {
    let raw = start().await;
    let mut ids = Vec::new();
    for _ in 0..11 {
        ids.push(policy(&raw, &[]).await);
    }
    for id in &ids[..10] {
        apply(&raw, id, &[DISK, OLD]).await;
        apply(&raw, id, &[DISK]).await;
    }
    let eleventh = [
        ("autoSnapshotPolicyId", ids[10].as_str()),
        ("diskIds", r#"["d-bp1fake0000000000001"]"#),
    ];
    here(&raw, "ApplyAutoSnapshotPolicy", &eleventh)
        .fails(403, "QuotaExceed.AppliedAutoSnapshotPolicyQuota")
        .await;
    let associations = async |filter: &[(&str, &str)]| {
        let found = here(&raw, "DescribeAutoSnapshotPolicyAssociations", filter)
            .ok()
            .await;
        list(
            &found,
            "AutoSnapshotPolicyAssociations",
            "AutoSnapshotPolicyAssociation",
        )
    };
    assert_eq!(
        each(
            &associations(&[("AutoSnapshotPolicyId", &ids[3])]).await,
            "DiskId"
        ),
        [OLD, DISK]
    );
    assert_eq!(associations(&[("DiskId", DISK)]).await.len(), 10);
    let disk = [("diskIds", r#"["d-bp1fake0000000000001"]"#)];
    here(&raw, "CancelAutoSnapshotPolicy", &disk)
        .fails(403, "OperationDenied.TooManyAutoSnapshotPolicies")
        .await;
    for id in &ids[..9] {
        let one = [disk[0], ("autoSnapshotPolicyId", id)];
        here(&raw, "CancelAutoSnapshotPolicy", &one).ok().await;
    }
    here(&raw, "CancelAutoSnapshotPolicy", &disk).ok().await;
    here(&raw, "CancelAutoSnapshotPolicy", &disk).ok().await;
    assert!(associations(&[("DiskId", DISK)]).await.is_empty());
    let found = here(
        &raw,
        "DescribeDisks",
        &[("EnableAutomatedSnapshotPolicy", "true")],
    )
    .ok()
    .await;
    assert_eq!(each(&list(&found, "Disks", "Disk"), "DiskId"), [OLD]);
}
