//! What is of one moment, and in how many groups that is.

use std::time::Duration;

use ack_backup_center::engine::volumes::{SnapshotState, Volume, VolumeRecord, VolumeSnapshotter};
use alibaba_local::{EcsDisk, EcsInstance};
use serde_json::json;

use crate::world::{World, claim, disk_id, disk_volume, planned};
use crate::writer::{Writer, of_one_moment, on_disk};

use super::{UID, taken};

/// Three disks, and somebody who writes to all of them.
fn written_to(world: &World) -> (Vec<Volume>, Writer) {
    let names = ["one", "two", "three"];
    let volumes = names.map(|name| world.disk(name)).to_vec();
    let disks = names.map(disk_id).to_vec();
    let writer = Writer::start(world.cloud.ecs(), disks, Vec::new());
    (volumes, writer)
}

fn counters(world: &World, records: &[VolumeRecord]) -> Vec<u64> {
    let counter = |record: &VolumeRecord| {
        let snapshot = world.cloud.ecs().snapshot(record.handle.clone().unwrap());
        on_disk(|at, length| snapshot.read(at, length))
    };
    records.iter().map(counter).collect()
}

#[tokio::test]
async fn disks_of_a_group_show_one_counter_and_single_snapshots_do_not() {
    let world = World::with_snapshots_of(Duration::ZERO).await;
    let disks = world.disks();
    let (volumes, writer) = written_to(&world);
    for n in 0..50 {
        let groups = planned(&disks, &format!("{UID}-{n}"), &volumes);
        assert_eq!(groups.len(), 1);
        let records = disks.snapshot(&groups[0]).await.unwrap();
        let shown = counters(&world, &records);
        assert!(of_one_moment(&shown).unwrap() > 0);
        assert!(
            records
                .iter()
                .all(|it| it.group.as_ref() == Some(&groups[0].name))
        );
    }
    for n in 0..50 {
        let mut records = Vec::new();
        for volume in &volumes {
            let one = planned(
                &disks,
                &format!("{UID}-single-{n}"),
                std::slice::from_ref(volume),
            );
            records.extend(disks.snapshot(&one[0]).await.unwrap());
            // However slow the writer is on this machine.
            writer.goes_on();
        }
        assert!(records.iter().all(|it| it.group.is_none()));
        let shown = counters(&world, &records);
        assert!(shown[0] < shown[1] && shown[1] < shown[2], "{shown:?}");
    }
}

#[test]
fn large_sets_are_split_always_the_same() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let disks = runtime.block_on(World::new()).disks();
    let mut volumes: Vec<Volume> = (0..17)
        .map(|n| disk_volume(&format!("v{n:02}"), "cloud_essd"))
        .collect();
    let sizes = |volumes: &[Volume]| -> Vec<usize> {
        let groups = planned(&disks, UID, volumes);
        groups.iter().map(|group| group.members.len()).collect()
    };
    assert_eq!(sizes(&volumes), [16, 1]);
    volumes.reverse();
    assert_eq!(sizes(&volumes), [16, 1]);
}

#[tokio::test]
async fn disks_of_two_zones_are_two_groups() {
    let world = World::new().await;
    let disks = world.disks();
    world
        .cloud
        .ecs()
        .add_instance(EcsInstance::new("i-bp1fake0000000000002").in_zone("cn-hangzhou-j"))
        .unwrap();
    let mut volumes = vec![world.disk("a"), world.disk("b")];
    for name in ["c", "d"] {
        let disk = EcsDisk::new(disk_id(name)).attached_to("i-bp1fake0000000000002");
        world.cloud.ecs().add_disk(disk).unwrap();
        let mut volume = serde_json::to_value(disk_volume(name, "cloud_essd").volume).unwrap();
        volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0]
            ["values"] = json!(["cn-hangzhou-j"]);
        volumes.push(Volume::new(
            serde_json::from_value(volume).unwrap(),
            claim(name),
        ));
    }
    let records = taken(&world, &disks, UID, &volumes).await;
    assert!(records.iter().all(|it| it.state == SnapshotState::Complete));
    assert_eq!(world.groups().await.len(), 2);
    assert_eq!(records[0].group, records[1].group);
    assert_ne!(records[0].group, records[2].group);
}
