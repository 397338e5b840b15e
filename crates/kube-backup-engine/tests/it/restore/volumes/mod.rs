//! The data of claims comes back, or is said not to.

mod again;
mod places;
mod stage;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kube_backup_engine::restore::{
    Action, DataOutcome, ExistingResourcePolicy, Outcome, RestoreSpec,
};
use kube_backup_engine::verify::{Check, Severity, Verify};
use kube_backup_engine::volumes::testkit::FakeKind;
use kube_backup_engine::volumes::{SnapshotState, VolumeDecision, VolumeSnapshotter};
use serde_json::{Value, json};

use super::{of_shop, outcome};
use crate::cluster::{create, delete, get, patch};
use stage::{CLASS, METHODS, Stage, at, claim_at, contents, data, options};

const CONTENTS: &str = "/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents";
const SNAPSHOTS: &str = "/apis/snapshot.storage.k8s.io/v1/volumesnapshots";

#[tokio::test]
async fn data_comes_back_by_every_method_and_is_left_alone_by_a_second_run() {
    for (kind, method) in METHODS {
        let stage = Stage::new(kind, &["a", "b"]).await;
        let snapshots = stage.storage.count();
        let target = stage.target().await;
        let report = stage.restore(&target).await;
        assert!(report.is_complete(), "{kind:?}: {report}");
        assert_eq!(report.warnings, Vec::<String>::new(), "{kind:?}");
        for claim in ["a", "b"] {
            let of = data(&report.volumes, claim);
            assert_eq!(of.outcome, DataOutcome::Restored, "{kind:?}: {of:?}");
            assert_eq!(of.method, Some(method));
            assert_eq!(of.used_by, [format!("pods shop/of-{claim}")]);
            let found = target.contents(&stage.storage, "shop", claim).await;
            assert_eq!(found, Some(contents(claim)), "{kind:?}: {claim}");
        }
        // Nothing is left of what was only needed on the way, and the backup keeps its snapshots.
        assert_eq!(target.names("/api/v1/pods").await, ["of-a", "of-b"]);
        for list in [CONTENTS, SNAPSHOTS] {
            assert_eq!(target.names(list).await, Vec::<String>::new(), "{kind:?}");
        }
        assert_eq!(stage.storage.count(), snapshots);
        let volumes = target.names("/api/v1/persistentvolumes").await;
        assert_eq!(volumes.len(), 2, "one each: {volumes:?}");

        let claim = target.claim("shop", "a").await;
        let handle = claim["spec"]["volumeName"].as_str().unwrap().to_owned();
        stage.storage.write(&handle, b"written since");
        let snapshotter = stage.snapshotter();
        let restore = stage.restore_of(&target, of_shop("r")).await;
        let restore = restore.with_snapshotters(vec![snapshotter.clone()]);
        let again = restore.run().await.unwrap();
        assert_eq!(again, report, "{kind:?}");
        assert_eq!(snapshotter.calls.load(Ordering::SeqCst), 0, "{kind:?}");
        let found = target.contents(&stage.storage, "shop", "a").await;
        assert_eq!(found.as_deref(), Some(&b"written since"[..]), "{kind:?}");

        // Nor by another restore, of the same name or not, whatever its policy.
        for name in ["r", "s"] {
            let mut spec = of_shop(name);
            spec.existing_resource_policy = ExistingResourcePolicy::Update;
            let restore = stage.restore_of(&target, spec).await.with_uid("another");
            let other = restore.run().await.unwrap();
            assert!(other.is_complete(), "{kind:?}: {other}");
            assert_eq!(data(&other.volumes, "a").outcome, DataOutcome::Existing);
            assert_eq!(target.claim("shop", "a").await, claim, "{kind:?}");
            let found = target.contents(&stage.storage, "shop", "a").await;
            assert_eq!(found.as_deref(), Some(&b"written since"[..]), "{kind:?}");
        }
        let left = target.names("/api/v1/persistentvolumes").await;
        assert_eq!(left, volumes, "{kind:?}");
    }
}

