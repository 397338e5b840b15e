//! The steps of a restore, in their order.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};

use super::apply::{Applied, Wanted, apply};
use super::owners::{self, Orphan};
use super::report::{Item, Outcome, RestoreReport};
use super::spec::RestoreSpec;
use super::tiers::Tier;
use super::transform::{self, BACKUP_LABEL, Context, RESTORE_LABEL, Verdict};
use super::wait;
use crate::api::patient::PatientApi;
use crate::{
    ApiResource, Discovery, Entry, EntryFilter, Error, GroupResource, ObjectId, OpenBackup, Result,
};

/// How far a restore is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RestoreProgress {
    /// Objects chosen.
    pub total: usize,
    /// Objects settled.
    pub done: usize,
    /// What is being restored now.
    pub tier: Tier,
}

type OnProgress = Box<dyn Fn(RestoreProgress) + Send + Sync>;

/// A restore to be done.
///
/// ```no_run
/// # async fn example(client: kube::Client, repository: kube_backup_engine::Repository)
/// # -> Result<(), kube_backup_engine::Error> {
/// use kube_backup_engine::restore::{Restore, RestoreSpec};
///
/// let backup = repository.open("nightly").await?;
/// let report = Restore::new(client, backup, RestoreSpec::named("after-accident")).run().await?;
/// println!("{report}");
/// # Ok(()) }
/// ```
pub struct Restore {
    client: kube::Client,
    backup: OpenBackup,
    spec: RestoreSpec,
    on_progress: OnProgress,
}

impl fmt::Debug for Restore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Restore")
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}

impl Restore {
    /// A restore of `backup` into the cluster behind `client`.
    pub fn new(client: kube::Client, backup: OpenBackup, spec: RestoreSpec) -> Self {
        Self {
            client,
            backup,
            spec,
            on_progress: Box::new(|_| {}),
        }
    }

    /// Calls `report` after each object.
    #[must_use]
    pub fn on_progress(mut self, report: impl Fn(RestoreProgress) + Send + Sync + 'static) -> Self {
        self.on_progress = Box::new(report);
        self
    }

    /// Restores. What could not be restored is in the report, with the reason, and stops nothing else;
    /// the same restore may be run again, and settles what was left.
    ///
    /// # Errors
    /// Before anything is created: when the archive is not what it claims to be, down to the last
    /// chosen object, or when the server cannot be asked for its kinds.
    pub async fn run(self) -> Result<RestoreReport> {
        let entries = self.spec.choose(self.backup.entries(&self.filter()).await?);
        if self.backup.has_index().await? {
            // Without an index, finding the entries has read and checked the whole archive already.
            self.check_readable(&entries).await?;
        }
        let found = Discovery::run(&self.client).await?;
        let run = Run {
            api: PatientApi::new(self.client.clone(), self.spec.patience),
            spec: &self.spec,
            backup: self.backup.record().name(),
            served: Mutex::new(Arc::new(Served::new(&found))),
            volumes: Mutex::default(),
            settled: Mutex::default(),
            total: entries.len(),
            on_progress: &self.on_progress,
        };
        let mut namespaces: BTreeSet<String> = BTreeSet::new();
        let mut tiers: HashMap<Tier, Vec<Entry>> = HashMap::new();
        for entry in entries {
            if let Some(namespace) = &entry.id.namespace {
                namespaces.insert(self.spec.target_namespace(namespace).to_owned());
            }
            tiers
                .entry(Tier::of(&entry.id.resource))
                .or_default()
                .push(entry);
        }
        for tier in Tier::ALL {
            let mut entries = tiers.remove(&tier).unwrap_or_default();
            if tier == Tier::Everything {
                entries.append(&mut run.settled().deferred);
            }
            run.restore_tier(&self.backup, tier, entries).await?;
            match tier {
                Tier::Definitions => run.await_definitions(&self.client).await?,
                Tier::Namespaces => run.await_namespaces(&namespaces).await,
                _ => {}
            }
        }
        Ok(run.finish(&self.spec.name).await)
    }

    fn filter(&self) -> EntryFilter {
        // Namespaces come along with what lies in them, so kinds and names are chosen from afterwards.
        EntryFilter::default()
    }

    /// Reads what will be restored once, so that a damaged archive is refused before it is half
    /// applied.
    async fn check_readable(&self, entries: &[Entry]) -> Result<()> {
        let mut objects = self.backup.read(entries);
        while objects.try_next().await?.is_some() {}
        Ok(())
    }
}

/// Kinds that the server has, by name.
#[derive(Default)]
struct Served {
    kinds: HashMap<GroupResource, Vec<ApiResource>>,
    all: Vec<ApiResource>,
}

