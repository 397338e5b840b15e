//! The data of volumes, in the order of a backup's steps.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use object_store::path::Path;
use tokio::sync::mpsc;

use super::backup::Backup;
use super::collector::Collected;
use super::commit::VolumeCounts;
use super::hooks::HookRunner;
use super::run::Run;
use super::scope::Scope;
use super::volumes::planned::VolumePlan;
use super::volumes::snapshots::Snapshots;
use super::volumes::survey::Survey;
use super::volumes::velero::{self, OfBackup};
use crate::archive::gzip::gzip;
use crate::cluster::reader::ClusterReader;
use crate::kinds::names::CLAIMS;
use crate::repository::begun::Begun;
use crate::repository::lease::Lease;
use crate::resource::ApiResource;
use crate::volumes::ObjectRef;
use crate::volumes::calls::{after, persist};
use crate::volumes::discard::{discard, discard_all};
use crate::{Error, Result, Results};

/// Applications that are thawed at once.
const THAWED_AT_ONCE: usize = 16;

/// How long the snapshots of a backup that failed may take to be gone, before they are left to whoever writes the
/// name next.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

impl Backup {
    /// What is to be done with the volumes in `scope`. Nothing is asked of a storage.
    pub(super) async fn plan_volumes(
        &self,
        api: &ClusterReader,
        scope: &Scope<'_>,
        uid: &str,
    ) -> VolumePlan {
        if self.snapshotters.is_empty() {
            return VolumePlan::default();
        }
        let survey = Survey::of(api, scope).await;
        VolumePlan::of(survey, &self.spec, uid, &self.snapshotters)
    }

