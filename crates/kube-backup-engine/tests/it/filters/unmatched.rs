//! Filters that match nothing.

use kube_backup_engine::backup::Selector;
use kube_backup_engine::restore::{Restore, RestoreSpec};
use kube_backup_engine::{ErrorKind, Phase, Selection, UnmatchedFilters};
use kube_local::KubeLocal;
use serde_json::json;

use super::{backup, fill, held, plan, planned, repository};
use crate::cluster::{client, create};

fn of(field: &str, value: &str) -> Selection {
    serde_json::from_value(json!({field: [value]})).unwrap()
}

fn warned(selection: Selection) -> Selection {
    Selection {
        unmatched_filters: UnmatchedFilters::Warn,
        ..selection
    }
}

/// A filter with a typo, and the word that is to be in the message.
const INCLUDED: [(&str, &str); 6] = [
    ("includedResources", "deploymnts.apps"),
    ("includedResources", "*.exampel.com"),
    ("includedResources", "deployments.v7.apps"),
    ("includedNamespaces", "filtt"),
    ("includedNamespaces", "filt-*"),
    ("includedNames", "nothere"),
];
const EXCLUDED: [(&str, &str); 5] = [
    ("excludedResources", "secrtes"),
    ("excludedResources", "secrets.v1.apps"),
    ("excludedNamespaceScopedResources", "secret.core"),
    ("excludedClusterScopedResources", "noclass"),
    ("excludedNamespaces", "shpo"),
];

#[tokio::test]
async fn a_restore_resolves_kinds_as_a_backup_does() {
    let cluster = KubeLocal::start().await.unwrap();
    let source = client(&cluster);
    fill(&source).await;
    let repository = repository();
    backup(&source, &repository, "all", Selection::default())
        .await
        .unwrap();
    let target = KubeLocal::start().await.unwrap();
    let target = client(&target);
    for name in [
        "deployments",
        "deploy",
        "Deployment",
        "deploy.v1.apps",
        "*.apps",
    ] {
        let plan = plan(&target, &repository, "all", Selection::of_kinds([name]))
            .await
            .unwrap();
        let ids = planned(&plan);
        assert!(ids.contains("deployments.apps shop/web"), "{name}: {plan}");
        assert!(!ids.contains("configmaps shop/settings"), "{name}: {plan}");
    }
    // A kind that only the backup knows, by the names in its definition.
    for name in [
        "cart",
        "Cart",
        "carts",
        "carts.example.com",
        "*.example.com",
    ] {
        let plan = plan(&target, &repository, "all", Selection::of_kinds([name]))
            .await
            .unwrap();
        assert!(
            planned(&plan).contains("carts.example.com shop/full"),
            "{name}: {plan}"
        );
        let without = of("excludedResources", name);
        let plan = self::plan(&target, &repository, "all", without)
            .await
            .unwrap();
        assert!(
            !planned(&plan).contains("carts.example.com shop/full"),
            "{name}"
        );
    }
    let plan = plan(
        &target,
        &repository,
        "all",
        of("excludedResources", "configmap"),
    )
    .await
    .unwrap();
    assert!(!planned(&plan).contains("configmaps shop/settings"));
    assert!(planned(&plan).contains("secrets shop/password"));
}

#[tokio::test]
async fn a_restore_of_what_is_not_there_is_refused_or_says_so() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    fill(&client).await;
    let repository = repository();
    backup(&client, &repository, "all", Selection::default())
        .await
        .unwrap();
    let mut selections: Vec<(Selection, String)> = INCLUDED
        .iter()
        .chain(&EXCLUDED)
        .map(|(field, value)| (of(field, value), (*value).to_owned()))
        .collect();
    let by_labels = |values: &[&'static str]| Selection {
        or_label_selectors: values
            .iter()
            .map(|value| Selector::from_iter([("app", *value)]))
            .collect(),
        ..Selection::default()
    };
    selections.push((by_labels(&["shpo", "etdc"]), "app=shpo".into()));
    for (selection, word) in selections {
        let error = plan(&client, &repository, "all", selection.clone())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{}", error.chain());
        assert!(error.chain().contains(&word), "{word}: {}", error.chain());
        let plan = plan(&client, &repository, "all", warned(selection))
            .await
            .unwrap();
        let is_said = plan.warnings.iter().any(|warning| warning.contains(&word));
        assert!(is_said, "{word}: {plan}");
    }
    // A mapping with a typo would restore in place.
    let spec = RestoreSpec {
        namespace_mapping: [("filtt".to_owned(), "copy".to_owned())].into(),
        ..RestoreSpec::named("r")
    };
    let opened = repository.open("all").await.unwrap();
    let error = Restore::new(client.clone(), opened, spec)
        .run()
        .await
        .unwrap_err();
    assert!(
        error.chain().contains("`filtt`, which is mapped"),
        "{}",
        error.chain()
    );
    // Of several labels, one that nothing has is a word.
    let plan = self::plan(&client, &repository, "all", by_labels(&["shop", "etdc"]))
        .await
        .unwrap();
    assert_eq!(plan.warnings, ["no chosen object is labelled `app=etdc`"]);
    // A known kind of which there is nothing is a word, and no mistake.
    let plan = self::plan(
        &client,
        &repository,
        "all",
        Selection::of_kinds(["cronjobs"]),
    )
    .await
    .unwrap();
    assert!(
        plan.warnings[0].contains("nothing of kind `cronjobs`"),
        "{plan}"
    );
}

