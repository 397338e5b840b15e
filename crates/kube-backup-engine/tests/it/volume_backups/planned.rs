//! Which method takes which volume and why, before anything is asked of a storage.

use kube_backup_engine::backup::{BackupPlan, BackupSpec};
use kube_backup_engine::volumes::testkit::FakeKind;
use kube_backup_engine::volumes::{VolumeDecision, VolumeMethod};
use kube_backup_engine::{ErrorKind, Selection};
use serde_json::{Value, json};

use super::{App, Stage, of};

const NATIVE: &str = "NativeSnapshot";
const COPY: &str = "PodVolumeBackup";

fn spec(fields: Value) -> BackupSpec {
    let spec: BackupSpec = serde_json::from_value(fields).unwrap();
    BackupSpec {
        name: "a".to_owned(),
        ..spec
    }
}

/// A specification with these rules, in YAML as Velero has them.
fn with_rules(yaml: &str) -> BackupSpec {
    let rules: Value = serde_norway::from_str(yaml).unwrap();
    spec(json!({"resourcePolicy": rules}))
}

/// A plan with disks and copies of files.
async fn plan(app: &App, spec: BackupSpec) -> BackupPlan {
    let stage = Stage::default();
    let kinds = [FakeKind::Disks, FakeKind::Files];
    let snapshotters = kinds.map(|kind| app.snapshotter(kind, stage.calls()));
    let plan = stage
        .backup_as(app, spec, &snapshotters)
        .plan()
        .await
        .unwrap();
    assert_eq!(
        stage.calls().log(),
        Vec::<String>::new(),
        "a plan asks for nothing"
    );
    plan
}

/// The method that takes a claim, or nothing, with the reason.
fn decided(plan: &BackupPlan, claim: &str) -> (String, String) {
    match &of(&plan.volumes, claim).decision {
        VolumeDecision::Taken { method, reason, .. } => {
            let method = serde_json::to_value(method).unwrap();
            (method.as_str().unwrap().to_owned(), reason.clone())
        }
        VolumeDecision::Skipped { reason } => (String::new(), reason.clone()),
        other => panic!("{other:?}"),
    }
}

fn assert_decided(plan: &BackupPlan, claim: &str, method: &str, words: &str) {
    let (found, reason) = decided(plan, claim);
    assert_eq!(found, method, "{claim}: {reason}");
    assert!(reason.contains(words), "{claim}: {reason}");
}

/// Whether the plan names the claim among what will be missing.
fn is_missing(plan: &BackupPlan, claim: &str) -> bool {
    let wanted = format!("persistentvolumeclaims shop/{claim}: ");
    plan.results
        .errors
        .messages()
        .any(|it| it.starts_with(&wanted))
}

#[tokio::test]
async fn a_plan_shows_objects_volumes_methods_and_bytes_and_writes_nothing() {
    let app = App::new();
    app.claim("data")
        .claim("logs")
        .claim_as("waiting", |claim, volume| {
            claim["spec"]["volumeName"] = Value::Null;
            claim["status"]["phase"] = "Pending".into();
            *volume = Value::Null;
        });
    app.pod("db-0", &[("data", "data")], &json!({}));
    let plan = plan(&app, spec(json!({}))).await;
    assert!(app.requests() > 0);
    // A namespace, three claims, two volumes and a Pod.
    assert_eq!(plan.objects, 7);
    assert_eq!(plan.objects_by_kind["v1/PersistentVolumeClaim"], 3);
    assert!(plan.object_bytes > 500, "{}", plan.object_bytes);
    assert_eq!(plan.volume_bytes, 2 << 30);
    assert_eq!(plan.groups.len(), 1);
    assert_eq!(plan.groups[0].volumes, ["pv-data", "pv-logs"]);
    assert_decided(&plan, "data", NATIVE, "its driver is `fake.example.com`");
    assert_decided(&plan, "waiting", "", "its phase is `Pending`");
    assert!(
        !is_missing(&plan, "waiting"),
        "there is nothing that could be kept of it"
    );
    assert_eq!(of(&plan.volumes, "data").facts.capacity, Some(1 << 30));
    assert_eq!(of(&plan.volumes, "data").facts.storage_class, "fast");
    let text = plan.to_string();
    for words in [
        "7 objects",
        "shop/data: fake-disks",
        "shop/waiting: skipped",
        "2147483648 bytes",
    ] {
        assert!(text.contains(words), "{text}");
    }
}

