//! The bytes of disks, in snapshots and out of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use alibaba_local::EcsDisk;

use super::calls::{
    DISK, ELSEWHERE, OTHER, REGION, TAKES, ZONE, call, copy, described, disk_of, finished_snapshot,
    here, snapshot, snapshots, start, text,
};
use crate::folder::Folder;
use crate::raw::{Raw, start_with};

const END: u64 = 20 * 1024 * 1024 * 1024;

#[tokio::test]
async fn a_disks_bytes_survive_snapshot_copy_the_end_of_their_sources_and_a_new_disk() {
    let folder = Folder::new();
    for builder in [described(), described().data_folder(folder.path())] {
        let raw = start_with(builder).await;
        let disk = raw.cloud.ecs().disk(DISK);
        disk.write(4096 * 17 - 3, b"over a border").unwrap();
        disk.write(END - 4, b"last").unwrap();
        let first = snapshot(&raw, DISK).await;
        // Only what was written before the call is in it.
        disk.write(4096 * 17 - 3, b"OVER").unwrap();
        raw.pass(TAKES);
        let copied = copy(&raw, &first).await;
        raw.pass(TAKES);
        disk.delete().unwrap();
        call(&raw, "DeleteSnapshot", &[("SnapshotId", &first)])
            .ok()
            .await;
        assert!(snapshots(&raw, REGION, &[]).await.is_empty());
        let again = disk_of(&raw, ELSEWHERE, "cn-beijing-h", &copied).await;
        let again = raw.cloud.ecs().disk(again);
        assert_eq!(again.read(4096 * 17 - 3, 13).unwrap(), b"over a border");
        assert_eq!(again.read(END - 5, 5).unwrap(), b"\0last");
        assert_eq!(again.size().unwrap(), END);
        // Disk and snapshot are two things from now on.
        again.write(0, b"new").unwrap();
        assert_eq!(
            raw.cloud.ecs().snapshot(&copied).read(0, 3).unwrap(),
            [0; 3]
        );
        if let Some(path) = again.path() {
            let metadata = std::fs::metadata(path).unwrap();
            assert_eq!(metadata.len(), END);
            let held = std::os::unix::fs::MetadataExt::blocks(&metadata) * 512;
            assert!(held < 1024 * 1024, "{held} bytes of a sparse file");
        }
        // The images of what is gone are gone as well.
        let images = folder.path().join("_ecs/images");
        if images.exists() {
            assert!(!images.join(format!("{DISK}.img")).exists());
            assert!(
                images.join(format!("{first}.img")).exists(),
                "the copy needs it"
            );
            call(
                &raw,
                "DeleteSnapshot",
                &[("SnapshotId", &copied), ("Force", "true")],
            )
            .ok()
            .await;
            assert!(!images.join(format!("{first}.img")).exists());
            assert_eq!(again.read(END - 5, 5).unwrap(), b"\0last");
        }
    }
}

#[tokio::test]
async fn a_larger_disk_begins_with_the_snapshots_bytes() {
    let raw = start().await;
    raw.cloud.ecs().disk(DISK).write(END - 4, b"last").unwrap();
    let id = finished_snapshot(&raw, DISK).await;
    let create = here(
        &raw,
        "CreateDisk",
        &[
            ("ZoneId", ZONE),
            ("SnapshotId", &id),
            ("Size", "50"),
            ("DiskCategory", "cloud_ssd"),
        ],
    );
    let larger = raw.cloud.ecs().disk(text(&create.ok().await["DiskId"]));
    assert_eq!(larger.size().unwrap(), 50 << 30);
    assert_eq!(larger.read(END - 4, 8).unwrap(), b"last\0\0\0\0");
    // A size below the snapshot's is raised to it.
    let create = here(
        &raw,
        "CreateDisk",
        &[
            ("ZoneId", ZONE),
            ("SnapshotId", &id),
            ("Size", "1"),
            ("PerformanceLevel", "PL0"),
            ("DiskCategory", "cloud_essd"),
        ],
    );
    let raised = raw.cloud.ecs().disk(text(&create.ok().await["DiskId"]));
    assert_eq!(raised.size().unwrap(), END);
}

