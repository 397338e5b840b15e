//! What is chosen is restored, with what it needs, and nothing else.

use kube_backup_engine::Selection;
use kube_backup_engine::restore::{Outcome, RestoreReport, RestoreSpec, Selector, SkipReason};
use kube_local::KubeLocal;
use serde_json::json;

use super::{backed_up, of_shop, outcome, restore, restore_of};
use crate::cluster::{carts, client, create, get, shop};

fn names(report: &RestoreReport) -> Vec<String> {
    let skipped =
        |outcome: &Outcome| matches!(outcome, Outcome::Skipped(SkipReason::NotRestored(_)));
    let restored = report.items.iter().filter(|item| !skipped(&item.outcome));
    restored.map(|item| item.id.to_string()).collect()
}

async fn two_shops() -> (KubeLocal, kube_backup_engine::Repository) {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    shop(&client, "shop").await;
    shop(&client, "other").await;
    carts(&client, "shop").await;
    create(
        &client,
        "/apis/scheduling.k8s.io/v1/priorityclasses",
        json!({"metadata": {"name": "high"}, "value": 10}),
    )
    .await;
    create(
        &client,
        "/apis/scheduling.k8s.io/v1/priorityclasses",
        json!({"metadata": {"name": "unused"}, "value": 20}),
    )
    .await;
    for (volume, claim) in [("pv-data", "db-data"), ("pv-else", "db-else")] {
        create(&client, "/api/v1/persistentvolumes", json!({"metadata": {"name": volume}, "spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "",
            "persistentVolumeReclaimPolicy": "Retain", "hostPath": {"path": "/tmp"},
            "claimRef": {"kind": "PersistentVolumeClaim", "namespace": "shop", "name": claim}}})).await;
        create(
            &client,
            "/api/v1/namespaces/shop/persistentvolumeclaims",
            json!({"metadata": {"name": claim},
            "spec": {"storageClassName": "", "volumeName": volume, "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}}}}),
        )
        .await;
    }
    create(
        &client,
        "/api/v1/namespaces/shop/pods",
        json!({"metadata": {"name": "db", "labels": {"tier": "data"}},
        "spec": {"priorityClassName": "high", "containers": [{"name": "db", "image": "mysql:8"}],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "db-data"}}]}}),
    )
    .await;
    let repository = backed_up(&client).await;
    (cluster, repository)
}

async fn restored(spec: RestoreSpec) -> Vec<String> {
    let (_source, repository) = two_shops().await;
    let target = KubeLocal::start().await.unwrap();
    let report = restore(&client(&target), &repository, spec).await;
    assert!(report.is_complete(), "{report}");
    names(&report)
}

#[tokio::test]
async fn by_label_with_what_the_chosen_need() {
    let spec = RestoreSpec {
        selection: Selection {
            or_label_selectors: vec![Selector::from_iter([("tier", "data")])],
            ..of_shop("r").selection
        },
        ..of_shop("r")
    };
    assert_eq!(
        restored(spec).await,
        [
            "namespaces shop",
            "persistentvolumeclaims shop/db-data",
            "persistentvolumes pv-data",
            "pods shop/db",
            "priorityclasses.scheduling.k8s.io high",
        ]
    );
}

#[tokio::test]
async fn by_any_of_several_labels() {
    let spec = RestoreSpec {
        selection: Selection {
            or_label_selectors: vec![
                Selector::from_iter([("team", "a")]),
                Selector::from_iter([("app", "shop")]),
            ],
            included_resources: vec!["configmaps".into(), "secrets".into()],
            ..Selection::default()
        },
        ..RestoreSpec::named("r")
    };
    assert_eq!(
        restored(spec).await,
        [
            "configmaps other/settings",
            "configmaps shop/settings",
            "namespaces other",
            "namespaces shop",
            "secrets other/password",
            "secrets shop/password",
        ]
    );
}

#[tokio::test]
async fn by_kind_with_its_definition() {
    let spec = RestoreSpec {
        selection: Selection {
            included_resources: vec!["carts.example.com".into()],
            ..Selection::default()
        },
        ..RestoreSpec::named("r")
    };
    assert_eq!(
        restored(spec).await,
        [
            "namespaces shop",
            "customresourcedefinitions.apiextensions.k8s.io carts.example.com",
            "carts.example.com shop/full",
        ]
    );
}

#[tokio::test]
async fn by_name_and_namespace() {
    let spec = RestoreSpec {
        selection: Selection {
            included_names: ["settings".to_owned(), "password".to_owned()].into(),
            included_namespaces: ["other".to_owned()].into(),
            ..Selection::default()
        },
        ..RestoreSpec::named("r")
    };
    assert_eq!(
        restored(spec).await,
        [
            "configmaps other/settings",
            "namespaces other",
            "secrets other/password"
        ]
    );
}

