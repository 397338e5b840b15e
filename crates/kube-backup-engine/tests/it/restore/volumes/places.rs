//! Where restored volumes are: in the zones, classes and volumes that the target has.

use kube_backup_engine::restore::{DataOutcome, Outcome, RestoreSpec};
use kube_backup_engine::volumes::VolumeDecision;
use kube_backup_engine::volumes::testkit::FakeKind;
use serde_json::{Value, json};

use super::super::{of_shop, outcome};
use super::stage::{Stage, Target, contents, data};
use crate::cluster::{create, delete, get};

const ZONE: &str = "topology.fake.example.com/zone";

async fn node(target: &Target, name: &str, zone: &str) {
    let labels = json!({ZONE: zone, "topology.kubernetes.io/region": "r-2"});
    let node = json!({"metadata": {"name": name, "labels": labels}});
    create(&target.client, "/api/v1/nodes", node).await;
}

fn in_zone(volume: &mut Value) {
    volume["spec"]["nodeAffinity"] = json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [
        {"key": ZONE, "operator": "In", "values": ["old-zone"]},
        {"key": "example.com/machine", "operator": "In", "values": ["i-1"]}]}]}});
}

#[tokio::test]
async fn a_volume_is_made_for_a_zone_of_the_target_and_bound_to_it() {
    let stage = Stage::of(FakeKind::Disks, &["a", "b"], in_zone).await;
    let target = stage.target().await;
    for (name, zone) in [("n1", "new-a"), ("n2", "new-b"), ("n3", "new-b")] {
        node(&target, name, zone).await;
    }
    let snapshotter = stage.snapshotter();
    let restore = stage.restore_of(&target, of_shop("r")).await;
    let restore = restore.with_snapshotters(vec![snapshotter.clone()]);
    let report = restore.run().await.unwrap();
    assert!(report.is_complete(), "{report}");
    let asked = snapshotter.targets.lock().unwrap().clone();
    for target in &asked {
        assert_eq!(target.zones, ["new-b", "new-a"]);
        assert_eq!(target.region.as_deref(), Some("r-2"));
        assert!(!target.serves_snapshots);
    }
    for name in target.names("/api/v1/persistentvolumes").await {
        let volume = get(&target.client, &format!("/api/v1/persistentvolumes/{name}"))
            .await
            .unwrap();
        assert_eq!(
            volume["spec"]["nodeAffinity"],
            json!({"required": {"nodeSelectorTerms": [{"matchExpressions":
                [{"key": ZONE, "operator": "In", "values": ["new-b"]}]}]}})
        );
        assert_eq!(volume["spec"]["persistentVolumeReclaimPolicy"], "Delete");
    }
    assert_eq!(data(&report.volumes, "a").zones, ["new-b", "new-a"]);
}

#[tokio::test]
async fn a_class_that_is_not_there_has_a_default_and_else_is_asked_for() {
    for kind in [FakeKind::Csi, FakeKind::Files] {
        let stage = Stage::new(kind, &["a"]).await;
        let target = stage.target().await;
        let classes = "/apis/storage.k8s.io/v1/storageclasses";
        delete(&target.client, &format!("{classes}/fast")).await;
        let without_class = || {
            let mut spec = of_shop("r");
            spec.selection.excluded_resources = vec!["storageclasses".to_owned()];
            spec
        };
        let restore = stage.restore_of(&target, without_class()).await;
        let report = restore.run().await.unwrap();
        let Outcome::Failed(why) = outcome(&report, "persistentvolumeclaims shop/a") else {
            panic!("{report}");
        };
        assert!(why.contains("no storage class `fast`"), "{why}");
        let class = |name: &str, provisioner: &str| json!({"metadata": {"name": name}, "provisioner": provisioner});
        create(&target.client, classes, class("usual", "fake.example.com")).await;
        create(&target.client, classes, class("other", "other.example.com")).await;
        let by = |driver: &str, class: &str| RestoreSpec {
            default_storage_classes: [(driver.to_owned(), class.to_owned())].into(),
            ..without_class()
        };
        if kind == FakeKind::Csi {
            let restore = stage.restore_of(&target, by("*", "other")).await;
            let report = restore.run().await.unwrap();
            let of = data(&report.volumes, "a");
            assert!(
                matches!(&of.outcome, DataOutcome::Failed(why) if why.contains("is of `other.example.com`")),
                "{report}"
            );
        }
        let spec = by("fake.example.com", "usual");
        let report = stage.restore_of(&target, spec).await.run().await.unwrap();
        assert!(report.is_complete(), "{report}");
        let of = data(&report.volumes, "a");
        assert_eq!(of.storage_class.as_deref(), Some("usual"));
        assert!(of.warnings[0].contains("it gets `usual`"), "{of:?}");
        let found = target.contents(&stage.storage, "shop", "a").await;
        assert_eq!(found, Some(contents("a")), "{kind:?}");
    }
}

#[tokio::test]
async fn a_retained_volume_whose_data_was_not_snapshotted_is_used_again() {
    let retained = |volume: &mut Value| {
        volume["spec"]["persistentVolumeReclaimPolicy"] = "Retain".into();
    };
    let stage = Stage::of(FakeKind::Files, &["a"], retained).await;
    let kept = stage.kept().await;
    let skipped = kept.into_iter().map(|mut volume| {
        volume.record = None;
        volume.decision = VolumeDecision::skipped("it is shared");
        volume
    });
    stage.keep(skipped.collect()).await;
    let target = stage.target().await;
    let report = stage.restore(&target).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(data(&report.volumes, "a").outcome, DataOutcome::Reused);
    let claim = target.claim("shop", "a").await;
    assert_eq!(claim["spec"]["volumeName"], "pv-a");
    // What is there now, not what was there when it was backed up.
    let found = target.contents(&stage.storage, "shop", "a").await;
    assert_eq!(found.as_deref(), Some(&b"written after the backup"[..]));
    // It is not a copy's, too.
    let spec = RestoreSpec {
        namespace_mapping: [("shop".to_owned(), "copy".to_owned())].into(),
        ..of_shop("copy")
    };
    let restore = stage.restore_of(&target, spec).await.with_uid("copy-1");
    let report = restore.run().await.unwrap();
    let of = data(&report.volumes, "a");
    assert!(
        matches!(&of.outcome, DataOutcome::NotKept(why) if why.contains("another claim's")),
        "{report}"
    );
    let found = target.contents(&stage.storage, "copy", "a").await;
    assert_eq!(found, Some(Vec::new()));
}
