//! What is there after a restart, whenever the process was killed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use alibaba_local::{Builder, LocalCloud};
use serde_json::{Value, json};

use super::calls::{
    DISK, ELSEWHERE, INSTANCE, OTHER, REGION, TAKES, UNUSED, ZONE, call, copy, described, disk_of,
    finished_snapshot, here, list, snapshots, text,
};
use crate::folder::Folder;
use crate::raw::{Raw, start_with};

/// What a restart is described with: all else is in the data folder.
fn again(folder: &Path) -> Builder {
    LocalCloud::builder()
        .snapshot_time(Duration::from_secs(100))
        .disk_time(Duration::from_secs(10))
        .data_folder(folder)
}

/// Everything that can be seen from outside, but for what depends on the time.
async fn seen(raw: &Raw) -> Value {
    let mut all = json!({});
    for region in [REGION, ELSEWHERE] {
        let of = async |action: &str| {
            let mut found = call(raw, action, &[("RegionId", region)]).ok().await;
            found["RequestId"].take();
            found
        };
        let mut found = snapshots(raw, region, &[]).await;
        for snapshot in &mut found {
            for changing in ["Available", "Progress", "RemainTime", "Status"] {
                snapshot[changing].take();
            }
        }
        let mut groups = of("DescribeSnapshotGroups").await;
        for group in groups["SnapshotGroups"]["SnapshotGroup"]
            .as_array_mut()
            .unwrap()
        {
            group["Status"].take();
            for member in group["Snapshots"]["Snapshot"].as_array_mut().unwrap() {
                member["Progress"].take();
                member["Available"].take();
            }
        }
        let mut disks = of("DescribeDisks").await;
        for disk in disks["Disks"]["Disk"].as_array_mut().unwrap() {
            disk["Status"].take();
        }
        all[region] = json!({
            "disks": disks,
            "instances": of("DescribeInstances").await,
            "policies": of("DescribeAutoSnapshotPolicyEx").await,
            "associations": of("DescribeAutoSnapshotPolicyAssociations").await,
            "locks": of("DescribeLockedSnapshots").await,
            "groups": groups,
            "snapshots": found,
        });
    }
    all
}

/// The whole bytes that matter of every snapshot.
async fn bytes(raw: &Raw) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for region in [REGION, ELSEWHERE] {
        for snapshot in snapshots(raw, region, &[]).await {
            let snapshot = raw.cloud.ecs().snapshot(text(&snapshot["SnapshotId"]));
            all.push(snapshot.read(0, 16).unwrap());
        }
    }
    all
}

fn journal(folder: &Path) -> PathBuf {
    folder.join("_ecs/records.journal")
}

fn images(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder.join("_ecs/images")).unwrap();
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.unwrap().file_name().into_string().unwrap()
    };
    let mut names: Vec<_> = entries.map(name).collect();
    names.sort();
    names
}

/// Copies a data folder as it is at this moment.
fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else if path.extension().is_some_and(|it| it == "img") {
            // Their first bytes are all that the tests write.
            use std::io::Read as _;
            let file = std::fs::File::open(&path).unwrap();
            let size = file.metadata().unwrap().len();
            let mut start = Vec::new();
            file.take(4096).read_to_end(&mut start).unwrap();
            std::fs::write(&target, start).unwrap();
            let copy = std::fs::OpenOptions::new()
                .write(true)
                .open(&target)
                .unwrap();
            copy.set_len(size).unwrap();
        } else {
            std::fs::copy(path, target).unwrap();
        }
    }
}