#[tokio::test]
async fn what_cannot_be_kept_is_named_with_the_reason() {
    let app = App::new();
    app.claim_as("foreign", |_, volume| {
        volume["spec"]["csi"]["driver"] = "other".into();
    })
    .claim_as("nfs", |_, volume| {
        volume["spec"]["csi"] = Value::Null;
        volume["spec"]["nfs"] = json!({"server": "a", "path": "/"});
    })
    .claim_as("lost", |_, volume| *volume = Value::Null)
    .claim_as("stolen", |_, volume| {
        volume["spec"]["claimRef"]["uid"] = "another".into();
    })
    .claim_as("broken", |_, volume| {
        volume["spec"]["capacity"] = "much".into();
    });
    let plan = plan(&app, spec(json!({}))).await;
    for (claim, words) in [
        (
            "foreign",
            "`fake-disks`: its driver is `other`, not `fake.example.com`",
        ),
        (
            "nfs",
            "neither a snapshot nor a copy of its files can be made",
        ),
        ("lost", "its volume `pv-lost` is not in the cluster"),
        (
            "stolen",
            "its volume `pv-stolen` is bound to another claim, `shop/stolen`",
        ),
        ("broken", "its volume `pv-broken`: it cannot be read"),
    ] {
        assert_decided(&plan, claim, "", words);
        assert!(
            is_missing(&plan, claim),
            "{claim}: {}",
            plan.results.errors.count()
        );
    }
    assert_eq!(plan.results.errors.count(), 5);
}

#[tokio::test]
async fn labels_and_annotations_decide_before_the_defaults_do() {
    let app = App::new();
    let skip = |claim: &mut Value, _: &mut Value| {
        claim["metadata"]["labels"] = json!({"kube-backup-engine.io/skip-volume-data": "true"});
    };
    app.claim("plain")
        .claim_as("skipped", skip)
        .claim("of-skipped")
        .claim("copied");
    app.claim("not-copied").claim("unmounted");
    app.add(
        "pods",
        json!({"metadata": {"namespace": "shop", "name": "scratch",
            "labels": {"kube-backup-engine.io/skip-volume-data": "true"}},
        "spec": {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "of-skipped"}}]},
        "status": {"phase": "Running"}}),
    );
    app.pod(
        "web",
        &[("c", "copied"), ("n", "not-copied"), ("p", "plain")],
        &json!({"backup.velero.io/backup-volumes": "c,typo", "backup.velero.io/backup-volumes-excludes": "n"}),
    );
    // (default, snapshots): of `plain`, `copied`, `not-copied`, `unmounted`.
    for (default, snapshots, expected) in [
        (Value::Null, Value::Null, [NATIVE, COPY, NATIVE, NATIVE]),
        (json!(false), Value::Null, [NATIVE, COPY, NATIVE, NATIVE]),
        (json!(true), Value::Null, [COPY, COPY, NATIVE, ""]),
        (Value::Null, json!(false), [COPY, COPY, "", ""]),
        (json!(false), json!(false), ["", COPY, "", ""]),
        (json!(true), json!(false), [COPY, COPY, "", ""]),
    ] {
        let fields = json!({"defaultVolumesToFsBackup": default, "snapshotVolumes": snapshots});
        let plan = plan(&app, spec(fields.clone())).await;
        let claims = ["plain", "copied", "not-copied", "unmounted"];
        let found = claims.map(|claim| decided(&plan, claim).0);
        assert_eq!(found, expected, "{fields}");
        assert_decided(&plan, "skipped", "", "of the claim says so");
        assert_decided(&plan, "of-skipped", "", "of Pod `scratch` says so");
        assert!(
            !is_missing(&plan, "skipped") && !is_missing(&plan, "not-copied"),
            "{fields}"
        );
        let mut warnings = plan.results.warnings.messages();
        assert!(warnings.any(|it| it.contains("no volume `typo`")), "{plan}");
    }
    let plan = plan(&app, spec(json!({"defaultVolumesToFsBackup": true}))).await;
    assert_decided(&plan, "unmounted", "", "no running Pod has it mounted");
    assert!(is_missing(&plan, "unmounted"), "a copy was asked for");
}

