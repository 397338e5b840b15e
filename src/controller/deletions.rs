//! Requests to delete.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use kube::api::{DeleteParams, Preconditions};
use kube::core::DynamicObject;
use kube::runtime::controller::Action;
use kube::{Api, Resource, ResourceExt};
use kube_backup_engine::retention::{Prune, PrunedState};

use super::backups::{self, clear_leftovers};
use super::context::Context;
use super::conversions;
use super::metrics::Ended;
use super::report::{Gone, Note, cut, fields_known, set};
use super::restores;
use super::vaults::{OpenLocation, SOURCE_CLUSTER, Waited, mark_deleted, stands_for};
use super::verification;
use super::work::{Attempt, JobKey, Pauses};
use crate::chain::chain;
use crate::crds::{
    ApplicationBackup, ApplicationRestore, ConvertToSnapshot, DeleteObjectType, DeleteRequest,
    DeleteRequestStatus, SYNCED_FROM, condition, from_time, phase, to_time,
};

/// The kind, as jobs are told apart.
pub(super) const KIND: &str = "DeleteRequest";
/// How long a vault is waited for: a request is not over because a vault is away for a day.
const WAIT: Duration = Duration::from_secs(24 * 60 * 60);
/// When a request that failed is tried again: locks end, and people change what is in the way.
const AFTER_FAILURE: Duration = Duration::from_secs(6 * 60 * 60);

/// Sees to it that a request is being met.
pub(super) async fn reconcile(
    request: Arc<DeleteRequest>,
    context: Arc<Context>,
) -> Result<Action, kube::Error> {
    let key = JobKey::new(KIND, request.name_any());
    if request.metadata.deletion_timestamp.is_some() {
        context.jobs.cancel(&key).await;
        return Ok(Action::await_change());
    }
    if let Some(left) = until_tried_again(request.status.as_ref(), Utc::now()) {
        return Ok(Action::requeue(left));
    }
    let uid = request.uid().unwrap_or_default();
    let work = run(context.clone(), request.clone());
    let again = if context
        .jobs
        .ensure(&key, &uid, work, std::future::ready(()))
    {
        // Only in case that it panicked.
        Duration::from_secs(60)
    } else {
        Duration::from_secs(1)
    };
    Ok(Action::requeue(again))
}

/// How long a request that failed is left alone yet.
fn until_tried_again(status: Option<&DeleteRequestStatus>, now: DateTime<Utc>) -> Option<Duration> {
    let failed = status.filter(|it| it.phase.as_deref() == Some(phase::FAILED))?;
    let tried = from_time(failed.completion_timestamp.as_ref()?);
    (tried + AFTER_FAILURE - now).to_std().ok()
}

/// What a request is about.
enum Target {
    /// A backup, and the vault that it is in, if it is in any.
    Backup(Box<(ApplicationBackup, Option<OpenLocation>)>),
    /// An object of which nothing is in a vault.
    Object,
    /// It is not there.
    Nothing,
}

async fn run(context: Arc<Context>, request: Arc<DeleteRequest>) {
    let job = Job {
        context: &context,
        request: &request,
        status: request.status.clone().unwrap_or_default(),
    };
    job.run().await;
}

struct Job<'a> {
    context: &'a Context,
    request: &'a DeleteRequest,
    status: DeleteRequestStatus,
}