impl Served {
    fn new(found: &Discovery) -> Self {
        let mut kinds: HashMap<GroupResource, Vec<ApiResource>> = HashMap::new();
        for resource in &found.resources {
            kinds
                .entry(resource.group_resource())
                .or_default()
                .push(resource.clone());
        }
        Self {
            kinds,
            all: found.resources.clone(),
        }
    }

    /// The kind in the version that `object` is written in.
    fn find(&self, kind: &GroupResource, object: &Value) -> Result<&ApiResource, String> {
        let version = object["apiVersion"].as_str().unwrap_or_default();
        let Some(served) = self.kinds.get(kind) else {
            return Err(format!(
                "the server has no kind `{kind}`; install what defines it and restore again"
            ));
        };
        served
            .iter()
            .find(|resource| resource.api_version() == version)
            .ok_or_else(|| {
                let others: Vec<String> = served.iter().map(ApiResource::api_version).collect();
                format!(
                    "the server does not serve `{kind}` as `{version}`, only as {}",
                    others.join(", ")
                )
            })
    }
}

/// What is known so far.
#[derive(Default)]
struct Settled {
    items: Vec<Item>,
    warnings: Vec<String>,
    orphans: Vec<Orphan>,
    deferred: Vec<Entry>,
    definitions: Vec<String>,
    namespaces: HashSet<String>,
}

