//! What is taken and recorded, and what is refused or not believed.

use std::time::Duration;

use ack_backup_center::clusters::ClusterKind;
use ack_backup_center::ecs_snapshot::Tag;
use ack_backup_center::engine::volumes::{
    Eligibility, SnapshotState, Volume, VolumeRecord, VolumeSnapshotter,
};
use alibaba_local::{EcsDisk, User};
use serde_json::json;

use crate::world::{
    DRIVER, SECRET, World, ZONE, ZONE_KEY, claim, disk_id, disk_volume, planned, reason,
};

use super::{UID, taken};

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
