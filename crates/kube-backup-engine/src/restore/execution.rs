//! One restore under way: tier by tier, object by object.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::apply::{Applied, Wanted, apply};
use super::decide::is_for_the_same_claim;
use super::health;
use super::owners::{self, Orphan, OwnerKey, Uids};
use super::plan::{PlannedItem, RestorePlan};
use super::planned::PlannedObjects;
use super::progress::{OnProgress, RestoreProgress};
use super::report::{Item, Outcome, RestoreReport};
use super::served::Served;
use super::spec::RestoreSpec;
use super::transform::{self, TransformContext, Verdict};
use crate::cluster::writer::ClusterWriter;
use crate::deadline::Deadline;
use crate::kinds::backends::{Backend, backends_of};
use crate::kinds::order::Tier;
use crate::{Discovery, Entry, GroupResource, ObjectId, OpenBackup, Result};

/// On an object whose status is to be written back (Velero, restore.go).
const RESTORE_STATUS: &str = "/metadata/annotations/velero.io~1restore-status";

/// Bytes of JSON that are being restored at once. Each is held about five times, as parsed, sent and
/// answered, so a few large Secrets take more room than all small objects together.
const ROOM: usize = 2 << 20;

/// A restore under way, or the dry run of one.
pub(crate) struct Execution<'a> {
    pub(super) api: ClusterWriter,
    pub(super) spec: &'a RestoreSpec,
    backup: &'a OpenBackup,
    pub(super) served: Mutex<Arc<Served>>,
    volumes: Mutex<Arc<HashSet<String>>>,
    owners: HashSet<OwnerKey>,
    pub(super) uids: Mutex<Uids>,
    settled: Mutex<Settled>,
    /// In a dry run.
    planned_objects: Mutex<PlannedObjects>,
    pub(super) deadline: Deadline,
    total: usize,
    on_progress: &'a OnProgress,
}

