//! Taking groups, and looking after them until they stand alone.

use std::collections::BTreeSet;

use futures::future::try_join_all;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use serde_json::json;

use super::super::CsiSnapshotter;
use super::super::api::{Created, content_path, of_backup, snapshots_in};
use super::super::objects::{Content, Snapshot, attribute};
use super::super::take::on_its_way;
use super::objects::{self, BEING_DELETED, GroupContent, GroupSnapshot};
use super::{Groups, Selected};
use crate::cluster::path::path;
use crate::volumes::{SnapshotGroup, SnapshotState, VolumeMethod, VolumeRecord};
use crate::{Error, ErrorKind, Result};

/// A member of a group, as far as it is.
struct Member {
    record: VolumeRecord,
    content: Option<Content>,
    /// It was the backup's own before it was looked at.
    was_adopted: bool,
}

impl Member {
    fn is_ready(&self) -> bool {
        self.content.as_ref().is_some_and(Content::is_ready) && self.record.handle.is_some()
    }
}

impl CsiSnapshotter {
    /// Begins a group of one moment. `None` where each of its volumes is to be snapshotted by itself: there is but
    /// one, or the cluster cannot tell them from others.
    pub(in super::super) async fn take_together(
        &self,
        group: &SnapshotGroup,
        contents: &[Content],
    ) -> Result<Option<Vec<VolumeRecord>>> {
        let Some(groups) = self.groups.as_ref().filter(|_| group.members.len() > 1) else {
            return Ok(None);
        };
        let Some(selected) = groups.selection(group) else {
            return Ok(None);
        };
        let records: Vec<VolumeRecord> = group
            .members
            .iter()
            .map(|request| {
                let method = VolumeMethod::CsiSnapshot;
                let mut record = VolumeRecord::of(Self::NAME, method, group, request);
                record.restore_size = request.volume.capacity();
                let mut note = |key: &str, value: &str| {
                    record.attributes.insert(key.to_owned(), value.to_owned());
                };
                if let Some((driver, handle)) = request.volume.csi() {
                    note(attribute::DRIVER, driver);
                    note(attribute::VOLUME_HANDLE, handle);
                }
                note(attribute::GROUP_CLASS, &selected.class);
                record
            })
            .collect();
        let at = groups.snapshot_path(&selected.namespace, &group.name);
        let mut made: Option<GroupSnapshot> = self.api.get(&at).await?;
        if made.is_none() {
            let stand = |record: &VolumeRecord| contents.iter().find(|it| it.is_for(record));
            if records.iter().any(|record| stand(record).is_some()) {
                // Of an earlier run, whose VolumeGroupSnapshot is gone.
                let alone = records.into_iter().map(|record| {
                    let content = stand(&record);
                    self.standing_alone(record, content)
                });
                return Ok(Some(alone.collect()));
            }
            if self.is_begun_apart(group, contents).await?
                || !self.is_selected(groups, &selected, &records).await?
            {
                return Ok(None);
            }
            let object = objects::snapshot(groups, &selected, group, &records);
            let list = groups.snapshots_in(&selected.namespace);
            made = match self.api.create(&list, &object).await? {
                Created::New(made) => Some(made),
                Created::Taken => self.api.get(&at).await?,
            };
        }
        let Some(made) = made else {
            return Err(Error::new(
                ErrorKind::Volume,
                format!(
                    "snapshot {} volumes together: VolumeGroupSnapshot `{}/{}` was just deleted",
                    records.len(),
                    selected.namespace,
                    group.name
                ),
            )
            .with_retryable(true));
        };
        let is_ours = made.records(&group.backup_uid, &group.name).len() == records.len();
        let begun = records.into_iter().map(|mut record| {
            record.started_at = made.created_at();
            if !is_ours {
                record.state = SnapshotState::failed(of_somebody_else(&record));
            }
            record
        });
        Ok(Some(begun.collect()))
    }

    /// Whether an earlier run has begun to snapshot each of the volumes by itself.
    async fn is_begun_apart(&self, group: &SnapshotGroup, contents: &[Content]) -> Result<bool> {
        let snapshots = self.api.snapshots_of(&group.backup_uid).await?;
        let of_snapshots = snapshots.iter().filter_map(Snapshot::record);
        let of_contents = contents.iter().filter_map(Content::record);
        let begun: BTreeSet<String> = of_snapshots.chain(of_contents).map(|it| it.name).collect();
        Ok(group
            .members
            .iter()
            .any(|member| begun.contains(&member.name)))
    }

