//! What the target made of what it was sent is looked at: on the embedded server and on a real one.

use std::sync::Arc;
use std::time::Duration;

use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::restore::{
    ExistingResourcePolicy, Restore, RestorePlan, RestoreReport, RestoreSpec,
};
use ack_backup_center::engine::verify::Verify;
use ack_backup_center::engine::{ApiResource, Discovery, Repository, Selection};
use control_plane::{ControlPlane, unique_name};
use kube::Client;
use kube_local::KubeLocal;
use object_store::memory::InMemory;
use serde_json::{Value, json};

use crate::cluster::{create, delete, get, local_client, patch, until};
use crate::roles;

const NAMESPACES: &str = "/api/v1/namespaces";
const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const POLICIES: [ExistingResourcePolicy; 2] =
    [ExistingResourcePolicy::None, ExistingResourcePolicy::Update];

/// A cluster with a namespace and a group of its own.
struct Case {
    /// The administrator, who sets everything up.
    client: Client,
    /// Whoever backs up and restores: the administrator of the embedded server, which asks nobody for rights, and
    /// users with the shipped roles of a real one.
    backs_up: Client,
    restores: Client,
    plane: Option<&'static ControlPlane>,
    namespace: String,
    group: String,
    _local: Option<KubeLocal>,
}

impl Case {
    /// One on the embedded server, and one on a real one where there is one.
    async fn all() -> Vec<Self> {
        let local = KubeLocal::start().await.unwrap();
        let embedded = local_client(&local.url());
        let mut cases =
            vec![Self::new([(); 3].map(|()| embedded.clone()), Some(local), None).await];
        if let Some(plane) = control_plane::shared() {
            let (backs_up, restores) = (roles::backs_up().await, roles::restores().await);
            let clients = [plane.client(), backs_up, restores];
            cases.push(Self::new(clients, None, Some(plane)).await);
        }
        cases
    }

    async fn new(
        [client, backs_up, restores]: [Client; 3],
        local: Option<KubeLocal>,
        plane: Option<&'static ControlPlane>,
    ) -> Self {
        let case = Self {
            client,
            backs_up,
            restores,
            plane,
            namespace: unique_name("answers"),
            group: format!("{}.example.com", unique_name("g")),
            _local: local,
        };
        case.make_namespace().await;
        case
    }

    async fn make_namespace(&self) {
        let namespace = json!({"metadata": {"name": self.namespace}});
        create(&self.client, NAMESPACES, &namespace).await;
        let account = self.core("serviceaccounts/default");
        until(&self.client, &account, "there", |account| {
            !account.is_null()
        })
        .await;
    }

