//! A copy beside its original: what both would share stays the original's.

use ack_backup_center::engine::Selection;
use ack_backup_center::engine::backup::BackupSpec;
use ack_backup_center::engine::restore::{ExistingResourcePolicy, Outcome, RestoreSpec};
use serde_json::{Value, json};

use super::{apply, back_up, outcome, restore, restore_by};
use crate::cluster::get;
use crate::roles;

const CASE: &str = include_str!("cases/copy-takes-from-original.yaml");
const SHARED: [&str; 4] = [
    "/apis/rbac.authorization.k8s.io/v1/clusterroles/op-rights",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/op-rights",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/queues.op.example.com",
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/op-hook",
];

/// One of several namespaces that a mapping is about.
fn copy_of(manifest: &str, namespace: &str) -> String {
    manifest
        .replace("namespace: op,", &format!("namespace: {namespace},"))
        .replace("namespace: op}", &format!("namespace: {namespace}}}"))
        .replace("{name: op}", &format!("{{name: {namespace}}}"))
        .replace("op-rights", &format!("{namespace}-rights"))
        .replace("op.example.com", &format!("{namespace}.example.com"))
        .replace("op-hook", &format!("{namespace}-hook"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_takes_nothing_from_its_original() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let client = plane.client();
    for (policy, cluster_resources, namespace) in [
        (ExistingResourcePolicy::Update, None, "op-a"),
        (ExistingResourcePolicy::Update, Some(true), "op-b"),
        (ExistingResourcePolicy::None, None, "op-c"),
    ] {
        let what = format!("{policy:?} {cluster_resources:?}");
        apply(&client, &copy_of(CASE, namespace)).await;
        let shared = SHARED.map(|path| {
            path.replace("op-rights", &format!("{namespace}-rights"))
                .replace("op.example.com", &format!("{namespace}.example.com"))
                .replace("op-hook", &format!("{namespace}-hook"))
        });
        let mut before = Vec::new();
        for path in &shared {
            before.push(get(&client, path).await.unwrap());
        }
        let spec = BackupSpec {
            selection: Selection {
                include_cluster_resources: Some(true),
                included_resources: [
                    "namespaces",
                    "serviceaccounts",
                    "services",
                    "clusterroles",
                    "clusterrolebindings",
                    "customresourcedefinitions",
                    "validatingwebhookconfigurations",
                    &format!("queues.{namespace}.example.com"),
                ]
                .map(str::to_owned)
                .to_vec(),
                ..Selection::of_namespaces([namespace])
            },
            ..BackupSpec::named("a")
        };
        let repository = back_up(plane, spec).await;
        let copy = format!("{namespace}-copy");
        let spec = RestoreSpec {
            selection: Selection {
                include_cluster_resources: cluster_resources,
                ..Selection::of_namespaces([namespace])
            },
            namespace_mapping: [(namespace.to_owned(), copy.clone())].into(),
            existing_resource_policy: policy,
            ..RestoreSpec::named(format!("r-{namespace}"))
        };
        // Webhooks, and rights that the restorer does not have: the role for restores is not for these.
        let restore = restore_by(roles::DISASTER, plane, &repository, spec).await;
        let report = restore.run().await.unwrap();
        assert!(report.is_complete(), "{what}: {report}");

        for (path, before) in shared.iter().zip(&before) {
            let mut after = get(&client, path).await.unwrap();
            if path.contains("clusterrolebindings") && policy == ExistingResourcePolicy::Update {
                // The original's account keeps its rights, and the copy's has them too.
                let both = json!([
                    {"kind": "ServiceAccount", "name": "operator", "namespace": namespace},
                    {"kind": "ServiceAccount", "name": "operator", "namespace": copy},
                ]);
                assert_eq!(after["subjects"], both, "{what}");
                after["subjects"] = before["subjects"].clone();
                after["metadata"] = before["metadata"].clone();
            }
            assert_eq!(&after, before, "{what}: {path}");
        }
        let binding = format!("clusterrolebindings.rbac.authorization.k8s.io {namespace}-rights");
        match policy {
            ExistingResourcePolicy::Update => {
                assert_eq!(outcome(&report, &binding), Outcome::Merged, "{what}");
            }
            _ => {
                let Outcome::Skipped(reason) = outcome(&report, &binding) else {
                    panic!("{what}: {report}");
                };
                let reason = reason.to_string();
                // That the copy's account is without its rights is said.
                assert!(reason.contains(&copy), "{what}: {reason}");
            }
        }
        // The copy itself is there.
        let queue = format!("/apis/{namespace}.example.com/v1/namespaces/{copy}/queues/q1");
        let queue = get(&client, &queue).await.unwrap();
        assert_eq!(queue["spec"], json!({"depth": 5}), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_keeps_what_its_objects_are_made_of() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let client = plane.client();
    let definition = |versions: &[&str], fields: &[&str]| {
        let properties: serde_json::Map<String, Value> = fields
            .iter()
            .map(|field| ((*field).to_owned(), json!({"type": "string"})))
            .collect();
        let versions: Vec<Value> = versions
            .iter()
            .enumerate()
            .map(|(n, version)| {
                json!({"name": version, "served": true, "storage": n == 0, "schema": {"openAPIV3Schema":
                {"type": "object", "properties": {"spec": {"type": "object", "properties": properties}}}}})
            })
            .collect();
        json!({"metadata": {"name": "lamps.keeps.example.com"}, "spec": {"group": "keeps.example.com",
            "scope": "Namespaced", "versions": versions,
            "names": {"plural": "lamps", "singular": "lamp", "kind": "Lamp", "listKind": "LampList"}}})
    };
    let list = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let path = format!("{list}/lamps.keeps.example.com");
    // As in the backup, and then what a newer operator has made of it.
    crate::cluster::create(&client, list, &definition(&["v1"], &["colour"])).await;
    let spec = BackupSpec {
        selection: Selection::of_kinds(["customresourcedefinitions"]),
        ..BackupSpec::named("a")
    };
    let repository = back_up(plane, spec).await;
    let newer = definition(&["v1", "v2"], &["colour", "power"]);
    crate::cluster::patch(&client, &path, &json!({"spec": newer["spec"]})).await;
    // As whole as the server makes it: the conditions are set later.
    crate::cluster::until(&client, &path, "served", |definition| {
        !definition["status"]["conditions"].is_null()
    })
    .await;
    let before = get(&client, &path).await.unwrap();
    let spec = RestoreSpec {
        selection: Selection {
            included_names: ["lamps.keeps.example.com".to_owned()].into(),
            ..Selection::default()
        },
        existing_resource_policy: ExistingResourcePolicy::Update,
        ..RestoreSpec::named("keeps")
    };
    let report = restore(plane, &repository, spec).await;
    let after = get(&client, &path).await.unwrap();
    assert_eq!(after["spec"], before["spec"], "{report}");
    let of = "customresourcedefinitions.apiextensions.k8s.io lamps.keeps.example.com";
    let Outcome::Skipped(reason) = outcome(&report, of) else {
        panic!("{report}");
    };
    assert!(reason.to_string().contains("`spec.power`"), "{reason}");
}
