//! The snapshots of a backup on their way: begun, cut, complete or failed.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, timeout_at};

use super::planned::{PlannedGroup, PlannedVolume, VolumePlan};
use crate::backup::volume_spec::VolumeSpec;
use crate::volumes::calls::{Looks, after, of_group, of_poll, persist};
use crate::volumes::discard::discard;
use crate::volumes::{
    BackedUpVolume, BackedUpVolumes, ObjectRef, SnapshotState, Volume, VolumeDecision,
    VolumeRecord, VolumeSnapshotter,
};
use crate::{Error, Result, Results};

/// How long snapshots of volumes that failed may take to be gone, before they are left for the deletion of the
/// backup.
const CLEARING: Duration = Duration::from_secs(5 * 60);

/// Objects and data that are further apart are worth a word.
const FAR_APART: chrono::Duration = chrono::Duration::minutes(10);

/// What is told of all snapshots, whenever something was asked about them.
pub(crate) type OnVolumes<'a> = Box<dyn Fn(&[VolumeRecord]) + Send + Sync + 'a>;

/// The snapshots of one backup.
pub(crate) struct Snapshots<'a> {
    pub(crate) snapshotters: &'a [Arc<dyn VolumeSnapshotter>],
    pub(crate) spec: &'a VolumeSpec,
    pub(crate) now: &'a (dyn Fn() -> DateTime<Utc> + Send + Sync),
    pub(crate) on_volumes: OnVolumes<'a>,
    pub(crate) volumes: Vec<PlannedVolume>,
    pub(crate) results: Results,
    /// By name: each is in one group.
    records: BTreeMap<String, VolumeRecord>,
    /// Until when all of them are to be complete.
    until: Instant,
    /// Why snapshots could last not be asked about, by snapshotter: they are asked about again.
    unanswered: BTreeMap<String, String>,
    /// Why snapshots cannot be asked about at all, by name.
    refused: BTreeMap<String, String>,
    /// Pods whose files are being copied, and who is told of each once they are.
    copied: HashSet<ObjectRef>,
    tell_copied: Option<UnboundedSender<ObjectRef>>,
}

impl<'a> Snapshots<'a> {
    /// Begins all groups of `plan` at once, and waits for none but for its point in time to pass: an application that
    /// is frozen may be thawed then.
    pub(crate) async fn begin(
        plan: VolumePlan,
        snapshotters: &'a [Arc<dyn VolumeSnapshotter>],
        spec: &'a VolumeSpec,
        now: &'a (dyn Fn() -> DateTime<Utc> + Send + Sync),
        on_volumes: OnVolumes<'a>,
    ) -> Self {
        let VolumePlan {
            volumes,
            groups,
            results,
        } = plan;
        let mut snapshots = Self {
            snapshotters,
            spec,
            now,
            on_volumes,
            volumes,
            results,
            records: BTreeMap::new(),
            until: after(spec.until_complete()),
            unanswered: BTreeMap::new(),
            refused: BTreeMap::new(),
            copied: HashSet::new(),
            tell_copied: None,
        };
        let until_cut = after(spec.until_cut());
        let begun = groups
            .iter()
            .map(|planned| begin_group(planned, snapshotters, until_cut));
        for (planned, begun) in groups.iter().zip(futures::future::join_all(begun).await) {
            snapshots.note(planned, begun);
        }
        snapshots.tell();
        snapshots.until_cut(until_cut).await;
        snapshots
    }

    fn note(&mut self, planned: &PlannedGroup, begun: Result<Vec<VolumeRecord>>) {
        let snapshotter = &self.snapshotters[planned.snapshotter];
        let group = &planned.group;
        let records = begun.unwrap_or_else(|error| {
            let why = error.chain();
            let method = snapshotter.capabilities().method;
            let of = |request| VolumeRecord::of(snapshotter.name(), method, group, request);
            let records = group.members.iter().map(of);
            records.map(|record| self.failed(record, &why)).collect()
        });
        self.take(records);
    }

    /// The record of a snapshot that there is none of, or none that can be restored from.
    fn failed(&self, record: VolumeRecord, why: &str) -> VolumeRecord {
        VolumeRecord {
            state: SnapshotState::failed(why),
            completed_at: Some((self.now)()),
            ..record
        }
    }