    /// Waits until a kind of the group is discovered in these versions. That follows its definition, which
    /// may be Established before, and gone.
    async fn await_versions(&self, plural: &str, versions: &[&str]) {
        for _ in 0..300 {
            let found = Discovery::run(&self.client).await.unwrap();
            let of_kind = |it: &&ApiResource| it.group == self.group && it.plural == plural;
            let kinds = found.resources.iter().filter(of_kind);
            if kinds
                .map(|kind| kind.version.as_str())
                .eq(versions.iter().copied())
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("`{plural}` is not discovered in {versions:?} alone");
    }

    /// Lets whoever restores have a kind of the group, as whoever installs its operator would.
    async fn let_restores_have(&self, plural: &str) {
        if let Some(plane) = self.plane {
            roles::let_restores_have(plane, &self.group, plural).await;
        }
    }

    fn core(&self, rest: &str) -> String {
        format!("{NAMESPACES}/{}/{rest}", self.namespace)
    }

    fn custom(&self, rest: &str) -> String {
        let (group, namespace) = (&self.group, &self.namespace);
        format!("/apis/{group}/v1/namespaces/{namespace}/{rest}")
    }

    /// A definition whose only version has this schema, and no subresource.
    fn definition(&self, singular: &str, spec: &Value, status: &Value) -> Value {
        let kind = singular[..1].to_uppercase() + &singular[1..];
        let mut properties = json!({ "spec": spec });
        let mut required = json!([]);
        if !status.is_null() {
            properties["status"] = status.clone();
            if !status["required"].is_null() {
                required = json!(["spec", "status"]);
            }
        }
        json!({"metadata": {"name": format!("{singular}s.{}", self.group)}, "spec": {
            "group": self.group, "scope": "Namespaced",
            "names": {"plural": format!("{singular}s"), "singular": singular, "kind": kind,
                "listKind": format!("{kind}List")},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema":
                {"type": "object", "required": required, "properties": properties}}}]}})
    }

    fn object(&self, kind: &str, name: &str, rest: &Value) -> Value {
        let mut object = rest.clone();
        object["apiVersion"] = format!("{}/v1", self.group).into();
        object["kind"] = kind.into();
        object["metadata"] = json!({"name": name, "namespace": self.namespace});
        object
    }

    async fn back_up(&self, repository: &Repository) {
        let spec = BackupSpec {
            selection: Selection::of_namespaces([self.namespace.as_str()]),
            ..BackupSpec::named("a")
        };
        let backup = Backup::new(self.backs_up.clone(), repository.clone(), spec);
        backup.run().await.unwrap();
    }

    async fn backed_up(&self) -> Repository {
        let repository = Repository::new(Arc::new(InMemory::new()), "");
        self.back_up(&repository).await;
        repository
    }

    async fn restore(&self, repository: &Repository, spec: RestoreSpec) -> Restore {
        let backup = repository.open("a").await.unwrap();
        Restore::new(self.restores.clone(), backup, spec)
    }

    async fn plan(&self, repository: &Repository, spec: RestoreSpec) -> RestorePlan {
        let restore = self.restore(repository, spec).await;
        restore.plan().await.unwrap()
    }

    async fn run(&self, repository: &Repository, spec: RestoreSpec) -> RestoreReport {
        let restore = self.restore(repository, spec).await;
        restore.run().await.unwrap()
    }
}

fn named(name: &str, policy: ExistingResourcePolicy) -> RestoreSpec {
    RestoreSpec {
        existing_resource_policy: policy,
        ..RestoreSpec::named(name)
    }
}

/// The lines of a plan or a report that are about an object.
fn lines(text: &impl ToString, name: &str) -> String {
    let text = text.to_string();
    let lines: Vec<&str> = text.lines().filter(|line| line.contains(name)).collect();
    lines.join("\n")
}

/// What the target's definition does not have, the plan, the report and the verification name.
#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_an_older_definition_prunes_is_named() {
    for case in Case::all().await {
        let with_tls = json!({"type": "object", "properties": {"replicas": {"type": "integer"},
            "tls": {"type": "object", "properties": {"secretName": {"type": "string"}}}}});
        let older = json!({"type": "object", "properties": {"replicas": {"type": "integer"}}});
        let none = Value::Null;
        let definition = case.definition("cache", &with_tls, &none);
        create(&case.client, DEFINITIONS, &definition).await;
        case.await_versions("caches", &["v1"]).await;
        let spec = json!({"spec": {"replicas": 3, "tls": {"secretName": "main-tls"}}});
        let cache = case.object("Cache", "main", &spec);
        create(&case.client, &case.custom("caches"), &cache).await;
        case.let_restores_have("caches").await;
        let repository = case.backed_up().await;

        delete(&case.client, &case.core("")[..case.core("").len() - 1]).await;
        let path = format!("{DEFINITIONS}/caches.{}", case.group);
        delete(&case.client, &path).await;
        case.await_versions("caches", &[]).await;
        let definition = case.definition("cache", &older, &none);
        create(&case.client, DEFINITIONS, &definition).await;
        case.await_versions("caches", &["v1"]).await;

        // The namespace is not there, so the server cannot be asked; its definition can.
        let plan = case.plan(&repository, RestoreSpec::named("r")).await;
        assert!(lines(&plan, "/main").contains("/spec/tls"), "{plan}");
        // By then the definition would be the backup's.
        let update = named("plan", ExistingResourcePolicy::Update);
        let plan = case.plan(&repository, update).await;
        assert!(!lines(&plan, "/main").contains("/spec/tls"), "{plan}");
        let verified = Verify::new(repository.clone(), "a").against(case.restores.clone());
        let verified = verified.run().await.unwrap();
        assert!(
            lines(&verified, "/main").contains("/spec/tls"),
            "{verified}"
        );

        let report = case.run(&repository, RestoreSpec::named("r")).await;
        assert!(lines(&report, "/main").contains("/spec/tls"), "{report}");
        assert!(!report.to_string().contains("/spec/replicas"), "{report}");
        let live = get(&case.client, &case.custom("caches/main")).await;
        assert_eq!(live.unwrap()["spec"], json!({"replicas": 3}));

        // There, the server is asked, and says the same.
        delete(&case.client, &case.custom("caches/main")).await;
        let plan = case.plan(&repository, RestoreSpec::named("other")).await;
        assert!(lines(&plan, "/main").contains("/spec/tls"), "{plan}");
        create(&case.client, &case.custom("caches"), &cache).await;
        let mut update = named("update", ExistingResourcePolicy::Update);
        let definitions = "customresourcedefinitions.apiextensions.k8s.io";
        update.selection.excluded_resources = [definitions.to_owned()].into();
        let report = case.run(&repository, update).await;
        assert!(lines(&report, "/main").contains("/spec/tls"), "{report}");
        // With the definition that knows it, it arrives.
        let update = named("whole", ExistingResourcePolicy::Update);
        let report = case.run(&repository, update).await;
        assert_eq!(report.altered().count(), 0, "{report}");
        let live = get(&case.client, &case.custom("caches/main")).await;
        assert_eq!(live.unwrap()["spec"]["tls"]["secretName"], "main-tls");
    }
}

