//! Nobody gains by a restore what it was not to grant: on a real control plane, as its authorizer says.

use std::collections::BTreeSet;

use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::restore::{
    ActAs, ExistingResourcePolicy, Outcome, Profile, Restore, RestoreReport, RestoreSpec,
};
use ack_backup_center::engine::{Discovery, Selection};
use control_plane::{ControlPlane, unique_name};
use kube::Client;
use kube_local::KubeLocal;
use serde_json::{Value, json};

use crate::bucket::Bucket;
use crate::cluster::{create, get, local_client};
use crate::roles::{self, BACKUP, DISASTER, RESTORE, RESTORE_AS, may};

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
const VERBS: [&str; 12] = [
    "*",
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "escalate",
    "bind",
    "impersonate",
];
/// Group, resource, subresource.
const RESOURCES: [[&str; 3]; 13] = [
    ["*", "*", "*"],
    ["", "secrets", ""],
    ["", "configmaps", ""],
    ["", "pods", ""],
    ["", "pods", "exec"],
    ["", "nodes", "proxy"],
    ["", "serviceaccounts", "token"],
    ["", "users", ""],
    ["", "namespaces", ""],
    ["apps", "deployments", ""],
    ["rbac.authorization.k8s.io", "clusterroles", ""],
    ["rbac.authorization.k8s.io", "rolebindings", ""],
    [
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations",
        "",
    ],
];

fn account(namespace: &str, name: &str) -> Value {
    json!({"kind": "ServiceAccount", "namespace": namespace, "name": name})
}

fn role(name: &str) -> Value {
    json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name})
}

