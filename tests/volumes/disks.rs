//! Disks: what is of one moment, what is recorded and given back, and what is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ack_backup_center::clusters::ClusterKind;
use ack_backup_center::core::Region;
use ack_backup_center::ecs_snapshot::{DiskCategory, PerformanceLevel, Tag};
use ack_backup_center::engine::volumes::{
    Eligibility, RestoreSource, RestoreTarget, SnapshotState, Volume, VolumeRecord,
    VolumeSnapshotter,
};
use alibaba_local::{EcsDisk, EcsInstance, User};
use futures::TryStreamExt;
use k8s_openapi::api::core::v1::PersistentVolume;
use serde_json::json;

use crate::world::{
    DRIVER, INSTANCE, SECRET, World, ZONE, ZONE_KEY, claim, disk_id, disk_volume, handle, planned,
    reason,
};

const UID: &str = "0b5ce1f0-7b7e-4c52-a9ae-6e1c1b7c9d01";

async fn taken(
    world: &World,
    snapshotter: &dyn VolumeSnapshotter,
    uid: &str,
    volumes: &[Volume],
) -> Vec<VolumeRecord> {
    let mut records = Vec::new();
    for group in planned(snapshotter, uid, volumes) {
        records.extend(snapshotter.snapshot(&group).await.unwrap());
    }
    world.ended(snapshotter, records).await
}

/// A volume that is made here, in a cluster without CSI snapshots.
async fn made(
    world: &World,
    snapshotter: &dyn VolumeSnapshotter,
    record: &VolumeRecord,
    target: &RestoreTarget,
) -> PersistentVolume {
    for _ in 0..100 {
        match snapshotter.restore_source(record, target).await.unwrap() {
            RestoreSource::Volume(volume) => return *volume,
            RestoreSource::Pending { .. } => world.pass(),
            other => panic!("{other:?}"),
        }
    }
    panic!("it is never made");
}

fn target_in(zone: &str, restore: &str, name: &str) -> RestoreTarget {
    let mut target = RestoreTarget::new(restore, claim(name));
    target.zones = vec![zone.to_owned()];
    target.region = Some(zone.rsplit_once('-').unwrap().0.to_owned());
    target
}

/// Three disks, and somebody who writes one counter to all of them without a pause.
struct Counter {
    volumes: Vec<Volume>,
    stop: Arc<AtomicBool>,
    writer: Option<std::thread::JoinHandle<()>>,
}

impl Counter {
    fn start(world: &World) -> Self {
        let names = ["one", "two", "three"];
        let volumes = names.map(|name| world.disk(name)).to_vec();
        let stop = Arc::new(AtomicBool::new(false));
        let (ecs, stopped) = (world.cloud.ecs().clone(), stop.clone());
        let ids = names.map(disk_id);
        let writer = std::thread::spawn(move || {
            let mut counter = 0_u64;
            while !stopped.load(Ordering::Relaxed) {
                counter += 1;
                let bytes = counter.to_be_bytes();
                let writes = ids.iter().map(|id| (id.as_str(), 0, &bytes[..]));
                ecs.write_together(&writes.collect::<Vec<_>>()).unwrap();
            }
        });
        let counter = Self {
            volumes,
            stop,
            writer: Some(writer),
        };
        counter.moves_on(world);
        counter
    }