/// An object that bears the marks of this very restore is compared all the same, and those of a backup
/// of the same name are another backup's.
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_name_used_again_hides_no_change() {
    for case in Case::all().await {
        for policy in POLICIES {
            let map = json!({"metadata": {"name": "cfg"}, "data": {"colour": "red"}});
            create(&case.client, &case.core("configmaps"), &map).await;
            let path = case.core("configmaps/cfg");
            let colour = async || get(&case.client, &path).await.unwrap()["data"]["colour"].clone();
            let repository = case.backed_up().await;
            delete(&case.client, &path).await;
            case.run(&repository, named("r", policy)).await;
            assert_eq!(colour().await, "red");

            // Started again, it says the same.
            let report = case.run(&repository, named("r", policy)).await;
            assert!(report.counts()["created"] >= 1, "{report}");

            // Somebody has changed it since.
            let broken = json!({"data": {"colour": "broken"}});
            patch(&case.client, &path, &broken).await;
            let report = case.run(&repository, named("r", policy)).await;
            match policy {
                ExistingResourcePolicy::Update => assert_eq!(colour().await, "red", "{report}"),
                _ => assert!(lines(&report, "/cfg").contains("/data/colour"), "{report}"),
            }

            // Another backup of the same name, and the same restore's name.
            patch(&case.client, &path, &json!({"data": {"colour": "green"}})).await;
            let anew = case.backed_up().await;
            patch(&case.client, &path, &json!({"data": {"colour": "red"}})).await;
            let report = case.run(&anew, named("r", policy)).await;
            match policy {
                ExistingResourcePolicy::Update => assert_eq!(colour().await, "green", "{report}"),
                _ => assert!(lines(&report, "/cfg").contains("/data/colour"), "{report}"),
            }
            delete(&case.client, &path).await;
        }
    }
}

/// Marks that anybody can put on make nobody's object a restored one.
#[tokio::test(flavor = "multi_thread")]
async fn an_object_with_the_marks_of_a_restore_is_compared() {
    for case in Case::all().await {
        let map = json!({"metadata": {"name": "cfg"}, "data": {"colour": "red"}});
        create(&case.client, &case.core("configmaps"), &map).await;
        let repository = case.backed_up().await;
        let path = case.core("configmaps/cfg");
        delete(&case.client, &path).await;
        case.run(&repository, RestoreSpec::named("r")).await;
        let mut theirs = get(&case.client, &path).await.unwrap();
        delete(&case.client, &path).await;
        for field in [
            "uid",
            "resourceVersion",
            "creationTimestamp",
            "managedFields",
        ] {
            theirs["metadata"].as_object_mut().unwrap().remove(field);
        }
        theirs["data"]["colour"] = "theirs".into();
        create(&case.client, &case.core("configmaps"), &theirs).await;
        let report = case.run(&repository, RestoreSpec::named("r")).await;
        assert!(lines(&report, "/cfg").contains("/data/colour"), "{report}");
    }
}