    /// Freezes applications, begins the snapshots of all volumes, and lets the applications go on: all but those whose
    /// files are being copied, which are returned. No snapshots where nothing keeps the data of volumes.
    pub(super) async fn begin_snapshots<'s>(
        &'s self,
        api: &ClusterReader,
        scope: &mut Scope<'_>,
        run: Run<'_>,
        hooks: &HookRunner,
        has_begun: bool,
    ) -> Result<(Option<Snapshots<'s>>, HashSet<ObjectRef>)> {
        let mut plan = self.plan_volumes(api, scope, run.uid).await;
        let needed = plan.needed(&self.snapshotters);
        if has_begun || !needed.is_empty() {
            let begun = Begun {
                uid: run.uid.to_owned(),
                snapshotters: needed,
            };
            // First the note, then the first snapshot: a snapshot that nobody knows of cannot be deleted.
            run.begun.store(true, Ordering::Relaxed);
            begun.write(self.repository.store(), run.keys).await?;
        }
        if has_begun {
            self.discard_unplanned(&mut plan, run.uid).await;
        }
        self.freeze(api, scope, hooks, &mut plan).await?;
        let copied = plan.copied_pods(&self.snapshotters);
        let snapshots = match self.snapshotters.is_empty() {
            true => {
                scope.results.absorb(plan.results);
                None
            }
            false => {
                let snapshots = Snapshots::begin(
                    plan,
                    &self.snapshotters,
                    &self.spec.volumes,
                    &*self.clock,
                    Box::new(|records| self.report_volumes(records)),
                );
                Some(snapshots.await)
            }
        };
        // Those whose files are copied go on after that.
        let is_cut = |pod: &ObjectRef| !copied.contains(pod);
        Self::thaw(hooks, is_cut, &mut scope.results).await;
        Ok((snapshots, copied))
    }

    /// Waits until all snapshots are complete. The applications whose files are `copied` go on each once its own are, and
    /// wait for nobody else's.
    pub(super) async fn complete_snapshots(
        snapshots: &mut Snapshots<'_>,
        hooks: &HookRunner,
        copied: HashSet<ObjectRef>,
    ) -> Results {
        let (tell, told) = mpsc::unbounded_channel();
        let thawing = async {
            let told = futures::stream::unfold(told, |mut told| async {
                told.recv().await.map(|pod: ObjectRef| (pod, told))
            });
            let thawed = told.map(|pod| async move {
                let mut results = Results::default();
                Self::thaw(hooks, |it| *it == pod, &mut results).await;
                results
            });
            let mut thawed = std::pin::pin!(thawed.buffer_unordered(THAWED_AT_ONCE));
            let mut results = Results::default();
            while let Some(of_pod) = thawed.next().await {
                results.absorb(of_pod);
            }
            results
        };
        let ((), results) = tokio::join!(snapshots.complete(copied, tell), thawing);
        results
    }

    /// Deletes what an earlier run of this very backup has begun, and what is not in `plan` any more.
    async fn discard_unplanned(&self, plan: &mut VolumePlan, uid: &str) {
        let until = after(PATIENCE);
        for (at, snapshotter) in self.snapshotters.iter().enumerate() {
            let groups = plan.groups.iter().filter(|group| group.snapshotter == at);
            let members = groups.flat_map(|group| &group.group.members);
            let planned: Vec<&str> = members.map(|member| member.name.as_str()).collect();
            let discarding = async {
                let step = format!("find what was begun of backup `{uid}`");
                let mut found = persist(&step, until, || snapshotter.find(uid)).await?;
                found.retain(|it| {
                    it.backup_uid == uid
                        && it.snapshotter == snapshotter.name()
                        && !planned.contains(&it.name.as_str())
                });
                discard(snapshotter.as_ref(), found, until).await
            };
            let discarded: Result<()> = discarding.await;
            if let Err(error) = discarded {
                plan.results.warnings.cluster.push(format!(
                    "snapshots by `{}` that an earlier run of this backup began, and that it needs no more, may be left, \
                     and go with the backup: {}",
                    snapshotter.name(),
                    error.chain()
                ));
            }
        }
    }

    /// Notes what became of the volumes with what was collected, and adds their side files to `files`.
    pub(super) fn end_of_volumes(
        &self,
        mut snapshots: Snapshots<'_>,
        run: Run<'_>,
        collected: &mut Collected,
        files: &mut Vec<(Path, Bytes)>,
    ) -> Result<VolumeCounts> {
        let claims = ApiResource::core(CLAIMS.resource, "PersistentVolumeClaim", true);
        snapshots.reconcile(&collected.names.of(&claims));
        let file = snapshots.file(run.objects_at);
        let text = serde_json::to_vec(&file)
            .map_err(|error| Error::internal("write what became of the volumes", error))?;
        files.push((run.keys.volumes(), gzip(&text)?));
        let backup = OfBackup {
            name: &self.spec.name,
            uid: run.uid,
        };
        files.extend(velero::side_files(run.keys, backup, &snapshots.volumes)?);
        collected.results.absorb(snapshots.results);
        Ok(VolumeCounts::of(&file.volumes))
    }

    /// Once the backup is committed or has failed: the note goes, and snapshots of a backup that there is not, before
    /// it. Returns what remains, for people.
    pub(super) async fn end_snapshots(
        &self,
        run: Run<'_>,
        lease: &mut Lease,
        is_committed: bool,
    ) -> Option<String> {
        if !run.begun.load(Ordering::Relaxed) {
            return None;
        }
        let store = self.repository.store();
        if !is_committed {
            let remedy = "the next backup of this name clears them away";
            match self.repository.stored_record(&self.spec.name).await {
                // Another run of this very backup, which names the same snapshots.
                Ok(Some(there)) if there.record.uid() == run.uid => return None,
                Ok(_) => {}
                Err(error) => {
                    return Some(format!(
                        "snapshots of volumes: whether the backup was committed is not known ({}); if it was not, {remedy}",
                        error.chain()
                    ));
                }
            }
            let discarding = discard_all(&self.snapshotters, run.uid, &[], after(PATIENCE));
            // Another run of this very backup goes on with its snapshots.
            let discarded = lease.unless_continued(discarding).await?;
            if let Err(error) = discarded {
                return Some(format!("snapshots of volumes: {}; {remedy}", error.chain()));
            }
        }
        if is_committed {
            for snapshotter in &self.snapshotters {
                if let Err(error) = snapshotter.release(run.uid).await {
                    // It goes when the backup is deleted.
                    tracing::debug!(error = error.chain(), "what stands for snapshots stays");
                }
            }
        }
        if let Err(error) = Begun::clear(store, run.keys, run.uid).await {
            // Beside a record, or without any snapshot, it means nothing.
            tracing::debug!(error = error.chain(), "the note about snapshots stays");
        }
        None
    }
}
