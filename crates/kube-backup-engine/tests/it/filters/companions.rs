//! What chosen objects need.

use kube_backup_engine::Selection;
use kube_backup_engine::backup::Selector;
use kube_local::KubeLocal;

use super::{backup, fill, held, repository};
use crate::cluster::client;

fn of_etcd() -> Selection {
    Selection {
        label_selector: Some(Selector::from_iter([("app", "etcd")])),
        ..Selection::default()
    }
}

const WHOLE: [&str; 10] = [
    "configmaps shop/etcd-config",
    "configmaps shop/secret-config",
    "namespaces shop",
    "persistentvolumeclaims shop/etcd0-data",
    "pods shop/etcd0",
    "priorityclasses.scheduling.k8s.io high",
    "secrets shop/etcd-key",
    "secrets shop/pull",
    "secrets shop/pull-of-account",
    "serviceaccounts shop/etcd",
];

#[tokio::test]
async fn a_backup_by_label_takes_what_its_pods_need_or_says_what_it_leaves() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    fill(&client).await;
    let repository = repository();
    let report = backup(&client, &repository, "whole", of_etcd())
        .await
        .unwrap();
    let of_shop: Vec<String> = held(&repository, "whole").await.into_iter().collect();
    assert_eq!(of_shop, WHOLE);
    assert_eq!(report.results.errors.count(), 0, "{report}");
    assert_eq!(report.results.warnings.count(), 0, "{report}");

    // Excluded is excluded, whoever needs it; and it is said.
    let without = Selection {
        excluded_resources: vec!["Secret".to_owned()],
        excluded_label_selectors: vec![Selector::from_iter([("keep", "no")])],
        ..of_etcd()
    };
    let report = backup(&client, &repository, "without", without)
        .await
        .unwrap();
    let left: Vec<String> = held(&repository, "without").await.into_iter().collect();
    let expected = WHOLE
        .iter()
        .filter(|id| !id.starts_with("secrets") && **id != "configmaps shop/secret-config");
    assert_eq!(left, expected.copied().collect::<Vec<_>>());
    let warnings: Vec<String> = report
        .results
        .warnings
        .messages()
        .map(str::to_owned)
        .collect();
    for needed in ["secrets shop/etcd-key", "configmaps shop/secret-config"] {
        let words = format!("pods shop/etcd0 needs {needed}");
        let is_said = warnings.iter().any(|warning| warning.contains(&words));
        assert!(is_said, "{needed}: {warnings:?}");
    }
}
