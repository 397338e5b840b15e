//! What comes back: in another zone or region, as it was, or of another account.

use ack_backup_center::core::Region;
use ack_backup_center::ecs_snapshot::{DiskCategory, PerformanceLevel};
use ack_backup_center::engine::volumes::{RestoreSource, Volume, VolumeSnapshotter};
use alibaba_local::EcsDisk;
use futures::TryStreamExt;
use serde_json::json;

use crate::world::{INSTANCE, World, ZONE_KEY, claim, disk_id, disk_volume, handle};

use super::{UID, made, taken, target_in};

#[tokio::test]
async fn bytes_come_back_in_another_region_when_disks_and_snapshots_are_gone() {
    let world = World::new().await;
    let disks = world.disks();
    let volumes = [world.disk("a"), world.disk("b"), world.disk("c")];
    let mut ssd = disk_volume("ssd", "cloud_ssd");
    let disk = EcsDisk::new(disk_id("ssd"))
        .category("cloud_ssd")
        .attached_to(INSTANCE);
    world.cloud.ecs().add_disk(disk).unwrap();
    ssd.claim = claim("ssd");
    let volumes = [&volumes[..], &[ssd]].concat();
    for volume in &volumes {
        world.write(&volume.volume, format!("of {}", volume.name()).as_bytes());
    }
    let records = taken(&world, &disks, UID, &volumes).await;
    assert_eq!(records.iter().filter(|it| it.group.is_some()).count(), 3);
    for volume in &volumes {
        world.write(&volume.volume, b"later");
    }
    let mut copies = Vec::new();
    for record in &records {
        let copy = disks.copy_to_region(record, "cn-beijing").await.unwrap();
        copies.extend(world.ended(&disks, vec![copy]).await);
    }
    while !disks.delete(&records).await.unwrap() {
        world.pass();
    }
    for volume in &volumes {
        world
            .cloud
            .ecs()
            .disk(handle(&volume.volume))
            .delete()
            .unwrap();
    }
    assert_eq!(world.snapshots().await.len(), 4);
    // In another process, in the other region, in a zone of its own.
    let there = world.disks();
    for copy in &copies {
        let target = target_in("cn-beijing-h", "restore-1", &copy.claim.name);
        let volume = made(&world, &there, copy, &target).await;
        let text = String::from_utf8(world.read(&volume)).unwrap();
        assert_eq!(text, format!("of {}", copy.volume.name));
        let spec = volume.spec.unwrap();
        let affinity = serde_json::to_value(spec.node_affinity.unwrap()).unwrap();
        let bound = &affinity["required"]["nodeSelectorTerms"][0]["matchExpressions"][0];
        assert_eq!(bound["key"], ZONE_KEY);
        assert_eq!(bound["values"], json!(["cn-beijing-h"]));
        let bound = spec.claim_ref.unwrap();
        assert_eq!(
            (bound.name.as_ref(), bound.uid),
            (Some(&copy.claim.name), None)
        );
    }
    let made: Vec<_> = world
        .ecs()
        .in_region(Region::CN_BEIJING)
        .describe_disks()
        .items()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(
        made.len(),
        4,
        "one disk each, however often it was asked for"
    );
    while !there.delete(&copies).await.unwrap() {
        world.pass();
    }
    assert_eq!(world.snapshots().await.len(), 0);
}

#[tokio::test]
async fn a_restore_in_another_region_makes_its_copy_once() {
    let world = World::new().await;
    let disks = world.disks();
    let volume = world.disk("a");
    world.write(&volume.volume, b"here");
    let records = taken(&world, &disks, UID, &[volume]).await;
    let mut target = target_in("cn-beijing-h", "restore-1", "a");
    target.serves_snapshots = true;
    let mut source = RestoreSource::Pending {
        reason: String::new(),
    };
    for _ in 0..10 {
        source = world
            .disks()
            .restore_source(&records[0], &target)
            .await
            .unwrap();
        if !matches!(source, RestoreSource::Pending { .. }) {
            break;
        }
        world.pass();
    }
    let RestoreSource::DataSource {
        objects, at_least, ..
    } = source
    else {
        panic!("{source:?}");
    };
    assert_eq!(world.snapshots().await.len(), 2);
    assert_eq!(at_least, Some(20 << 30));
    let back = world.provision(&claim("a"), &objects).await;
    assert_eq!(world.read(&back), b"here");
    // With the backup, the copy goes too.
    let found = disks.find(UID).await.unwrap();
    while !disks.delete(&found).await.unwrap() {
        world.pass();
    }
    assert_eq!(world.snapshots().await.len(), 0);
}

