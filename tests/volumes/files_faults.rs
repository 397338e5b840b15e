//! Files, with every call of Cloud Backup going wrong: one backup each, and none when they are deleted.

use ack_backup_center::engine::Error;
use ack_backup_center::engine::volumes::{SnapshotState, Volume, VolumeRecord, VolumeSnapshotter};
use ack_backup_center::volumes::files::FileBackups;
use alibaba_local::{Fault, Rule};
use futures::TryStreamExt;

use crate::world::{ID, World, planned};

const UID: &str = "0b5ce1f0-7b7e-4c52-a9ae-6e1c1b7c9d01";

/// Two on nodes of their own, and a third on the first's: two rounds.
fn volumes(world: &World) -> Vec<Volume> {
    [("a", "node-1"), ("b", "node-2"), ("c", "node-1")]
        .map(|(name, node)| {
            let volume = world.nas(name, node);
            let folder = world.folder(&volume.mounts[0], &volume.volume);
            std::fs::write(folder.join("file"), name).unwrap();
            volume
        })
        .to_vec()
}

/// A whole backup, from no vault on, as a process would do it that remembers nothing.
async fn backup(
    world: &World,
    files: &FileBackups,
    volumes: &[Volume],
) -> Result<Vec<VolumeRecord>, Error> {
    let mut records = Vec::new();
    for group in planned(files, UID, volumes) {
        records.extend(files.snapshot(&group).await?);
    }
    for _ in 0..100 {
        records = files.poll(&records).await?;
        if records.iter().all(|record| record.state.is_final()) {
            return Ok(records);
        }
        world.pass();
    }
    panic!("it never ends: {records:?}");
}

async fn delete(world: &World, files: &FileBackups) -> Result<(), Error> {
    let found = files.find(UID).await?;
    for _ in 0..100 {
        if files.delete(&found).await? {
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

async fn calls() -> (usize, usize) {
    let world = World::new().await;
    let volumes = volumes(&world);
    backup(&world, &world.files(), &volumes).await.unwrap();
    let of_backup = world.cloud.requests().len();
    delete(&world, &world.files()).await.unwrap();
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
    Rule::new(fault.clone()).service("hbr").skip(call).times(1)
}

#[tokio::test]
async fn whichever_call_is_lost_each_volume_is_backed_up_once() {
    let (calls, _) = calls().await;
    for fault in faults() {
        for call in 0..calls {
            let what = format!("{fault:?} at call {call}");
            let world = World::new().await;
            let volumes = volumes(&world);
            world.cloud.faults().add(at(&fault, call));
            let records = until_done(async || backup(&world, &world.files(), &volumes).await).await;
            world.cloud.faults().clear();
            let all_complete = records.iter().all(|it| it.state == SnapshotState::Complete);
            assert!(all_complete, "{what}: {records:?}");
            assert_eq!(world.file_backups().await, 3, "{what}");
            let hbr = world.hbr_of(ID);
            let vaults: Vec<_> = hbr.describe_vaults().items().try_collect().await.unwrap();
            assert_eq!(vaults.len(), 1, "{what}");
            let jobs: Vec<_> = hbr
                .describe_backup_jobs()
                .items()
                .try_collect()
                .await
                .unwrap();
            assert_eq!(jobs.len(), 2, "{what}: a job for each round");
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
            backup(&world, &world.files(), &volumes).await.unwrap();
            world.cloud.faults().add(at(&fault, call));
            until_done(async || delete(&world, &world.files()).await).await;
            world.cloud.faults().clear();
            assert_eq!(world.file_backups().await, 0, "{what}");
        }
    }
}