#[tokio::test]
async fn a_copy_in_another_namespace_and_class_has_the_data_beside_the_original() {
    for (kind, _) in METHODS {
        let stage = Stage::new(kind, &["a"]).await;
        let target = stage.target().await;
        let classes = "/apis/storage.k8s.io/v1/storageclasses";
        let class = json!({"metadata": {"name": "slow"}, "provisioner": "fake.example.com"});
        create(&target.client, classes, class).await;
        assert!(stage.restore(&target).await.is_complete());
        let spec = RestoreSpec {
            namespace_mapping: [("shop".to_owned(), "copy".to_owned())].into(),
            storage_class_mapping: [(CLASS.to_owned(), "slow".to_owned())].into(),
            ..of_shop("copy")
        };
        let restore = stage.restore_of(&target, spec).await.with_uid("copy-1");
        let report = restore.run().await.unwrap();
        assert!(report.is_complete(), "{kind:?}: {report}");
        let of = data(&report.volumes, "a");
        assert_eq!(of.target_namespace, "copy");
        assert_eq!(of.storage_class.as_deref(), Some("slow"));
        let claim = target.claim("copy", "a").await;
        assert_eq!(claim["spec"]["storageClassName"], "slow", "{kind:?}");
        for namespace in ["shop", "copy"] {
            let found = target.contents(&stage.storage, namespace, "a").await;
            assert_eq!(found, Some(contents("a")), "{kind:?}: {namespace}");
        }
    }
}

#[tokio::test]
async fn a_volume_that_fails_fails_alone_and_what_uses_it_waits() {
    for (kind, _) in METHODS {
        let stage = Stage::new(kind, &["good", "bad"]).await;
        let target = stage.target().await;
        let snapshotter = stage.snapshotter();
        let broken = ("pv-bad".to_owned(), "the disk is on fire".to_owned());
        snapshotter.broken.lock().unwrap().push(broken);
        let restore = stage.restore_of(&target, of_shop("r")).await;
        let restore = restore.with_snapshotters(vec![snapshotter]);
        let report = restore.run().await.unwrap();
        assert!(!report.is_complete(), "{kind:?}: {report}");
        let without: Vec<_> = report.without_data().collect();
        assert_eq!(without.len(), 1, "{kind:?}: {report}");
        let why = without[0].outcome.reason().unwrap();
        assert!(why.contains("the disk is on fire"), "{kind:?}: {why}");
        assert_eq!(without[0].used_by, ["pods shop/of-bad"]);
        let Outcome::Failed(why) = outcome(&report, "pods shop/of-bad") else {
            panic!("{kind:?}: {report}");
        };
        assert!(why.contains("claim `shop/bad`"), "{why}");
        assert!(
            report
                .to_string()
                .contains("without it wait pods shop/of-bad"),
            "{report}"
        );
        let found = target.contents(&stage.storage, "shop", "good").await;
        assert_eq!(found, Some(contents("good")), "{kind:?}");
        assert_eq!(outcome(&report, "pods shop/of-good"), Outcome::Created);
        for list in [CONTENTS, SNAPSHOTS] {
            assert_eq!(target.names(list).await, Vec::<String>::new(), "{kind:?}");
        }
        // Run again once it can be brought back.
        let report = stage.restore(&target).await;
        assert!(report.is_complete(), "{kind:?}: {report}");
        let found = target.contents(&stage.storage, "shop", "bad").await;
        assert_eq!(found, Some(contents("bad")), "{kind:?}");
    }
}

#[tokio::test]
async fn no_claim_comes_back_empty_unless_that_is_asked_for() {
    for (kind, _) in METHODS {
        let stage = Stage::new(kind, &["a"]).await;
        let target = stage.target().await;
        let restore = stage.restore_of(&target, of_shop("r")).await;
        let report = restore.with_snapshotters(Vec::new()).run().await.unwrap();
        let Outcome::Failed(why) = outcome(&report, "persistentvolumeclaims shop/a") else {
            panic!("{kind:?}: {report}");
        };
        assert!(why.contains("has nothing of that name"), "{why}");
        assert_eq!(target.claim("shop", "a").await, Value::Null);
        assert!(matches!(
            outcome(&report, "pods shop/of-a"),
            Outcome::Failed(_)
        ));

        let spec = RestoreSpec {
            restore_pvs: Some(false),
            ..of_shop("r")
        };
        let restore = stage.restore_of(&target, spec).await;
        let report = restore.with_snapshotters(Vec::new()).run().await.unwrap();
        assert!(report.is_complete(), "{kind:?}: {report}");
        let of = data(&report.volumes, "a");
        assert!(matches!(&of.outcome, DataOutcome::NotKept(why) if why.contains("restorePVs")));
        let found = target.contents(&stage.storage, "shop", "a").await;
        assert_eq!(found, Some(Vec::new()), "{kind:?}");
    }
}