    fn tell(&self) {
        let records: Vec<VolumeRecord> = self.records.values().cloned().collect();
        (self.on_volumes)(&records);
    }

    /// Tells of the Pods whose files nothing reads any more, as far as is known.
    fn let_go(&mut self) {
        let Some(tell) = &self.tell_copied else {
            return;
        };
        let is_read = |record: &&VolumeRecord| {
            let snapshotter = by_name(self.snapshotters, &record.snapshotter);
            !snapshotter.capabilities().point_in_time
                && !record.state.is_final()
                && !self.refused.contains_key(&record.name)
        };
        let read: BTreeSet<&str> = self
            .records
            .values()
            .filter(is_read)
            .map(|record| record.volume.name.as_str())
            .collect();
        let volumes = self.volumes.iter();
        let read = volumes.filter(|it| read.contains(it.volume.name()));
        let kept: HashSet<&ObjectRef> = read
            .flat_map(|it| &it.volume.mounts)
            .map(|mount| &mount.pod)
            .collect();
        let done = self.copied.extract_if(|pod| !kept.contains(pod));
        for pod in done {
            // Whoever is told is there for as long as this is.
            let _ = tell.send(pod);
        }
    }

    /// Holds the volumes against the claims that are in the archive by now: one that nobody decided about is not
    /// passed over.
    pub(crate) fn reconcile(&mut self, archived: &HashSet<String>) {
        let known: HashSet<String> = self
            .volumes
            .iter()
            .map(|it| it.backed_up.claim.to_string())
            .collect();
        let mut unknown: Vec<&String> = archived.difference(&known).collect();
        unknown.sort();
        for name in unknown {
            let reason =
                "it came along with other objects, after it was decided what is done with volumes";
            let (namespace, claim) = name.split_once('/').unwrap_or(("", name));
            let mut object = PersistentVolumeClaim::default();
            object.metadata.namespace = Some(namespace.to_owned());
            object.metadata.name = Some(claim.to_owned());
            let volume = Volume::new(PersistentVolume::default(), object);
            let message = format!(
                "persistentvolumeclaims {name}: its data is not kept: {reason}; back its kind up, too"
            );
            self.results.errors.push(namespace, message);
            self.volumes.push(PlannedVolume {
                backed_up: BackedUpVolume::new(&volume, VolumeDecision::skipped(reason)),
                volume,
            });
        }
        for planned in &self.volumes {
            let claim = &planned.backed_up.claim;
            if planned.backed_up.record.is_some() && !archived.contains(&claim.to_string()) {
                let message = format!(
                    "persistentvolumeclaims {claim}: its data is kept, and the claim is not in the archive"
                );
                self.results.warnings.push(&claim.namespace, message);
            }
        }
    }

    /// What the backup says of its volumes, whose objects are of this time.
    pub(crate) fn file(&mut self, objects_at: DateTime<Utc>) -> BackedUpVolumes {
        let volumes = self.volumes.iter().map(|it| it.backed_up.clone());
        let file = BackedUpVolumes::new(objects_at, volumes.collect());
        for cut in &file.cuts {
            let gap = chrono::Duration::seconds(cut.seconds_after_objects);
            if gap.abs() > FAR_APART {
                self.results.warnings.cluster.push(format!(
                    "the data of volumes {} is of {}, and the objects are of {objects_at}: what they say of each other \
                     may not agree",
                    cut.volumes.join(", "),
                    cut.cut_at
                ));
            }
        }
        file
    }

    /// Waits until every snapshot that is of a point in time is cut.
    async fn until_cut(&mut self, until: Instant) {
        let at_once: BTreeSet<String> = self
            .snapshotters
            .iter()
            .filter(|it| it.capabilities().point_in_time)
            .map(|it| it.name().to_owned())
            .collect();
        let is_uncut = |record: &VolumeRecord| {
            at_once.contains(&record.snapshotter)
                && record.cut_at.is_none()
                && record.state == SnapshotState::Pending
        };
        self.look_until(until, is_uncut).await;
        let time = self.spec.until_cut();
        self.give_up(
            is_uncut,
            &format!("it was not cut {time:?} after it was asked for"),
        );
    }

