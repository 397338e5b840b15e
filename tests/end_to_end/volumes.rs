//! Claims and their volumes, on a real control plane whose controllers bind them: nothing is lost, and
//! nothing is taken from anybody.

use ack_backup_center::engine::Selection;
use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::restore::{
    ExistingResourcePolicy, Outcome, Restore, RestoreReport, RestoreSpec, SkipReason,
};
use control_plane::unique_name;
use kube::Client;
use serde_json::{Value, json};

use crate::bucket::Bucket;
use crate::cluster::{create, delete, get, until};

struct Stage {
    client: Client,
    bucket: Bucket,
    namespace: String,
    volume: String,
}

fn is_bound(object: &Value) -> bool {
    object["status"]["phase"] == "Bound"
}

impl Stage {
    /// A retained volume, bound to a claim, and a backup of both.
    async fn new() -> Option<Self> {
        let client = control_plane::shared()?.client();
        let stage = Self {
            client,
            bucket: Bucket::start().await,
            namespace: unique_name("volumes"),
            volume: unique_name("pv"),
        };
        let (client, volume) = (&stage.client, &stage.volume);
        create(
            client,
            "/api/v1/namespaces",
            &json!({"metadata": {"name": stage.namespace}}),
        )
        .await;
        create(client, "/api/v1/persistentvolumes", &json!({"metadata": {"name": volume}, "spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "by-hand",
            "persistentVolumeReclaimPolicy": "Retain", "hostPath": {"path": "/tmp"}}})).await;
        let claims = format!(
            "/api/v1/namespaces/{}/persistentvolumeclaims",
            stage.namespace
        );
        create(
            client,
            &claims,
            &json!({"metadata": {"name": "data"}, "spec": {"volumeName": volume,
            "storageClassName": "by-hand", "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}}}}),
        )
        .await;
        until(client, &stage.claim(), "bound", is_bound).await;
        let spec = BackupSpec {
            selection: Selection::of_namespaces([stage.namespace.clone()]),
            ..BackupSpec::named("a")
        };
        Backup::new(client.clone(), stage.bucket.repository(), spec)
            .run()
            .await
            .unwrap();
        Some(stage)
    }

    fn claim(&self) -> String {
        format!(
            "/api/v1/namespaces/{}/persistentvolumeclaims/data",
            self.namespace
        )
    }

    fn volume(&self) -> String {
        format!("/api/v1/persistentvolumes/{}", self.volume)
    }

    async fn restore(&self, spec: RestoreSpec) -> RestoreReport {
        let backup = self.bucket.repository().open("a").await.unwrap();
        let report = Restore::new(self.client.clone(), backup, spec)
            .run()
            .await
            .unwrap();
        assert!(report.is_complete(), "{report}");
        report
    }

    fn outcome(&self, report: &RestoreReport, name: &str) -> Outcome {
        let item = report.items.iter().find(|item| item.id.name == name);
        item.unwrap_or_else(|| panic!("{name} is not in {report}"))
            .outcome
    }

    async fn clean_up(&self, namespaces: &[&str]) {
        for namespace in namespaces {
            delete(&self.client, &format!("/api/v1/namespaces/{namespace}")).await;
        }
        delete(&self.client, &self.volume()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retained_volume_is_bound_to_its_restored_claim() {
    let Some(stage) = Stage::new().await else {
        return;
    };
    stage.clean_up(&[&stage.namespace]).await;
    let report = stage.restore(RestoreSpec::named("r")).await;
    assert_eq!(stage.outcome(&report, &stage.volume), Outcome::Created);
    let claim = until(&stage.client, &stage.claim(), "bound", is_bound).await;
    assert_eq!(claim["spec"]["volumeName"], stage.volume.as_str());
    let volume = until(&stage.client, &stage.volume(), "bound", is_bound).await;
    assert_eq!(volume["spec"]["claimRef"]["uid"], claim["metadata"]["uid"]);
    stage.clean_up(&[&stage.namespace]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_a_claim_takes_no_volume_from_the_original() {
    let Some(stage) = Stage::new().await else {
        return;
    };
    let copy = unique_name("copy");
    let spec = RestoreSpec {
        namespace_mapping: [(stage.namespace.clone(), copy.clone())].into(),
        existing_resource_policy: ExistingResourcePolicy::Update,
        ..RestoreSpec::named("r")
    };
    let report = stage.restore(spec).await;
    let outcome = &stage.outcome(&report, &stage.volume);
    assert!(
        matches!(outcome, Outcome::Skipped(SkipReason::Exists(_))),
        "{outcome:?}"
    );
    assert_eq!(stage.outcome(&report, "data"), Outcome::Created);
    let path = format!("/api/v1/namespaces/{copy}/persistentvolumeclaims/data");
    let claim = get(&stage.client, &path).await.unwrap();
    // Free to be bound to one of its own.
    assert_eq!(claim["spec"]["volumeName"], Value::Null);
    for path in [stage.claim(), stage.volume()] {
        assert!(
            is_bound(&get(&stage.client, &path).await.unwrap()),
            "{path}"
        );
    }
    let issue = report
        .health_issues
        .iter()
        .find(|issue| issue.id.name == "data");
    assert!(
        issue.unwrap().reason.contains("no storage class `by-hand`"),
        "{report}"
    );
    stage.clean_up(&[&stage.namespace, &copy]).await;
}