    /// Waits until it has been written again.
    fn moves_on(&self, world: &World) {
        let disk = world.cloud.ecs().disk(disk_id("one"));
        let before = disk.read(0, 8).unwrap();
        while disk.read(0, 8).unwrap() == before {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(writer) = self.writer.take() {
            drop(writer.join());
        }
    }
}

fn counters(world: &World, records: &[VolumeRecord]) -> Vec<u64> {
    let counter = |record: &VolumeRecord| {
        let snapshot = world.cloud.ecs().snapshot(record.handle.clone().unwrap());
        u64::from_be_bytes(snapshot.read(0, 8).unwrap().try_into().unwrap())
    };
    records.iter().map(counter).collect()
}

#[tokio::test]
async fn disks_of_a_group_show_one_counter_and_single_snapshots_do_not() {
    let world = World::with_snapshots_of(Duration::ZERO).await;
    let disks = world.disks();
    let counter = Counter::start(&world);
    for n in 0..50 {
        let groups = planned(&disks, &format!("{UID}-{n}"), &counter.volumes);
        assert_eq!(groups.len(), 1);
        let records = disks.snapshot(&groups[0]).await.unwrap();
        let shown = counters(&world, &records);
        assert!(
            shown[0] > 0 && shown.iter().all(|it| *it == shown[0]),
            "{shown:?}"
        );
        assert!(
            records
                .iter()
                .all(|it| it.group.as_ref() == Some(&groups[0].name))
        );
    }
    for n in 0..50 {
        let mut records = Vec::new();
        for volume in &counter.volumes {
            let one = planned(
                &disks,
                &format!("{UID}-single-{n}"),
                std::slice::from_ref(volume),
            );
            records.extend(disks.snapshot(&one[0]).await.unwrap());
            // However slow the writer is on this machine.
            counter.moves_on(&world);
        }
        assert!(records.iter().all(|it| it.group.is_none()));
        let shown = counters(&world, &records);
        assert!(shown[0] < shown[1] && shown[1] < shown[2], "{shown:?}");
    }
}

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
async fn one_bad_disk_takes_no_other_with_it() {
    for looks in [false, true] {
        let world = World::new().await;
        let disks = match looks {
            true => world.disks().look_at_disks(),
            false => world.disks(),
        };
        let volumes = [
            world.disk("a"),
            world.disk("b"),
            disk_volume("never", "cloud_essd"),
        ];
        world
            .cloud
            .ecs()
            .add_disk(EcsDisk::new(disk_id("never")).in_zone(ZONE))
            .unwrap();
        let records = taken(&world, &disks, UID, &volumes).await;
        assert!(
            reason(&records[2]).contains("attach the disk to an instance once"),
            "{records:?}"
        );
        for record in &records[..2] {
            assert_eq!(record.state, SnapshotState::Complete);
            // Whoever looks knows which one is bad; the others stay together.
            assert_eq!(record.group.is_some(), looks, "{record:?}");
            assert_eq!(record.attributes.contains_key("separately"), !looks);
        }
        assert_eq!(world.snapshots().await.len(), 2);
        let again = disks
            .snapshot(&planned(&disks, UID, &volumes)[0])
            .await
            .unwrap();
        assert_eq!(again[0].handle, records[0].handle);
        assert_eq!(world.snapshots().await.len(), 2);
    }
}

#[tokio::test]
async fn what_ecs_does_not_show_to_be_of_the_backup_is_neither_believed_nor_deleted() {
    let world = World::new().await;
    let disks = world.disks();
    let volumes = [world.disk("a"), world.disk("b")];
    let foreign = world
        .ecs()
        .create_snapshot(disk_id("b"))
        .snapshot_name("foreign");
    let foreign = foreign
        .tags([Tag::new("of", "another")])
        .send()
        .await
        .unwrap()
        .snapshot_id;
    let mut records = taken(&world, &disks, UID, &volumes[..1]).await;
    let own = records[0].handle.replace(foreign.to_string());
    let shown = disks.poll(&records).await.unwrap();
    assert!(reason(&shown[0]).contains("its disk is"), "{shown:?}");
    // Even one that names no disk and no size.
    records[0].attributes.clear();
    records[0].restore_size = None;
    records[0].name = "backup-of-nothing".to_owned();
    let error = disks.delete(&records).await.unwrap_err();
    assert!(error.to_string().contains("it stays"), "{error}");
    assert_eq!(world.snapshots().await.len(), 2);
    // What is tagged as the backup's goes, though the record names another.
    records[0].handle = own;
    records[0].name = disks.find(UID).await.unwrap().remove(0).name;
    assert!(disks.delete(&records).await.unwrap());
    let left = world.snapshots().await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].id, foreign);
}

