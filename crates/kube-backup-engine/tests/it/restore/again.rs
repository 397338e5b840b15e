//! Interrupted and disturbed restores end as undisturbed ones do.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt as _;
use kube::Client;
use kube_backup_engine::restore::{ExistingResourcePolicy, Outcome, RestoreReport, RestoreSpec};
use kube_backup_engine::{Repository, RunOptions};
use kube_local::{Fault, KubeLocal, Rule};
use serde_json::{Value, json};

use super::state::state;
use super::{backed_up, of_shop, outcome, restore, restore_of, restore_with};
use crate::cluster::{carts, client, create, get, patch, shop};

/// A backup of a shop with owners, volumes and a merged account.
async fn source() -> Repository {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    shop(&client, "shop").await;
    carts(&client, "shop").await;
    let account = "/api/v1/namespaces/shop/serviceaccounts/default";
    let secrets = json!({"imagePullSecrets": [{"name": "registry"}]});
    patch(&client, account, &secrets).await;
    let owner = |object: &Value| {
        json!([{"apiVersion": object["apiVersion"], "kind": object["kind"],
            "name": object["metadata"]["name"], "uid": object["metadata"]["uid"]}])
    };
    let cron = create(
        &client,
        "/apis/batch/v1/namespaces/shop/cronjobs",
        json!({"metadata": {"name": "nightly"},
        "spec": {"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": {"spec":
            {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}}}}}}),
    )
    .await;
    create(
        &client,
        "/apis/batch/v1/namespaces/shop/jobs",
        json!({"metadata": {"name": "nightly-1",
        "ownerReferences": owner(&cron)}, "spec": {"template": {"spec":
            {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}}}}),
    )
    .await;
    backed_up(&client).await
}

/// A cluster in which something of the backup is there already, and differs.
async fn target() -> (KubeLocal, Client) {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    create(
        &client,
        "/api/v1/namespaces",
        json!({"metadata": {"name": "shop"}}),
    )
    .await;
    create(
        &client,
        "/api/v1/namespaces/shop/configmaps",
        json!({"metadata": {"name": "settings"}, "data": {"colour": "blue"}}),
    )
    .await;
    (cluster, client)
}

fn spec() -> RestoreSpec {
    RestoreSpec {
        existing_resource_policy: ExistingResourcePolicy::Update,
        ..of_shop("r")
    }
}

fn options() -> RunOptions {
    RunOptions::default().with_parallelism(4)
}

struct Undisturbed {
    repository: Repository,
    report: RestoreReport,
    state: BTreeMap<String, Value>,
    requests: usize,
}

impl Undisturbed {
    async fn new() -> Self {
        let repository = source().await;
        let (cluster, client) = target().await;
        cluster.requests().clear();
        let report = restore_with(&client, &repository, spec(), options()).await;
        let requests = cluster.requests().count();
        assert!(report.is_complete(), "{report}");
        assert_eq!(report.warnings, Vec::<String>::new());
        assert_eq!(
            outcome(&report, "configmaps shop/settings"),
            Outcome::Updated
        );
        assert_eq!(
            outcome(&report, "serviceaccounts shop/default"),
            Outcome::Merged
        );
        let state = state(&client).await;
        let owners = state
            .values()
            .filter_map(|object| object["metadata"]["ownerReferences"].as_array());
        let owners: Vec<&Value> = owners.flatten().collect();
        assert_eq!(owners.len(), 2);
        assert!(
            owners.iter().all(|owner| owner["uid"] == true),
            "{owners:?}"
        );
        Self {
            repository,
            report,
            state,
            requests,
        }
    }

    /// The cluster and the report are the same as without disturbance.
    async fn assert_same(&self, client: &Client, report: &RestoreReport, what: &str) {
        assert_eq!(report, &self.report, "{what}");
        let state = state(client).await;
        for (path, object) in &self.state {
            assert_eq!(Some(object), state.get(path), "{what}: {path}");
        }
        let new: Vec<&String> = state
            .keys()
            .filter(|path| !self.state.contains_key(*path))
            .collect();
        assert!(new.is_empty(), "{what}: {new:?}");
    }
}

