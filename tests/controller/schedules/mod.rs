//! Plans on a real control plane, with a clock that is moved.

mod kept;
mod runs;

use std::collections::BTreeSet;

use ack_backup_center::crds::{ApplicationBackup, BackupSchedule, DeleteRequest};
use ack_backup_center::schedules::{Scheduler, Step};
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};

use crate::cluster::{list, object};

const VAULT: &str = "vault-a";

/// A namespace of plans, and whoever acts on them.
struct Plans {
    client: Client,
    namespace: String,
    scheduler: Scheduler,
    now: DateTime<Utc>,
}

impl Plans {
    async fn new(client: Client) -> Self {
        let namespace = control_plane::unique_name("plans");
        let body =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        test_support::create(&client, "/api/v1/namespaces", body).await;
        Self {
            scheduler: Scheduler::new(client.clone(), &namespace, "this-cluster"),
            client,
            namespace,
            // Whatever time it is, it is about to be a new day.
            now: Utc::now()
                .date_naive()
                .and_hms_opt(0, 0, 0)
                .unwrap()
                .and_utc()
                + TimeDelta::days(1),
        }
    }

    fn plans(&self) -> Api<BackupSchedule> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    fn backups(&self) -> Api<ApplicationBackup> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    async fn create(&self, name: &str, fields: Value) {
        let mut spec = json!({"schedule": "0 * * * *", "template": {"storageLocation": VAULT, "includedNamespaces": ["default"]}});
        for (field, value) in fields.as_object().unwrap() {
            spec[field] = value.clone();
        }
        test_support::create(
            &self.client,
            &list("BackupSchedule", &self.namespace),
            object("BackupSchedule", name, &spec),
        )
        .await;
        // What was due before the day begins is not made up for.
        self.step_at(name, self.now - TimeDelta::seconds(10)).await;
    }

    async fn change(&self, name: &str, fields: Value) {
        let body = json!({"spec": fields});
        self.plans()
            .patch(name, &PatchParams::default(), &Patch::Merge(body))
            .await
            .unwrap();
    }

    /// One look, and its status written.
    async fn step(&self, name: &str) -> Step {
        self.step_at(name, self.now).await
    }

    async fn step_at(&self, name: &str, now: DateTime<Utc>) -> Step {
        let plan = self.plans().get(name).await.unwrap();
        let step = self.scheduler.step(&plan, now).await.unwrap();
        let body = json!({"status": step.status});
        self.plans()
            .patch_status(name, &PatchParams::default(), &Patch::Merge(body))
            .await
            .unwrap();
        step
    }

    /// Every backup that has not ended ends, in this phase.
    async fn end_all(&self, phase: &str) {
        for backup in self.backups().list(&ListParams::default()).await.unwrap() {
            if backup.status.is_none() {
                let at = self.now.trunc_subsecs(0);
                let status = json!({"phase": phase, "startTimestamp": at, "completionTimestamp": at,
                    "sourceCluster": "this-cluster"});
                let body = Patch::Merge(json!({"status": status}));
                self.backups()
                    .patch_status(&backup.name_any(), &PatchParams::default(), &body)
                    .await
                    .unwrap();
            }
        }
    }

    async fn names(&self) -> Vec<String> {
        let found = self.backups().list(&ListParams::default()).await.unwrap();
        found.iter().map(ApplicationBackup::name_any).collect()
    }

    async fn requests(&self) -> BTreeSet<String> {
        let requests = Api::<DeleteRequest>::namespaced(self.client.clone(), &self.namespace);
        requests
            .list(&ListParams::default())
            .await
            .unwrap()
            .iter()
            .map(|it| it.spec.delete_object_name.clone())
            .collect()
    }

    /// As the part of the controller does that meets requests.
    async fn meet_requests(&self) {
        let requests = Api::<DeleteRequest>::namespaced(self.client.clone(), &self.namespace);
        for request in requests.list(&ListParams::default()).await.unwrap() {
            self.backups()
                .delete(&request.spec.delete_object_name, &DeleteParams::default())
                .await
                .unwrap();
            requests
                .delete(&request.name_any(), &DeleteParams::default())
                .await
                .unwrap();
        }
    }
}

fn reasons(step: &Step) -> Vec<&str> {
    step.notices.iter().map(|notice| notice.reason).collect()
}