#[tokio::test]
async fn what_the_backup_has_not_is_said_and_stops_nothing() {
    let stage = Stage::new(FakeKind::Disks, &["failed", "skipped", "kept"]).await;
    let kept = stage.kept().await;
    let changed = kept.into_iter().map(|mut volume| {
        match volume.claim.name.as_str() {
            "failed" => {
                let record = volume.record.as_mut().unwrap();
                record.state = SnapshotState::failed("the storage was full");
            }
            "skipped" => {
                volume.record = None;
                volume.decision = VolumeDecision::skipped("its label says so");
            }
            _ => {}
        }
        volume
    });
    stage.keep(changed.collect()).await;
    let target = stage.target().await;
    let report = stage.restore(&target).await;
    let outcomes = ["failed", "skipped", "kept"].map(|name| data(&report.volumes, name));
    assert!(
        matches!(&outcomes[0].outcome, DataOutcome::Failed(why) if why.contains("the storage was full")),
        "{report}"
    );
    assert!(
        matches!(&outcomes[1].outcome, DataOutcome::NotKept(why) if why == "its label says so"),
        "{report}"
    );
    assert_eq!(outcomes[2].outcome, DataOutcome::Restored);
    assert!(!report.is_complete(), "data that was asked for is missing");
    // There is none anywhere: nothing is gained by waiting.
    assert_eq!(report.failed().count(), 0, "{report}");
    for (claim, found) in [
        ("failed", Some(Vec::new())),
        ("kept", Some(contents("kept"))),
    ] {
        assert_eq!(target.contents(&stage.storage, "shop", claim).await, found);
    }
}

#[tokio::test]
async fn what_was_copied_of_a_volume_comes_back_though_not_all_of_it_was() {
    let stage = Stage::new(FakeKind::Files, &["part", "nothing"]).await;
    let kept = stage.kept().await;
    let partly = kept.into_iter().map(|mut volume| {
        let record = volume.record.as_mut().unwrap();
        record.state = SnapshotState::failed("files were deleted meanwhile");
        volume
    });
    stage.keep(partly.collect()).await;
    let gone = stage.records.iter().filter(|it| it.claim.name == "nothing");
    let gone: Vec<_> = gone.cloned().collect();
    assert!(stage.snapshotter().delete(&gone).await.unwrap());
    let target = stage.target().await;
    let report = stage.restore(&target).await;
    let part = data(&report.volumes, "part");
    assert_eq!(part.outcome, DataOutcome::Restored, "{report}");
    assert!(
        part.warnings[0].contains("files were deleted meanwhile"),
        "{part:?}"
    );
    let nothing = data(&report.volumes, "nothing");
    assert!(
        matches!(nothing.outcome, DataOutcome::Failed(_)),
        "{report}"
    );
    assert_eq!(report.failed().count(), 0, "{report}");
    for (claim, found) in [("part", contents("part")), ("nothing", Vec::new())] {
        let there = target.contents(&stage.storage, "shop", claim).await;
        assert_eq!(there, Some(found), "{claim}");
    }
}