    /// Waits until every snapshot is complete or has failed, and clears away what failed. Tells of each of the Pods
    /// whose files are `copied` once they are.
    pub(crate) async fn complete(
        &mut self,
        copied: HashSet<ObjectRef>,
        tell: UnboundedSender<ObjectRef>,
    ) {
        self.copied = copied;
        self.tell_copied = Some(tell);
        self.let_go();
        let is_under_way = |record: &VolumeRecord| !record.state.is_final();
        self.look_until(self.until, is_under_way).await;
        let tell = self.tell_copied.take();
        for pod in self.copied.drain() {
            // What is not done by now is not waited for any more.
            let _ = tell.as_ref().map(|tell| tell.send(pod));
        }
        drop(tell);
        let time = self.spec.until_complete();
        let why = format!("it was not ready {time:?} after it was asked for");
        self.give_up(|record| record.state == SnapshotState::Pending, &why);
        self.clear_failed().await;
        self.report();
    }

    /// Asks about all snapshots that `is_open` is true of, until there are none or `until`.
    async fn look_until(&mut self, until: Instant, is_open: impl Fn(&VolumeRecord) -> bool) {
        let looks = Looks::default();
        loop {
            let open = self.records.values();
            let open = open.filter(|it| is_open(it) && !self.refused.contains_key(&it.name));
            let mut by_snapshotter: BTreeMap<String, Vec<VolumeRecord>> = BTreeMap::new();
            for record in open {
                let of = by_snapshotter
                    .entry(record.snapshotter.clone())
                    .or_default();
                of.push(record.clone());
            }
            if by_snapshotter.is_empty() || Instant::now() >= until {
                return;
            }
            looks.wait(until).await;
            let looked = by_snapshotter.into_values().map(|records| {
                let snapshotter = by_name(self.snapshotters, &records[0].snapshotter);
                async move {
                    let looked = look(snapshotter, &records, until).await;
                    (records, looked)
                }
            });
            for (asked, looked) in futures::future::join_all(looked).await {
                self.update(asked, looked, until).await;
            }
            self.tell();
            self.let_go();
        }
    }

    async fn update(
        &mut self,
        asked: Vec<VolumeRecord>,
        looked: Result<Vec<VolumeRecord>>,
        until: Instant,
    ) {
        let name = asked[0].snapshotter.clone();
        match looked {
            Ok(records) => {
                self.unanswered.remove(&name);
                self.take(records);
            }
            Err(error) if error.is_retryable() => {
                self.unanswered.insert(name, error.chain());
            }
            Err(error) => {
                // It may be about one of them: each group is asked about alone.
                let groups = in_groups(asked);
                if let [group] = groups.as_slice() {
                    self.refuse(group, &error);
                    return;
                }
                for group in groups {
                    let snapshotter = by_name(self.snapshotters, &name);
                    match look(snapshotter, &group, until).await {
                        Ok(records) => self.take(records),
                        Err(error) if error.is_retryable() => {}
                        Err(error) => self.refuse(&group, &error),
                    }
                }
            }
        }
    }

    fn take(&mut self, records: Vec<VolumeRecord>) {
        for record in records {
            self.records.insert(record.name.clone(), record);
        }
    }

    /// What is not ready then has failed, and what is may still be restored from.
    fn refuse(&mut self, records: &[VolumeRecord], error: &Error) {
        for record in records {
            self.refused.insert(record.name.clone(), error.chain());
        }
    }

    /// Counts those that `is_open` is true of as failed.
    fn give_up(&mut self, is_open: impl Fn(&VolumeRecord) -> bool, why: &str) {
        let open = self.records.values().filter(|record| is_open(record));
        let open: Vec<VolumeRecord> = open.cloned().collect();
        for record in open {
            let refused = self.refused.get(&record.name);
            let unanswered = self.unanswered.get(&record.snapshotter);
            let complaint = record.attributes.get(VolumeRecord::LAST_ERROR);
            let why = match (refused, complaint.or(unanswered)) {
                (Some(refused), _) => refused.clone(),
                (None, Some(last)) => format!("{why} ({last})"),
                (None, None) => why.to_owned(),
            };
            let record = self.failed(record, &why);
            self.records.insert(record.name.clone(), record);
        }
    }

