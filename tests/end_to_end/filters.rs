//! Filters on a real control plane: those of a restore that match nothing, and a backup by label.

use std::path::Path;

use ack_backup_center::engine::backup::{Backup, BackupSpec, Selector};
use ack_backup_center::engine::restore::{Restore, RestorePlan, RestoreSpec};
use ack_backup_center::engine::{Discovery, Error, ErrorKind, Selection};
use control_plane::unique_name;

use crate::bucket::Bucket;
use crate::cluster::{create, paths, read_manifest};
use crate::roles;

/// Creates what a case holds, in a namespace of its own.
async fn put(client: &kube::Client, case: &str, namespace: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/end_to_end/cases")
        .join(case);
    let found = Discovery::run(client).await.unwrap();
    for mut object in read_manifest(&file) {
        if object["kind"] == "Namespace" {
            object["metadata"]["name"] = namespace.into();
        } else {
            object["metadata"]["namespace"] = namespace.into();
        }
        let (list, _) = paths(&found, &object).unwrap();
        create(client, &list, &object).await;
    }
}

async fn plan(bucket: &Bucket, spec: RestoreSpec) -> Result<RestorePlan, Error> {
    let backup = bucket.repository().open("a").await?;
    Restore::new(roles::restores().await, backup, spec)
        .plan()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_reads_names_as_kubectl_does_and_refuses_typos() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let (client, bucket) = (plane.client(), Bucket::start().await);
    let namespace = unique_name("filt");
    put(&client, "restore-filters.yaml", &namespace).await;
    let spec = BackupSpec {
        selection: Selection::of_namespaces([&namespace]),
        ..BackupSpec::named("a")
    };
    Backup::new(roles::backs_up().await, bucket.repository(), spec)
        .run()
        .await
        .unwrap();
    let deployment = format!("deployments.apps {namespace}/web");
    let of = |selection| RestoreSpec {
        selection,
        ..RestoreSpec::named("r")
    };
    for name in [
        "deployments",
        "deploy",
        "Deployment",
        "*",
        "deployments.v1.apps",
        "*.apps",
    ] {
        let plan = plan(&bucket, of(Selection::of_kinds([name])))
            .await
            .unwrap();
        let has = |id: &str| plan.items.iter().any(|item| item.id.to_string() == id);
        assert!(has(&deployment), "{name}: {plan}");
    }
    for pattern in [
        "*".to_owned(),
        format!("{}*", &namespace[..6]),
        namespace.clone(),
    ] {
        let of_pattern = of(Selection::of_namespaces([&pattern]));
        let plan = plan(&bucket, of_pattern).await.unwrap();
        assert!(plan.items.len() >= 3, "{pattern}: {plan}");
    }
    let without = Selection {
        excluded_resources: vec!["configmap".to_owned()],
        ..Selection::default()
    };
    let plan_without = plan(&bucket, of(without)).await.unwrap();
    let is_map = |id: String| id.starts_with("configmaps ");
    assert!(
        !plan_without
            .items
            .iter()
            .any(|item| is_map(item.id.to_string()))
    );

    let mut refused = vec![
        of(Selection::of_kinds(["deploymnts.apps"])),
        of(Selection::of_namespaces(["filtt"])),
        of(Selection {
            included_names: ["nothere".to_owned()].into(),
            ..Selection::default()
        }),
        of(Selection {
            excluded_resources: vec!["secrtes".to_owned()],
            ..Selection::default()
        }),
    ];
    refused.push(RestoreSpec {
        namespace_mapping: [("filtt".to_owned(), "copy".to_owned())].into(),
        ..RestoreSpec::named("r")
    });
    for spec in refused {
        let error = plan(&bucket, spec.clone()).await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::Invalid,
            "{spec:?}: {}",
            error.chain()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_chosen_by_label_brings_its_claim_and_its_account() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let (client, bucket) = (plane.client(), Bucket::start().await);
    let namespace = unique_name("sel");
    put(&client, "selector-pod-claim.yaml", &namespace).await;
    let spec = BackupSpec {
        selection: Selection {
            label_selector: Some(Selector::from_iter([("app", "etcd")])),
            ..Selection::of_namespaces([&namespace])
        },
        ..BackupSpec::named("a")
    };
    let report = Backup::new(roles::backs_up().await, bucket.repository(), spec)
        .run()
        .await
        .unwrap();
    assert_eq!(report.results.warnings.count(), 0, "{report}");
    let copy = unique_name("sel-copy");
    let spec = RestoreSpec {
        namespace_mapping: [(namespace.clone(), copy)].into(),
        ..RestoreSpec::named("r")
    };
    let backup = bucket.repository().open("a").await.unwrap();
    let report = Restore::new(roles::restores().await, backup, spec)
        .run()
        .await
        .unwrap();
    assert!(report.is_complete(), "{report}");
    let restored: Vec<String> = report
        .items
        .iter()
        .map(|item| item.id.to_string())
        .collect();
    assert_eq!(
        restored,
        [
            format!("namespaces {namespace}"),
            format!("persistentvolumeclaims {namespace}/etcd0-data"),
            format!("pods {namespace}/etcd0"),
            format!("serviceaccounts {namespace}/etcd"),
        ]
    );
}
