//! Deleting snapshots.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::CsiSnapshotter;
use super::api::{Created, content_path, contents_path, snapshot_path};
use super::groups::delete::GroupRemoval;
use super::objects::{BEING_DELETED, Content, Snapshot, attribute, content_for_deletion};
use crate::cluster::wait::Pauses;
use crate::volumes::VolumeRecord;
use crate::{Error, ErrorKind, Result};

/// Pauses between looks at whether snapshots are gone.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(2)];

/// A deletion under way.
struct Removal<'a> {
    record: &'a VolumeRecord,
    /// By which the driver is still to be asked, once nothing stands for the snapshot any more.
    handle: Option<String>,
    /// The VolumeSnapshot, where there was one. Its content may come after it was deleted, and nobody has
    /// labelled that.
    seen: Option<Snapshot>,
    is_done: bool,
}

impl<'a> Removal<'a> {
    fn new(record: &'a VolumeRecord) -> Self {
        Self {
            record,
            handle: record.handle.clone(),
            seen: None,
            is_done: false,
        }
    }

    /// Notes what a content that is there means for its snapshot.
    fn note(&mut self, content: &Content) {
        // One that was released goes alone: its controller may have decided so, whatever is changed in it now.
        if content.is_going() && !content.is_deleting() {
            self.handle = content.handle().map(str::to_owned).or(self.handle.take());
        } else {
            self.handle = None;
        }
    }
}

/// The groups of these records, each with all of its members.
fn groups_of(records: &[VolumeRecord]) -> Vec<GroupRemoval> {
    let mut groups: BTreeMap<(&str, &str), Vec<VolumeRecord>> = BTreeMap::new();
    for record in records {
        if let Some(group) = record.group.as_deref() {
            let of = groups.entry((&record.backup_uid, group)).or_default();
            of.push(record.clone());
        }
    }
    let groups = groups.into_iter();
    groups
        .map(|((_, name), records)| GroupRemoval::new(name, records))
        .collect()
}

impl CsiSnapshotter {
    /// Deletes the snapshots, and waits for that as long as a request may take. One that cannot be deleted does not
    /// keep the others.
    pub(super) async fn remove(&self, records: &[VolumeRecord]) -> Result<bool> {
        if self.classes.is_none() && records.iter().any(|record| record.handle.is_some()) {
            return Err(Error::new(
                ErrorKind::Volume,
                "delete snapshots: the cluster does not serve `snapshot.storage.k8s.io/v1`; use one where their \
                 driver runs",
            ));
        }
        let alone = records.iter().filter(|record| record.group.is_none());
        let mut removals: Vec<Removal<'_>> = alone.map(Removal::new).collect();
        let mut groups = groups_of(records);
        let writer = self.api.writer();
        let time = writer.request_timeout();
        let mut pauses = Pauses::new(writer, "snapshots to be deleted", PAUSES, time);
        loop {
            let mut failure = None;
            // Whatever stands for a snapshot whose VolumeSnapshot is gone was labelled before that went, or was made
            // in an earlier round: one look is enough for all of them.
            let contents = self.contents_of_all(records).await?;
            for removal in removals.iter_mut().filter(|removal| !removal.is_done) {
                if let Err(error) = self.go_on(removal, &contents).await {
                    failure.get_or_insert(error);
                }
            }
            for group in &mut groups {
                if let Err(error) = self.go_on_with_group(group, &contents).await {
                    failure.get_or_insert(error);
                }
            }
            if let Some(error) = failure {
                return Err(error);
            }
            removals.retain(|removal| !removal.is_done);
            groups.retain(|group| !group.is_done);
            if removals.is_empty() && groups.is_empty() {
                return Ok(true);
            }
            if !pauses.pause("they are not gone yet").await {
                return Ok(false);
            }
        }
    }