#[tokio::test]
async fn of_the_cluster_what_is_said() {
    let all = RestoreSpec {
        selection: Selection {
            include_cluster_resources: Some(true),
            ..of_shop("all").selection
        },
        ..of_shop("all")
    };
    let all = restored(all).await;
    for name in [
        "priorityclasses.scheduling.k8s.io unused",
        "namespaces shop",
    ] {
        assert!(all.iter().any(|found| found == name), "{all:?}");
    }
    assert!(
        !all.iter().any(|found| found == "namespaces other"),
        "{all:?}"
    );
    let none = RestoreSpec {
        selection: Selection {
            include_cluster_resources: Some(false),
            excluded_resources: [
                "carts.example.com".parse().unwrap(),
                "pods".parse().unwrap(),
            ]
            .into(),
            ..of_shop("none").selection
        },
        ..of_shop("none")
    };
    let none = restored(none).await;
    let of_cluster: Vec<&String> = none.iter().filter(|name| !name.contains('/')).collect();
    assert_eq!(of_cluster, ["namespaces shop"]);
}

#[tokio::test]
async fn two_namespaces_into_one_keep_the_first_of_each_name() {
    let (_source, repository) = two_shops().await;
    let target = KubeLocal::start().await.unwrap();
    let client = client(&target);
    let spec = RestoreSpec {
        selection: Selection::of_namespaces(["shop", "other"]),
        namespace_mapping: [
            ("shop".to_owned(), "one".to_owned()),
            ("other".to_owned(), "one".to_owned()),
        ]
        .into(),
        ..RestoreSpec::named("r")
    };
    let plan = restore_of(&client, &repository, spec.clone())
        .await
        .plan()
        .await
        .unwrap();
    let report = restore(&client, &repository, spec).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(plan.items.len(), report.items.len());
    assert_eq!(outcome(&report, "secrets other/password"), Outcome::Created);
    assert_eq!(
        outcome(&report, "secrets shop/password"),
        Outcome::Skipped(SkipReason::NotRestored(
            "the one of namespace `other` takes its place in `one`".into()
        ))
    );
    // What only one of them has comes along.
    assert_eq!(outcome(&report, "pods shop/db"), Outcome::Created);
}

#[tokio::test]
async fn classes_and_images_are_those_of_the_target() {
    let (_source, repository) = two_shops().await;
    let target = KubeLocal::start().await.unwrap();
    let client = client(&target);
    let spec = RestoreSpec {
        image_mapping: [("mysql".to_owned(), "mirror.example.com/mysql".to_owned())].into(),
        ..of_shop("r")
    };
    restore(&client, &repository, spec).await;
    let pod = get(&client, "/api/v1/namespaces/shop/pods/db")
        .await
        .unwrap();
    assert_eq!(
        pod["spec"]["containers"][0]["image"],
        "mirror.example.com/mysql:8"
    );
}

#[tokio::test]
async fn a_status_is_written_back_where_the_restore_asks_for_it() {
    let source = KubeLocal::start().await.unwrap();
    let from = client(&source);
    create(
        &from,
        "/api/v1/namespaces",
        json!({"metadata": {"name": "shop"}}),
    )
    .await;
    let annotated = |value: &str| json!({"velero.io/restore-status": value});
    for (name, annotations) in [
        ("asks", annotated("true")),
        ("plain", json!({})),
        ("declines", annotated("false")),
    ] {
        create(
            &from,
            "/api/v1/namespaces/shop/services",
            json!({"metadata": {"name": name, "annotations": annotations},
            "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}}),
        )
        .await;
        let status = json!({"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}});
        let path = format!("/api/v1/namespaces/shop/services/{name}/status");
        crate::cluster::patch(&from, &path, &status).await;
    }
    let repository = backed_up(&from).await;
    let restored = |spec: RestoreSpec| {
        let repository = repository.clone();
        async move {
            let target = KubeLocal::start().await.unwrap();
            let client = client(&target);
            let report = restore(&client, &repository, spec).await;
            assert_eq!(report.warnings, Vec::<String>::new());
            let mut with = Vec::new();
            for name in ["asks", "plain", "declines"] {
                let path = format!("/api/v1/namespaces/shop/services/{name}");
                let service = get(&client, &path).await.unwrap();
                with.push(service["status"]["loadBalancer"]["ingress"][0]["ip"] == "192.0.2.7");
            }
            with
        }
    };
    // Whoever may annotate a Service may not give it an address (CVE-2020-8554).
    assert_eq!(restored(of_shop("r")).await, [false, false, false]);
    let all = RestoreSpec {
        restore_status: ["services".parse().unwrap()].into(),
        ..of_shop("r")
    };
    assert_eq!(restored(all).await, [true, true, false]);
}

#[tokio::test]
async fn what_contradicts_itself_is_refused() {
    let (source, repository) = two_shops().await;
    let client = client(&source);
    source.requests().clear();
    let bad = [
        RestoreSpec::named(""),
        RestoreSpec::named("no good"),
        RestoreSpec {
            selection: Selection {
                excluded_namespaces: ["shop".to_owned()].into(),
                ..of_shop("r").selection
            },
            ..of_shop("r")
        },
        RestoreSpec {
            namespace_mapping: [("shop".to_owned(), "No_Good".to_owned())].into(),
            ..RestoreSpec::named("r")
        },
    ];
    for spec in bad {
        let error = restore_of(&client, &repository, spec)
            .await
            .run()
            .await
            .unwrap_err();
        assert_eq!(
            error.kind(),
            kube_backup_engine::ErrorKind::Invalid,
            "{error}"
        );
    }
    assert_eq!(source.requests().count(), 0);
}