    /// Whether the label selects the claims of these records, and no other.
    async fn is_selected(
        &self,
        groups: &Groups,
        selected: &Selected,
        records: &[VolumeRecord],
    ) -> Result<bool> {
        let namespace = &selected.namespace;
        let claims = path([
            "api",
            "v1",
            "namespaces",
            namespace,
            "persistentvolumeclaims",
        ]);
        let selector = format!("{}={}", groups.label, selected.value);
        let claims: Vec<PersistentVolumeClaim> = self.api.list(&claims, &selector).await?;
        let there: BTreeSet<&str> = claims
            .iter()
            .filter_map(|claim| claim.metadata.name.as_deref())
            .collect();
        let asked: BTreeSet<&str> = records.iter().map(|it| it.claim.name.as_str()).collect();
        if there != asked {
            let (selector, claims) = (&selector, there.len());
            tracing::warn!(
                selector,
                claims,
                "snapshots are not of one moment: the label selects other claims"
            );
        }
        Ok(there == asked)
    }

    /// How the snapshots of a group are.
    pub(in super::super) async fn look_together(
        &self,
        records: Vec<&VolumeRecord>,
        contents: &[Content],
    ) -> Result<Vec<VolumeRecord>> {
        let mut looked = Vec::new();
        let (ended, open): (Vec<_>, Vec<_>) =
            records.into_iter().partition(|it| it.state.is_final());
        looked.extend(ended.into_iter().cloned());
        let Some(first) = open.first() else {
            return Ok(looked);
        };
        let (namespace, name) = (
            &first.claim.namespace,
            first.group.as_deref().unwrap_or_default(),
        );
        let fail = |record: &VolumeRecord, why: &str| VolumeRecord {
            state: SnapshotState::failed(why),
            ..record.clone()
        };
        let group: Option<GroupSnapshot> = match &self.groups {
            Some(groups) => self.api.get(&groups.snapshot_path(namespace, name)).await?,
            None => None,
        };
        let (Some(groups), Some(group)) = (&self.groups, group) else {
            let alone = open.iter().map(|record| self.look_alone(record, contents));
            looked.extend(try_join_all(alone).await?);
            return Ok(looked);
        };
        let all = group.records(&first.backup_uid, name);
        let is_known = |record: &&VolumeRecord| all.iter().any(|it| it.name == record.name);
        if !open.iter().all(is_known) {
            let failed = open
                .iter()
                .map(|record| fail(record, &of_somebody_else(record)));
            looked.extend(failed);
            return Ok(looked);
        }
        let path = groups.content_path(&group.content_name());
        let content: Option<GroupContent> = self.api.get(&path).await?;
        let content = match content {
            None => {
                let waiting = open
                    .iter()
                    .map(|record| on_its_way((*record).clone(), group.error()));
                looked.extend(waiting);
                return Ok(looked);
            }
            Some(content) if !content.is_bound_to(&group) || !content.is_made_from(&all) => {
                let why = format!(
                    "VolumeGroupSnapshotContent `{}`, to which it is bound, is not of the volumes of its group",
                    content.name()
                );
                looked.extend(open.iter().map(|record| fail(record, &why)));
                return Ok(looked);
            }
            Some(content) if content.is_deleting() && (group.is_going() || content.is_going()) => {
                looked.extend(
                    open.iter()
                        .map(|record| fail(record, "somebody is deleting it")),
                );
                return Ok(looked);
            }
            Some(content) => content,
        };
        let was_adopted = content.is_retained() && content.is_of_backup(&first.backup_uid);
        if !was_adopted {
            self.adopt_group(groups, &all, &content).await?;
        }
        let mut members = self.members(&group, all).await?;
        let all_ready = content.is_ready() && members.iter().all(Member::is_ready);
        if all_ready {
            let handles: Vec<&String> = members
                .iter()
                .filter_map(|it| it.record.handle.as_ref())
                .collect();
            let handles = json!(handles).to_string();
            for member in &mut members {
                let attributes = &mut member.record.attributes;
                attributes.insert(attribute::GROUP_HANDLES.to_owned(), handles.clone());
            }
        }
        for record in &open {
            let Some(member) = members.iter().find(|it| it.record.name == record.name) else {
                continue;
            };
            let mut now = member.record.clone();
            now.started_at = record.started_at.or(group.created_at());
            now.group_handle = now.group_handle.or(content.handle().map(str::to_owned));
            if all_ready {
                now.state = SnapshotState::Ready;
            } else {
                let complaint = member.content.as_ref().and_then(Content::error);
                now = on_its_way(now, complaint.or(content.error()).or(group.error()));
            }
            looked.push(now);
        }
        if all_ready && was_adopted && members.iter().all(|member| member.was_adopted) {
            let path = groups.snapshot_path(namespace, name);
            self.api.delete(&path, group.uid()).await?;
        }
        Ok(looked)
    }

    /// The members of a group, each the backup's own once it is there.
    async fn members(&self, group: &GroupSnapshot, all: Vec<VolumeRecord>) -> Result<Vec<Member>> {
        let namespace = all
            .first()
            .map(|it| it.claim.namespace.clone())
            .unwrap_or_default();
        let snapshots: Vec<Snapshot> = self.api.list(&snapshots_in(&namespace), "").await?;
        let members = all.into_iter().map(|record| {
            let of = |it: &&Snapshot| it.is_member(group.uid(), &record.claim.name);
            let snapshot = snapshots.iter().find(of).cloned();
            self.member(snapshot, record)
        });
        try_join_all(members).await
    }

