//! A plan says what a restore would do, and does nothing.

use kube_backup_engine::restore::{
    Action, ExistingResourcePolicy, Outcome, RestorePlan, RestoreSpec, SkipReason,
};
use kube_local::KubeLocal;
use serde_json::json;

use super::state::state;
use super::{backed_up, of_shop, restore, restore_of};
use crate::cluster::{carts, client, create, delete, patch, shop};

fn action(plan: &RestorePlan, name: &str) -> Action {
    item(plan, name).action
}

fn item<'a>(plan: &'a RestorePlan, name: &str) -> &'a kube_backup_engine::restore::PlannedItem {
    let item = plan.items.iter().find(|item| item.id.to_string() == name);
    item.unwrap_or_else(|| panic!("{name} is not in {plan}"))
}

/// What a restore did, in the words of a plan.
fn done(outcome: &Outcome) -> (Action, bool) {
    let action = match outcome {
        Outcome::Created => Action::Create,
        Outcome::Updated => Action::Update,
        Outcome::Merged => Action::Merge,
        Outcome::Unchanged => Action::Keep,
        Outcome::Skipped(_) => Action::Skip,
        _ => Action::Fail,
    };
    let exists = matches!(outcome, Outcome::Skipped(SkipReason::Exists(_)));
    (action, exists)
}

/// What a plan would do, and whether that is nothing because the object exists and differs.
fn planned(plan: &RestorePlan, name: &str) -> (Action, bool) {
    let item = item(plan, name);
    (item.action, item.reason.starts_with("it differs at "))
}

#[tokio::test]
async fn a_plan_writes_nothing_and_comes_true() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    shop(&client, "shop").await;
    carts(&client, "shop").await;
    let account = "/api/v1/namespaces/shop/serviceaccounts/default";
    let secrets = json!({"imagePullSecrets": [{"name": "registry"}]});
    patch(&client, account, &secrets).await;
    let claim = "/api/v1/namespaces/shop/persistentvolumeclaims/data";
    let repository = backed_up(&client).await;

    delete(&client, "/apis/apps/v1/namespaces/shop/deployments/web").await;
    let changes = [
        (
            "/api/v1/namespaces/shop/configmaps/settings",
            json!({"data": {"colour": "blue", "size": "9"}}),
        ),
        (
            "/api/v1/namespaces/shop/secrets/password",
            json!({"stringData": {"key": "other-s3cret"}}),
        ),
        (account, json!({"imagePullSecrets": null})),
        (claim, json!({"metadata": {"labels": {"app": "other"}}})),
    ];
    for (path, change) in &changes {
        patch(&client, path, change).await;
    }

    for policy in [ExistingResourcePolicy::None, ExistingResourcePolicy::Update] {
        let spec = RestoreSpec {
            existing_resource_policy: policy,
            ..of_shop(if policy == ExistingResourcePolicy::None {
                "left"
            } else {
                "updated"
            })
        };
        let before = state(&client).await;
        cluster.requests().clear();
        let restoring = restore_of(&client, &repository, spec.clone()).await;
        let plan = restoring.plan().await.unwrap();
        assert_eq!(cluster.requests().writes(), 0, "{plan}");
        let dry = cluster
            .requests()
            .count_where(|request| request.query.contains("dryRun=All"));
        assert!(dry >= plan.items.len() / 2, "{dry} dry runs for {plan}");
        assert!(state(&client).await == before);

        let (missing, lacking) = match policy {
            ExistingResourcePolicy::None => (Action::Create, Action::Merge),
            // The first restore has done that.
            _ => (Action::Keep, Action::Keep),
        };
        assert_eq!(action(&plan, "deployments.apps shop/web"), missing);
        assert_eq!(action(&plan, "serviceaccounts shop/default"), lacking);
        assert_eq!(action(&plan, "serviceaccounts shop/bot"), Action::Keep);
        assert_eq!(
            planned(&plan, "configmaps shop/kube-root-ca.crt"),
            (Action::Skip, false)
        );
        let expected = match policy {
            ExistingResourcePolicy::None => (Action::Skip, true),
            _ => (Action::Update, false),
        };
        for name in [
            "configmaps shop/settings",
            "secrets shop/password",
            "persistentvolumeclaims shop/data",
        ] {
            assert_eq!(planned(&plan, name), expected, "{plan}");
        }
        let changes: Vec<String> = item(&plan, "configmaps shop/settings")
            .changes
            .iter()
            .map(ToString::to_string)
            .collect();
        // printf blue | sha256sum, and so on.
        let hidden = [
            r#"~ /data/colour: "(4 bytes, SHA-256 16477688c0e0...)" -> "(3 bytes, SHA-256 b1f51a511f1d...)""#,
            r#"- /data/size: "(1 bytes, SHA-256 19581e27de7c...)""#,
        ];
        for change in hidden {
            assert!(changes.iter().any(|found| found == change), "{changes:?}");
        }
        let shown = restore_of(&client, &repository, spec.clone()).await;
        let shown = shown.showing_values().plan().await.unwrap().to_string();
        for change in [r#"~ /data/colour: "blue" -> "red""#, r#"- /data/size: "9""#] {
            assert!(shown.contains(change), "{shown}");
        }
        for secret in ["c3Zj", "s3cret", "b3RoZXItczNjcmV0", "czNjcmV0"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        // Neither the table nor the JSON shows what is secret.
        let (text, json) = (plan.to_string(), serde_json::to_string(&plan).unwrap());
        assert!(text.contains("~ /data/key: \"(hidden)\""), "{text}");
        for secret in ["c3Zj", "s3cret", "b3RoZXItczNjcmV0", "czNjcmV0"] {
            assert!(!text.contains(secret) && !json.contains(secret), "{text}");
        }
        assert!(
            plan.items.iter().all(|item| item.unchecked.is_none()),
            "{plan}"
        );

        // In the order in which it would be done.
        let tiers: Vec<_> = plan.items.iter().map(|item| item.tier).collect();
        assert!(tiers.is_sorted());

        let report = restoring.run().await.unwrap();
        for item in &report.items {
            let planned = planned(&plan, &item.id.to_string());
            assert_eq!(planned, done(&item.outcome), "{}: {report}", item.id);
        }
        assert_eq!(report.items.len(), plan.items.len());

        // Once more there is nothing to do.
        let again = restore_of(&client, &repository, spec)
            .await
            .plan()
            .await
            .unwrap();
        let left = again
            .items
            .iter()
            .filter(|item| !matches!(item.action, Action::Keep | Action::Skip));
        assert_eq!(left.count(), 0, "{again}");
    }
}

