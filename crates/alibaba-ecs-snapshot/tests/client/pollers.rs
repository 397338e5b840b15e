//! Waiting for what ECS works on.

use std::sync::Mutex;
use std::time::Duration;

use alibaba_core::{ErrorKind, Region};
use alibaba_ecs_snapshot::{DiskStatus, SnapshotStatus};
use serde_json::{Value, json};

use crate::stage::{Clients as _, Scene, Stage};

fn respond(body: &Value) -> Scene {
    Scene::Respond(200, body.to_string())
}

fn snapshots(snapshots: &Value) -> Scene {
    respond(&json!({"RequestId": "R", "Snapshots": {"Snapshot": snapshots}}))
}

fn snapshot(status: &str, progress: &str, available: bool) -> Scene {
    snapshots(&json!([{
        "SnapshotId": "s-1", "Status": status, "Progress": progress, "Available": available, "RemainTime": 40,
    }]))
}

#[tokio::test]
async fn a_snapshot_is_waited_for_until_it_is_accomplished() {
    let stage = Stage::playing([
        snapshots(&json!([])),
        snapshot("progressing", "0%", false),
        Scene::BreakOff,
        snapshot("progressing", "40%", true),
        snapshot("accomplished", "100%", true),
    ]);
    let states = Mutex::new(Vec::new());
    let poller = stage.client().snapshot_poller("s-1");
    let poller = poller.with_progress(|state| states.lock().unwrap().push(state.clone()));
    let done = poller.until_accomplished().await.unwrap();
    assert_eq!(done.status, Some(SnapshotStatus::Accomplished));
    assert_eq!(done.percent, Some(100));

    let states = states.into_inner().unwrap();
    let shown: Vec<_> = states.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        ["`not listed`", "`progressing` (0%)", "`progressing` (40%)"]
    );
    assert_eq!(states[2].remaining, Some(Duration::from_secs(40)));
    let sent = stage.sent();
    assert!(
        sent.iter()
            .all(|sent| sent.query["SnapshotIds"] == r#"["s-1"]"#)
    );
    assert_eq!(sent.len(), 5);
}

#[tokio::test]
async fn a_snapshot_that_is_available_is_usable() {
    let stage = Stage::playing([
        snapshot("progressing", "0%", false),
        snapshot("progressing", "1%", true),
    ]);
    let usable = stage
        .client()
        .snapshot_poller("s-1")
        .until_usable()
        .await
        .unwrap();
    assert_eq!(usable.status, Some(SnapshotStatus::Progressing));
    assert_eq!(stage.sent().len(), 2);
}

#[tokio::test]
async fn what_has_failed_is_waited_for_no_longer() {
    for is_usable_enough in [false, true] {
        let stage = Stage::playing([snapshot("failed", "40%", true)]);
        let poller = stage.client().snapshot_poller("s-1");
        let (result, what) = if is_usable_enough {
            (poller.until_usable().await, "usable")
        } else {
            (poller.until_accomplished().await, "accomplished")
        };
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert_eq!(
            error.to_string(),
            format!("wait for snapshot `s-1` to be {what}: it has failed")
        );
        assert_eq!(stage.sent().len(), 1);
    }
}

#[tokio::test]
async fn what_is_not_there_is_given_some_time_to_be_listed_and_what_was_there_none() {
    let stage = Stage::playing([snapshots(&json!([]))]);
    let poller = stage.client().snapshot_poller("s-1");
    let error = poller.until_accomplished().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(
        error.to_string(),
        "wait for snapshot `s-1` to be accomplished: it is not there"
    );
    assert_eq!(stage.sent().len(), 5);

    let stage = Stage::playing([snapshot("progressing", "9%", false), snapshots(&json!([]))]);
    let poller = stage.client().snapshot_poller("s-1");
    let error = poller.until_accomplished().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(stage.sent().len(), 2);
}

#[tokio::test]
async fn waiting_ends_at_the_deadline_and_at_refusals() {
    let stage = Stage::playing([snapshot("progressing", "40%", false)]);
    let poller = stage
        .client()
        .snapshot_poller("s-1")
        .with_timeout(Duration::from_secs(60));
    let poller = poller.with_intervals(Duration::from_secs(1), Duration::from_secs(5));
    let error = poller.until_accomplished().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let expected =
        "wait for snapshot `s-1` to be accomplished: still `progressing` (40%) after 60s";
    assert_eq!(error.to_string(), expected);

    let refused = r#"{"RequestId":"R","Code":"Forbidden.RAM","Message":"no"}"#;
    let stage = Stage::playing([Scene::Respond(403, refused.to_owned())]);
    let poller = stage.client().snapshot_poller("s-1");
    let error = poller.until_accomplished().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);

    let stage = Stage::responding("{}");
    let error = stage
        .client()
        .disk_poller("s-1")
        .until_available()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(stage.sent().is_empty());
}

#[tokio::test]
async fn a_copy_is_looked_for_where_it_was_made() {
    let stage = Stage::playing([snapshot("accomplished", "100%", true)]);
    let poller = stage.client().copy_poller(Region::CN_BEIJING, "s-1");
    poller.until_accomplished().await.unwrap();
    assert_eq!(stage.last().host, "ecs.cn-beijing.aliyuncs.com");
    assert_eq!(stage.last().query["RegionId"], "cn-beijing");
}

#[tokio::test]
async fn a_group_is_as_far_as_its_slowest_snapshot() {
    let group = |status: &str, progress: [&str; 2]| {
        let members = progress.map(|progress| json!({"SnapshotId": "s-1", "Progress": progress}));
        respond(
            &json!({"RequestId": "R", "SnapshotGroups": {"SnapshotGroup": [
                {"SnapshotGroupId": "ssg-1", "Status": status, "Snapshots": {"Snapshot": members}},
            ]}}),
        )
    };
    let stage = Stage::playing([
        group("progressing", ["70%", "20%"]),
        group("accomplished", ["100%", "100%"]),
    ]);
    let states = Mutex::new(Vec::new());
    let poller = stage.client().snapshot_group_poller("ssg-1");
    let poller = poller.with_progress(|state| states.lock().unwrap().push(state.to_string()));
    assert_eq!(
        poller.until_accomplished().await.unwrap().snapshots.len(),
        2
    );
    assert_eq!(states.into_inner().unwrap(), ["`progressing` (20%)"]);
    assert_eq!(stage.last().query["SnapshotGroupId.1"], "ssg-1");

    let stage = Stage::playing([group("failed", ["70%", "20%"])]);
    let poller = stage.client().snapshot_group_poller("ssg-1");
    let error = poller.until_accomplished().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "wait for snapshot group `ssg-1` to be accomplished: it has failed"
    );
}

#[tokio::test]
async fn a_disk_is_waited_for_until_it_can_be_attached() {
    let disk = |status: &str| {
        let disks = json!([{"DiskId": "d-1", "Status": status}]);
        respond(&json!({"RequestId": "R", "Disks": {"Disk": disks}}))
    };
    for (last, status) in [
        ("Available", DiskStatus::Available),
        ("In_use", DiskStatus::InUse),
    ] {
        let stage = Stage::playing([disk("Creating"), disk(last)]);
        let found = stage
            .client()
            .disk_poller("d-1")
            .until_available()
            .await
            .unwrap();
        assert_eq!(found.status, Some(status));
        assert_eq!(stage.last().query["DiskIds"], r#"["d-1"]"#);
        assert_eq!(stage.sent().len(), 2);
    }
}