#[tokio::test]
async fn in_a_restore_the_cluster_knows_exclusions_too() {
    let cluster = KubeLocal::start().await.unwrap();
    let source = client(&cluster);
    fill(&source).await;
    let repository = repository();
    let only_shop = Selection::of_namespaces(["shop"]);
    backup(&source, &repository, "shop", only_shop)
        .await
        .unwrap();
    let target = KubeLocal::start().await.unwrap();
    let target = client(&target);
    let elsewhere = json!({"metadata": {"name": "elsewhere"}});
    create(&target, "/api/v1/namespaces", elsewhere).await;
    for (field, value) in [
        ("excludedNamespaces", "elsewhere"),
        ("excludedNamespaces", "tmp-*"),
        ("excludedResources", "ingressclasses"),
        ("excludedResources", "events.events.k8s.io"),
    ] {
        let plan = plan(&target, &repository, "shop", of(field, value)).await;
        assert!(plan.is_ok(), "{value}: {plan:?}");
    }
}

#[tokio::test]
async fn a_typo_in_an_exclusion_lets_no_secret_into_a_backup() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    fill(&client).await;
    let repository = repository();
    for (field, value) in EXCLUDED {
        let error = backup(&client, &repository, "a", of(field, value))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.chain().contains(value), "{}", error.chain());
        assert!(repository.list().await.unwrap().records.is_empty());
        let name = value.replace('.', "-");
        let report = backup(&client, &repository, &name, warned(of(field, value)))
            .await
            .unwrap();
        assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
        assert!(report.to_string().contains(value), "{report}");
        repository.delete(&name).await.unwrap();
    }
    // What Velero excludes of its own accord, and kinds that an older server lacks, are no typos.
    for value in [
        "volumesnapshots.snapshot.storage.k8s.io",
        "events.events.k8s.io",
        "deployments.extensions",
    ] {
        let name = value.replace('.', "-");
        let report = backup(&client, &repository, &name, of("excludedResources", value)).await;
        assert!(report.is_ok(), "{value}: {report:?}");
    }
    let plain = backup(
        &client,
        &repository,
        "plain",
        of("excludedResources", "Secret"),
    )
    .await;
    plain.unwrap();
    let held = held(&repository, "plain").await;
    assert!(
        held.iter().all(|id| !id.starts_with("secrets ")),
        "{held:?}"
    );
}

#[tokio::test]
async fn a_backup_of_what_is_not_there_is_partial_or_says_so() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    fill(&client).await;
    let repository = repository();
    for (at, (field, value)) in INCLUDED.iter().enumerate() {
        let mut selection = of(field, value);
        // The rest is backed up all the same.
        let rest = match *field {
            "includedResources" => &mut selection.included_resources,
            "includedNamespaces" => {
                selection.included_namespaces.insert("shop".to_owned());
                &mut Vec::new()
            }
            _ => {
                selection.included_names.insert("settings".to_owned());
                &mut Vec::new()
            }
        };
        rest.push("configmaps".to_owned());
        for (warn, phase) in [(false, Phase::PartiallyFailed), (true, Phase::Completed)] {
            let mut selection = selection.clone();
            if warn {
                selection = warned(selection);
            }
            let name = format!("b{at}-{warn}");
            let report = backup(&client, &repository, &name, selection)
                .await
                .unwrap();
            assert_eq!(report.record.status.phase, phase, "{report}");
            assert!(report.to_string().contains(value), "{report}");
            assert!(
                held(&repository, &name)
                    .await
                    .contains("configmaps shop/settings")
            );
        }
    }
}