#[tokio::test]
async fn a_plan_says_what_comes_from_where_and_makes_nothing() {
    for (kind, method) in METHODS {
        let stage = Stage::new(kind, &["a", "b"]).await;
        let target = stage.target().await;
        let namespace = json!({"metadata": {"name": "shop"}});
        create(&target.client, "/api/v1/namespaces", namespace).await;
        let snapshotter = stage.snapshotter();
        let restore = stage.restore_of(&target, of_shop("r")).await;
        let restore = restore.with_snapshotters(vec![snapshotter.clone()]);
        let before = target.cluster.revision();
        let plan = restore.plan().await.unwrap();
        assert_eq!(target.cluster.revision(), before, "{kind:?}");
        assert_eq!(snapshotter.calls.load(Ordering::SeqCst), 0, "{kind:?}");
        let of = data(&plan.volumes, "a");
        assert_eq!(of.outcome, DataOutcome::Planned, "{plan}");
        let record = stage
            .records
            .iter()
            .find(|it| it.claim.name == "a")
            .unwrap();
        assert_eq!(of.snapshot, record.handle);
        assert_eq!(of.bytes, Some(1 << 30));
        assert_eq!(of.snapshotter.as_deref(), Some(record.snapshotter.as_str()));
        let printed = plan.to_string();
        let handle = record.handle.as_deref().unwrap();
        let line = format!(
            "planned    shop/a from `{handle}` by `{}`, 1Gi",
            record.snapshotter
        );
        assert!(printed.contains(&line), "{printed}");
        let json = serde_json::to_value(&plan).unwrap();
        assert_eq!(json["volumes"][0]["method"], json!(method));
        assert_eq!(json["volumes"][0]["data"], "planned");
        let action = |name: &str| {
            let mut items = plan.items.iter();
            items
                .find(|item| item.id.to_string() == name)
                .unwrap()
                .action
        };
        assert_eq!(
            action("persistentvolumeclaims shop/a"),
            Action::Create,
            "{printed}"
        );

        let plan = restore.with_snapshotters(Vec::new()).plan().await.unwrap();
        let of = data(&plan.volumes, "a");
        assert!(matches!(of.outcome, DataOutcome::Failed(_)), "{plan}");
    }
}

#[tokio::test]
async fn sizes_are_raised_to_what_the_snapshot_needs() {
    for (kind, _) in METHODS {
        let stage = Stage::new(kind, &["a"]).await;
        let kept = stage.kept().await;
        let raised = kept.into_iter().map(|mut volume| {
            volume.record.as_mut().unwrap().restore_size = Some(1 << 30);
            volume
        });
        stage.keep(raised.collect()).await;
        let target = stage.target().await;
        // The claim of the backup asks for less than the snapshot holds.
        let restore = stage.restore_of(&target, of_shop("r")).await;
        let restore = restore.with_transform("smaller", |id, mut object| {
            if id.resource.is("", "persistentvolumeclaims") {
                object["spec"]["resources"]["requests"]["storage"] = "10Mi".into();
            }
            Ok::<_, std::convert::Infallible>(kube_backup_engine::restore::Transformed::Object(
                object,
            ))
        });
        let report = restore.run().await.unwrap();
        assert!(report.is_complete(), "{kind:?}: {report}");
        let of = data(&report.volumes, "a");
        assert!(
            of.warnings[0].contains("1Gi instead of 10Mi"),
            "{kind:?}: {of:?}"
        );
        let claim = target.claim("shop", "a").await;
        let asked = &claim["spec"]["resources"]["requests"]["storage"];
        assert_eq!(asked, "1Gi", "{kind:?}");
    }
}

#[tokio::test]
async fn what_never_gets_ready_fails_by_name_when_its_time_is_over() {
    let stage = Stage::new(FakeKind::Files, &["a"]).await;
    let target = stage.target().await;
    // Nothing runs the Pod that is to have it mounted.
    target.parts.runs_pods.store(false, Ordering::SeqCst);
    let restore = stage.restore_of(&target, of_shop("r")).await;
    let short = options()
        .with_volume_timeout(Duration::from_millis(500))
        .with_wait_for_ready(Duration::ZERO);
    let report = restore.with_options(short).run().await.unwrap();
    let of = data(&report.volumes, "a");
    assert!(
        matches!(&of.outcome, DataOutcome::Failed(why) if why.contains("to have claim `a` mounted")),
        "{report}"
    );
    assert!(matches!(
        outcome(&report, "pods shop/of-a"),
        Outcome::Failed(_)
    ));
    let claim = target.claim("shop", "a").await;
    assert_eq!(
        claim["metadata"]["annotations"]["kube-backup-engine.io/fill"],
        "pending"
    );
    // The same restore goes on with it.
    target.parts.runs_pods.store(true, Ordering::SeqCst);
    let report = stage.restore(&target).await;
    assert!(report.is_complete(), "{report}");
    let found = target.contents(&stage.storage, "shop", "a").await;
    assert_eq!(found, Some(contents("a")));
    assert_eq!(target.names("/api/v1/pods").await, ["of-a"]);
    let claim = target.claim("shop", "a").await;
    assert_eq!(
        claim["metadata"]["annotations"]["kube-backup-engine.io/fill"],
        "done"
    );
}

