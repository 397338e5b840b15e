//! Taking snapshots, and looking after them until they stand alone.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{try_join, try_join_all};
use serde_json::json;

use super::CsiSnapshotter;
use super::api::{Created, content_path, snapshot_path, snapshots_in};
use super::objects::{self, Content, Snapshot, adopted, attribute};
use crate::volumes::{SnapshotGroup, SnapshotRequest, SnapshotState, VolumeMethod, VolumeRecord};
use crate::{Error, ErrorKind, Result};

impl CsiSnapshotter {
    pub(super) async fn take(&self, group: &SnapshotGroup) -> Result<Vec<VolumeRecord>> {
        // Those of an earlier run that stand alone already.
        let contents = self.contents_of(&group.backup_uid).await?;
        if let Some(taken) = self.take_together(group, &contents).await? {
            return Ok(taken);
        }
        let requests = group.members.iter();
        let taken = requests.map(|request| self.take_one(group, request, &contents));
        try_join_all(taken).await
    }

    async fn take_one(
        &self,
        group: &SnapshotGroup,
        request: &SnapshotRequest,
        contents: &[Content],
    ) -> Result<VolumeRecord> {
        let volume = &request.volume;
        let mut record = VolumeRecord::of(Self::NAME, VolumeMethod::CsiSnapshot, group, request);
        // Each is of a point in time of its own.
        record.group = None;
        record.restore_size = volume.capacity();
        let class = match self.class_of(volume) {
            Ok(class) => class.name(),
            Err(why) => {
                record.state = SnapshotState::failed(why);
                return Ok(record);
            }
        };
        let mut note = |key: &str, value: &str| {
            record.attributes.insert(key.to_owned(), value.to_owned());
        };
        if let Some((driver, handle)) = volume.csi() {
            note(attribute::DRIVER, driver);
            note(attribute::VOLUME_HANDLE, handle);
        }
        note(VolumeRecord::SNAPSHOT_CLASS, class);
        if let Some(alone) = contents.iter().find(|content| content.is_for(&record)) {
            return Ok(self.standing_alone(record, Some(alone)));
        }
        let object = objects::snapshot(&record, group, class);
        let list = snapshots_in(&record.claim.namespace);
        let made = match self.api.create(&list, &object).await? {
            Created::New(made) => Some(made),
            Created::Taken => {
                let namespace = &record.claim.namespace;
                self.api.snapshot(namespace, &record.name).await?
            }
        };
        match made {
            Some(made) => {
                record.started_at = made.created_at();
                if !Snapshot::is_for(&made, &record) {
                    record.state = SnapshotState::failed(of_somebody_else(&record));
                }
                Ok(record)
            }
            None => Err(Error::new(
                ErrorKind::Volume,
                format!(
                    "snapshot claim `{}`: VolumeSnapshot `{}` was just deleted",
                    record.claim, record.name
                ),
            )
            .with_retryable(true)),
        }
    }

    pub(super) async fn look_at(&self, records: &[VolumeRecord]) -> Result<Vec<VolumeRecord>> {
        let contents = self.contents_of_all(records).await?;
        let mut groups: BTreeMap<&str, Vec<&VolumeRecord>> = BTreeMap::new();
        for record in records {
            if let Some(group) = record.group.as_deref() {
                groups.entry(group).or_default().push(record);
            }
        }
        let alone = records.iter().filter(|record| record.group.is_none());
        let looks = alone.map(|record| self.look(record, &contents));
        let together = groups.into_values();
        let together = together.map(|group| self.look_together(group, &contents));
        let (alone, together) = try_join(try_join_all(looks), try_join_all(together)).await?;
        let looked = alone.into_iter().chain(together.into_iter().flatten());
        let mut looked: BTreeMap<String, VolumeRecord> =
            looked.map(|record| (record.name.clone(), record)).collect();
        let of = |record: &VolumeRecord| looked.remove(&record.name);
        Ok(records.iter().filter_map(of).collect())
    }

    async fn look(&self, record: &VolumeRecord, contents: &[Content]) -> Result<VolumeRecord> {
        let mut record = record.clone();
        if record.state.is_final() {
            return Ok(record);
        }
        let snapshot = self
            .api
            .snapshot(&record.claim.namespace, &record.name)
            .await?;
        let Some(snapshot) = snapshot else {
            let alone = contents.iter().find(|content| content.is_for(&record));
            return Ok(self.standing_alone(record, alone));
        };
        if !snapshot.is_for(&record) {
            record.state = SnapshotState::failed(of_somebody_else(&record));
            return Ok(record);
        }
        record.started_at = record.started_at.or(snapshot.created_at());
        let content: Option<Content> = self
            .api
            .get(&content_path(&snapshot.content_name()))
            .await?;
        let Some(content) = content else {
            return Ok(on_its_way(record, snapshot.error()));
        };
        if !content.belongs_to(&snapshot, &record) {
            record.state = SnapshotState::failed(format!(
                "VolumeSnapshotContent `{}`, to which it is bound, is not of its volume",
                content.name()
            ));
            return Ok(record);
        }
        if content.is_deleting() && (snapshot.is_going() || content.is_going()) {
            record.state = SnapshotState::failed("somebody is deleting it");
            return Ok(record);
        }
        let was_adopted = content.is_retained() && content.is_of_backup(&record.backup_uid);
        let content = match was_adopted {
            true => content,
            false => self.adopt(&record, &content).await?,
        };
        content.tell(&mut record);
        if !content.is_ready() || record.handle.is_none() {
            return Ok(on_its_way(record, content.error().or(snapshot.error())));
        }
        record.state = SnapshotState::Ready;
        record.attributes.remove(VolumeRecord::LAST_ERROR);
        if was_adopted {
            let path = snapshot_path(&record.claim.namespace, &record.name);
            self.api.delete(&path, snapshot.uid()).await?;
            let left: Option<Snapshot> = self.api.get(&path).await?;
            if left.is_none() {
                self.complete(&mut record);
            }
        }
        Ok(record)
    }