/// Steps that make, change and remove something of every kind.
async fn step(raw: &Raw, number: usize, ids: &mut Vec<String>) {
    let ecs = raw.cloud.ecs();
    match number {
        0 => ecs.disk(DISK).write(0, b"first").unwrap(),
        1 => ids.push(finished_snapshot(raw, DISK).await),
        2 => ecs.disk(DISK).write(0, b"second").unwrap(),
        3 => {
            let group = [
                ("DiskId.1", DISK),
                ("DiskId.2", OTHER),
                ("ClientToken", "group"),
            ];
            here(raw, "CreateSnapshotGroup", &group).ok().await;
        }
        4 => ids.push(copy(raw, &ids[0]).await),
        5 => ids.push(disk_of(raw, REGION, ZONE, &ids[0]).await),
        6 => {
            let policy = [
                ("timePoints", r#"["1"]"#),
                ("repeatWeekdays", r#"["1"]"#),
                ("retentionDays", "1"),
            ];
            let policy = here(raw, "CreateAutoSnapshotPolicy", &policy).ok().await;
            ids.push(text(&policy["AutoSnapshotPolicyId"]));
        }
        7 => {
            let disks = format!("[\"{DISK}\"]");
            let apply = [
                ("autoSnapshotPolicyId", ids[3].as_str()),
                ("diskIds", &disks),
            ];
            here(raw, "ApplyAutoSnapshotPolicy", &apply).ok().await;
        }
        8 => {
            let lock = [
                ("SnapshotId", ids[0].as_str()),
                ("LockMode", "compliance"),
                ("LockDuration", "9"),
                ("CoolOffPeriod", "1"),
            ];
            here(raw, "LockSnapshot", &lock).ok().await;
        }
        9 => {
            let tag = [
                ("ResourceType", "disk"),
                ("ResourceId.1", OTHER),
                ("Tag.1.Key", "k"),
            ];
            here(raw, "TagResources", &tag).ok().await;
        }
        10 => ecs.disk(DISK).detach().unwrap(),
        11 => raw.pass(TAKES),
        12 => {
            here(raw, "UnlockSnapshot", &[("SnapshotId", &ids[0])])
                .ok()
                .await;
        }
        13 => {
            let delete = [("SnapshotId", ids[0].as_str()), ("Force", "true")];
            call(raw, "DeleteSnapshot", &delete).ok().await;
        }
        14 => {
            let groups = here(raw, "DescribeSnapshotGroups", &[]).ok().await;
            let id = text(&list(&groups, "SnapshotGroups", "SnapshotGroup")[0]["SnapshotGroupId"]);
            here(raw, "DeleteSnapshotGroup", &[("SnapshotGroupId", &id)])
                .ok()
                .await;
        }
        15 => {
            let attach = [("DiskId", UNUSED), ("InstanceId", INSTANCE)];
            call(raw, "AttachDisk", &attach).ok().await;
            raw.pass(TAKES);
        }
        16 => {
            let detach = [("DiskId", UNUSED), ("InstanceId", INSTANCE)];
            call(raw, "DetachDisk", &detach).ok().await;
            raw.pass(TAKES);
        }
        17 => {
            call(raw, "DeleteDisk", &[("DiskId", UNUSED)]).ok().await;
        }
        _ => ecs.disk(DISK).delete().unwrap(),
    }
}

#[tokio::test]
async fn a_process_that_is_killed_between_any_two_writes_comes_back_whole() {
    let folder = Folder::new();
    let data = folder.path().join("data");
    let raw = start_with(described().data_folder(&data)).await;
    let mut ids = Vec::new();
    for number in 0..19 {
        let before = (seen(&raw).await, bytes(&raw).await);
        let old_journal = std::fs::read(journal(&data)).unwrap();
        let old_images = images(&data);
        let kept = folder.path().join(format!("before-{number}"));
        copy_folder(&data, &kept);
        step(&raw, number, &mut ids).await;
        let after = (seen(&raw).await, bytes(&raw).await);
        let new_journal = std::fs::read(journal(&data)).unwrap();
        assert!(
            new_journal.starts_with(&old_journal),
            "step {number}: not appended to"
        );

        // Killed when the images were made and the journal is written so far. Images that go, go last.
        let lengths = old_journal.len()..=new_journal.len();
        let tail = new_journal.len() - old_journal.len();
        let cuts: Vec<_> = lengths
            .step_by((tail / 5).max(1))
            .chain([new_journal.len()])
            .collect();
        for cut in cuts {
            let killed = folder.path().join(format!("killed-{number}-{cut}"));
            copy_folder(&kept, &killed);
            copy_folder(&data, &killed);
            std::fs::write(journal(&killed), &new_journal[..cut]).unwrap();
            let back = start_with(again(&killed)).await;
            let offset = raw.now() - back.now();
            back.pass(offset);
            let found = (seen(&back).await, bytes(&back).await);
            let is_done = cut == new_journal.len();
            let expected = if is_done { &after } else { &before };
            // Writes to disks are there at once.
            let place = format!("step {number}, killed at {cut} of {}", new_journal.len());
            assert!(found == *expected, "{place}: {found:#?}");
            // No orphan is left behind.
            let expected = if is_done {
                images(&data)
            } else {
                old_images.clone()
            };
            assert_eq!(images(&killed), expected, "{place}");
            drop(back);
            std::fs::remove_dir_all(killed).unwrap();
        }
        std::fs::remove_dir_all(kept).unwrap();
    }
}

#[tokio::test]
async fn tokens_and_writes_are_remembered_across_a_restart() {
    let folder = Folder::new();
    let create = [("DiskId", DISK), ("ClientToken", "t")];
    let raw = start_with(described().data_folder(folder.path())).await;
    raw.cloud.ecs().disk(DISK).write(7, b"kept").unwrap();
    let first = call(&raw, "CreateSnapshot", &create).ok().await;
    drop(raw);
    let raw = start_with(described().data_folder(folder.path())).await;
    let again = call(&raw, "CreateSnapshot", &create).ok().await;
    assert_eq!(first["SnapshotId"], again["SnapshotId"]);
    assert_eq!(raw.cloud.ecs().disk(DISK).read(7, 4).unwrap(), b"kept");
    let found = here(&raw, "DescribeInstances", &[]).ok().await;
    let found = list(&found, "Instances", "Instance");
    assert_eq!(
        (found.len(), &found[0]["InstanceId"]),
        (1, &INSTANCE.into())
    );
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_is_no_start_from_nothing() {
    let folder = Folder::new();
    drop(start_with(described().data_folder(folder.path())).await);
    std::fs::write(journal(folder.path()), "{\"disks\":7\n").unwrap();
    let error = described()
        .data_folder(folder.path())
        .start()
        .await
        .unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("line 1 of"), "{cause}");
}