#[tokio::test]
async fn a_plan_says_what_the_server_could_not_be_asked() {
    let source = KubeLocal::start().await.unwrap();
    shop(&client(&source), "shop").await;
    carts(&client(&source), "shop").await;
    let repository = backed_up(&client(&source)).await;

    let target = KubeLocal::start().await.unwrap();
    let client = client(&target);
    target.requests().clear();
    let mut spec = of_shop("r");
    spec.namespace_mapping = [("shop".to_owned(), "copy".to_owned())].into();
    let plan = restore_of(&client, &repository, spec.clone())
        .await
        .plan()
        .await
        .unwrap();
    assert_eq!(target.requests().writes(), 0, "{plan}");
    assert_eq!(plan.warnings, Vec::<String>::new());
    let unchecked = |name: &str| item(&plan, name).unchecked.clone().unwrap();
    assert_eq!(
        unchecked("carts.example.com shop/full"),
        "its definition is restored first, and is not in the cluster yet"
    );
    assert_eq!(
        unchecked("configmaps shop/settings"),
        "namespace `copy` is made first, and is not in the cluster yet"
    );
    // These it was asked about.
    for name in [
        "namespaces shop",
        "customresourcedefinitions.apiextensions.k8s.io carts.example.com",
    ] {
        assert_eq!(item(&plan, name).unchecked, None);
        assert_eq!(action(&plan, name), Action::Create);
    }
    assert!(
        plan.to_string()
            .contains("configmaps shop/settings -> copy"),
        "{plan}"
    );
    let json = serde_json::to_value(&plan).unwrap();
    let first = &json["items"][0];
    assert_eq!(
        first["resource"],
        "customresourcedefinitions.apiextensions.k8s.io"
    );
    assert_eq!(
        (&first["tier"], &first["action"]),
        (&json!("definitions"), &json!("create"))
    );

    // The account comes with the namespace, and nobody knows yet what it lacks.
    assert_eq!(action(&plan, "serviceaccounts shop/default"), Action::Merge);
    let report = restore(&client, &repository, spec).await;
    for item in &report.items {
        if item.id.to_string() == "serviceaccounts shop/default" {
            continue;
        }
        let planned = planned(&plan, &item.id.to_string());
        assert_eq!(planned, done(&item.outcome), "{}: {report}", item.id);
    }
}

#[tokio::test]
async fn objects_for_a_namespace_that_is_there_are_asked_about() {
    let source = KubeLocal::start().await.unwrap();
    let from = client(&source);
    shop(&from, "shop").await;
    let repository = backed_up(&from).await;
    let target = KubeLocal::start().await.unwrap();
    let client = client(&target);
    create(
        &client,
        "/api/v1/namespaces",
        json!({"metadata": {"name": "there"}}),
    )
    .await;
    let mut spec = of_shop("r");
    spec.namespace_mapping = [("shop".to_owned(), "there".to_owned())].into();
    let plan = restore_of(&client, &repository, spec)
        .await
        .plan()
        .await
        .unwrap();
    // The namespace is there, and its labels differ.
    assert_eq!(planned(&plan, "namespaces shop"), (Action::Skip, true));
    assert_eq!(item(&plan, "configmaps shop/settings").unchecked, None);
    assert_eq!(plan.warnings, Vec::<String>::new());
}