/// What somebody makes who can write to the bucket: a backup of a cluster of their own.
async fn forge(bucket: &Bucket, namespace: &str) {
    let cluster = KubeLocal::start().await.unwrap();
    let client = local_client(&cluster.url());
    let mallory = json!({"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": format!("mallory-{namespace}")});
    let everybody = json!({"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "system:authenticated"});
    let of = |plural: &str| format!("{RBAC}/namespaces/{namespace}/{plural}");
    let core = |plural: &str| format!("/api/v1/namespaces/{namespace}/{plural}");
    let everything = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]);
    let container = json!([{"name": "c", "image": "i"}]);
    let objects: Vec<(String, Value)> = vec![
        (
            "/api/v1/namespaces".into(),
            json!({"metadata": {"name": namespace,
            "labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}),
        ),
        (
            core("serviceaccounts"),
            json!({"metadata": {"name": "evil"}}),
        ),
        (
            of("roles"),
            json!({"metadata": {"name": "all"}, "rules": everything}),
        ),
        (
            of("rolebindings"),
            json!({"metadata": {"name": "evil-is-admin"}, "roleRef": role("cluster-admin"),
            "subjects": [account(namespace, "evil"), account(namespace, "default"), mallory]}),
        ),
        (
            of("rolebindings"),
            json!({"metadata": {"name": "all-read"}, "roleRef": role("view"), "subjects": [everybody]}),
        ),
        (
            format!("{RBAC}/clusterroles"),
            json!({"metadata": {"name": format!("all-{namespace}")}, "rules": everything}),
        ),
        (
            format!("{RBAC}/clusterroles"),
            json!({"metadata": {"name": format!("view-more-{namespace}"),
            "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}},
            "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}]}),
        ),
        (
            format!("{RBAC}/clusterrolebindings"),
            json!({"metadata": {"name": format!("oops-{namespace}")},
            "roleRef": role("cluster-admin"), "subjects": [account(namespace, "evil"), account(namespace, "default"), mallory]}),
        ),
        (
            core("secrets"),
            json!({"metadata": {"name": "token",
            "annotations": {"kubernetes.io/service-account.name": "default"}}, "type": "kubernetes.io/service-account-token"}),
        ),
        (
            core("pods"),
            json!({"metadata": {"name": "host"}, "spec": {"hostPID": true, "containers": container}}),
        ),
        (
            core("services"),
            json!({"metadata": {"name": "diverts"},
            "spec": {"externalIPs": ["10.9.9.9"], "ports": [{"port": 80}]}}),
        ),
        (
            core("configmaps"),
            json!({"metadata": {"name": "honest"}, "data": {"a": "b"}}),
        ),
        (
            "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations".into(),
            json!({"metadata": {"name": format!("sees-{namespace}")}, "webhooks": [{"name": "a.example.com",
                "sideEffects": "None", "admissionReviewVersions": ["v1"], "failurePolicy": "Ignore",
                "rules": [{"apiGroups": ["none.example.com"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["none"]}],
                "clientConfig": {"url": "https://127.0.0.1:1/see"}}]}),
        ),
    ];
    for (list, object) in objects {
        create(&client, &list, &object).await;
    }
    let backup = Backup::new(client, bucket.repository(), BackupSpec::named("a"));
    backup.run().await.unwrap();
}

/// All that the forger's people may do, as the authorizer of the server says.
async fn rights(admin: &Client, namespace: &str) -> BTreeSet<String> {
    let accounts = ["evil", "default"].map(|name| {
        let user = format!("system:serviceaccount:{namespace}:{name}");
        let groups = vec![
            "system:serviceaccounts".to_owned(),
            format!("system:serviceaccounts:{namespace}"),
        ];
        (user, groups)
    });
    let people = [
        (format!("mallory-{namespace}"), Vec::new()),
        (format!("tenant-{namespace}"), Vec::new()),
    ];
    let mut asked = Vec::new();
    for (user, mut groups) in accounts.into_iter().chain(people) {
        groups.push("system:authenticated".to_owned());
        for verb in VERBS {
            for [group, resource, subresource] in RESOURCES {
                for at in ["", namespace, "kube-system"] {
                    let attributes = json!({"verb": verb, "group": group, "resource": resource,
                        "subresource": subresource, "namespace": at});
                    asked.push((user.clone(), groups.clone(), attributes));
                }
            }
        }
    }
    let mut allowed = BTreeSet::new();
    for some in asked.chunks(32) {
        let answers = some.iter().map(async |(user, groups, attributes)| {
            let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
            may(admin, user, &groups, attributes).await
        });
        let answers = futures::future::join_all(answers).await;
        for ((user, _, attributes), is_allowed) in some.iter().zip(answers) {
            if is_allowed {
                allowed.insert(format!("{user} {attributes}"));
            }
        }
    }
    allowed
}

/// A namespace and its admin.
async fn tenant(admin: &Client, namespace: &str) {
    create(
        admin,
        "/api/v1/namespaces",
        &json!({"metadata": {"name": namespace}}),
    )
    .await;
    let binding = json!({"metadata": {"name": "tenant"}, "roleRef": role("admin"), "subjects": [
        {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": format!("tenant-{namespace}")}]});
    create(
        admin,
        &format!("{RBAC}/namespaces/{namespace}/rolebindings"),
        &binding,
    )
    .await;
}

async fn restore(client: Client, bucket: &Bucket, spec: RestoreSpec) -> RestoreReport {
    let backup = bucket.repository().open("a").await.unwrap();
    Restore::new(client, backup, spec).run().await.unwrap()
}

fn with(profile: Profile, name: &str, namespace: &str) -> RestoreSpec {
    RestoreSpec {
        // The namespace, and all of the cluster: what the forger would like to have restored.
        selection: Selection {
            include_cluster_resources: Some(true),
            excluded_resources: vec!["storageclasses".to_owned(), "priorityclasses".to_owned()],
            ..Selection::of_namespaces([namespace])
        },
        existing_resource_policy: ExistingResourcePolicy::Update,
        powers: profile.into(),
        ..RestoreSpec::named(name)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_backup_restored_for_a_tenant_gains_nobody_anything() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let (admin, bucket) = (plane.client(), Bucket::start().await);
    let namespace = unique_name("forged");
    forge(&bucket, &namespace).await;
    tenant(&admin, &namespace).await;
    let before = rights(&admin, &namespace).await;
    let whole = |profile| with(profile, "r", &namespace);
    // With all rights of the cluster, so that nothing but the profile stands in the way.
    let report = restore(admin.clone(), &bucket, whole(Profile::Tenant)).await;
    let honest = format!("configmaps {namespace}/honest");
    let is_created = |item: &_| -> bool {
        let item: &ack_backup_center::engine::restore::Item = item;
        item.outcome == Outcome::Created
    };
    let created: Vec<String> = report
        .items
        .iter()
        .filter(is_created)
        .map(|item| item.id.to_string())
        .collect();
    assert!(created.contains(&honest), "{report}");
    let account = format!("serviceaccounts {namespace}/evil");
    assert!(
        created.iter().all(|id| *id == honest || *id == account),
        "{created:?}"
    );
    assert_eq!(rights(&admin, &namespace).await, before, "{report}");
    // The same backup without a profile: the questions above are those that tell.
    let report = restore(admin.clone(), &bucket, whole(Profile::Everything)).await;
    let after = rights(&admin, &namespace).await;
    let gained = after.difference(&before).count();
    assert!(gained > 500, "{gained}: {report}");
    for path in [
        "clusterrolebindings/oops",
        "clusterroles/all",
        "clusterroles/view-more",
    ] {
        crate::cluster::delete(&admin, &format!("{RBAC}/{path}-{namespace}")).await;
    }
    let webhooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    crate::cluster::delete(&admin, &format!("{webhooks}/sees-{namespace}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_for_somebody_is_refused_what_they_may_not_do() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let (admin, bucket) = (plane.client(), Bucket::start().await);
    let namespace = unique_name("acts");
    forge(&bucket, &namespace).await;
    tenant(&admin, &namespace).await;
    let before = rights(&admin, &namespace).await;
    let who = format!("tenant-{namespace}");
    let spec = RestoreSpec {
        act_as: Some(ActAs::user(&who, ["system:authenticated"])),
        ..with(Profile::Everything, "r", &namespace)
    };
    let restorer = roles::client_of(plane, RESTORE_AS).await;
    let report = restore(restorer.clone(), &bucket, spec).await;
    let outcome = |id: &str| {
        let item = report.items.iter().find(|item| item.id.to_string() == id);
        item.unwrap_or_else(|| panic!("{id}: {report}"))
            .outcome
            .clone()
    };
    assert_eq!(
        outcome(&format!("configmaps {namespace}/honest")),
        Outcome::Created
    );
    let binding = "rolebindings.rbac.authorization.k8s.io";
    for (id, words) in [
        // The server's own check that nobody grants more than they have.
        (
            format!("{binding} {namespace}/evil-is-admin"),
            "attempting to grant RBAC permissions",
        ),
        (
            format!("roles.rbac.authorization.k8s.io {namespace}/all"),
            "attempting to grant RBAC permissions",
        ),
        (
            format!("clusterrolebindings.rbac.authorization.k8s.io oops-{namespace}"),
            "cannot create resource",
        ),
        (
            format!(
                "validatingwebhookconfigurations.admissionregistration.k8s.io sees-{namespace}"
            ),
            "cannot create resource",
        ),
    ] {
        let Outcome::Failed(why) = outcome(&id) else {
            panic!("{id}: {report}");
        };
        assert!(why.contains(words) && why.contains(&who), "{id}: {why}");
    }
    // What they have, they may pass on.
    assert_eq!(
        outcome(&format!("{binding} {namespace}/all-read")),
        Outcome::Created
    );
    let after = rights(&admin, &namespace).await;
    // Everybody may read what is in the namespace now, and nobody anything elsewhere.
    let inside = format!(r#""namespace":"{namespace}""#);
    let gained = after
        .difference(&before)
        .filter(|right| !right.contains(&inside));
    assert_eq!(gained.count(), 0);
    // And with a tenant's profile nothing but roles of the namespace is even tried.
    let spec = RestoreSpec {
        act_as: Some(ActAs::user(&who, ["system:authenticated"])),
        ..with(Profile::Tenant, "again", &namespace)
    };
    let report = restore(restorer, &bucket, spec).await;
    let failed: BTreeSet<String> = report.failed().map(|item| item.id.to_string()).collect();
    let expected = [
        format!("{binding} {namespace}/evil-is-admin"),
        format!("roles.rbac.authorization.k8s.io {namespace}/all"),
    ];
    assert_eq!(failed, expected.into(), "{report}");
}

/// Everything that a role allows of these verbs, for every kind of the server and the parts that matter.
async fn allowed(plane: &ControlPlane, role: roles::Role, verbs: &[&str]) -> BTreeSet<String> {
    let admin = plane.client();
    roles::client_of(plane, role).await;
    let mut kinds: BTreeSet<(String, String, &str)> = Discovery::run(&admin)
        .await
        .unwrap()
        .resources
        .into_iter()
        .map(|kind| (kind.group, kind.plural, ""))
        .collect();
    for (resource, part) in [
        ("pods", "exec"),
        ("pods", "attach"),
        ("pods", "portforward"),
        ("pods", "ephemeralcontainers"),
        ("pods", "proxy"),
        ("services", "proxy"),
        ("nodes", "proxy"),
        ("serviceaccounts", "token"),
        ("users", ""),
        ("groups", ""),
    ] {
        kinds.insert((String::new(), resource.to_owned(), part));
    }
    let mut found = BTreeSet::new();
    for verb in verbs {
        let answers = kinds.iter().map(async |(group, resource, part)| {
            let attributes =
                json!({"verb": verb, "group": group, "resource": resource, "subresource": part});
            may(&admin, role.user, &["system:authenticated"], &attributes)
                .await
                .then(|| format!("{verb} {group}/{resource}/{part}"))
        });
        found.extend(
            futures::future::join_all(answers)
                .await
                .into_iter()
                .flatten(),
        );
    }
    // What everybody may: to ask about themselves.
    found.retain(|right| !right.contains("selfsubject"));
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shipped_roles_allow_what_they_say_and_no_more() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let nothing = BTreeSet::<String>::new();
    let writes = [
        "create",
        "update",
        "patch",
        "delete",
        "deletecollection",
        "escalate",
        "bind",
        "impersonate",
        "get",
        "watch",
        "approve",
        "sign",
        "use",
    ];
    assert_eq!(allowed(plane, BACKUP, &writes).await, nothing);
    let lists = allowed(plane, BACKUP, &["list"]).await;
    assert!(
        lists.contains("list /secrets/") && lists.len() > 50,
        "{lists:?}"
    );

    let never = [
        "update",
        "delete",
        "deletecollection",
        "escalate",
        "bind",
        "impersonate",
        "watch",
        "approve",
        "sign",
    ];
    assert_eq!(allowed(plane, RESTORE, &never).await, nothing);
    let written = allowed(plane, RESTORE, &["create", "patch", "get"]).await;
    let parts = [
        "exec",
        "attach",
        "portforward",
        "ephemeralcontainers",
        "proxy",
        "token",
    ];
    for right in &written {
        assert!(
            !parts
                .iter()
                .any(|part| right.ends_with(&format!("/{part}"))),
            "{right}"
        );
    }
    for kind in [
        "admissionregistration.k8s.io/",
        "apiregistration.k8s.io/",
        "certificates.k8s.io/",
        "/nodes/",
    ] {
        assert!(
            !written.iter().any(|right| right.contains(kind)),
            "{kind}: {written:?}"
        );
    }
    assert!(written.contains("create apps/deployments/"), "{written:?}");

    let all = [
        "create", "update", "patch", "delete", "list", "watch", "escalate", "bind",
    ];
    assert_eq!(allowed(plane, RESTORE_AS, &all).await, nothing);
    assert!(
        !allowed(plane, RESTORE_AS, &["impersonate"])
            .await
            .is_empty()
    );
    assert!(allowed(plane, DISASTER, &["escalate"]).await.len() > 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_is_backed_up_and_restored_with_the_shipped_roles() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let (admin, bucket) = (plane.client(), Bucket::start().await);
    let namespace = unique_name("roles");
    let core = |plural: &str| format!("/api/v1/namespaces/{namespace}/{plural}");
    create(
        &admin,
        "/api/v1/namespaces",
        &json!({"metadata": {"name": namespace}}),
    )
    .await;
    create(
        &admin,
        &core("serviceaccounts"),
        &json!({"metadata": {"name": "bot"}}),
    )
    .await;
    create(
        &admin,
        &core("secrets"),
        &json!({"metadata": {"name": "key"}, "stringData": {"a": "b"}}),
    )
    .await;
    let rules = json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]);
    let roles_of = |plural: &str| format!("{RBAC}/namespaces/{namespace}/{plural}");
    create(
        &admin,
        &roles_of("roles"),
        &json!({"metadata": {"name": "reader"}, "rules": rules}),
    )
    .await;
    create(
        &admin,
        &roles_of("rolebindings"),
        &json!({"metadata": {"name": "bot-reads"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [account(&namespace, "bot")]}),
    )
    .await;
    let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"serviceAccountName": "bot",
        "containers": [{"name": "c", "image": "i", "envFrom": [{"secretRef": {"name": "key"}}]}]}});
    create(
        &admin,
        &format!("/apis/apps/v1/namespaces/{namespace}/deployments"),
        &json!({"metadata": {"name": "web"},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": template}}),
    )
    .await;

    let spec = BackupSpec {
        selection: Selection::of_namespaces([&namespace]),
        ..BackupSpec::named("a")
    };
    let report = Backup::new(roles::backs_up().await, bucket.repository(), spec)
        .run()
        .await
        .unwrap();
    assert_eq!(report.results.errors.count(), 0, "{report}");
    let copy = unique_name("roles-copy");
    let spec = RestoreSpec {
        namespace_mapping: [(namespace.clone(), copy.clone())].into(),
        ..RestoreSpec::named("r")
    };
    let backup = bucket.repository().open("a").await.unwrap();
    let restorer = roles::restores().await;
    let plan = Restore::new(restorer.clone(), backup, spec.clone())
        .plan()
        .await
        .unwrap();
    assert!(
        plan.items.iter().all(|item| item.action.name() != "fail"),
        "{plan}"
    );
    let report = restore(restorer, &bucket, spec).await;
    assert!(
        report.is_complete() && report.warnings.is_empty(),
        "{report}"
    );
    let web = format!("/apis/apps/v1/namespaces/{copy}/deployments/web");
    assert!(get(&admin, &web).await.is_some());
}