/// Begins a restore, and drops it when the server gets its `at`-th request, which suffers `fault`.
async fn killed(undisturbed: &Undisturbed, at: usize, fault: Fault) -> (KubeLocal, Client) {
    let (cluster, client) = target().await;
    let before = cluster.faults().injected();
    cluster.faults().add(Rule::new(fault).skip(at - 1).times(1));
    let restoring = restore_of(&client, &undisturbed.repository, spec())
        .await
        .with_options(options());
    let reached = async {
        while cluster.faults().injected() == before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        _ = restoring.run() => {}
        () = reached => {}
    }
    cluster.faults().clear();
    (cluster, client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_request_and_started_again_it_ends_the_same() {
    let undisturbed = Undisturbed::new().await;
    assert!(undisturbed.requests > 20, "{}", undisturbed.requests);
    for at in 1..=undisturbed.requests {
        // Before the server does anything about it, and after it did.
        for fault in [Fault::Delay(Duration::from_secs(3600)), Fault::LoseReply] {
            let what = format!("killed at request {at} with {fault:?}");
            let (_cluster, client) = killed(&undisturbed, at, fault).await;
            let report = restore_with(&client, &undisturbed.repository, spec(), options()).await;
            undisturbed.assert_same(&client, &report, &what).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_fails_at_random_changes_nothing_but_the_time() {
    let undisturbed = Undisturbed::new().await;
    let faults = [
        Fault::Throttle {
            wait: Duration::from_secs(1),
        },
        Fault::Status(500, "InternalError"),
        Fault::Status(503, "ServiceUnavailable"),
        Fault::Status(409, "Conflict"),
        Fault::Refuse,
        Fault::LoseReply,
        Fault::ResetBody(100),
    ];
    let (undisturbed, faults) = (&undisturbed, &faults);
    let injected: Vec<u64> = futures::stream::iter(0..100)
        .map(|seed| async move {
            let (cluster, client) = target().await;
            cluster.faults().random(seed, 0.05, faults);
            let report = restore_with(&client, &undisturbed.repository, spec(), options()).await;
            let injected = cluster.faults().injected();
            cluster.faults().clear();
            let what = format!("seed {seed} with {injected} faults");
            undisturbed.assert_same(&client, &report, &what).await;
            injected
        })
        .buffer_unordered(16)
        .collect()
        .await;
    let total: u64 = injected.iter().sum();
    assert!(total > 100, "only {total} faults in 100 restores");
}

#[tokio::test]
async fn a_server_that_keeps_failing_is_named_with_what_was_asked() {
    let repository = source().await;
    let (cluster, client) = target().await;
    let secrets = Rule::new(Fault::Status(503, "ServiceUnavailable"));
    cluster
        .faults()
        .add(secrets.method("POST").path_contains("/secrets"));
    let options = options().with_request_timeout(Duration::from_millis(300));
    let report = restore_with(&client, &repository, spec(), options.clone()).await;
    let Outcome::Failed(reason) = outcome(&report, "secrets shop/password") else {
        panic!("{report}");
    };
    assert!(
        reason.contains("POST `/api/v1/namespaces/shop/secrets`"),
        "{reason}"
    );
    assert_eq!(report.failed().count(), 1, "{report}");
    // Run again, it settles what was left.
    cluster.faults().clear();
    let report = restore_with(&client, &repository, spec(), options).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(outcome(&report, "secrets shop/password"), Outcome::Created);
}

#[tokio::test]
async fn a_group_that_does_not_answer_stops_nothing() {
    let repository = source().await;
    let (cluster, client) = target().await;
    cluster.set_stale("metrics.k8s.io/v1beta1", true);
    let report = restore_with(&client, &repository, spec(), options()).await;
    assert!(report.is_complete(), "{report}");
}

#[tokio::test]
async fn a_dead_webhook_is_waited_for_once_and_not_for_each_object() {
    let definition = |conversion: Value, storage: &str| {
        let version = |name: &str| {
            json!({"name": name, "served": true, "storage": name == storage,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}})
        };
        json!({"metadata": {"name": "carts.example.com"}, "spec": {"group": "example.com", "scope": "Namespaced",
            "names": {"plural": "carts", "singular": "cart", "kind": "Cart", "listKind": "CartList"},
            "conversion": conversion, "versions": [version("v2"), version("v1")]}})
    };
    const CARTS: usize = 60;
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let source = KubeLocal::start().await.unwrap();
    let from = client(&source);
    create(
        &from,
        "/api/v1/namespaces",
        json!({"metadata": {"name": "shop"}}),
    )
    .await;
    create(
        &from,
        definitions,
        definition(json!({"strategy": "None"}), "v2"),
    )
    .await;
    for n in 0..CARTS {
        create(&from, "/apis/example.com/v2/namespaces/shop/carts",
            json!({"apiVersion": "example.com/v2", "kind": "Cart", "metadata": {"name": format!("c{n}")}})).await;
    }
    let repository = backed_up(&from).await;
    let target = KubeLocal::start().await.unwrap();
    let client = client(&target);
    let dead = json!({"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"],
        "clientConfig": {"service": {"namespace": "shop", "name": "nobody"}}}});
    create(&client, definitions, definition(dead, "v1")).await;
    target.requests().clear();
    let options = options().with_request_timeout(Duration::from_secs(1));
    let report = restore_with(&client, &repository, of_shop("r"), options).await;
    assert_eq!(report.failed().count(), CARTS, "{report}");
    let Outcome::Failed(reason) = outcome(&report, "carts.example.com shop/c0") else {
        panic!("{report}");
    };
    assert!(
        reason.contains("conversion webhook for example.com/"),
        "{reason}"
    );
    let attempts = target
        .requests()
        .count_where(|request| request.method == "POST" && request.path.ends_with("/carts"));
    // Four were tried for a second, all others once.
    assert!(attempts < 2 * CARTS, "{attempts} attempts");
}

#[tokio::test]
async fn no_restore_outlasts_its_deadline() {
    let repository = source().await;
    let (cluster, client) = target().await;
    let secrets = Rule::new(Fault::Delay(Duration::from_secs(3600)));
    cluster
        .faults()
        .add(secrets.method("POST").path_contains("/secrets"));
    let options = options()
        .with_deadline(Duration::from_secs(2))
        .with_request_timeout(Duration::from_secs(1800));
    let run = restore_with(&client, &repository, spec(), options.clone());
    let report = tokio::time::timeout(Duration::from_secs(120), run)
        .await
        .unwrap();
    let Outcome::Failed(reason) = outcome(&report, "secrets shop/password") else {
        panic!("{report}");
    };
    assert!(
        reason.contains("restore the objects of tier `configuration`") && reason.contains("2s"),
        "{reason}"
    );
    // Later tiers did not have their turn.
    assert!(matches!(
        outcome(&report, "deployments.apps shop/web"),
        Outcome::Failed(_)
    ));
    cluster.faults().clear();
    let report = restore_with(&client, &repository, spec(), options).await;
    assert!(report.is_complete(), "{report}");
}

#[tokio::test]
async fn a_wait_says_what_it_waited_for() {
    let repository = source().await;
    let cluster = KubeLocal::builder()
        .controller_delay(Duration::from_secs(3600))
        .start()
        .await
        .unwrap();
    let client = client(&cluster);
    let options = options().with_request_timeout(Duration::from_millis(500));
    let report = restore_with(&client, &repository, spec(), options).await;
    let warnings = report.warnings.join("\n");
    assert!(
        warnings.contains("wait for `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/carts.example.com` to be Established"),
        "{report}"
    );
    assert!(matches!(
        outcome(&report, "carts.example.com shop/full"),
        Outcome::Failed(_)
    ));
}

#[tokio::test]
async fn most_objects_take_one_request() {
    let cluster = KubeLocal::start().await.unwrap();
    let from = client(&cluster);
    create(
        &from,
        "/api/v1/namespaces",
        json!({"metadata": {"name": "shop"}}),
    )
    .await;
    carts(&from, "shop").await;
    let cart = get(&from, "/apis/example.com/v1/namespaces/shop/carts/full")
        .await
        .unwrap();
    let owner = json!([{"apiVersion": "example.com/v1", "kind": "Cart", "name": "full", "uid": cart["metadata"]["uid"]}]);
    for n in 0..200 {
        let mut map = json!({"metadata": {"name": format!("m{n}")}, "data": {"n": n.to_string()}});
        if n % 10 == 0 {
            map["metadata"]["ownerReferences"] = owner.clone();
        }
        create(&from, "/api/v1/namespaces/shop/configmaps", map).await;
    }
    // Made after its owner, so that it is its from the start.
    create(&from, "/apis/policy/v1/namespaces/shop/poddisruptionbudgets", json!({"metadata": {"name": "pdb",
        "ownerReferences": owner}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "x"}}}})).await;
    let repository = backed_up(&from).await;
    let target = KubeLocal::start().await.unwrap();
    let client = client(&target);
    target.requests().clear();
    let report = restore(&client, &repository, of_shop("r")).await;
    let requests = target.requests().count();
    assert!(report.is_complete(), "{report}");
    assert!(
        requests * 10 <= report.items.len() * 12,
        "{requests} requests for {} objects",
        report.items.len()
    );
    let patches = target
        .requests()
        .count_where(|request| request.method == "PATCH");
    assert_eq!(
        patches, 21,
        "one for each owned object that was there before its owner"
    );
    let restored = get(&client, "/apis/example.com/v1/namespaces/shop/carts/full")
        .await
        .unwrap();
    for path in [
        "/apis/policy/v1/namespaces/shop/poddisruptionbudgets/pdb",
        "/api/v1/namespaces/shop/configmaps/m0",
    ] {
        let owned = get(&client, path).await.unwrap();
        assert_eq!(
            owned["metadata"]["ownerReferences"][0]["uid"],
            restored["metadata"]["uid"]
        );
    }
}
