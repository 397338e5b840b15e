//! Between the tiers: waiting for what later tiers need, and putting owners back.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};

use super::execution::{Execution, lock};
use super::health;
use super::owners;
use super::served::Served;
use super::transform::{BACKUP_LABEL, RESTORE_LABEL, label_value};
use crate::cluster::wait;
use crate::kinds::backends::backends_of;
use crate::kinds::namespaces::map_namespaces;
use crate::{Discovery, Entry, Error, Result};

impl Execution<'_> {
    /// Waits until the restored definitions are served, and looks again at what the server has.
    pub(super) async fn await_definitions(&self) -> Result<()> {
        let names = std::mem::take(&mut self.settled().definitions);
        if names.is_empty() || self.is_plan() {
            return Ok(());
        }
        let waiting =
            futures::stream::iter(names).for_each_concurrent(self.parallel(), |name| async move {
                let path =
                    format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}");
                if let Err(error) =
                    wait::until(&self.api, &path, "Established", wait::is_established).await
                {
                    self.warn(error.chain());
                }
            });
        // Boxed here and below, or the compiler cannot tell that the whole restore is `Send`.
        let step = "wait for the restored definitions to be Established";
        if let Err(error) = self.deadline.within(step, waiting.boxed()).await {
            self.warn(error.chain());
            return Ok(());
        }
        let reader = self.api.reader();
        match self
            .deadline
            .within("discover the restored kinds", Discovery::of(&reader))
            .await
        {
            Ok(Ok(found)) => *lock(&self.served) = Arc::new(Served::new(found)),
            // What was restored so far is worth a report.
            Ok(Err(error)) | Err(error) => self.warn(error.chain()),
        }
        Ok(())
    }

    /// Makes the namespaces that are needed and not in the backup, and waits until all can be used.
    pub(super) async fn await_namespaces(&self, needed: &BTreeSet<String>) {
        let restored = self.settled().namespaces.clone();
        let restored = &restored;
        let waiting =
            futures::stream::iter(needed).for_each_concurrent(self.parallel(), |name| async move {
                let known = restored.contains(name);
                let done = if self.is_plan() {
                    self.foresee_namespace(name, known).await
                } else {
                    self.ensure_namespace(name, known).await
                };
                if let Err(error) = done {
                    self.warn(error.chain());
                }
            });
        let step = "wait for the namespaces to be Active";
        if let Err(error) = self.deadline.within(step, waiting.boxed()).await {
            self.warn(error.chain());
        }
    }

    async fn ensure_namespace(&self, name: &str, known: bool) -> Result<()> {
        let path = format!("/api/v1/namespaces/{name}");
        if !known {
            let there = self.api.get(&path).await?;
            let going = there.json()["metadata"].get("deletionTimestamp").is_some();
            if going {
                let what = "gone, since it is being deleted";
                wait::until(&self.api, &path, what, |object| object.is_none()).await?;
            }
            if going || !there.status.is_success() {
                let labels = json!({
                    BACKUP_LABEL: label_value(self.backup_name()),
                    RESTORE_LABEL: label_value(&self.spec.name),
                });
                let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
                    "metadata": {"name": name, "labels": labels}});
                let answer = self.api.create("/api/v1/namespaces", &namespace).await?;
                if !answer.status.is_success() && answer.reason() != "AlreadyExists" {
                    return Err(Error::cluster(
                        format!("create namespace `{name}`"),
                        answer.message(),
                    ));
                }
            }
        }
        wait::until(&self.api, &path, "Active", wait::is_active).await
    }

    async fn foresee_namespace(&self, name: &str, known: bool) -> Result<()> {
        if known || self.planned_objects().has_namespace(name) {
            return Ok(());
        }
        let there = self.api.get(&format!("/api/v1/namespaces/{name}")).await?;
        let going = there.json()["metadata"].get("deletionTimestamp").is_some();
        if going || !there.status.is_success() {
            self.planned_objects().note_namespace(name);
            self.warn(format!(
                "namespace `{name}` is neither in the cluster nor restored from the backup; it is made \
                 without its labels and annotations"
            ));
        }
        Ok(())
    }

    /// Waits until what answers webhooks and APIServices is ready. Restored before it, a webhook
    /// refuses everybody's requests, those that would start its own Pods among them.
    pub(super) async fn await_backends(&self, entries: &[Entry]) {
        if self.is_plan() || self.spec.wait_for_ready.is_zero() || entries.is_empty() {
            return;
        }
        let wait = async {
            let mut backends = Vec::new();
            let mut objects = self.backup().read(entries);
            while let Some((entry, bytes)) = objects.try_next().await? {
                let mut object: Value = serde_json::from_slice(&bytes).unwrap_or_default();
                let kind = &entry.id.resource;
                map_namespaces(kind, &mut object, &self.spec.namespace_mapping);
                backends.extend(backends_of(&entry.id, &object));
            }
            health::await_backends(&self.api, &backends, self.spec.wait_for_ready).await
        };
        let step = "wait for what answers webhooks to be ready";
        if let Err(error) = self.deadline.within(step, wait).await.and_then(|done| done) {
            self.warn(error.chain());
        }
    }

    /// Puts owners back where they are there by now.
    pub(super) async fn put_owners_back(&self) {
        if self.is_plan() {
            return;
        }
        let orphans = std::mem::take(&mut self.settled().orphans);
        if orphans.is_empty() {
            return;
        }
        let served = Arc::clone(&lock(&self.served));
        let mut uids = std::mem::take(&mut *lock(&self.uids));
        let work = owners::put_back(&self.api, &served, &mut uids, orphans, self.parallel());
        let done = self.deadline.within("put owners back", work).await;
        lock(&self.uids).extend(uids);
        match done {
            Ok((unknown, warnings)) => {
                let mut settled = self.settled();
                settled.orphans = unknown;
                settled.warnings.extend(warnings);
            }
            Err(error) => self.warn(error.chain()),
        }
    }

    /// Puts the rest back, and says which owners are not there.
    pub(super) async fn put_last_owners_back(&self) {
        self.put_owners_back().await;
        let orphans = std::mem::take(&mut self.settled().orphans);
        if self.is_plan() || orphans.is_empty() {
            return;
        }
        let uids = std::mem::take(&mut *lock(&self.uids));
        let work = owners::put_back_some(&self.api, &uids, orphans, self.parallel());
        match self.deadline.within("put owners back", work).await {
            Ok(warnings) => self.settled().warnings.extend(warnings),
            Err(error) => self.warn(error.chain()),
        }
    }
}