#[tokio::test]
async fn a_stateful_set_makes_no_empty_claim_for_one_that_failed() {
    let stage = Stage::new(FakeKind::Disks, &["data-db-0"]).await;
    let target = stage.target().await;
    // What the backup of a StatefulSet would hold beside it.
    let held = |report: &kube_backup_engine::restore::RestoreReport| {
        outcome(report, "pods shop/of-data-db-0")
    };
    let snapshotter = stage.snapshotter();
    let broken = ("pv-data-db-0".to_owned(), "it is gone".to_owned());
    snapshotter.broken.lock().unwrap().push(broken);
    let restore = stage.restore_of(&target, of_shop("r")).await;
    let report = restore
        .with_snapshotters(vec![snapshotter])
        .run()
        .await
        .unwrap();
    assert!(
        matches!(held(&report), Outcome::Failed(why) if why.contains("it is gone")),
        "{report}"
    );
}

#[tokio::test]
async fn a_content_that_was_bound_to_another_snapshot_is_made_anew() {
    let stage = Stage::new(FakeKind::Csi, &["a"]).await;
    let target = stage.target().await;
    // An earlier run was killed, and somebody has deleted its VolumeSnapshot: its content is bound to that for good.
    let snapshotter = stage.snapshotter();
    *snapshotter.fault.lock().unwrap() = Some((2, stage::CallFault::Hangs));
    let fault = kube_local::Rule::new(kube_local::Fault::Delay(Duration::from_secs(3600)));
    target.cluster.faults().add(
        fault
            .method("POST")
            .path_contains("/persistentvolumeclaims")
            .times(1),
    );
    let restore = stage.restore_of(&target, of_shop("r")).await;
    tokio::select! {
        _ = restore.run() => panic!("it is cut off"),
        () = async {
            while target.names(SNAPSHOTS).await.is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        } => {}
    }
    target.cluster.faults().clear();
    let content = target.names(CONTENTS).await.remove(0);
    let bound = json!({"spec": {"volumeSnapshotRef": {"uid": "of-one-that-is-gone"}}});
    patch(&target.client, &format!("{CONTENTS}/{content}"), &bound).await;
    let before = get(&target.client, &format!("{CONTENTS}/{content}"))
        .await
        .unwrap();
    let report = stage.restore(&target).await;
    assert!(report.is_complete(), "{report}");
    let found = target.contents(&stage.storage, "shop", "a").await;
    assert_eq!(found, Some(contents("a")));
    assert_eq!(before["spec"]["deletionPolicy"], "Retain");
    assert_eq!(target.names(CONTENTS).await, Vec::<String>::new());
}

