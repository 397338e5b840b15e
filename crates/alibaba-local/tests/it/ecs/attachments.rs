//! Disks that are attached, detached and deleted by calls.

use chrono::TimeDelta;
use serde_json::Value;

use super::calls::{
    DISK, INSTANCE, OTHER, REGION, TAKES, UNUSED, ZONE, call, described, finished_snapshot, here,
    list, snapshots, start, text,
};
use crate::raw::{Raw, start_with};

/// How long disks take here.
const DISK_TAKES: TimeDelta = TimeDelta::seconds(10);

async fn disk(raw: &Raw, id: &str) -> Option<Value> {
    let ids = format!("[\"{id}\"]");
    let found = here(raw, "DescribeDisks", &[("DiskIds", &ids)]).ok().await;
    list(&found, "Disks", "Disk").into_iter().next()
}

async fn status(raw: &Raw, id: &str) -> String {
    text(&disk(raw, id).await.unwrap()["Status"])
}

#[tokio::test]
async fn a_disk_goes_through_its_states_by_the_clock() {
    let raw = start().await;
    let create = [
        ("ZoneId", ZONE),
        ("Size", "20"),
        ("DiskCategory", "cloud_essd"),
    ];
    let id = text(&here(&raw, "CreateDisk", &create).ok().await["DiskId"]);
    let only = [("DiskId", id.as_str())];
    let pair = [only[0], ("InstanceId", INSTANCE)];
    assert_eq!(status(&raw, &id).await, "Creating");
    call(&raw, "AttachDisk", &pair)
        .fails(403, "IncorrectDiskStatus")
        .await;
    call(&raw, "DeleteDisk", &only)
        .fails(403, "IncorrectDiskStatus.Initializing")
        .await;
    raw.pass(DISK_TAKES);
    assert_eq!(status(&raw, &id).await, "Available");

    let keep = [&pair[..], &[("DeleteWithInstance", "true")]].concat();
    call(&raw, "AttachDisk", &keep).ok().await;
    assert_eq!(status(&raw, &id).await, "Attaching");
    for action in ["AttachDisk", "DetachDisk"] {
        call(&raw, action, &pair)
            .fails(403, "IncorrectDiskStatus")
            .await;
    }
    call(&raw, "CreateSnapshot", &only)
        .fails(403, "IncorrectDiskStatus")
        .await;
    raw.pass(DISK_TAKES);
    let attached = disk(&raw, &id).await.unwrap();
    assert_eq!(attached["Status"], "In_use");
    assert_eq!(attached["InstanceId"], INSTANCE);
    assert_eq!(attached["DeleteWithInstance"], true);
    assert_eq!(
        attached["Attachments"]["Attachment"][0]["Device"],
        attached["Device"]
    );
    call(&raw, "DeleteDisk", &only)
        .fails(403, "IncorrectDiskStatus")
        .await;

    call(&raw, "DetachDisk", &pair).ok().await;
    assert_eq!(status(&raw, &id).await, "Detaching");
    for action in ["AttachDisk", "DetachDisk", "DeleteDisk"] {
        call(&raw, action, &pair)
            .fails(403, "IncorrectDiskStatus")
            .await;
    }
    raw.pass(DISK_TAKES);
    let free = disk(&raw, &id).await.unwrap();
    assert_eq!(
        (&free["Status"], &free["InstanceId"]),
        (&"Available".into(), &"".into())
    );
    assert_eq!(free["DeleteWithInstance"], false);
    // It was attached once, so that snapshots of it can be made.
    call(&raw, "CreateSnapshot", &only).ok().await;
    call(&raw, "DeleteDisk", &only)
        .fails(403, "DiskCreatingSnapshot")
        .await;
    raw.pass(TAKES);
    call(&raw, "DeleteDisk", &only).ok().await;
    assert_eq!(disk(&raw, &id).await, None);
    // "If the specified disk does not exist, the request is ignored."
    call(&raw, "DeleteDisk", &only).ok().await;
}