#[tokio::test]
async fn the_first_rule_that_matches_decides() {
    let app = App::new();
    app.claim("small").claim_as("large", |_, volume| {
        volume["spec"]["capacity"]["storage"] = "100Gi".into();
    });
    app.claim_as("nas", |_, volume| {
        volume["spec"]["storageClassName"] = "nas".into();
    });
    app.claim_as("labelled", |claim, _| {
        claim["metadata"]["labels"] = json!({"tier": "cache"});
    });
    app.claim_as("attributed", |_, volume| {
        volume["spec"]["csi"]["volumeAttributes"] = json!({"type": "cold"});
    });
    app.claim_as("nfs", |_, volume| {
        volume["spec"]["csi"] = Value::Null;
        volume["spec"]["nfs"] = json!({"server": "filer", "path": "/a"});
    });
    let volumes = ["small", "large", "nas", "labelled", "attributed", "nfs"];
    let mounts = volumes.map(|name| (name, name));
    app.pod("all", &mounts, &json!({}));
    let rule = |conditions: &str, action: &str| {
        with_rules(&format!(
            "version: v1\nvolumePolicies:\n- conditions: {conditions}\n  action: {{type: {action}}}\n"
        ))
    };
    for (conditions, matched) in [
        ("{capacity: '10Gi,100Gi'}", vec!["large"]),
        (
            "{capacity: ',1Gi'}",
            vec!["small", "nas", "labelled", "attributed", "nfs"],
        ),
        ("{storageClass: [other, nas]}", vec!["nas"]),
        ("{pvcLabels: {tier: cache}}", vec!["labelled"]),
        ("{pvcPhase: [Pending, Lost]}", vec![]),
        ("{pvcPhase: [Bound], storageClass: [nas]}", vec!["nas"]),
        (
            "{csi: {}}",
            vec!["small", "large", "nas", "labelled", "attributed"],
        ),
        ("{csi: {driver: other}}", vec![]),
        (
            "{csi: {driver: fake.example.com, volumeAttributes: {type: cold}}}",
            vec!["attributed"],
        ),
        ("{nfs: {}}", vec!["nfs"]),
        ("{nfs: {server: filer, path: /b}}", vec![]),
        ("{volumeTypes: [hostPath, nfs]}", vec!["nfs"]),
    ] {
        let plan = plan(&app, rule(conditions, "skip")).await;
        let skipped: Vec<&str> = volumes
            .into_iter()
            .filter(|name| decided(&plan, name).1 == "rule 1 of the policies says `skip`")
            .collect();
        assert_eq!(skipped, matched, "{conditions}");
    }
    let both = with_rules(
        "version: v1\nvolumePolicies:\n\
         - {conditions: {storageClass: [nas]}, action: {type: fs-backup}}\n\
         - {conditions: {csi: {}}, action: {type: snapshot}}\n\
         - {conditions: {capacity: '0,'}, action: {type: skip}}\n",
    );
    let plan = plan(&app, both).await;
    assert_decided(&plan, "nas", COPY, "rule 1 ");
    assert_decided(&plan, "small", NATIVE, "rule 2 ");
    assert_decided(&plan, "nfs", "", "rule 3 ");
    assert_eq!(plan.results.errors.count(), 0, "{plan}");
}

#[tokio::test]
async fn a_raw_device_has_no_files() {
    let app = App::new();
    app.claim_as("raw", |claim, volume| {
        claim["spec"]["volumeMode"] = "Block".into();
        volume["spec"]["volumeMode"] = "Block".into();
    });
    app.pod("db", &[("raw", "raw")], &json!({}));
    assert_decided(&plan(&app, spec(json!({}))).await, "raw", NATIVE, "");
    let plan = plan(&app, spec(json!({"defaultVolumesToFsBackup": true}))).await;
    assert_decided(&plan, "raw", "", "it is a raw device");
    assert!(is_missing(&plan, "raw"));
}