/// What is known so far.
#[derive(Default)]
pub(super) struct Settled {
    items: Vec<Item>,
    /// Beside the items, in a dry run.
    planned: Vec<PlannedItem>,
    pub(super) warnings: Vec<String>,
    pub(super) orphans: Vec<Orphan>,
    deferred: Vec<Entry>,
    backends: Vec<Backend>,
    pub(super) definitions: Vec<String>,
    pub(super) namespaces: HashSet<String>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until there is room for an object, and keeps it for as long as the permit lives.
async fn with_room(
    room: Arc<Semaphore>,
    entry: Entry,
    bytes: Bytes,
) -> Result<(Entry, Bytes, Option<OwnedSemaphorePermit>)> {
    let weight = u32::try_from(bytes.len().min(ROOM)).unwrap_or(u32::MAX);
    // It is never closed.
    let held = room.acquire_many_owned(weight).await.ok();
    Ok((entry, bytes, held))
}

impl<'a> Execution<'a> {
    #[expect(
        clippy::too_many_arguments,
        reason = "called once; a struct for it would be this one"
    )]
    pub(super) fn new(
        api: ClusterWriter,
        spec: &'a RestoreSpec,
        backup: &'a OpenBackup,
        found: Discovery,
        owners: HashSet<OwnerKey>,
        deadline: Deadline,
        total: usize,
        on_progress: &'a OnProgress,
    ) -> Self {
        Self {
            api,
            spec,
            backup,
            served: Mutex::new(Arc::new(Served::new(found))),
            volumes: Mutex::default(),
            owners,
            uids: Mutex::default(),
            settled: Mutex::default(),
            planned_objects: Mutex::default(),
            deadline,
            total,
            on_progress,
        }
    }

    pub(super) fn settled(&self) -> MutexGuard<'_, Settled> {
        lock(&self.settled)
    }

    pub(super) fn planned_objects(&self) -> MutexGuard<'_, PlannedObjects> {
        lock(&self.planned_objects)
    }

    pub(super) fn backup(&self) -> &'a OpenBackup {
        self.backup
    }

    pub(super) fn backup_name(&self) -> &'a str {
        self.backup.record().name()
    }

    /// Nothing is written, only asked.
    pub(super) fn is_plan(&self) -> bool {
        self.api.is_dry_run()
    }

    /// Requests under way at once.
    pub(super) fn parallel(&self) -> usize {
        self.spec.parallel.max(1)
    }

    pub(super) fn warn(&self, warning: String) {
        self.settled().warnings.push(warning);
    }

    pub(super) fn take_deferred(&self) -> Vec<Entry> {
        std::mem::take(&mut self.settled().deferred)
    }

    /// Restores the objects of a tier. What could not be read or is late is reported.
    pub(super) async fn restore_tier(&self, tier: Tier, entries: Vec<Entry>) {
        if entries.is_empty() {
            return;
        }
        tracing::debug!(?tier, objects = entries.len(), "restoring");
        // Hashes: the names themselves are in the entries already.
        let (mut settled, hasher) = (HashSet::new(), RandomState::new());
        let room = Arc::new(Semaphore::new(ROOM));
        let work = async {
            let settling = self
                .backup
                .read(&entries)
                .and_then(|(entry, bytes)| with_room(Arc::clone(&room), entry, bytes))
                .map_ok(|(entry, bytes, held)| {
                    let hash = hasher.hash_one(&entry.id);
                    async move {
                        self.settle(tier, entry, &bytes).await;
                        drop(held);
                        Ok(hash)
                    }
                })
                .try_buffer_unordered(self.parallel());
            let mut settling = std::pin::pin!(settling);
            while let Some(hash) = settling.next().await {
                settled.insert(hash?);
            }
            Ok(())
        };
        let step = format!("restore the objects of tier `{}`", tier.name());
        // They were read once before, so this is the store failing half way, or the deadline: what is
        // left is reported, and running the restore again settles it.
        if let Err(error) = self
            .deadline
            .within(&step, work)
            .await
            .and_then(|done| done)
        {
            let reason = error.chain();
            for Entry { id, .. } in &entries {
                if settled.contains(&hasher.hash_one(id)) {
                    continue;
                }
                let target = self.target_of(id);
                let outcome = Outcome::Failed(reason.clone());
                self.record(tier, id.clone(), target, outcome.into(), None);
            }
        }
    }

    fn target_of(&self, id: &ObjectId) -> Option<String> {
        id.namespace
            .as_deref()
            .map(|namespace| self.spec.target_namespace(namespace).to_owned())
    }

    pub(super) fn record(
        &self,
        tier: Tier,
        id: ObjectId,
        target_namespace: Option<String>,
        applied: Applied,
        unchecked: Option<String>,
    ) {
        let done = {
            let mut settled = self.settled();
            if self.is_plan() {
                settled.planned.push(PlannedItem::new(
                    id,
                    target_namespace,
                    tier,
                    applied,
                    unchecked,
                ));
                settled.planned.len()
            } else {
                settled.warnings.extend(applied.warning);
                settled.items.push(Item {
                    id,
                    target_namespace,
                    outcome: applied.outcome,
                });
                settled.items.len()
            }
        };
        (self.on_progress)(RestoreProgress {
            total: self.total,
            done,
            tier,
        });
    }

    async fn settle(&self, tier: Tier, entry: Entry, bytes: &Bytes) {
        let id = entry.id.clone();
        let target = self.target_of(&id);
        let restored = self.restore_one(tier, entry, target.as_deref(), bytes);
        if let Some((applied, unchecked)) = restored.await {
            self.record(tier, id, target, applied, unchecked);
        }
    }

    /// What became of an object, and in a plan why the server was not asked; `None` when the object's
    /// turn comes later.
    async fn restore_one(
        &self,
        tier: Tier,
        entry: Entry,
        namespace: Option<&str>,
        bytes: &Bytes,
    ) -> Option<(Applied, Option<String>)> {
        let id = &entry.id;
        let settled = |outcome: Outcome| Some((Applied::from(outcome), None));
        let mut object: Value = match serde_json::from_slice(bytes) {
            Ok(object) => object,
            Err(error) => return settled(Outcome::Failed(format!("it is no JSON: {error}"))),
        };
        let status = self.status_of(&id.resource, &object);
        let volumes = Arc::clone(&lock(&self.volumes));
        let context = TransformContext {
            spec: self.spec,
            backup: self.backup_name(),
            volumes: &volumes,
        };
        if let Verdict::Skip(reason) = transform::transform(&id.resource, &mut object, &context) {
            return settled(Outcome::not_restored(reason));
        }
        if tier == Tier::RequestedServices && Tier::of_service(&object) != tier {
            self.settled().deferred.push(entry);
            return None;
        }
        let references = owners::strip(&id.resource, &mut object);
        let name = object["metadata"]["name"]
            .as_str()
            .unwrap_or(&id.name)
            .to_owned();
        let owner = OwnerKey::itself(&object, namespace, &name);
        let served = Arc::clone(&lock(&self.served));
        let resource = match served.find(&id.resource, &object) {
            Ok(resource) => resource,
            Err(reason) => {
                return Some(
                    match self
                        .planned_objects()
                        .instead_of_kind(&id.resource, &reason)
                    {
                        Some(why) => (Outcome::Created.into(), Some(why)),
                        None => (Outcome::Failed(reason.into_reason()).into(), None),
                    },
                );
            }
        };
        let missing = self.planned_objects().instead_of_namespace(namespace);
        if let Some(why) = missing {
            self.planned_objects()
                .note(tier, &id.resource, namespace, &name);
            let comes_by_itself = id.resource.is("", "serviceaccounts") && name == "default";
            let outcome = if comes_by_itself {
                Outcome::Merged
            } else {
                Outcome::Created
            };
            return Some((outcome.into(), Some(why)));
        }
        let renewed = owners::renewed(&references, namespace, &lock(&self.uids))
            .filter(|references| !references.is_empty());
        let known = renewed.is_some();
        if let Some(references) = renewed {
            object["metadata"]["ownerReferences"] = references.into();
        }
        let wanted = Wanted {
            kind: &id.resource,
            resource,
            namespace,
            name: &name,
            object: &object,
            references: if known { &[] } else { &references },
            status: status.as_ref(),
            is_owner: self.owners.contains(&owner),
        };
        let applied = apply(&self.api, &wanted, self.spec.existing_resource_policy).await;
        if let Outcome::Failed(refusal) = &applied.outcome {
            let instead = self.planned_objects().instead_of_refusal(
                &id.resource,
                &object,
                namespace,
                refusal,
            );
            if let Some(why) = instead {
                return Some((Outcome::Created.into(), Some(why)));
            }
        }
        if applied.outcome.is_in_cluster() {
            self.note(tier, id, &name, &object, &applied);
            let backends = backends_of(id, &object);
            if !backends.is_empty() {
                self.settled().backends.extend(backends);
            }
            if self.is_plan() && applied.live.is_none() {
                self.planned_objects()
                    .note(tier, &id.resource, namespace, &name);
            }
            if let Some(uid) = applied.uid.clone().filter(|_| wanted.is_owner) {
                lock(&self.uids).insert(owner, uid);
            }
            let is_new = applied.outcome == Outcome::Created && applied.live.is_none();
            let has_them = references.is_empty() || known && is_new;
            if !has_them && applied.outcome.is_ours() {
                self.settled().orphans.push(Orphan {
                    id: id.clone(),
                    path: wanted.path(),
                    namespace: namespace.map(str::to_owned),
                    references,
                });
            }
        }
        Some((applied, None))
    }

    fn status_of(&self, kind: &GroupResource, object: &Value) -> Option<Value> {
        let asked = object.pointer(RESTORE_STATUS).and_then(Value::as_str);
        let wanted = match asked {
            Some(asked) => asked == "true",
            None => self.spec.restore_status.contains(kind),
        };
        object.get("status").filter(|_| wanted).cloned()
    }

    /// What later tiers need to know.
    fn note(&self, tier: Tier, id: &ObjectId, name: &str, object: &Value, applied: &Applied) {
        match tier {
            Tier::Definitions => self.settled().definitions.push(name.to_owned()),
            Tier::Namespaces => {
                self.settled().namespaces.insert(name.to_owned());
            }
            Tier::Foundations if id.resource.is("", "persistentvolumes") => {
                let live = applied.live.as_ref();
                if live.is_none_or(|live| is_for_the_same_claim(live, object)) {
                    Arc::make_mut(&mut lock(&self.volumes)).insert(name.to_owned());
                }
            }
            _ => {}
        }
    }

    pub(super) fn into_plan(self) -> RestorePlan {
        let backup = self.backup_name().to_owned();
        let settled = self
            .settled
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let mut items = settled.planned;
        items.sort_by(|a, b| (a.tier, &a.id).cmp(&(b.tier, &b.id)));
        RestorePlan {
            backup,
            restore: self.spec.name.clone(),
            items,
            warnings: settled.warnings,
        }
    }

    pub(super) async fn into_report(self) -> Result<RestoreReport> {
        let mut settled = std::mem::take(&mut *self.settled());
        settled.items.sort_by(|a, b| a.id.cmp(&b.id));
        settled.warnings.sort();
        let mut report = RestoreReport {
            backup: self.backup_name().to_owned(),
            restore: self.spec.name.clone(),
            items: settled.items,
            warnings: settled.warnings,
            health_issues: Vec::new(),
        };
        let api = &self.api;
        let look = health::look(api, &report, &settled.backends, self.spec.wait_for_ready);
        match self
            .deadline
            .within("look at what was restored", look)
            .await
        {
            Ok(Ok(health_issues)) => report.health_issues = health_issues,
            Ok(Err(error)) | Err(error) => report.warnings.push(error.chain()),
        }
        Ok(report)
    }
}
