//! Entries and objects whose names would make another request of the one that is meant.

use kube_backup_engine::restore::{Outcome, Restore, RestoreSpec};
use kube_backup_engine::{Repository, RunOptions};
use kube_local::KubeLocal;
use serde_json::{Value, json};

use super::tarball::{Tarball, foreign_backup};
use crate::cluster::{client, create, get};

/// Namespaces that no namespace can be called, and what they would do to a path.
const NAMESPACES: [&str; 9] = [
    "shop?dryRun=None&x=",
    "shop#",
    "shop%2f..%2fdefault",
    "shop/../default",
    "services%2fx%2fproxy",
    "%2e%2e",
    "SHOP",
    "shop.",
    "-shop",
];

/// Names that no object can have.
const NAMES: [&str; 6] = [
    "a%2fproxy%2fadmin",
    "a%3fdryRun=None",
    "%2e%2e",
    "x%2f..%2f..%2fsecrets",
    "%",
    "a%",
];

/// Names that RBAC objects may have, and that mean something in a URI.
const ODD: [&str; 6] = ["a?b", "a#b", "a b", "a&b=c;d", "system:a+b", "größe"];

fn entry(resource: &str, namespace: &str, name: &str) -> String {
    format!("resources/{resource}/namespaces/{namespace}/{name}.json")
}

async fn hostile() -> Repository {
    let object = |kind: &str, namespace: &str, name: &str| {
        let version = match kind {
            "Role" => "rbac.authorization.k8s.io/v1",
            _ => "v1",
        };
        json!({"apiVersion": version, "kind": kind,
            "metadata": {"name": name, "namespace": namespace}})
        .to_string()
    };
    let mut tarball = Tarball::new();
    for namespace in NAMESPACES.iter().filter(|name| !name.contains('/')) {
        let path = entry("configmaps", namespace, "a");
        tarball = tarball.file(path, object("ConfigMap", namespace, "a"));
    }
    let roles = "roles.rbac.authorization.k8s.io";
    for name in NAMES.iter().chain(&ODD) {
        let path = entry(roles, "shop", name);
        tarball = tarball.file(path, object("Role", "shop", name));
    }
    // Services that the API server would be asked about.
    let webhook = |n: usize, namespace: &str, service: &str| {
        json!({"name": format!("w{n}.example.com"), "admissionReviewVersions": ["v1"], "sideEffects": "None",
            "clientConfig": {"service": {"namespace": namespace, "name": service}},
            "rules": [{"apiGroups": ["example.com"], "apiVersions": ["v1"], "operations": ["CREATE"],
                "resources": ["carts"]}]})
    };
    let mut webhooks: Vec<Value> = Vec::new();
    for place in NAMESPACES
        .iter()
        .chain(&NAMES)
        .chain(&["x/proxy", "..", "a,b", ""])
    {
        webhooks.push(webhook(webhooks.len(), place, "admission"));
        webhooks.push(webhook(webhooks.len(), "shop", place));
    }
    let configuration = json!({"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "w"}, "webhooks": webhooks});
    let path =
        "resources/validatingwebhookconfigurations.admissionregistration.k8s.io/cluster/w.json";
    let bytes = tarball.file(path, configuration.to_string()).finish();
    foreign_backup(bytes).await
}

#[tokio::test]
async fn no_name_makes_another_request_and_no_request_of_a_plan_writes() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    let namespace = json!({"metadata": {"name": "shop"}});
    create(&client, "/api/v1/namespaces", &namespace).await;
    let repository = hostile().await;
    let restore = async || {
        let backup = repository.open("a").await.unwrap();
        Restore::new(client.clone(), backup, RestoreSpec::named("r"))
    };
    cluster.requests().clear();
    let revision = cluster.revision();
    let plan = restore().await.plan().await.unwrap();
    for request in cluster.requests().all() {
        assert!(
            request.method == "GET" || request.is_dry_run(),
            "{request:?}"
        );
    }
    assert_eq!(cluster.requests().writes(), 0);
    assert_eq!(cluster.revision(), revision, "the plan wrote something");

    let options = RunOptions::default().with_wait_for_ready(std::time::Duration::from_millis(10));
    let report = restore().await.with_options(options).run().await.unwrap();
    for request in cluster.requests().all() {
        let decoded = request.path.replace("%2F", "/").replace("%2f", "/");
        assert!(!decoded.contains("/proxy"), "{request:?}");
        assert!(
            !decoded.split('/').any(|segment| segment == ".."),
            "{request:?}"
        );
    }
    let mut refused = 0;
    for item in &report.items {
        let illegal = NAMES.contains(&item.id.name.as_str())
            || (item.id.namespace.as_deref()).is_some_and(|name| NAMESPACES.contains(&name));
        let planned = plan.items.iter().find(|planned| planned.id == item.id);
        assert_eq!(planned.unwrap().action.name() == "fail", illegal, "{plan}");
        match &item.outcome {
            Outcome::Failed(reason) if illegal => {
                refused += 1;
                assert!(reason.contains("is no name"), "{}: {reason}", item.id);
            }
            outcome => assert!(
                !illegal && outcome.is_in_cluster(),
                "{}: {outcome:?}",
                item.id
            ),
        }
    }
    assert_eq!(refused, NAMES.len() + NAMESPACES.len() - 1, "{report}");
    // What may be called so is, and is found again.
    let roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles";
    let list = get(&client, roles).await.unwrap();
    let names = list["items"].as_array().unwrap().iter();
    let names: Vec<&str> = names
        .filter_map(|role| role["metadata"]["name"].as_str())
        .collect();
    assert!(ODD.iter().all(|name| names.contains(name)), "{names:?}");
    let report = restore().await.run().await.unwrap();
    assert_eq!(report.failed().count(), refused, "{report}");
}