#[tokio::test]
async fn retention_and_tags_are_those_of_the_backup() {
    let world = World::new().await;
    let disks = world.disks();
    let volumes = [world.disk("a"), world.disk("b")];
    let ttl = Some(Duration::from_secs(30 * 86_400 + 1));
    let labels = [("team".to_owned(), "shop".to_owned())];
    let group = planned(&disks, UID, &volumes).remove(0);
    let group = group.retained_for(ttl).labelled(labels.into());
    let records = disks.snapshot(&group).await.unwrap();
    world.ended(&disks, records).await;
    let single = planned(&disks, "uid-2", &volumes[..1])
        .remove(0)
        .retained_for(ttl);
    disks.snapshot(&single).await.unwrap();
    let there = world.snapshots().await;
    assert_eq!(there.len(), 3);
    // A group is given none, and its members are not given a shorter one than for ever.
    let kept = there.iter().filter(|it| it.retention_days == Some(31));
    assert_eq!(kept.count(), 1, "{there:?}");
    let group = world.groups().await.remove(0);
    assert!(group.tags.contains(&Tag::new("team", "shop")));
    let tag = |tags: &[Tag], key: &str| {
        let tag = tags
            .iter()
            .find(|tag| tag.key == format!("ack-backup-center.io/{key}"));
        tag.map(|tag| tag.value.clone())
    };
    assert_eq!(tag(&group.tags, "backup-uid").as_deref(), Some(UID));
    assert_eq!(tag(&group.tags, &disk_id("a")).as_deref(), Some("a shop/a"));
    let single = there
        .iter()
        .find(|it| !it.tags.is_empty() && tag(&it.tags, "backup-uid").as_deref() == Some("uid-2"))
        .unwrap();
    assert_eq!(tag(&single.tags, "zone").as_deref(), Some(ZONE));
    assert_eq!(tag(&single.tags, "claim").as_deref(), Some("a"));
}

#[tokio::test]
async fn a_copy_that_is_not_allowed_says_so_in_the_backup_centers_words() {
    let world = World::new().await;
    let user = User::new("LTAI-copyless", SECRET).named("copyless");
    let user = user.allow_only(["ecs:Describe*", "ecs:CreateSnapshot"]);
    world.cloud.directory().add_user(user);
    let disks = world.disks_of("LTAI-copyless");
    let records = taken(&world, &disks, UID, &[world.disk("a")]).await;
    let error = disks
        .copy_to_region(&records[0], "cn-beijing")
        .await
        .unwrap_err();
    let text = error.chain();
    for words in [
        "ECS snapshot cross region request failed",
        "snapshot cross region request failed",
        "the ECS-snapshot related ram policy is missing",
        "`ecs:CopySnapshot`",
    ] {
        assert!(text.contains(words), "{text}");
    }
    let old = world.disks().of_version("v1.7.6".parse().unwrap());
    let error = old
        .copy_to_region(&records[0], "cn-beijing")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("needs version 1.7.7"), "{error}");
    let new = world.disks().of_version("v1.7.10".parse().unwrap());
    new.copy_to_region(&records[0], "cn-beijing").await.unwrap();
}

#[tokio::test]
async fn an_unfinished_snapshot_is_not_copied_yet() {
    let world = World::new().await;
    let disks = world.disks();
    let group = planned(&disks, UID, &[world.disk("a")]).remove(0);
    let records = disks.snapshot(&group).await.unwrap();
    assert_eq!(
        records[0].state,
        SnapshotState::Ready,
        "an ESSD's is of use at once"
    );
    let error = disks
        .copy_to_region(&records[0], "cn-beijing")
        .await
        .unwrap_err();
    assert!(error.is_retryable(), "{error}");
    world
        .cloud
        .ecs()
        .disk(disk_id("a"))
        .fail_snapshots(true)
        .unwrap();
    let group = planned(&disks, "uid-2", &[disk_volume("a", "cloud_essd")]).remove(0);
    let records = disks.snapshot(&group).await.unwrap();
    let records = world.ended(&disks, records).await;
    assert!(
        reason(&records[0]).contains("ECS has failed"),
        "{records:?}"
    );
}