struct Run<'a> {
    api: PatientApi,
    spec: &'a RestoreSpec,
    backup: &'a str,
    served: Mutex<Arc<Served>>,
    volumes: Mutex<Arc<HashSet<String>>>,
    settled: Mutex<Settled>,
    total: usize,
    on_progress: &'a OnProgress,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Run<'_> {
    fn settled(&self) -> MutexGuard<'_, Settled> {
        lock(&self.settled)
    }

    async fn restore_tier(
        &self,
        backup: &OpenBackup,
        tier: Tier,
        entries: Vec<Entry>,
    ) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        tracing::debug!(?tier, objects = entries.len(), "restoring");
        let mut left: HashSet<ObjectId> = entries.iter().map(|entry| entry.id.clone()).collect();
        let mut settling = backup
            .read(&entries)
            .map_ok(|(entry, bytes)| async move {
                let id = entry.id.clone();
                self.settle(tier, entry, &bytes).await;
                Ok(id)
            })
            .try_buffer_unordered(self.spec.parallel.max(1));
        while let Some(settled) = settling.next().await {
            match settled {
                Ok(id) => {
                    left.remove(&id);
                }
                // It was read once before, so this is the store failing half way: what is left is
                // reported, and running the restore again settles it.
                Err(error) => {
                    let reason = error.chain();
                    for id in left.drain() {
                        self.record(tier, id, None, Outcome::Failed(reason.clone()));
                    }
                    break;
                }
            }
        }
        Ok(())
    }

    fn record(&self, tier: Tier, id: ObjectId, target_namespace: Option<String>, outcome: Outcome) {
        let done = {
            let mut settled = self.settled();
            settled.items.push(Item {
                id,
                target_namespace,
                outcome,
            });
            settled.items.len()
        };
        (self.on_progress)(RestoreProgress {
            total: self.total,
            done,
            tier,
        });
    }

    async fn settle(&self, tier: Tier, entry: Entry, bytes: &Bytes) {
        let id = entry.id.clone();
        let target = id
            .namespace
            .as_deref()
            .map(|namespace| self.spec.target_namespace(namespace).to_owned());
        let Some(outcome) = self
            .restore_one(tier, entry, target.as_deref(), bytes)
            .await
        else {
            return;
        };
        self.record(tier, id, target, outcome);
    }

    /// `None` when the object's turn comes later.
    async fn restore_one(
        &self,
        tier: Tier,
        entry: Entry,
        namespace: Option<&str>,
        bytes: &Bytes,
    ) -> Option<Outcome> {
        let id = &entry.id;
        let mut object: Value = match serde_json::from_slice(bytes) {
            Ok(object) => object,
            Err(error) => return Some(Outcome::Failed(format!("it is no JSON: {error}"))),
        };
        if self.is_volume_of_others(id, &object) {
            return Some(Outcome::Skipped(
                "it belongs to a claim that is not restored".into(),
            ));
        }
        let volumes = Arc::clone(&lock(&self.volumes));
        let context = Context {
            spec: self.spec,
            backup: self.backup,
            volumes: &volumes,
        };
        if let Verdict::Skip(reason) = transform::transform(&id.resource, &mut object, &context) {
            return Some(Outcome::Skipped(reason.into()));
        }
        if tier == Tier::RequestedServices && Tier::of_service(&object) != tier {
            self.settled().deferred.push(entry);
            return None;
        }
        let references = owners::strip(&mut object);
        let served = Arc::clone(&lock(&self.served));
        let resource = match served.find(&id.resource, &object) {
            Ok(resource) => resource,
            Err(reason) => return Some(Outcome::Failed(reason)),
        };
        let name = object["metadata"]["name"]
            .as_str()
            .unwrap_or(&id.name)
            .to_owned();
        let wanted = Wanted {
            kind: &id.resource,
            resource,
            namespace,
            name: &name,
            object: &object,
            references: &references,
        };
        let applied = apply(&self.api, &wanted, self.spec.existing).await;
        self.note(tier, id, &name, &applied);
        if applied.outcome.is_in_cluster() {
            let path = resource.object_path(namespace, &name);
            let orphan = owners::orphan(id.clone(), path, namespace.map(str::to_owned), references);
            self.settled()
                .orphans
                .extend(orphan.filter(|_| applied.outcome.is_ours()));
        }
        Some(applied.outcome)
    }

    /// With namespaces chosen and nothing said of the cluster, only volumes of their claims are meant.
    fn is_volume_of_others(&self, id: &ObjectId, object: &Value) -> bool {
        id.resource.is("", "persistentvolumes")
            && self.spec.include_cluster_resources.is_none()
            && object
                .pointer("/spec/claimRef/namespace")
                .and_then(Value::as_str)
                .is_some_and(|namespace| !self.spec.wants_namespace(namespace))
    }

    /// What later tiers need to know.
    fn note(&self, tier: Tier, id: &ObjectId, name: &str, applied: &Applied) {
        if !applied.outcome.is_in_cluster() {
            return;
        }
        match tier {
            Tier::Definitions => self.settled().definitions.push(name.to_owned()),
            Tier::Namespaces => {
                self.settled().namespaces.insert(name.to_owned());
            }
            Tier::Foundations if id.resource.is("", "persistentvolumes") => {
                let released = applied.live.as_ref().is_some_and(|live| {
                    matches!(
                        live["status"]["phase"].as_str(),
                        Some("Released" | "Failed")
                    )
                });
                if !released {
                    Arc::make_mut(&mut lock(&self.volumes)).insert(name.to_owned());
                }
            }
            _ => {}
        }
    }

    /// Waits until the restored definitions are served, and looks again at what the server has.
    async fn await_definitions(&self, client: &kube::Client) -> Result<()> {
        let names = std::mem::take(&mut self.settled().definitions);
        if names.is_empty() {
            return Ok(());
        }
        let waiting = names.iter().map(|name| async move {
            let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}");
            if let Err(error) =
                wait::until(&self.api, &path, "Established", wait::is_established).await
            {
                self.settled().warnings.push(error.chain());
            }
        });
        futures::future::join_all(waiting).await;
        let found = Discovery::run(client).await?;
        *lock(&self.served) = Arc::new(Served::new(&found));
        Ok(())
    }

    /// Makes the namespaces that are needed and not in the backup, and waits until all can be used.
    async fn await_namespaces(&self, needed: &BTreeSet<String>) {
        let restored = self.settled().namespaces.clone();
        let waiting = needed.iter().map(|name| {
            let known = restored.contains(name);
            async move {
                if let Err(error) = self.ensure_namespace(name, known).await {
                    self.settled().warnings.push(error.chain());
                }
            }
        });
        futures::future::join_all(waiting).await;
    }

    async fn ensure_namespace(&self, name: &str, known: bool) -> Result<()> {
        let path = format!("/api/v1/namespaces/{name}");
        if !known {
            let there = self.api.get(&path).await?;
            let going = there.json()["metadata"].get("deletionTimestamp").is_some();
            if going {
                wait::until(
                    &self.api,
                    &path,
                    "gone, since it is being deleted",
                    |object| object.is_none(),
                )
                .await?;
            }
            if going || !there.status.is_success() {
                let labels = json!({
                    BACKUP_LABEL: transform::label_value(self.backup),
                    RESTORE_LABEL: transform::label_value(&self.spec.name),
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

    async fn finish(self, restore: &str) -> RestoreReport {
        let mut settled = std::mem::take(&mut *self.settled());
        let served = Arc::clone(&lock(&self.served));
        let orphans = std::mem::take(&mut settled.orphans);
        settled
            .warnings
            .extend(owners::put_back(&self.api, &served.all, orphans).await);
        settled.items.sort_by(|a, b| a.id.cmp(&b.id));
        RestoreReport {
            backup: self.backup.to_owned(),
            restore: restore.to_owned(),
            items: settled.items,
            warnings: settled.warnings,
        }
    }
}