#[tokio::test]
async fn reads_and_writes_beyond_the_end_are_refused() {
    let raw = start().await;
    let disk = raw.cloud.ecs().disk(DISK);
    assert!(disk.write(END - 3, b"last").is_err());
    assert!(disk.read(u64::MAX, 2).is_err());
    assert!(disk.read(END - 2, 2).is_ok());
    let together = raw.cloud.ecs();
    let writes: [(&str, u64, &[u8]); 2] = [(OTHER, 0, b"x"), (DISK, END, b"x")];
    assert!(together.write_together(&writes).is_err());
    assert_eq!(together.disk(OTHER).read(0, 1).unwrap(), [0]);
    assert!(together.disk("d-none").read(0, 1).is_err());
    assert!(
        together
            .add_disk(EcsDisk::new("d-x").attached_to("i-none"))
            .is_err()
    );
}

/// Counts up on three disks, with one write to all of them or one write each, until it is stopped.
fn write_counters(
    raw: &Raw,
    together: bool,
    stop: &Arc<AtomicBool>,
) -> std::thread::JoinHandle<()> {
    let (ecs, stop) = (raw.cloud.ecs().clone(), stop.clone());
    std::thread::spawn(move || {
        let mut counter = 0_u64;
        while !stop.load(Ordering::Relaxed) {
            counter += 1;
            let bytes = counter.to_be_bytes();
            if together {
                let writes = THREE.map(|disk| (disk, 0, bytes.as_slice()));
                ecs.write_together(&writes).unwrap();
            } else {
                for disk in THREE {
                    ecs.disk(disk).write(0, &bytes).unwrap();
                }
            }
            std::thread::yield_now();
        }
    })
}

const THREE: [&str; 3] = [DISK, OTHER, super::calls::SYSTEM];

/// The counters in the members of a group, in the order of the disks.
async fn counters(raw: &Raw, group: &str) -> Vec<u64> {
    let found = snapshots(raw, REGION, &[]).await;
    let description = format!("Created_from_{group}");
    let counter = |disk: &str| {
        let member = found
            .iter()
            .find(|it| it["SourceDiskId"] == disk && it["Description"] == description.as_str());
        let id = text(&member.unwrap()["SnapshotId"]);
        let bytes = raw.cloud.ecs().snapshot(id).read(0, 8).unwrap();
        u64::from_be_bytes(bytes.try_into().unwrap())
    };
    THREE.map(counter).to_vec()
}

#[tokio::test]
async fn a_group_is_of_one_instant_and_single_snapshots_are_not() {
    let folder = Folder::new();
    for (builder, together) in [
        (described(), true),
        (described(), false),
        (described().data_folder(folder.path()), true),
    ] {
        let raw = start_with(builder).await;
        let stop = Arc::new(AtomicBool::new(false));
        let writer = write_counters(&raw, together, &stop);
        let mut groups = Vec::new();
        for _ in 0..8 {
            let parameters = [
                ("DiskId.1", DISK),
                ("DiskId.2", OTHER),
                ("DiskId.3", THREE[2]),
            ];
            let group = here(&raw, "CreateSnapshotGroup", &parameters).ok().await;
            groups.push(text(&group["SnapshotGroupId"]));
        }
        stop.store(true, Ordering::Relaxed);
        writer.join().unwrap();
        for group in groups {
            let found = counters(&raw, &group).await;
            // The writer writes them in this order.
            assert!(found[0] >= found[1] && found[1] >= found[2], "{found:?}");
            assert!(found[0] - found[2] <= u64::from(!together), "{found:?}");
        }
    }
}

#[tokio::test]
async fn single_snapshots_are_cut_one_by_one() {
    let raw = start().await;
    let mut ids = Vec::new();
    for (disk, counter) in THREE.into_iter().zip(1_u64..) {
        let bytes = counter.to_be_bytes();
        let writes = THREE.map(|disk| (disk, 0, bytes.as_slice()));
        raw.cloud.ecs().write_together(&writes).unwrap();
        ids.push(snapshot(&raw, disk).await);
    }
    let read = |id: &String| raw.cloud.ecs().snapshot(id).read(7, 1).unwrap()[0];
    assert_eq!(ids.iter().map(read).collect::<Vec<_>>(), [1, 2, 3]);
}