#[tokio::test]
async fn volumes_are_those_of_the_chosen_objects() {
    let app = App::new();
    app.claim("data").claim("other");
    app.pod("db", &[("data", "data")], &json!({}));
    let pods = BackupSpec {
        selection: Selection {
            included_names: ["db".to_owned()].into(),
            ..Selection::default()
        },
        ..BackupSpec::named("a")
    };
    let found = plan(&app, pods).await;
    let claims: Vec<&str> = found
        .volumes
        .iter()
        .map(|it| it.claim.name.as_str())
        .collect();
    assert_eq!(claims, ["data"], "the claim comes along with its Pod");
    let none = spec(json!({"excludedResources": ["persistentvolumeclaims"]}));
    assert_eq!(plan(&app, none).await.volumes, []);
}

#[test]
fn rules_with_a_typo_are_refused() {
    for (rules, words) in [
        ("{version: v1, volumePolicy: []}", "volumePolicy"),
        (
            "{version: v1, volumePolicies: [{conditions: {size: '1,'}, action: {type: skip}}]}",
            "size",
        ),
        (
            "{version: v1, volumePolicies: [{conditions: {csi: {drivr: a}}, action: {type: skip}}]}",
            "drivr",
        ),
        (
            "{version: v1, volumePolicies: [{conditions: {}, action: {type: move}}]}",
            "move",
        ),
        (
            "{version: v1, volumePolicies: [{conditions: {}, action: {type: skip, parameters: {}}}]}",
            "parameters",
        ),
        (
            "{version: v1, volumePolicies: [{conditions: {capacity: 1Gi}, action: {type: skip}}]}",
            "`1Gi`",
        ),
    ] {
        let rules: Value = serde_norway::from_str(rules).unwrap();
        let read = serde_json::from_value::<BackupSpec>(json!({"resourcePolicy": rules}));
        let error = read.expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn what_no_snapshotter_can_do_is_refused_before_anything_is_asked() {
    let app = App::new();
    let stage = Stage::default();
    let disks = app.snapshotter(FakeKind::Disks, stage.calls());
    let never = "{version: v1, volumePolicies: [{conditions: {}, action: {type: skip}}]}";
    for (spec, snapshotters, words) in [
        (
            spec(json!({"snapshotVolumes": true})),
            vec![],
            "`snapshotVolumes` asks",
        ),
        (
            spec(json!({"defaultVolumesToFsBackup": true})),
            vec![],
            "`with_snapshotters`",
        ),
        (
            spec(json!({})),
            vec![disks.clone(), disks.clone()],
            "two snapshotters called `fake-disks`",
        ),
        (with_rules(never), vec![disks.clone()], "rule 1"),
        (
            with_rules("{version: v2}"),
            vec![disks.clone()],
            "version `v2`",
        ),
        (
            spec(json!({"resourcePolicy": {"kind": "configmap", "name": "rules"}})),
            vec![disks.clone()],
            "configmap `rules`",
        ),
    ] {
        let error = stage
            .backup_as(&app, spec, &snapshotters)
            .plan()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(words), "{error}");
    }
    assert_eq!(app.requests(), 0);
    assert_eq!(
        serde_json::to_value(VolumeMethod::CsiSnapshot).unwrap(),
        "CSISnapshot"
    );
}

#[test]
fn rules_are_written_where_velero_does_not_look_for_a_reference() {
    let rules = json!({"version": "v1", "volumePolicies":
        [{"conditions": {"csi": {}, "capacity": "1Gi,"}, "action": {"type": "snapshot"}}]});
    let given = spec(json!({"resourcePolicy": rules}));
    let written = Value::Object(given.to_velero().unwrap());
    assert_eq!(written["resourcePolicy"], Value::Null);
    assert_eq!(written["volumePolicies"], rules);
    let read: BackupSpec = serde_json::from_value(written).unwrap();
    assert_eq!(read.volumes.resource_policy, given.volumes.resource_policy);
    let reference = json!({"kind": "configmap", "name": "rules"});
    let given = spec(json!({"resourcePolicy": reference}));
    let written = Value::Object(given.to_velero().unwrap());
    assert_eq!(written["resourcePolicy"], reference);
}
