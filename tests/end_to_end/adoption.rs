//! Who owned what owns it again: on a real control plane, whose controllers adopt, roll and collect.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::restore::{Restore, RestoreReport, RestoreSpec};
use ack_backup_center::engine::{Repository, Selection};
use control_plane::unique_name;
use kube::Client;
use serde_json::{Value, json};

use crate::bucket::Bucket;
use crate::cluster::{create, delete, get, patch, until};
use crate::roles;

struct Stage {
    client: Client,
    bucket: Bucket,
    namespace: String,
}

impl Stage {
    async fn new() -> Option<Self> {
        let plane = control_plane::shared()?;
        let namespace = unique_name("adoption");
        let client = plane.client();
        let object = json!({"metadata": {"name": namespace}});
        create(&client, "/api/v1/namespaces", &object).await;
        let account = format!("/api/v1/namespaces/{namespace}/serviceaccounts/default");
        until(&client, &account, "there", |account| !account.is_null()).await;
        Some(Self {
            client,
            bucket: Bucket::start().await,
            namespace,
        })
    }

    fn list(&self, group: &str, plural: &str) -> String {
        format!("{group}/namespaces/{}/{plural}", self.namespace)
    }

    fn path(&self, group: &str, plural: &str, name: &str) -> String {
        format!("{}/{name}", self.list(group, plural))
    }

    async fn create(&self, group: &str, plural: &str, object: Value) {
        create(&self.client, &self.list(group, plural), &object).await;
    }

    async fn names(&self, group: &str, plural: &str) -> BTreeSet<String> {
        self.objects(group, plural).await.into_keys().collect()
    }

    async fn objects(&self, group: &str, plural: &str) -> BTreeMap<String, Value> {
        let list = get(&self.client, &self.list(group, plural)).await.unwrap();
        let items = list["items"].as_array().unwrap();
        let name = |object: &Value| object["metadata"]["name"].as_str().unwrap().to_owned();
        items
            .iter()
            .map(|item| (name(item), item.clone()))
            .collect()
    }

    async fn await_count(&self, group: &str, plural: &str, count: usize) -> BTreeSet<String> {
        let list = self.list(group, plural);
        let complete = |list: &Value| {
            list["items"]
                .as_array()
                .is_some_and(|all| all.len() == count)
        };
        until(&self.client, &list, &format!("{count} objects"), complete).await;
        self.names(group, plural).await
    }

    fn repository(&self) -> Repository {
        self.bucket.repository()
    }

    /// Backs the namespace up, deletes it, and restores it.
    async fn destroy_and_restore(&self) -> RestoreReport {
        let spec = BackupSpec {
            selection: Selection::of_namespaces([self.namespace.clone()]),
            ..BackupSpec::named("a")
        };
        Backup::new(roles::backs_up().await, self.repository(), spec)
            .run()
            .await
            .unwrap();
        delete(
            &self.client,
            &format!("/api/v1/namespaces/{}", self.namespace),
        )
        .await;
        let backup = self.repository().open("a").await.unwrap();
        let report = Restore::new(roles::restores().await, backup, RestoreSpec::named("r"))
            .run()
            .await
            .unwrap();
        assert!(report.is_complete(), "{report}");
        assert_eq!(report.warnings, Vec::<String>::new());
        report
    }

    /// Waits until the objects are all controlled by a living owner of this kind, by name.
    async fn await_owners(&self, group: &str, plural: &str, owners: &BTreeMap<String, Value>) {
        let uids: BTreeSet<&str> = owners
            .values()
            .map(|owner| owner["metadata"]["uid"].as_str().unwrap())
            .collect();
        until(&self.client, &self.list(group, plural), "adopted", |list| {
            let items = list["items"].as_array().unwrap();
            items.iter().all(|item| {
                let owner = &item["metadata"]["ownerReferences"][0];
                owner["controller"] == true
                    && owner["uid"].as_str().is_some_and(|uid| uids.contains(uid))
            })
        })
        .await;
    }