impl Job<'_> {
    async fn run(mut self) {
        let generation = self.request.metadata.generation;
        let mut begun = self.status.phase.as_deref() == Some(phase::IN_PROGRESS);
        self.status.observed_generation = generation;
        let _ = fields_known(
            &mut self.status.conditions,
            generation,
            [("", &self.request.spec.unknown)],
        );
        self.status.completion_timestamp = None;
        let mut pauses = Pauses::default();
        loop {
            let attempt = match self.target().await {
                Ok(target) => {
                    // Nobody keeps a place who waits: not for a vault, and not for the next attempt.
                    let place = self.context.queues.deletions.place("").await;
                    if !begun && self.begin().await.is_err() {
                        return;
                    }
                    begun = true;
                    self.attempt(target).await.map(|done| (done, place))
                }
                Err(attempt) => Err(attempt),
            };
            let (why, never) = match attempt {
                Ok((done, _place)) => {
                    self.context
                        .reporter
                        .normal(self.request, "Deleted", &done)
                        .await;
                    self.context.metrics.deletion_ended(Ended::Success);
                    self.leave().await;
                    return;
                }
                Err(Attempt::Again(why)) => (why, false),
                Err(Attempt::Never(why)) => (why, true),
            };
            let why = match never {
                true => format!(
                    "{why}; it is tried again every {} hours",
                    AFTER_FAILURE.as_secs() / 3600
                ),
                false => why,
            };
            self.status.message = Some(cut(&why, 2000));
            let note = Note {
                holds: false,
                reason: if never { "Failed" } else { "Waits" },
                message: &why,
            };
            set(
                &mut self.status.conditions,
                condition::READY,
                generation,
                &note,
            );
            if never {
                self.status.phase = Some(phase::FAILED.to_owned());
                self.status.completion_timestamp = Some(to_time(Utc::now()));
                self.context
                    .reporter
                    .warning(self.request, "Failed", &why)
                    .await;
                let _ = self.write().await;
                self.context.metrics.deletion_ended(Ended::Not);
                return;
            }
            if self.write().await.is_err() {
                return;
            }
            pauses.pause().await;
        }
    }

    /// Says that it has a place, and works.
    async fn begin(&mut self) -> Result<(), Gone> {
        self.status.phase = Some(phase::IN_PROGRESS.to_owned());
        self.status
            .start_timestamp
            .get_or_insert_with(|| to_time(Utc::now()));
        self.write().await?;
        self.context.metrics.deletion_begins();
        Ok(())
    }

    /// Says what it waits for. It has not begun, unless it worked before.
    async fn waits(&mut self, why: &str) -> Result<(), Gone> {
        if self.status.phase.as_deref() != Some(phase::IN_PROGRESS) {
            self.status.phase = Some(phase::NEW.to_owned());
        }
        self.status.message = Some(cut(&format!("it waits for the vault: {why}"), 2000));
        self.write().await
    }

    async fn write(&self) -> Result<(), Gone> {
        self.context
            .reporter
            .status(self.request, &self.status)
            .await
    }

    /// The request itself goes, so that its name is free for the next one.
    async fn leave(&self) {
        let mut pauses = Pauses::default();
        while let Err(why) = self.delete_object(self.request).await {
            tracing::warn!(
                name = self.request.name_any(),
                why,
                "delete a request that was met"
            );
            pauses.pause().await;
        }
    }

    /// What is to go, once the vault that it is in can be used.
    async fn target(&mut self) -> Result<Target, Attempt> {
        let spec = &self.request.spec;
        if spec.delete_object_type != DeleteObjectType::Backup {
            return Ok(Target::Object);
        }
        let name = spec.delete_object_name.clone();
        self.context
            .jobs
            .cancel(&JobKey::new(backups::KIND, &name))
            .await;
        self.context
            .jobs
            .cancel(&JobKey::new(verification::KIND, &name))
            .await;
        let found = self.context.backups().get_opt(&name).await;
        let found = found.map_err(|error| Attempt::Again(chain(&error)))?;
        let Some(backup) = found else {
            return Ok(Target::Nothing);
        };
        let open = self.vault(&backup).await?;
        Ok(Target::Backup(Box::new((backup, open))))
    }

    /// What was done, in words.
    async fn attempt(&mut self, target: Target) -> Result<String, Attempt> {
        let spec = &self.request.spec;
        let name = spec.delete_object_name.clone();
        match (target, spec.delete_object_type) {
            (Target::Nothing, _) => Ok(format!("there is no ApplicationBackup `{name}`")),
            (Target::Backup(found), _) => self.backup(&found.0, found.1.as_ref()).await,
            (Target::Object, DeleteObjectType::Convert) => self.conversion(&name).await,
            (Target::Object, _) => {
                self.context
                    .jobs
                    .cancel(&JobKey::new(restores::KIND, &name))
                    .await;
                self.object::<ApplicationRestore>(&name).await
            }
        }
    }

    async fn backup(
        &self,
        backup: &ApplicationBackup,
        open: Option<&OpenLocation>,
    ) -> Result<String, Attempt> {
        let done = match open {
            Some(open) => self.in_vault(open, backup).await?,
            None => "it was in no vault".to_owned(),
        };
        // Nobody restores from them without the backup, and nobody else knows their snapshots.
        let mut snapshots = 0;
        let conversions = conversions::all_of(self.context, &backup.name_any()).await?;
        for conversion in &conversions {
            snapshots += self.discard(conversion).await?;
        }
        self.delete_object(backup).await.map_err(Attempt::Again)?;
        Ok(match conversions.len() {
            0 => done,
            count => format!("{done}; and {count} conversions of it, with {snapshots} snapshots"),
        })
    }

    /// The vault that a backup is in; nothing when it is in none.
    async fn vault(&mut self, backup: &ApplicationBackup) -> Result<Option<OpenLocation>, Attempt> {
        let name = &backup.spec.storage_location;
        let began = backup
            .status
            .as_ref()
            .is_some_and(|it| it.start_timestamp.is_some());
        let synced = backup.annotations().contains_key(SYNCED_FROM);
        if name.is_empty() || !(began || synced) {
            return Ok(None);
        }
        let mut wait = self.context.vaults.wait_for(name, WAIT);
        let location = loop {
            match wait.next().await {
                Waited::Usable(location) => break location,
                Waited::Still(why) => {
                    let _ = self.waits(&why).await;
                }
                Waited::Over(why) => return Err(Attempt::Again(why)),
            }
        };
        let open = OpenLocation::of(self.context, &location)
            .await
            .map_err(Attempt::Again)?;
        if !open.is_writable {
            return Err(Attempt::Never(format!(
                "backups in vault `{name}` can be restored, and not deleted, since its accessMode is ReadOnly"
            )));
        }
        Ok(Some(open))
    }

    /// Deletes a backup of this cluster, and marks one of another.
    async fn in_vault(
        &self,
        open: &OpenLocation,
        backup: &ApplicationBackup,
    ) -> Result<String, Attempt> {
        let name = backup.name_any();
        let failed = |error: &kube_backup_engine::Error| {
            let why = error.chain();
            if error.is_retryable() {
                Attempt::Again(why)
            } else {
                Attempt::Never(why)
            }
        };
        let own = backup.uid().unwrap_or_default();
        let record = open
            .repository
            .record(&name)
            .await
            .map_err(|error| failed(&error))?;
        let Some(record) = record else {
            clear_leftovers(self.context, open, &name, &own)
                .await
                .map_err(|error| failed(&error))?;
            return Ok("there is no backup of it in its vault".to_owned());
        };
        let synced = backup.annotations().get(SYNCED_FROM).map(String::as_str);
        if record.uid() != own && Some(record.uid()) != synced {
            return Ok("the backup of its name in the vault is another one, and stays".to_owned());
        }
        // What another backup has is found by its uid, which anybody can write into a record.
        if record.uid() != own
            && let Some(other) = self.other_of(record.uid(), &name).await?
        {
            return Err(Attempt::Never(format!(
                "the backup in the vault says that it has the uid of ApplicationBackup `{other}`, which no two backups have: it was not made by a \
                 backup center, and nothing is deleted for it; look at who writes to the bucket"
            )));
        }
        if record.metadata.labels.get(SOURCE_CLUSTER) != Some(&self.context.cluster) {
            let marking =
                mark_deleted(&open.repository, &open.prefix, &name, &self.context.cluster);
            marking
                .await
                .map_err(|error| Attempt::Again(chain(&error)))?;
            return Ok("it is of another cluster: it stays in its vault, and is not shown in more clusters".to_owned());
        }
        let mut prune = Prune::new(open.repository.clone());
        // Those are asked alone that have made snapshots of it: rights on them are only needed where there are any.
        let snapshotters = open.snapshotters(self.context).await;
        for snapshotter in snapshotters.map_err(Attempt::Again)? {
            prune = prune.with_snapshotter(snapshotter);
        }
        let pruned = prune.delete_one(&name, record.uid()).await;
        let why = pruned.error.unwrap_or_default();
        match pruned.state {
            PrunedState::Deleted | PrunedState::Gone => Ok(format!(
                "it is deleted in its vault, with {} snapshots of volumes",
                pruned.snapshots
            )),
            PrunedState::Locked => Err(Attempt::Never(format!(
                "the vault does not let it go: {why}"
            ))),
            PrunedState::Going => Err(Attempt::Again(
                "the snapshots of its volumes are going".to_owned(),
            )),
            _ => Err(Attempt::Again(why)),
        }
    }

    /// Another object that stands for a backup of this uid.
    async fn other_of(&self, uid: &str, name: &str) -> Result<Option<String>, Attempt> {
        let all = self.context.shown.all().await.map_err(Attempt::Again)?;
        let mut others = all.iter().filter_map(|it| it.0.as_ref().ok());
        let other = others.find(|it| it.name_any() != name && stands_for(it, uid));
        Ok(other.map(ResourceExt::name_any))
    }

    /// Takes back what a conversion has made, before the object goes that names it.
    async fn conversion(&self, name: &str) -> Result<String, Attempt> {
        let all = Api::<ConvertToSnapshot>::namespaced(
            self.context.client.clone(),
            &self.context.namespace,
        );
        let found = all.get_opt(name).await;
        let found = found.map_err(|error| Attempt::Again(chain(&error)))?;
        let Some(conversion) = found else {
            return Ok(format!("there is no Convert `{name}`"));
        };
        let snapshots = self.discard(&conversion).await?;
        Ok(format!(
            "the Convert is gone, with {snapshots} snapshots of volumes"
        ))
    }

    /// How many snapshots went with it.
    async fn discard(&self, conversion: &ConvertToSnapshot) -> Result<usize, Attempt> {
        let key = JobKey::new(conversions::KIND, conversion.name_any());
        self.context.jobs.cancel(&key).await;
        let snapshots = conversions::discard(self.context, conversion).await?;
        self.delete_object(conversion)
            .await
            .map_err(Attempt::Again)?;
        Ok(snapshots)
    }

    async fn object<K>(&self, name: &str) -> Result<String, Attempt>
    where
        K: Resource<DynamicType = ()>,
    {
        let resource = kube::core::ApiResource::erase::<K>(&());
        let api = Api::<DynamicObject>::namespaced_with(
            self.context.client.clone(),
            &self.context.namespace,
            &resource,
        );
        match api.delete(name, &DeleteParams::default()).await {
            Ok(_) => Ok(format!(
                "the {} is gone",
                self.request.spec.delete_object_type
            )),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(format!(
                "there is no {} `{name}`",
                self.request.spec.delete_object_type
            )),
            Err(error) => Err(Attempt::Again(chain(&error))),
        }
    }

    /// Deletes this very object.
    async fn delete_object<K>(&self, object: &K) -> Result<(), String>
    where
        K: Resource<DynamicType = ()>,
    {
        let resource = kube::core::ApiResource::erase::<K>(&());
        let api = Api::<DynamicObject>::namespaced_with(
            self.context.client.clone(),
            &self.context.namespace,
            &resource,
        );
        let params = DeleteParams::default().preconditions(Preconditions {
            uid: object.meta().uid.clone(),
            resource_version: None,
        });
        match api.delete(&object.name_any(), &params).await {
            Ok(_) => Ok(()),
            // Gone, or another one by now.
            Err(kube::Error::Api(status)) if status.code == 404 || status.code == 409 => Ok(()),
            Err(error) => Err(chain(&error)),
        }
    }
}