#[tokio::test]
async fn all_claims_are_waited_for_at_once_however_many_requests_there_may_be() {
    let names: Vec<String> = (0..12).map(|n| format!("c{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let stage = Stage::new(FakeKind::Disks, &names).await;
    let target = stage.target().await;
    let snapshotter = stage.snapshotter();
    snapshotter.together.store(names.len(), Ordering::SeqCst);
    let restore = stage.restore_of(&target, of_shop("r")).await;
    let restore = restore.with_snapshotters(vec![snapshotter]);
    let few = options()
        .with_parallelism(2)
        .with_volume_timeout(Duration::from_secs(60));
    let report = restore.with_options(few).run().await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.volumes.len(), names.len());
}

#[tokio::test]
async fn no_restore_of_data_outlasts_its_deadline() {
    let stage = Stage::new(FakeKind::Disks, &["a"]).await;
    let target = stage.target().await;
    let snapshotter = stage.snapshotter();
    *snapshotter.fault.lock().unwrap() = Some((1, stage::CallFault::Hangs));
    let restore = stage.restore_of(&target, of_shop("r")).await;
    let restore = restore.with_snapshotters(vec![snapshotter]);
    let short = options().with_deadline(Duration::from_secs(2));
    let run = restore.with_options(short).run();
    let report = tokio::time::timeout(Duration::from_secs(120), run).await;
    let report = report.unwrap().unwrap();
    let of = data(&report.volumes, "a");
    assert!(
        matches!(&of.outcome, DataOutcome::Failed(why) if why.contains("the deadline of the restore")),
        "{report}"
    );
    let report = stage.restore(&target).await;
    assert!(report.is_complete(), "{report}");
    let found = target.contents(&stage.storage, "shop", "a").await;
    assert_eq!(found, Some(contents("a")));
}

#[tokio::test]
async fn snapshots_that_are_gone_are_findings() {
    for (kind, _) in METHODS {
        let stage = Stage::new(kind, &["a", "b"]).await;
        let verify = async |snapshotters: Vec<Arc<dyn VolumeSnapshotter>>| {
            let verify = Verify::new(stage.repository.clone(), "a");
            let report = verify.with_snapshotters(snapshotters).run().await.unwrap();
            let of_volumes = report
                .findings
                .iter()
                .filter(|it| it.check == Check::Volume);
            of_volumes.cloned().collect::<Vec<_>>()
        };
        assert_eq!(verify(vec![stage.snapshotter()]).await, [], "{kind:?}");
        let gone: Vec<_> = stage
            .records
            .iter()
            .filter(|it| it.claim.name == "a")
            .cloned()
            .collect();
        assert!(stage.snapshotter().delete(&gone).await.unwrap());
        let findings = verify(vec![stage.snapshotter()]).await;
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].severity, Severity::Error);
        let claim = findings[0].object.as_ref().unwrap().to_string();
        assert_eq!(claim, "persistentvolumeclaims shop/a");
        assert!(
            findings[0].message.contains("no such snapshot any more"),
            "{findings:?}"
        );
        assert_eq!(verify(Vec::new()).await, [], "nobody was asked");
        let other = [FakeKind::Disks, FakeKind::Csi]
            .into_iter()
            .find(|it| *it != kind)
            .unwrap();
        let other = Arc::new(stage.storage.snapshotter(other));
        let findings = verify(vec![other]).await;
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(
            findings[0].message.contains("were not looked at"),
            "{findings:?}"
        );
        // A restore says the same, by name.
        let target = stage.target().await;
        let report = stage.restore(&target).await;
        let of = data(&report.volumes, "a");
        assert!(
            matches!(&of.outcome, DataOutcome::Failed(why) if why.contains("there is no such snapshot")),
            "{report}"
        );
        assert_eq!(data(&report.volumes, "b").outcome, DataOutcome::Restored);
    }
}

#[tokio::test]
async fn a_volume_that_a_claim_which_is_gone_wrote_to_is_not_taken_for_the_backups() {
    let stage = Stage::new(FakeKind::Disks, &["a"]).await;
    let target = stage.target().await;
    assert!(stage.restore(&target).await.is_complete());
    for path in [
        format!("{}/of-a", at("shop", "pods")),
        claim_at("shop", "a"),
    ] {
        delete(&target.client, &path).await;
    }
    let report = stage.restore(&target).await;
    let of = data(&report.volumes, "a");
    assert!(
        matches!(&of.outcome, DataOutcome::Failed(why) if why.contains("a claim that is gone had it")),
        "{report}"
    );
    let restore = stage
        .restore_of(&target, of_shop("s"))
        .await
        .with_uid("other");
    let report = restore.run().await.unwrap();
    assert!(report.is_complete(), "{report}");
    let found = target.contents(&stage.storage, "shop", "a").await;
    assert_eq!(found, Some(contents("a")));
}