/// Where a definition has no status subresource, `status` is a field like any other.
#[tokio::test(flavor = "multi_thread")]
async fn status_is_data_where_there_is_no_subresource() {
    for case in Case::all().await {
        let free = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        let status = json!({"type": "object", "properties": {"id": {"type": "string"}}});
        let mut required = status.clone();
        required["required"] = json!(["id"]);
        for (singular, status) in [("machine", &status), ("disk", &required)] {
            let definition = case.definition(singular, &free, status);
            create(&case.client, DEFINITIONS, &definition).await;
            case.await_versions(&format!("{singular}s"), &["v1"]).await;
            case.let_restores_have(&format!("{singular}s")).await;
        }
        for (plural, kind, name, id) in [
            ("machines", "Machine", "m1", "i-0001"),
            ("disks", "Disk", "d1", "d-0001"),
        ] {
            let rest = json!({"spec": {"size": 4}, "status": {"id": id}});
            let object = case.object(kind, name, &rest);
            create(&case.client, &case.custom(plural), &object).await;
        }
        let repository = case.backed_up().await;
        for path in ["machines/m1", "disks/d1"] {
            delete(&case.client, &case.custom(path)).await;
        }
        let kinds = ["machines", "disks"].map(|plural| format!("{plural}.{}", case.group));
        let mut spec = RestoreSpec::named("r");
        spec.restore_status = kinds.iter().map(|kind| kind.parse().unwrap()).collect();
        let report = case.run(&repository, spec).await;
        assert!(report.is_complete(), "{report}");
        assert_eq!(report.warnings, Vec::<String>::new(), "{report}");
        for (path, id) in [("machines/m1", "i-0001"), ("disks/d1", "d-0001")] {
            let live = get(&case.client, &case.custom(path)).await.unwrap();
            assert_eq!(live["status"]["id"], id, "{path}");
        }

        let path = case.custom("machines/m1");
        patch(&case.client, &path, &json!({"status": {"id": "other"}})).await;
        let report = case.run(&repository, RestoreSpec::named("again")).await;
        assert!(lines(&report, "/m1").contains("/status/id"), "{report}");
        let update = named("update", ExistingResourcePolicy::Update);
        case.run(&repository, update).await;
        let live = get(&case.client, &path).await.unwrap();
        assert_eq!(live["status"]["id"], "i-0001");
    }
}

/// A version that the backup's own definition serves, and the cluster's does not.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_the_targets_definition_does_not_serve_is_found() {
    for case in Case::all().await {
        let free = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        let mut definition = case.definition("route", &free, &Value::Null);
        definition["spec"]["versions"][0]["name"] = "v1beta1".into();
        create(&case.client, DEFINITIONS, &definition).await;
        case.await_versions("routes", &["v1beta1"]).await;
        let mut route = case.object("Route", "r1", &json!({"spec": {"host": "a.example.com"}}));
        route["apiVersion"] = format!("{}/v1beta1", case.group).into();
        let list = case.custom("routes").replace("/v1/", "/v1beta1/");
        create(&case.client, &list, &route).await;
        case.let_restores_have("routes").await;
        let repository = case.backed_up().await;
        let verify = || Verify::new(repository.clone(), "a").against(case.restores.clone());
        assert!(verify().run().await.unwrap().is_restorable());

        let path = format!("{DEFINITIONS}/routes.{}", case.group);
        delete(&case.client, &path).await;
        case.await_versions("routes", &[]).await;
        definition["spec"]["versions"][0]["name"] = "v1".into();
        create(&case.client, DEFINITIONS, &definition).await;
        case.await_versions("routes", &["v1"]).await;
        let verified = verify().run().await.unwrap();
        assert!(!verified.is_restorable(), "{verified}");
        assert!(lines(&verified, "/r1").contains("v1beta1"), "{verified}");
    }
}