    /// Deletes what there may be of snapshots that failed. A member of a group goes with its group alone: of a group
    /// that is kept, it stays until the backup is deleted.
    async fn clear_failed(&mut self) {
        let until = after(CLEARING);
        let mut failed: BTreeMap<String, Vec<VolumeRecord>> = BTreeMap::new();
        let all = self.records.values().cloned().collect();
        for group in in_groups(all) {
            if !group.iter().any(|record| record.state.is_restorable()) {
                let of = failed.entry(group[0].snapshotter.clone()).or_default();
                of.extend(group);
            }
        }
        for (name, records) in failed {
            let snapshotter = by_name(self.snapshotters, &name);
            if let Err(error) = discard(snapshotter, records.clone(), until).await {
                for record in records {
                    let message = format!(
                        "persistentvolumeclaims {}: snapshot `{}`, which failed, could not be deleted, and goes with the \
                         backup: {}",
                        record.claim,
                        record.name,
                        error.chain()
                    );
                    self.results.warnings.push(&record.claim.namespace, message);
                }
            }
        }
    }

    /// Notes the snapshots with their volumes, and says what is wrong with them.
    fn report(&mut self) {
        for planned in &mut self.volumes {
            let volume = &mut planned.backed_up;
            let mut own = self.records.values();
            let Some(record) = own.find(|it| it.volume.name == volume.volume.name) else {
                continue;
            };
            let namespace = &volume.claim.namespace;
            match &record.state {
                SnapshotState::Failed { reason } => {
                    let message = format!(
                        "persistentvolumeclaims {}: its data is not kept: `{}`: {reason}",
                        volume.claim, record.snapshotter
                    );
                    self.results.errors.push(namespace, message);
                }
                SnapshotState::Ready => {
                    let warning = format!(
                        "snapshot `{}` of volume `{}` can be restored from where it is, but not all of it was stored {:?} \
                         after it was asked for; keep the volume until it is",
                        record.name,
                        volume.volume.name,
                        self.spec.until_complete()
                    );
                    self.results.warnings.push(namespace, warning.clone());
                    volume.warnings.push(warning);
                }
                SnapshotState::Pending | SnapshotState::Complete => {}
            }
            volume.record = Some(record.clone());
        }
    }
}

async fn begin_group(
    planned: &PlannedGroup,
    snapshotters: &[Arc<dyn VolumeSnapshotter>],
    until: Instant,
) -> Result<Vec<VolumeRecord>> {
    let snapshotter = snapshotters[planned.snapshotter].as_ref();
    let group = &planned.group;
    let step = format!(
        "snapshot {} volumes by `{}`",
        group.members.len(),
        snapshotter.name()
    );
    let records = persist(&step, until, || snapshotter.snapshot(group)).await?;
    of_group(snapshotter, group, records)
}

/// Asks once.
async fn look(
    snapshotter: &dyn VolumeSnapshotter,
    records: &[VolumeRecord],
    until: Instant,
) -> Result<Vec<VolumeRecord>> {
    match timeout_at(until, snapshotter.poll(records)).await {
        Ok(polled) => of_poll(snapshotter, records, polled?),
        Err(_) => Err(Error::new(
            crate::ErrorKind::Timeout,
            format!(
                "look at the snapshots of `{}`: it took too long",
                snapshotter.name()
            ),
        )),
    }
}

/// The snapshotter of that name; records name those alone that were given.
fn by_name<'a>(
    snapshotters: &'a [Arc<dyn VolumeSnapshotter>],
    name: &str,
) -> &'a dyn VolumeSnapshotter {
    let found = snapshotters.iter().find(|it| it.name() == name);
    found
        .expect("records were held against who was asked")
        .as_ref()
}

/// Those that were cut together, together.
fn in_groups(records: Vec<VolumeRecord>) -> Vec<Vec<VolumeRecord>> {
    let mut groups: BTreeMap<(String, String), Vec<VolumeRecord>> = BTreeMap::new();
    for record in records {
        let name = record.group.clone().unwrap_or_else(|| record.name.clone());
        let key = (record.snapshotter.clone(), name);
        groups.entry(key).or_default().push(record);
    }
    groups.into_values().collect()
}
