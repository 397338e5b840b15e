//! What a restore grants, and what it withholds.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use kube::Client;
use kube_backup_engine::powers::{Danger, Power};
use kube_backup_engine::restore::{
    ActAs, Action, Outcome, PowerPolicy, PowerSwitch, Profile, RestoreReport, RestoreSpec,
    SkipReason,
};
use kube_backup_engine::verify::Verify;
use kube_backup_engine::{Repository, Selection};
use kube_local::KubeLocal;
use serde_json::{Value, json};

use super::{backed_up, outcome, restore, restore_of};
use crate::cluster::{client, create, shop};

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
const ADMISSION: &str = "/apis/admissionregistration.k8s.io/v1";

/// A shop with an object for each power, and one for the cluster itself.
async fn mighty() -> (KubeLocal, Repository) {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    shop(&client, "shop").await;
    let bot = json!([{"kind": "ServiceAccount", "namespace": "shop", "name": "bot"}]);
    let both = json!([bot[0], {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "mallory"}]);
    let role = |name: &str| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name});
    let objects: Vec<(String, Value)> = vec![
        (
            format!("{RBAC}/clusterroles"),
            json!({"metadata": {"name": "reader"},
            "rules": [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}]}),
        ),
        (
            format!("{RBAC}/clusterroles"),
            json!({"metadata": {"name": "other"},
            "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}),
        ),
        (
            format!("{RBAC}/clusterrolebindings"),
            json!({"metadata": {"name": "bot-reads-nodes"},
            "roleRef": role("reader"), "subjects": bot}),
        ),
        (
            format!("{RBAC}/clusterroles"),
            json!({"metadata": {"name": "widens", "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}},
            "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]}),
        ),
        (
            format!("{RBAC}/namespaces/shop/rolebindings"),
            json!({"metadata": {"name": "bot-has-it"},
            "roleRef": role("widens"), "subjects": bot}),
        ),
        (
            format!("{RBAC}/clusterrolebindings"),
            json!({"metadata": {"name": "oops"},
            "roleRef": role("other"), "subjects": both}),
        ),
        (
            format!("{ADMISSION}/validatingwebhookconfigurations"),
            json!({"metadata": {"name": "sees-all"},
            "webhooks": [{"name": "a.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"],
                "failurePolicy": "Ignore", "rules": [], "clientConfig": {"url": "https://evil.example.com"}}]}),
        ),
        (
            "/api/v1/namespaces/shop/pods".into(),
            json!({"metadata": {"name": "host"},
            "spec": {"hostNetwork": true, "containers": [{"name": "c", "image": "i"}]}}),
        ),
        (
            "/api/v1/namespaces/shop/services".into(),
            json!({"metadata": {"name": "diverts"},
            "spec": {"externalIPs": ["10.9.9.9"], "ports": [{"port": 80}]}}),
        ),
        (
            "/api/v1/namespaces/shop/serviceaccounts".into(),
            json!({"metadata": {"name": "cloud",
            "annotations": {"pod-identity.alibabacloud.com/role-name": "admin"}}}),
        ),
        (
            "/api/v1/namespaces/shop/pods".into(),
            json!({"metadata": {"name": "needs-cloud"},
            "spec": {"serviceAccountName": "cloud", "containers": [{"name": "c", "image": "i"}]}}),
        ),
        (
            "/api/v1/namespaces/kube-system/configmaps".into(),
            json!({"metadata": {"name": "coredns"},
            "data": {"a": "b"}}),
        ),
    ];
    for (list, object) in objects {
        create(&client, &list, object).await;
    }
    let repository = backed_up(&client).await;
    (cluster, repository)
}

fn with(policy: impl Into<PowerPolicy>) -> RestoreSpec {
    RestoreSpec {
        powers: policy.into(),
        ..RestoreSpec::named("r")
    }
}

/// Names of what was withheld, the cluster's own aside.
fn withheld(report: &RestoreReport) -> Vec<String> {
    let withheld = report.withheld().filter(|(_, it)| !it.is_of_cluster_itself);
    withheld.map(|(item, _)| item.id.to_string()).collect()
}

async fn restored(repository: &Repository, spec: RestoreSpec) -> RestoreReport {
    let target = KubeLocal::start().await.unwrap();
    restore(&client(&target), repository, spec).await
}

#[tokio::test]
async fn everything_comes_back_but_for_the_clusters_own_unless_it_is_named() {
    let (_source, repository) = mighty().await;
    let report = restored(&repository, RestoreSpec::named("r")).await;
    assert_eq!(withheld(&report), [] as [&str; 0], "{report}");
    for name in [
        "clusterrolebindings.rbac.authorization.k8s.io oops",
        "validatingwebhookconfigurations.admissionregistration.k8s.io sees-all",
        "pods shop/host",
    ] {
        assert_eq!(outcome(&report, name), Outcome::Created);
    }
    let own = outcome(&report, "configmaps kube-system/coredns");
    let Outcome::Skipped(SkipReason::Withheld(why)) = own else {
        panic!("{own:?}");
    };
    assert!(why.is_of_cluster_itself);
    assert_eq!(why.allow, [PowerSwitch::Power(Power::System)]);
    assert!(report.to_string().contains("the cluster's own"), "{report}");

    let named = RestoreSpec {
        selection: Selection::of_namespaces(["kube-s*"]),
        ..RestoreSpec::named("r")
    };
    let mapped = RestoreSpec {
        namespace_mapping: [("kube-system".to_owned(), "copy".to_owned())].into(),
        ..RestoreSpec::named("r")
    };
    let allowed = with(PowerPolicy {
        allow: [PowerSwitch::Power(Power::System)].into(),
        ..PowerPolicy::default()
    });
    let alone = with(PowerPolicy {
        allow: ["configmaps/kube-system/coredns".parse().unwrap()].into(),
        ..PowerPolicy::default()
    });
    for spec in [named, mapped, allowed, alone] {
        let report = restored(&repository, spec.clone()).await;
        let own = outcome(&report, "configmaps kube-system/coredns");
        assert_eq!(own, Outcome::Created, "{spec:?}");
    }
    // What is the cluster's own can be said.
    let own = with(PowerPolicy {
        system_namespaces: ["sh?p".to_owned()].into(),
        ..PowerPolicy::default()
    });
    let report = restored(&repository, own).await;
    let settings = outcome(&report, "configmaps shop/settings");
    assert!(matches!(settings, Outcome::Skipped(_)), "{settings:?}");
    let is_made = |warning: &String| warning.contains("is made without its labels");
    assert!(!report.warnings.iter().any(is_made), "{report}");
}

#[tokio::test]
async fn an_application_comes_with_the_roles_of_its_accounts_and_no_others() {
    let (_source, repository) = mighty().await;
    let report = restored(&repository, with(Profile::Application)).await;
    let expected = [
        "clusterrolebindings.rbac.authorization.k8s.io oops",
        "clusterroles.rbac.authorization.k8s.io other",
        // Bound to a chosen account, and it would give more to whoever may view.
        "clusterroles.rbac.authorization.k8s.io widens",
        "configmaps kube-system/coredns",
        "validatingwebhookconfigurations.admissionregistration.k8s.io sees-all",
    ];
    let withheld = withheld(&report);
    for name in expected {
        assert!(withheld.contains(&name.to_owned()), "{name}: {withheld:?}");
    }
    for name in [
        "clusterrolebindings.rbac.authorization.k8s.io bot-reads-nodes",
        "clusterroles.rbac.authorization.k8s.io reader",
        "roles.rbac.authorization.k8s.io shop/reader",
        "pods shop/host",
        "namespaces shop",
    ] {
        assert_eq!(outcome(&report, name), Outcome::Created, "{report}");
    }
    assert!(report.is_complete(), "{report}");
    // Not for accounts that stay out.
    let without = RestoreSpec {
        selection: Selection {
            excluded_resources: vec!["sa".to_owned()],
            ..Selection::default()
        },
        ..with(Profile::Application)
    };
    let report = restored(&repository, without).await;
    let name = "clusterroles.rbac.authorization.k8s.io reader";
    assert!(matches!(outcome(&report, name), Outcome::Skipped(_)));
}

#[tokio::test]
async fn a_tenant_gets_what_lies_in_its_namespace_and_grants_nothing() {
    let (_source, repository) = mighty().await;
    let target = KubeLocal::start().await.unwrap();
    let target = client(&target);
    let report = restore(&target, &repository, with(Profile::Tenant)).await;
    let withheld = withheld(&report);
    for item in &report.items {
        // Or not restored for what it is: what every cluster brings along.
        let is_kept_out = !item.outcome.is_in_cluster();
        assert!(
            is_kept_out || item.id.namespace.is_some(),
            "{} is restored",
            item.id
        );
    }
    for name in [
        "namespaces shop",
        "pods shop/host",
        "services shop/diverts",
        "serviceaccounts shop/cloud",
        "roles.rbac.authorization.k8s.io shop/reader",
        "rolebindings.rbac.authorization.k8s.io shop/bot-reads",
    ] {
        assert!(withheld.contains(&name.to_owned()), "{name}: {withheld:?}");
    }
    for name in [
        "deployments.apps shop/web",
        "secrets shop/password",
        "services shop/web",
    ] {
        assert_eq!(outcome(&report, name), Outcome::Created, "{report}");
    }
    // Whoever needs what was withheld says so, and with which switch it comes.
    let needs = "pods shop/needs-cloud names serviceaccounts shop/cloud, which is withheld";
    let warning = report
        .warnings
        .iter()
        .find(|warning| warning.contains(needs));
    assert!(
        warning.is_some_and(|warning| warning.contains("allow `identity`")),
        "{report}"
    );
    let failed: Vec<String> = report.failed().map(|item| item.id.to_string()).collect();
    assert_eq!(failed, ["pods shop/needs-cloud"], "{report}");
}

#[tokio::test]
async fn switches_count_before_the_profile_and_objects_before_powers() {
    let (_source, repository) = mighty().await;
    let switch = |text: &str| text.parse::<PowerSwitch>().unwrap();
    let policy = PowerPolicy {
        profile: Profile::Tenant,
        allow: [
            switch("network"),
            switch("identity"),
            switch("pods/shop/host"),
        ]
        .into(),
        withhold: [
            switch("serviceaccounts/shop/cloud"),
            switch("node"),
            switch("secrets/shop/password"),
        ]
        .into(),
        ..PowerPolicy::default()
    };
    let report = restored(&repository, with(policy)).await;
    for (name, is_created) in [
        ("services shop/diverts", true),
        ("pods shop/host", true),
        ("serviceaccounts shop/cloud", false),
        ("secrets shop/password", false),
    ] {
        let outcome = outcome(&report, name);
        assert_eq!(
            outcome == Outcome::Created,
            is_created,
            "{name}: {outcome:?}"
        );
    }
    let both = PowerPolicy {
        allow: [switch("node")].into(),
        withhold: [switch("node")].into(),
        ..PowerPolicy::default()
    };
    let target = KubeLocal::start().await.unwrap();
    let refused = restore_of(&client(&target), &repository, with(both)).await;
    assert!(
        refused
            .run()
            .await
            .unwrap_err()
            .chain()
            .contains("`node` is both allowed and withheld")
    );
}

async fn plan_of(
    client: &Client,
    repository: &Repository,
    spec: RestoreSpec,
) -> kube_backup_engine::restore::RestorePlan {
    restore_of(client, repository, spec)
        .await
        .plan()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_plan_begins_with_the_powers_asked_for() {
    let (_source, repository) = mighty().await;
    let target = KubeLocal::start().await.unwrap();
    let target = client(&target);
    let plan = plan_of(&target, &repository, with(Profile::Application)).await;
    let asked = plan.powers_asked_for();
    assert!(asked.is_sorted_by(|a, b| a.granted.danger >= b.granted.danger));
    let first: Vec<_> = asked
        .iter()
        .filter(|it| it.granted.danger == Danger::Critical)
        .collect();
    assert!(
        first
            .iter()
            .any(|it| it.item.id.name == "sees-all" && it.is_withheld),
        "{plan}"
    );
    let text = plan.to_string();
    let powers = text.find("Powers asked for:").unwrap();
    assert!(powers < text.find("  create ").unwrap(), "{text}");
    for line in [
        "  critical admission    validatingwebhookconfigurations.admissionregistration.k8s.io sees-all: \
         `webhooks[0].clientConfig` sends requests to `evil.example.com`, outside the cluster (withheld, allow \
         `admission`)",
        "  high     node         pods shop/host: `spec.hostNetwork` shares it with the machine (granted, \
         withhold `node`)",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let json = serde_json::to_value(&plan).unwrap();
    let item = json["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["name"] == "sees-all")
        .unwrap();
    assert_eq!(item["action"], "skip");
    assert_eq!(item["powers"][0]["power"], "admission");
    assert_eq!(item["powers"][0]["danger"], "critical");
    assert_eq!(item["withheld"]["allow"], json!(["admission"]));
    let is_kept = |name: &str| {
        plan.items
            .iter()
            .any(|item| item.id.name == name && item.action == Action::Create)
    };
    assert!(is_kept("host") && !is_kept("sees-all"));
}

#[tokio::test]
async fn requests_for_objects_are_sent_as_whom_the_restore_is_for() {
    let (_source, repository) = mighty().await;
    let target = KubeLocal::start().await.unwrap();
    let client = client(&target);
    for user in ["", "a\r\nImpersonate-Group: system:masters"] {
        let spec = RestoreSpec {
            act_as: Some(ActAs::user(user, ["dev"])),
            ..RestoreSpec::named("r")
        };
        let error = restore_of(&client, &repository, spec)
            .await
            .run()
            .await
            .unwrap_err();
        assert!(error.chain().contains("actAs"), "{}", error.chain());
    }
    assert_eq!(target.requests().count(), 0);
}

#[tokio::test]
async fn a_verification_names_the_powers_that_a_plan_begins_with() {
    let (_source, repository) = mighty().await;
    let target = KubeLocal::start().await.unwrap();
    let restore = restore_of(&client(&target), &repository, RestoreSpec::named("r")).await;
    let plan = restore.plan().await.unwrap();
    let planned: BTreeSet<_> = plan
        .powers_asked_for()
        .into_iter()
        .filter(|it| it.granted.danger > Danger::Low && it.granted.power != Power::System)
        .map(|it| (it.item.id.to_string(), it.granted.power, it.granted.danger))
        .collect();
    let report = Verify::new(repository, "a").run().await.unwrap();
    let verified: BTreeSet<_> = report
        .powers
        .objects
        .iter()
        .flat_map(|object| object.powers.iter().map(|it| (object.id.to_string(), it)))
        .filter(|(_, it)| it.danger > Danger::Low)
        .map(|(id, it)| (id, it.power, it.danger))
        .collect();
    assert_eq!(verified, planned);
    assert!(verified.len() > 6, "{verified:?}");
    assert!(report.powers.of_cluster > 0);
    let text = report.to_string();
    assert!(text.contains("critical admission"), "{text}");
    assert!(report.is_restorable(), "{text}");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(
        json["powers"]["objects"][0]["powers"][0]["danger"],
        "critical"
    );
}

/// Those that look for kinds and namespaces, too: what only the restorer may see is not shown to the requester.
#[tokio::test]
async fn every_request_of_a_restore_is_sent_as_whom_it_is_for() {
    let (_source, repository) = mighty().await;
    let target = KubeLocal::start().await.unwrap();
    let inner = client(&target);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let headers = request.headers();
        let users = headers.get_all("impersonate-user").iter();
        let users: Vec<_> = users
            .map(|user| user.to_str().unwrap().to_owned())
            .collect();
        let asked = format!("{} {}", request.method(), request.uri().path());
        log.lock().unwrap().push((asked, users));
        let inner = inner.clone();
        async move { inner.send(request).await }
    });
    let client = kube::Client::new(service, "default");
    let spec = RestoreSpec {
        act_as: Some(ActAs::user("jane", ["dev"])),
        ..RestoreSpec::named("r")
    };
    let restore = restore_of(&client, &repository, spec).await;
    restore.plan().await.unwrap();
    restore.run().await.unwrap();
    let seen = seen.lock().unwrap();
    assert!(seen.iter().any(|(asked, _)| asked.starts_with("GET /api")));
    assert!(seen.iter().any(|(asked, _)| asked.starts_with("POST ")));
    for (asked, users) in seen.iter() {
        assert_eq!(*users, ["jane"], "{asked}");
    }
}