#[test]
fn claims_of_disks_are_written_by_one_node_and_not_too_small() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(World::new());
    let record = VolumeRecord::found(
        "ecs",
        ack_backup_center::engine::volumes::VolumeMethod::NativeSnapshot,
        UID,
        "backup-1",
    );
    for (mode, words) in [
        (
            "ReadWriteMany",
            Some("accessMode of PVC data is ReadWriteMany"),
        ),
        (
            "ReadOnlyMany",
            Some("multi-node writing is only supported for block volume"),
        ),
        ("ReadWriteOnce", None),
        ("ReadWriteOncePod", None),
    ] {
        let mut claim = claim("data");
        claim.spec.as_mut().unwrap().access_modes = Some(vec![mode.to_owned()]);
        let adjusted = world.disks().adjust_claim(&record, claim.clone());
        match words {
            Some(words) => {
                assert!(
                    adjusted.warnings[0].contains(words),
                    "{:?}",
                    adjusted.warnings
                );
                let modes = adjusted.claim.spec.unwrap().access_modes.unwrap();
                assert_eq!(modes, ["ReadWriteOnce"]);
            }
            None => assert_eq!((adjusted.warnings, adjusted.claim), (vec![], claim)),
        }
    }
    let mut small = claim("data");
    let resources = small.spec.as_mut().unwrap().resources.as_mut().unwrap();
    let five = k8s_openapi::apimachinery::pkg::api::resource::Quantity("5Gi".to_owned());
    resources.requests = Some([("storage".to_owned(), five)].into());
    let adjusted = world.disks().adjust_claim(&record, small);
    assert!(adjusted.warnings[0].contains("restored with 20Gi"));
    let requests = adjusted
        .claim
        .spec
        .unwrap()
        .resources
        .unwrap()
        .requests
        .unwrap();
    assert_eq!(requests["storage"].0, "20Gi");
}

#[tokio::test]
async fn volumes_are_taken_by_what_they_say() {
    let world = World::new().await;
    let disks = world.disks();
    let volume = |spec: serde_json::Value| {
        let volume = json!({"metadata": {"name": "v"}, "spec": spec});
        Volume::new(serde_json::from_value(volume).unwrap(), claim("v"))
    };
    let csi = |handle: &str, attributes: serde_json::Value, zone: Option<&str>| {
        let mut spec = json!({"csi": {"driver": DRIVER, "volumeHandle": handle, "volumeAttributes": attributes}});
        if let Some(zone) = zone {
            spec["nodeAffinity"] = json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [
                {"key": ZONE_KEY, "operator": "In", "values": [zone]}]}]}});
        }
        volume(spec)
    };
    let eligible = |group: Option<&str>| Eligibility::Eligible {
        group: group.map(str::to_owned),
    };
    let (zone, none) = (Some(ZONE), None::<&str>);
    for (volume, expected) in [
        (
            csi("d-1", json!({"type": "cloud_essd"}), zone),
            eligible(zone),
        ),
        (
            csi("d-1", json!({"type": "cloud_auto"}), zone),
            eligible(zone),
        ),
        (
            csi("d-1", json!({"type": "cloud_ssd"}), zone),
            eligible(None),
        ),
        (
            csi("d-1", json!({"type": "cloud_essd"}), none),
            eligible(None),
        ),
        (
            csi(
                "d-1",
                json!({"type": "cloud_essd", "multiAttach": "true"}),
                zone,
            ),
            eligible(None),
        ),
        (
            csi("d-1", json!({"type": "cloud_regional_disk_auto"}), none),
            eligible(Some("regional")),
        ),
        (
            csi("d-1", json!({}), zone),
            eligible(Some("cn-hangzhou-k, of a category that is not known")),
        ),
    ] {
        assert_eq!(disks.eligibility(&volume), expected, "{volume:?}");
    }
    for (volume, words) in [
        (
            csi(
                "d-1",
                json!({"type": "elastic_ephemeral_disk_premium"}),
                zone,
            ),
            "has no snapshots",
        ),
        (csi("vol-1", json!({}), zone), "is not the id of a disk"),
        (
            volume(
                json!({"flexVolume": {"driver": "alicloud/disk", "options": {"volumeId": "d-1"}}}),
            ),
            "FlexVolume",
        ),
        (
            volume(
                json!({"csi": {"driver": "nasplugin.csi.alibabacloud.com", "volumeHandle": "n"}}),
            ),
            "its driver is",
        ),
        (
            volume(json!({"hostPath": {"path": "/data"}})),
            "it is not of the CSI driver",
        ),
    ] {
        match disks.eligibility(&volume) {
            Eligibility::Refused(reason) => assert!(reason.contains(words), "{reason}"),
            other => panic!("{words}: {other:?}"),
        }
    }
    for kind in [ClusterKind::ServerlessPro, ClusterKind::Edge] {
        match world
            .disks()
            .of_kind(kind)
            .eligibility(&disk_volume("a", "cloud_essd"))
        {
            Eligibility::Refused(reason) => {
                assert!(reason.contains("cannot be backed up"), "{reason}");
            }
            other => panic!("{kind}: {other:?}"),
        }
    }
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