    /// The names stay what they are: nothing more is made, and nothing goes.
    async fn assert_stable(&self, group: &str, plural: &str, names: &BTreeSet<String>) {
        for _ in 0..15 {
            assert_eq!(&self.names(group, plural).await, names, "{plural}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

const CORE: &str = "/api/v1";
const APPS: &str = "/apis/apps/v1";
const BATCH: &str = "/apis/batch/v1";

fn template(app: &str, image: &str) -> Value {
    json!({"metadata": {"labels": {"app": app}}, "spec": {"containers": [{"name": "c", "image": image}]}})
}

fn image(image: &str) -> Value {
    json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_finds_its_replica_sets_pods_and_history() {
    let Some(stage) = Stage::new().await else {
        return;
    };
    let selector = json!({"matchLabels": {"app": "web"}});
    stage.create(APPS, "deployments", json!({"metadata": {"name": "web"}, "spec": {"replicas": 3,
        "strategy": {"type": "Recreate"}, "selector": selector, "template": template("web", "web:1")}})).await;
    let deployment = stage.path(APPS, "deployments", "web");
    for version in ["web:2", "web:3"] {
        stage.await_count(CORE, "pods", 3).await;
        patch(&stage.client, &deployment, &image(version)).await;
        until(&stage.client, &deployment, "rolled", |deployment| {
            deployment["status"]["observedGeneration"] == deployment["metadata"]["generation"]
                && deployment["status"]["updatedReplicas"] == 3
        })
        .await;
    }
    let sets = stage.await_count(APPS, "replicasets", 3).await;
    let pods = stage.await_count(CORE, "pods", 3).await;
    let before = stage.objects(APPS, "replicasets").await;

    stage.destroy_and_restore().await;
    let deployments = stage.objects(APPS, "deployments").await;
    stage.await_owners(APPS, "replicasets", &deployments).await;
    let after = stage.objects(APPS, "replicasets").await;
    stage.await_owners(CORE, "pods", &after).await;
    stage.assert_stable(APPS, "replicasets", &sets).await;
    stage.assert_stable(CORE, "pods", &pods).await;
    let revision = "deployment.kubernetes.io/revision";
    for (name, set) in &before {
        let annotations = |set: &Value| set["metadata"]["annotations"][revision].clone();
        assert_eq!(annotations(set), annotations(&after[name]), "{name}");
    }
    assert_eq!(deployments["web"]["metadata"]["annotations"][revision], "3");

    // Back to the first version, whose ReplicaSet is there: none is made.
    patch(&stage.client, &deployment, &image("web:1")).await;
    until(&stage.client, &deployment, "rolled back", |deployment| {
        deployment["metadata"]["annotations"][revision] == "4"
            && deployment["status"]["updatedReplicas"] == 3
    })
    .await;
    assert_eq!(stage.names(APPS, "replicasets").await, sets);

    // And who owned what is collected with it.
    delete(&stage.client, &deployment).await;
    stage.await_count(APPS, "replicasets", 0).await;
    stage.await_count(CORE, "pods", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stateful_and_daemon_sets_keep_their_revisions() {
    let Some(stage) = Stage::new().await else {
        return;
    };
    stage
        .create(
            APPS,
            "statefulsets",
            json!({"metadata": {"name": "db"}, "spec": {"replicas": 2, "serviceName": "db",
        "podManagementPolicy": "Parallel", "updateStrategy": {"type": "OnDelete"},
        "selector": {"matchLabels": {"app": "db"}}, "template": template("db", "db:1")}}),
        )
        .await;
    stage
        .create(
            APPS,
            "daemonsets",
            json!({"metadata": {"name": "agent"}, "spec": {
        "selector": {"matchLabels": {"app": "agent"}}, "template": template("agent", "agent:1")}}),
        )
        .await;
    stage.await_count(APPS, "controllerrevisions", 2).await;
    let pods = stage.await_count(CORE, "pods", 2).await;
    patch(
        &stage.client,
        &stage.path(APPS, "statefulsets", "db"),
        &image("db:2"),
    )
    .await;
    patch(
        &stage.client,
        &stage.path(APPS, "daemonsets", "agent"),
        &image("agent:2"),
    )
    .await;
    let revisions = stage.await_count(APPS, "controllerrevisions", 4).await;

    stage.destroy_and_restore().await;
    let mut owners = stage.objects(APPS, "statefulsets").await;
    stage.await_owners(CORE, "pods", &owners).await;
    owners.extend(stage.objects(APPS, "daemonsets").await);
    stage
        .await_owners(APPS, "controllerrevisions", &owners)
        .await;
    stage
        .assert_stable(APPS, "controllerrevisions", &revisions)
        .await;
    stage.assert_stable(CORE, "pods", &pods).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_run_again_once_and_belong_to_their_cron_job() {
    let Some(stage) = Stage::new().await else {
        return;
    };
    let pod = json!({"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "work:1"}]}});
    stage
        .create(
            BATCH,
            "cronjobs",
            json!({"metadata": {"name": "nightly"}, "spec": {"schedule": "0 0 1 1 *",
        "suspend": true, "jobTemplate": {"spec": {"template": pod}}}}),
        )
        .await;
    let cron = get(&stage.client, &stage.path(BATCH, "cronjobs", "nightly"))
        .await
        .unwrap();
    stage
        .create(
            BATCH,
            "jobs",
            json!({"metadata": {"name": "nightly-1", "ownerReferences": [{"apiVersion": "batch/v1",
        "kind": "CronJob", "name": "nightly", "uid": cron["metadata"]["uid"], "controller": true}]},
        "spec": {"parallelism": 2, "completions": 2, "template": pod}}),
        )
        .await;
    stage.await_count(CORE, "pods", 2).await;

    stage.destroy_and_restore().await;
    let crons = stage.objects(BATCH, "cronjobs").await;
    stage.await_owners(BATCH, "jobs", &crons).await;
    let pods = stage.await_count(CORE, "pods", 2).await;
    let jobs = stage.objects(BATCH, "jobs").await;
    let uid = &jobs["nightly-1"]["metadata"]["uid"];
    let selector = &jobs["nightly-1"]["spec"]["selector"]["matchLabels"];
    assert_eq!(&selector["batch.kubernetes.io/controller-uid"], uid);
    stage.await_owners(CORE, "pods", &jobs).await;
    stage.assert_stable(CORE, "pods", &pods).await;
    delete(&stage.client, &stage.path(BATCH, "cronjobs", "nightly")).await;
    stage.await_count(BATCH, "jobs", 0).await;
    stage.await_count(CORE, "pods", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_resource_owns_and_is_collected_with_all_of_it() {
    let Some(stage) = Stage::new().await else {
        return;
    };
    let group = format!("{}.example.com", unique_name("g"));
    create(&stage.client, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", &json!({
        "metadata": {"name": format!("shops.{group}")},
        "spec": {"group": group, "scope": "Namespaced", "names": {"plural": "shops", "kind": "Shop"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema":
                {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}})).await;
    roles::let_restores_have(control_plane::shared().unwrap(), &group, "shops").await;
    let shops = format!("/apis/{group}/v1");
    let shop = json!({"apiVersion": format!("{group}/v1"), "kind": "Shop", "metadata": {"name": "berlin"}});
    stage.create(&shops, "shops", shop.clone()).await;
    let owner = get(&stage.client, &stage.path(&shops, "shops", "berlin"))
        .await
        .unwrap();
    let references = json!([{"apiVersion": shop["apiVersion"], "kind": "Shop", "name": "berlin",
        "uid": owner["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true}]);
    let owned = |name: &str| json!({"name": name, "ownerReferences": references});
    stage
        .create(
            CORE,
            "configmaps",
            json!({"metadata": owned("settings"), "data": {"a": "b"}}),
        )
        .await;
    stage
        .create(
            APPS,
            "deployments",
            json!({"metadata": owned("web"), "spec": {"replicas": 1,
        "selector": {"matchLabels": {"app": "web"}}, "template": template("web", "web:1")}}),
        )
        .await;
    // No workload adopts a ConfigMap, whatever it is for Pods.
    let web = get(&stage.client, &stage.path(APPS, "deployments", "web"))
        .await
        .unwrap();
    stage
        .create(
            CORE,
            "configmaps",
            json!({"metadata": {"name": "of-web", "ownerReferences": [{"apiVersion": "apps/v1",
        "kind": "Deployment", "name": "web", "uid": web["metadata"]["uid"]}]}}),
        )
        .await;
    stage.await_count(CORE, "pods", 1).await;

    stage.destroy_and_restore().await;
    let berlin = stage.path(&shops, "shops", "berlin");
    let uid = get(&stage.client, &berlin).await.unwrap()["metadata"]["uid"].clone();
    for path in [
        stage.path(CORE, "configmaps", "settings"),
        stage.path(APPS, "deployments", "web"),
    ] {
        let object = get(&stage.client, &path).await.unwrap();
        let mut expected = references.clone();
        expected[0]["uid"] = uid.clone();
        assert_eq!(object["metadata"]["ownerReferences"], expected, "{path}");
    }
    // The collector knows, and leaves them alone, until their owner goes.
    let of_web = stage.path(CORE, "configmaps", "of-web");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(get(&stage.client, &of_web).await.is_some());
    delete(&stage.client, &berlin).await;
    for (group, plural) in [(APPS, "deployments"), (APPS, "replicasets"), (CORE, "pods")] {
        stage.await_count(group, plural, 0).await;
    }
    let left = stage.await_count(CORE, "configmaps", 1).await;
    assert_eq!(left, BTreeSet::from(["kube-root-ca.crt".to_owned()]));
}