#[tokio::test]
async fn a_disk_comes_back_as_it_was() {
    let world = World::new().await;
    let disks = world.disks();
    let attributes = |volume: &mut Volume, attributes: serde_json::Value| {
        let csi = volume.volume.spec.as_mut().unwrap().csi.as_mut().unwrap();
        csi.volume_attributes = Some(serde_json::from_value(attributes).unwrap());
    };
    // A small, fast one: by its operations a second it would be taken for PL0.
    let mut fast = disk_volume("fast", "cloud_essd");
    attributes(
        &mut fast,
        json!({"type": "cloud_essd", "performanceLevel": "PL1"}),
    );
    let mut auto = disk_volume("auto", "cloud_auto");
    attributes(
        &mut auto,
        json!({"type": "cloud_auto", "provisionedIops": "3000", "burstingEnabled": "yes"}),
    );
    let mut secret = disk_volume("secret", "cloud_essd");
    attributes(
        &mut secret,
        json!({"type": "cloud_essd", "performanceLevel": "PL0"}),
    );
    let ecs = world.cloud.ecs();
    ecs.add_disk(EcsDisk::new(disk_id("fast")).attached_to(INSTANCE))
        .unwrap();
    ecs.add_disk(
        EcsDisk::new(disk_id("auto"))
            .category("cloud_auto")
            .size_gib(40)
            .attached_to(INSTANCE),
    )
    .unwrap();
    let disk = EcsDisk::new(disk_id("secret"))
        .performance_level("PL0")
        .encrypted("key-1");
    ecs.add_disk(disk.attached_to(INSTANCE)).unwrap();
    let records = taken(&world, &disks, UID, &[fast, auto, secret]).await;
    let mut found = Vec::new();
    for record in &records {
        let target = target_in("cn-hangzhou-j", "restore-1", &record.claim.name);
        let volume = made(&world, &disks, record, &target).await;
        let call = world
            .ecs()
            .describe_disks()
            .disk_ids([handle(&volume).into()]);
        found.push((
            record.claim.name.clone(),
            call.send().await.unwrap().disks.remove(0),
        ));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let [(_, auto), (_, fast), (_, secret)] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(fast.performance_level, Some(PerformanceLevel::Pl1));
    assert_eq!(fast.zone_id.as_ref().unwrap().as_str(), "cn-hangzhou-j");
    assert_eq!(auto.category, Some(DiskCategory::Auto));
    assert_eq!(
        (auto.provisioned_iops, auto.bursting_enabled),
        (Some(3000), Some(true))
    );
    assert_eq!(
        auto.size_gib,
        Some(40),
        "the size of the disk, whatever its volume says"
    );
    assert_eq!(secret.performance_level, Some(PerformanceLevel::Pl0));
    assert_eq!(secret.kms_key_id.as_ref().unwrap().as_str(), "key-1");
}

#[tokio::test]
async fn a_snapshot_that_another_account_shares_is_restored_from() {
    let world = World::new().await;
    let disks = world.disks();
    let volume = world.disk("a");
    world.write(&volume.volume, b"shared");
    let mut records = taken(&world, &disks, UID, std::slice::from_ref(&volume)).await;
    // Tags of another account are not shown.
    let shared = world.ecs().create_snapshot(disk_id("a"));
    let shared = shared.send().await.unwrap().snapshot_id;
    records[0].handle = Some(shared.to_string());
    let target = target_in("cn-hangzhou-j", "restore-1", "a");
    let back = made(&world, &disks, &records[0], &target).await;
    assert_eq!(world.read(&back), b"shared");
    let error = disks.delete(&records).await.unwrap_err();
    assert!(error.to_string().contains("it stays"), "{error}");
}
