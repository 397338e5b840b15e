//! Disks, with every call of ECS going wrong: one snapshot each, and none when they are deleted.

use ack_backup_center::engine::Error;
use ack_backup_center::engine::volumes::{SnapshotState, Volume, VolumeRecord, VolumeSnapshotter};
use ack_backup_center::volumes::disks::DiskSnapshots;
use alibaba_local::{Fault, Rule};

use crate::world::{World, disk_volume, planned};

const UID: &str = "0b5ce1f0-7b7e-4c52-a9ae-6e1c1b7c9d01";
const THERE: &str = "cn-beijing";

/// Two disks of one group, and one that stands alone.
fn volumes(world: &World) -> Vec<Volume> {
    let alone = world.disk("alone").claim;
    let mut single = disk_volume("alone", "cloud_ssd");
    single.claim = alone;
    vec![world.disk("a"), world.disk("b"), single]
}

/// A whole backup as a process would do it that remembers nothing, one call after the other.
async fn backup(
    world: &World,
    disks: &DiskSnapshots,
    volumes: &[Volume],
) -> Result<Vec<VolumeRecord>, Error> {
    let mut records = Vec::new();
    for group in planned(disks, UID, volumes) {
        records.extend(disks.snapshot(&group).await?);
    }
    for _ in 0..100 {
        records = disks.poll(&records).await?;
        if records.iter().all(|record| record.state.is_final()) {
            break;
        }
        world.pass();
    }
    let mut copy = disks.copy_to_region(&records[0], THERE).await?;
    for _ in 0..100 {
        copy = disks.poll(&[copy]).await?.remove(0);
        if copy.state.is_final() {
            break;
        }
        world.pass();
    }
    records.push(copy);
    Ok(records)
}

async fn delete(world: &World, disks: &DiskSnapshots) -> Result<(), Error> {
    let found = disks.find(UID).await?;
    for _ in 0..100 {
        if disks.delete(&found).await? {
            return Ok(());
        }
        world.pass();
    }
    panic!("they are never gone");
}

/// Again until it succeeds, each time by a process that knows nothing of the one before.
async fn until_done<T>(mut attempt: impl AsyncFnMut() -> Result<T, Error>) -> T {
    for _ in 0..5 {
        match attempt().await {
            Ok(done) => return done,
            Err(error) => assert!(error.is_retryable(), "{}", error.chain()),
        }
    }
    panic!("it never succeeds");
}

/// How many calls a backup takes, and how many its deletion.
async fn calls() -> (usize, usize) {
    let world = World::new().await;
    let volumes = volumes(&world);
    backup(&world, &world.disks(), &volumes).await.unwrap();
    let of_backup = world.cloud.requests().len();
    delete(&world, &world.disks()).await.unwrap();
    (of_backup, world.cloud.requests().len() - of_backup)
}

fn faults() -> [Fault; 3] {
    [
        Fault::LoseReply,
        Fault::Refuse,
        Fault::Status(500, "InternalError"),
    ]
}

fn at(fault: &Fault, call: usize) -> Rule {
    Rule::new(fault.clone()).service("ecs").skip(call).times(1)
}

#[tokio::test]
async fn whichever_call_is_lost_there_is_one_snapshot_each() {
    let (calls, _) = calls().await;
    for fault in faults() {
        for call in 0..calls {
            let what = format!("{fault:?} at call {call}");
            let world = World::new().await;
            let volumes = volumes(&world);
            world.cloud.faults().add(at(&fault, call));
            let records = until_done(async || backup(&world, &world.disks(), &volumes).await).await;
            world.cloud.faults().clear();
            let all_complete = records.iter().all(|it| it.state == SnapshotState::Complete);
            assert!(all_complete, "{what}: {records:?}");
            let there = world.snapshots().await;
            assert_eq!(there.len(), 4, "{what}: {there:?}");
            assert_eq!(world.groups().await.len(), 1, "{what}");
            let cut: Vec<_> = records.iter().take(2).map(|it| it.cut_at).collect();
            assert_eq!(cut[0], cut[1], "{what}");
        }
    }
}

#[tokio::test]
async fn whichever_call_of_a_deletion_is_lost_nothing_is_left() {
    let (_, calls) = calls().await;
    for fault in faults() {
        for call in 0..calls {
            let what = format!("{fault:?} at call {call}");
            let world = World::new().await;
            let volumes = volumes(&world);
            backup(&world, &world.disks(), &volumes).await.unwrap();
            world.cloud.faults().add(at(&fault, call));
            until_done(async || delete(&world, &world.disks()).await).await;
            world.cloud.faults().clear();
            assert_eq!(world.snapshots().await.len(), 0, "{what}");
            assert_eq!(world.groups().await.len(), 0, "{what}");
        }
    }
}