    async fn member(&self, snapshot: Option<Snapshot>, mut record: VolumeRecord) -> Result<Member> {
        let content: Option<Content> = match &snapshot {
            Some(snapshot) => {
                self.api
                    .get(&content_path(&snapshot.content_name()))
                    .await?
            }
            None => None,
        };
        let of = |content: &Content| {
            snapshot
                .as_ref()
                .is_some_and(|snapshot| content.belongs_to(snapshot, &record))
        };
        let Some(content) = content.filter(of) else {
            return Ok(Member {
                record,
                content: None,
                was_adopted: false,
            });
        };
        let was_adopted = content.is_retained() && content.is_of_backup(&record.backup_uid);
        let content = match was_adopted {
            true => content,
            false => self.adopt(&record, &content).await?,
        };
        content.tell(&mut record);
        Ok(Member {
            record,
            content: Some(content),
            was_adopted,
        })
    }

    /// Lets a group's content outlive its VolumeGroupSnapshot, and be found by the backup's uid.
    async fn adopt_group(
        &self,
        groups: &Groups,
        records: &[VolumeRecord],
        content: &GroupContent,
    ) -> Result<()> {
        let path = groups.content_path(content.name());
        let patch = objects::adopted(records, "Retain");
        let patched: Option<GroupContent> = self.api.merge(&path, &patch).await?;
        if patched.is_some_and(|it| it.is_retained()) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Volume,
            format!(
                "keep snapshots apart from their VolumeGroupSnapshot: its content `{}` was not changed to `Retain`",
                content.name()
            ),
        )
        .with_retryable(true))
    }

    /// A snapshot whose VolumeGroupSnapshot is gone: it is complete once its own VolumeSnapshot is, too.
    async fn look_alone(
        &self,
        record: &VolumeRecord,
        contents: &[Content],
    ) -> Result<VolumeRecord> {
        let content = contents.iter().find(|content| content.is_for(record));
        if let Some(content) = content {
            let namespace = &record.claim.namespace;
            let snapshot = self
                .api
                .snapshot(namespace, content.snapshot_name())
                .await?;
            if snapshot.is_some() && record.state == SnapshotState::Ready {
                return Ok(record.clone());
            }
        }
        Ok(self.standing_alone(record.clone(), content))
    }

    /// What was begun together for a backup.
    pub(in super::super) async fn groups_begun(
        &self,
        backup_uid: &str,
    ) -> Result<Vec<VolumeRecord>> {
        let Some(groups) = &self.groups else {
            return Ok(Vec::new());
        };
        let list = groups.all_snapshots();
        let found: Vec<GroupSnapshot> = self.api.list(&list, &of_backup(backup_uid)).await?;
        let of = |group: &GroupSnapshot| {
            let started_at = group.created_at();
            let records = group.all_records(backup_uid).into_iter();
            records
                .map(move |record| VolumeRecord {
                    started_at,
                    ..record
                })
                .collect::<Vec<_>>()
        };
        Ok(found.iter().flat_map(of).collect())
    }

    pub(super) async fn group_contents_of(&self, backup_uid: &str) -> Result<Vec<GroupContent>> {
        match &self.groups {
            Some(groups) => {
                self.api
                    .list(&groups.contents(), &of_backup(backup_uid))
                    .await
            }
            None => Ok(Vec::new()),
        }
    }

    /// Deletes what stands for the groups of a backup that names them, and not the groups.
    pub(in super::super) async fn forget_groups(&self, backup_uid: &str) -> Result<()> {
        let Some(groups) = &self.groups else {
            return Ok(());
        };
        for content in self.group_contents_of(backup_uid).await? {
            // What is being deleted goes with its group, and what a restore made has no records.
            if !content.is_retained() || content.is_going() || !content.is_noted(backup_uid) {
                continue;
            }
            let (namespace, name) = content.snapshot();
            let path = groups.snapshot_path(namespace, name);
            let bound: Option<GroupSnapshot> = self.api.get(&path).await?;
            if bound.is_some() || content.handle().is_none() {
                continue;
            }
            let path = groups.content_path(content.name());
            let patch = json!({"metadata": {"annotations": {BEING_DELETED: "yes"}}});
            let patched: Option<GroupContent> = self.api.merge(&path, &patch).await?;
            if patched.is_some_and(|content| content.is_retained()) {
                self.api.delete(&path, content.uid()).await?;
            }
        }
        Ok(())
    }
}

fn of_somebody_else(record: &VolumeRecord) -> String {
    format!(
        "VolumeGroupSnapshot `{}/{}` is there already, and was not made by this backup of claim `{}`",
        record.claim.namespace,
        record.group.as_deref().unwrap_or_default(),
        record.claim.name
    )
}