    /// Lets a content outlive its VolumeSnapshot, and be found by the backup's uid.
    pub(super) async fn adopt(&self, record: &VolumeRecord, content: &Content) -> Result<Content> {
        let mut first = record.clone();
        first.state = SnapshotState::Pending;
        let path = content_path(content.name());
        let patched: Option<Content> = self.api.merge(&path, &adopted(&first)).await?;
        let confirmed =
            |content: &Content| content.is_retained() && content.is_of_backup(&record.backup_uid);
        patched.filter(confirmed).ok_or_else(|| {
            Error::new(
                ErrorKind::Volume,
                format!(
                    "keep the snapshot of claim `{}` apart from VolumeSnapshot `{}`: its content `{}` was not \
                     changed to `Retain`",
                    record.claim,
                    record.name,
                    content.name()
                ),
            )
            .with_retryable(true)
        })
    }

    /// The record of a snapshot whose VolumeSnapshot is gone.
    pub(super) fn standing_alone(
        &self,
        mut record: VolumeRecord,
        content: Option<&Content>,
    ) -> VolumeRecord {
        match content {
            Some(content) if content.is_going() || content.is_deleting() => {
                record.state = SnapshotState::failed("somebody is deleting it");
            }
            Some(content) => {
                content.tell(&mut record);
                if content.is_ready() && record.handle.is_some() {
                    self.complete(&mut record);
                }
            }
            // Its content went with the VolumeSnapshot, after it had been changed: what it stands for stays.
            None if record.state == SnapshotState::Ready && record.handle.is_some() => {
                self.complete(&mut record);
            }
            None => {
                record.state = SnapshotState::failed("there is no such snapshot any more");
            }
        }
        record
    }

    fn complete(&self, record: &mut VolumeRecord) {
        record.attributes.remove(VolumeRecord::LAST_ERROR);
        record.state = SnapshotState::Complete;
        record.completed_at = record.completed_at.or_else(|| Some((self.clock)()));
    }

    pub(super) async fn find_begun(&self, backup_uid: &str) -> Result<Vec<VolumeRecord>> {
        let contents = self.contents_of(backup_uid).await?;
        let mut found: Vec<VolumeRecord> = contents
            .iter()
            .filter_map(|content| {
                let mut record = content.record()?;
                content.tell(&mut record);
                Some(record)
            })
            .collect();
        found.extend(self.groups_begun(backup_uid).await?);
        if self.classes.is_some() {
            for snapshot in self.api.snapshots_of(backup_uid).await? {
                let record = snapshot.record();
                found.extend(record.map(|mut record| {
                    record.started_at = snapshot.created_at();
                    record
                }));
            }
        }
        found.retain(|record| record.backup_uid == backup_uid);
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found.dedup_by(|a, b| a.name == b.name);
        Ok(found)
    }

    /// The contents of all backups that these records are of.
    pub(super) async fn contents_of_all(&self, records: &[VolumeRecord]) -> Result<Vec<Content>> {
        let uids: BTreeSet<&str> = records.iter().map(|it| it.backup_uid.as_str()).collect();
        let contents = try_join_all(uids.into_iter().map(|uid| self.contents_of(uid))).await?;
        Ok(contents.into_iter().flatten().collect())
    }

    pub(super) async fn contents_of(&self, backup_uid: &str) -> Result<Vec<Content>> {
        match self.classes {
            Some(_) => self.api.contents_of(backup_uid).await,
            None => Ok(Vec::new()),
        }
    }

    /// Deletes what stands for the snapshots of a backup that names them, and not the snapshots.
    pub(super) async fn forget(&self, backup_uid: &str) -> Result<()> {
        for content in self.contents_of(backup_uid).await? {
            // What is being deleted goes with its snapshot, and what a restore made has no record.
            let Some(record) = content.record().filter(|_| content.is_retained()) else {
                continue;
            };
            let namespace = &record.claim.namespace;
            let snapshot = self.api.snapshot(namespace, content.snapshot_name());
            let is_bound = snapshot.await?.is_some();
            if is_bound || content.handle().is_none() || content.is_going() {
                continue;
            }
            let path = content_path(content.name());
            let patch = json!({"metadata": {"annotations": {objects::BEING_DELETED: "yes"}}});
            let patched: Option<Content> = self.api.merge(&path, &patch).await?;
            if patched.is_some_and(|content| content.is_retained()) {
                self.api.delete(&path, content.uid()).await?;
            }
        }
        self.forget_groups(backup_uid).await
    }
}

/// The record of a snapshot that is not ready yet, with what its controllers last complained of. They go on
/// trying, so that it has not failed: how long that goes on is for those to say who wait for it.
pub(super) fn on_its_way(mut record: VolumeRecord, complaint: Option<&str>) -> VolumeRecord {
    if let Some(complaint) = complaint {
        let key = VolumeRecord::LAST_ERROR.to_owned();
        record.attributes.insert(key, complaint.to_owned());
    }
    record
}

fn of_somebody_else(record: &VolumeRecord) -> String {
    format!(
        "VolumeSnapshot `{}/{}` is there already, and was not made by this backup of claim `{}`",
        record.claim.namespace, record.name, record.claim.name
    )
}