    /// The next step of a deletion, by what there is.
    async fn go_on(&self, removal: &mut Removal<'_>, contents: &[Content]) -> Result<()> {
        let record = removal.record;
        if self.classes.is_none() {
            removal.is_done = true;
            return Ok(());
        }
        let namespace = &record.claim.namespace;
        let snapshot = self.api.snapshot(namespace, &record.name).await?;
        if let Some(snapshot) = snapshot.filter(|snapshot| snapshot.is_for(record)) {
            let path = content_path(&snapshot.content_name());
            let content: Option<Content> = self.api.get(&path).await?;
            let content = content.filter(|content| content.belongs_to(&snapshot, record));
            if let Some(content) = content {
                removal.note(&content);
                if !content.is_going() && !content.is_deleting() {
                    self.let_go(record, &content, false).await?;
                }
            }
            if !snapshot.is_going() {
                let path = snapshot_path(namespace, &record.name);
                self.api.delete(&path, snapshot.uid()).await?;
            }
            removal.seen = Some(snapshot);
            return Ok(());
        }
        if let Some(content) = self.content_without_snapshot(removal, contents).await? {
            removal.note(&content);
            if content.is_going() {
                return Ok(());
            }
            // Of one that was made for this, the driver is asked for what its status says.
            if content.handle_in_status().is_none()
                && let Some(handle) = content.handle()
            {
                self.tell_handle(content.name(), handle).await?;
            }
            self.let_go(record, &content, true).await?;
            let path = content_path(content.name());
            return self.api.delete(&path, content.uid()).await;
        }
        match removal.handle.take() {
            Some(handle) => self.remove_by_handle(record, &handle).await,
            None => {
                removal.is_done = true;
                Ok(())
            }
        }
    }

    /// The content whose VolumeSnapshot is gone.
    async fn content_without_snapshot(
        &self,
        removal: &Removal<'_>,
        contents: &[Content],
    ) -> Result<Option<Content>> {
        let record = removal.record;
        let labelled = contents.iter().find(|content| content.is_for(record));
        let labelled = labelled.cloned();
        let (None, Some(snapshot)) = (&labelled, &removal.seen) else {
            return Ok(labelled);
        };
        let path = content_path(&snapshot.content_name());
        let late: Option<Content> = self.api.get(&path).await?;
        Ok(late.filter(|content| content.belongs_to(snapshot, record)))
    }

    /// Makes the snapshot go with its content: with that of its VolumeSnapshot, or alone.
    pub(super) async fn let_go(
        &self,
        record: &VolumeRecord,
        content: &Content,
        alone: bool,
    ) -> Result<()> {
        let mut patch = json!({"spec": {"deletionPolicy": "Delete"}});
        if alone {
            patch["metadata"] = json!({"annotations": {BEING_DELETED: "yes"}});
        }
        let path = content_path(content.name());
        let patched: Option<Content> = self.api.merge(&path, &patch).await?;
        match patched {
            Some(content) if !content.is_deleting() => Err(Error::new(
                ErrorKind::Volume,
                format!(
                    "delete the snapshot of claim `{}`: the policy of its content `{}` was not changed",
                    record.claim,
                    content.name()
                ),
            )
            .with_retryable(true)),
            _ => Ok(()),
        }
    }

    /// Through a content that is made for it.
    async fn remove_by_handle(&self, record: &VolumeRecord, handle: &str) -> Result<()> {
        let step = || format!("delete snapshot `{handle}` of claim `{}`", record.claim);
        let Some(driver) = record.attributes.get(attribute::DRIVER) else {
            return Err(Error::new(
                ErrorKind::Volume,
                format!("{}: its record names no driver", step()),
            ));
        };
        let object = content_for_deletion(record, driver, handle);
        let path = content_path(&record.name);
        let made: Option<Content> = match self.api.create(&contents_path(), &object).await? {
            Created::New(made) => Some(made),
            Created::Taken => self.api.get(&path).await?,
        };
        let Some(made) = made else {
            return Ok(());
        };
        if !made.is_for(record) || made.handle() != Some(handle) {
            return Err(Error::new(
                ErrorKind::Volume,
                format!(
                    "{}: there is a VolumeSnapshotContent `{}` of another",
                    step(),
                    record.name
                ),
            ));
        }
        self.tell_handle(&record.name, handle).await?;
        self.api.delete(&path, made.uid()).await
    }

    /// Writes into a content's status what its snapshot is called, as its controller would.
    async fn tell_handle(&self, content: &str, handle: &str) -> Result<()> {
        let path = format!("{}/status", content_path(content));
        let status = json!({"status": {"snapshotHandle": handle, "readyToUse": false}});
        let patched: Option<Content> = self.api.merge(&path, &status).await?;
        match patched {
            Some(patched) if patched.handle_in_status() != Some(handle) => Err(Error::new(
                ErrorKind::Volume,
                format!(
                    "delete snapshot `{handle}`: its content `{content}` does not keep its handle"
                ),
            )
            .with_retryable(true)),
            _ => Ok(()),
        }
    }
}