#[tokio::test]
async fn a_deleted_disk_leaves_the_snapshots_that_calls_made_and_its_bytes_in_them() {
    let raw = start().await;
    let ecs = raw.cloud.ecs();
    ecs.disk(DISK).write(0, b"kept").unwrap();
    let made = finished_snapshot(&raw, DISK).await;
    let policy = [
        ("timePoints", r#"["0","6","12","18"]"#),
        ("repeatWeekdays", r#"["1","2","3","4","5","6","7"]"#),
        ("retentionDays", "-1"),
    ];
    let policy = here(&raw, "CreateAutoSnapshotPolicy", &policy).ok().await;
    let policy = text(&policy["AutoSnapshotPolicyId"]);
    let disks = format!("[\"{DISK}\"]");
    let apply = [("autoSnapshotPolicyId", &*policy), ("diskIds", &disks)];
    here(&raw, "ApplyAutoSnapshotPolicy", &apply).ok().await;
    raw.pass(TimeDelta::hours(7));
    assert!(snapshots(&raw, REGION, &[("DiskId", DISK)]).await.len() > 1);
    here(&raw, "DeleteAutoSnapshotPolicy", &apply[..1])
        .ok()
        .await;
    raw.pass(TAKES);

    let pair = [("DiskId", DISK), ("InstanceId", INSTANCE)];
    call(&raw, "DetachDisk", &pair).ok().await;
    raw.pass(DISK_TAKES);
    call(&raw, "DeleteDisk", &pair[..1]).ok().await;
    let left = snapshots(&raw, REGION, &[("DiskId", DISK)]).await;
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(left[0]["SnapshotId"], *made);
    assert_eq!(ecs.snapshot(&made).read(0, 4).unwrap(), b"kept");
    assert!(ecs.disk(DISK).read(0, 4).is_err());
}

#[tokio::test]
async fn an_instance_takes_sixteen_disks_each_on_a_device_of_its_own() {
    let raw = start().await;
    let attach = async |device: Option<&str>| {
        let create = [("ZoneId", ZONE), ("Size", "20")];
        let id = text(&here(&raw, "CreateDisk", &create).ok().await["DiskId"]);
        raw.pass(DISK_TAKES);
        let mut all = vec![("DiskId", id.clone()), ("InstanceId", INSTANCE.to_owned())];
        all.extend(device.map(|device| ("Device", device.to_owned())));
        all
    };
    let call = |parameters: &[(&str, String)]| {
        let borrowed: Vec<_> = parameters.iter().map(|(k, v)| (*k, v.as_str())).collect();
        call(&raw, "AttachDisk", &borrowed)
    };
    let malformed = attach(Some("/dev/sda")).await;
    call(&malformed).fails(400, "InvalidDevice.Malformed").await;
    call(&attach(Some("/dev/xvdz")).await).ok().await;
    let taken = attach(Some("/dev/xvdz")).await;
    call(&taken).fails(403, "InvalidDevice.InUse").await;
    // Three data disks were there from the start.
    for _ in 4..16 {
        call(&attach(None).await).ok().await;
    }
    let most = attach(None).await;
    call(&most).fails(403, "InstanceDiskLimitExceeded").await;
    let on_it = [("InstanceId", INSTANCE), ("PageSize", "100")];
    let found = here(&raw, "DescribeDisks", &on_it).ok().await;
    let mut devices: Vec<_> = list(&found, "Disks", "Disk")
        .iter()
        .map(|disk| text(&disk["Device"]))
        .collect();
    devices.sort();
    let all = devices.len();
    devices.dedup();
    assert_eq!((devices.len(), all), (17, 17), "{devices:?}");
}

#[tokio::test]
async fn a_regional_disk_is_taken_from_its_instance_by_force_alone() {
    let other = alibaba_local::EcsInstance::new("i-other").in_zone("cn-hangzhou-h");
    let raw = start_with(described().ecs_instance(other)).await;
    let create = [("DiskCategory", "cloud_regional_disk_auto"), ("Size", "20")];
    let id = text(&here(&raw, "CreateDisk", &create).ok().await["DiskId"]);
    raw.pass(DISK_TAKES);
    let to = |instance| [("DiskId", id.as_str()), ("InstanceId", instance)];
    call(&raw, "AttachDisk", &to(INSTANCE)).ok().await;
    raw.pass(DISK_TAKES);
    call(&raw, "AttachDisk", &to("i-other"))
        .fails(403, "IncorrectDiskStatus")
        .await;
    let force = [&to("i-other")[..], &[("Force", "true")]].concat();
    call(&raw, "AttachDisk", &force).ok().await;
    assert_eq!(disk(&raw, &id).await.unwrap()["InstanceId"], "i-other");
}

#[tokio::test]
async fn nothing_is_done_to_what_is_locked_unpaid_on_its_way_or_a_subscription() {
    let locked = alibaba_local::EcsInstance::new("i-locked").locked_for_security();
    let held = alibaba_local::EcsDisk::new("d-held").attached_to("i-locked");
    let raw = start_with(described().ecs_instance(locked).ecs_disk(held)).await;
    let ecs = raw.cloud.ecs();
    for (action, id) in [("AttachDisk", UNUSED), ("DetachDisk", "d-held")] {
        call(&raw, action, &[("DiskId", id), ("InstanceId", "i-locked")])
            .fails(403, "InstanceLockedForSecurity")
            .await;
    }
    let attach = [("DiskId", UNUSED), ("InstanceId", INSTANCE)];
    let detach = [("DiskId", OTHER), ("InstanceId", INSTANCE)];
    ecs.set_instance_status(INSTANCE, "Stopping").unwrap();
    call(&raw, "AttachDisk", &attach)
        .fails(400, "IncorrectInstanceStatus")
        .await;
    call(&raw, "DetachDisk", &detach)
        .fails(403, "IncorrectInstanceStatus")
        .await;
    ecs.set_instance_status(INSTANCE, "Stopped").unwrap();
    ecs.disk(UNUSED).set_in_arrears(true).unwrap();
    call(&raw, "AttachDisk", &attach)
        .fails(403, "DiskInArrears")
        .await;
    ecs.disk(UNUSED).set_in_arrears(false).unwrap();
    call(&raw, "AttachDisk", &attach).ok().await;

    let subscription = [
        ("InstanceId", INSTANCE),
        ("Size", "20"),
        ("DiskCategory", "cloud_essd"),
    ];
    let id = text(&here(&raw, "CreateDisk", &subscription).ok().await["DiskId"]);
    raw.pass(DISK_TAKES);
    assert_eq!(disk(&raw, &id).await.unwrap()["Portable"], false);
    let pair = [("DiskId", id.as_str()), ("InstanceId", INSTANCE)];
    for action in ["AttachDisk", "DetachDisk", "DeleteDisk"] {
        call(&raw, action, &pair)
            .fails(403, "DiskNotPortable")
            .await;
    }
}
