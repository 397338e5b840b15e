//! Deleting groups: each goes as a whole.

use serde_json::json;

use super::super::CsiSnapshotter;
use super::super::api::{Created, content_path};
use super::super::objects::Content;
use super::Groups;
use super::objects::{
    BEING_DELETED, GroupContent, GroupSnapshot, adopted, content_for_deletion, handles_of,
};
use crate::volumes::VolumeRecord;
use crate::{Error, ErrorKind, Result};

/// The deletion of a group under way.
pub(in super::super) struct GroupRemoval {
    /// Its members, at least one.
    records: Vec<VolumeRecord>,
    name: String,
    /// Whether the driver is still to be asked by handle, once nothing stands for the group any more.
    by_handle: bool,
    /// The VolumeGroupSnapshot, where there was one. Its content may come after it was deleted.
    seen: Option<GroupSnapshot>,
    pub(in super::super) is_done: bool,
}

impl GroupRemoval {
    pub(in super::super) fn new(name: &str, records: Vec<VolumeRecord>) -> Self {
        Self {
            by_handle: records.iter().any(|it| it.group_handle.is_some()),
            records,
            name: name.to_owned(),
            seen: None,
            is_done: false,
        }
    }

    fn backup_uid(&self) -> &str {
        &self.records[0].backup_uid
    }

    fn namespace(&self) -> &str {
        &self.records[0].claim.namespace
    }
}

impl CsiSnapshotter {
    /// The next step of a deletion, by what there is.
    pub(in super::super) async fn go_on_with_group(
        &self,
        removal: &mut GroupRemoval,
        contents: &[Content],
    ) -> Result<()> {
        let Some(groups) = &self.groups else {
            removal.is_done = !removal.by_handle;
            return match removal.is_done {
                true => Ok(()),
                false => Err(Error::new(
                    ErrorKind::Volume,
                    format!(
                        "delete the group `{}` of snapshots: the cluster does not serve \
                         `groupsnapshot.storage.k8s.io`; use one where its driver runs",
                        removal.name
                    ),
                )),
            };
        };
        let of = contents.iter().filter_map(|content| {
            let mut records = removal.records.iter();
            let record = records.find(|record| content.is_for(record))?;
            Some((record.clone(), content))
        });
        let members: Vec<(VolumeRecord, &Content)> = of.collect();
        let path = groups.snapshot_path(removal.namespace(), &removal.name);
        let group: Option<GroupSnapshot> = self.api.get(&path).await?;
        let is_ours =
            |it: &GroupSnapshot| !it.records(removal.backup_uid(), &removal.name).is_empty();
        if let Some(group) = group.filter(is_ours) {
            let content = self.content_of(groups, &group).await?;
            if let Some(content) = content.filter(|it| !it.is_going()) {
                removal.by_handle = false;
                // It bears the backup's uid from here on, so that it is found if it is left.
                self.let_group_go(groups, removal, &content, false).await?;
            }
            for (record, content) in members.iter().filter(|(_, it)| !it.is_going()) {
                self.let_go(record, content, false).await?;
            }
            if !group.is_going() {
                self.api.delete(&path, group.uid()).await?;
            }
            removal.seen = Some(group);
            return Ok(());
        }
        let mut found = self.group_contents_of(removal.backup_uid()).await?;
        found.retain(|it| it.is_for(removal.backup_uid(), &removal.name));
        if let (None, Some(seen)) = (found.first(), &removal.seen) {
            found.extend(self.content_of(groups, seen).await?);
        }
        if let Some(content) = found.first() {
            // One that was released goes alone: its controller may have decided so, whatever is changed in it now.
            let goes_alone = content.is_going() && !content.is_deleting();
            removal.by_handle =
                goes_alone && removal.records.iter().any(|it| it.group_handle.is_some());
            if content.is_going() {
                return Ok(());
            }
            // Of one that was made for this, the driver is asked for what its status says.
            if content.handle_in_status().is_none()
                && let Some(handle) = content.handle()
            {
                self.tell_group_handle(groups, content.name(), handle)
                    .await?;
            }
            self.let_group_go(groups, removal, content, true).await?;
            let path = groups.content_path(content.name());
            return self.api.delete(&path, content.uid()).await;
        }
        if !members.is_empty() {
            for (record, content) in members.iter().filter(|(_, it)| !it.is_going()) {
                self.let_go(record, content, true).await?;
                self.api
                    .delete(&content_path(content.name()), content.uid())
                    .await?;
            }
            return Ok(());
        }
        if !std::mem::take(&mut removal.by_handle) {
            removal.is_done = true;
            return Ok(());
        }
        self.remove_group_by_handle(groups, removal).await
    }

    async fn content_of(
        &self,
        groups: &Groups,
        group: &GroupSnapshot,
    ) -> Result<Option<GroupContent>> {
        let path = groups.content_path(&group.content_name());
        let content: Option<GroupContent> = self.api.get(&path).await?;
        Ok(content.filter(|content| content.is_bound_to(group)))
    }

    /// Makes the group go with its content.
    async fn let_group_go(
        &self,
        groups: &Groups,
        removal: &GroupRemoval,
        content: &GroupContent,
        alone: bool,
    ) -> Result<()> {
        let mut patch = adopted(&removal.records, "Delete");
        if alone {
            patch["metadata"]["annotations"][BEING_DELETED] = json!("yes");
        }
        let path = groups.content_path(content.name());
        let patched: Option<GroupContent> = self.api.merge(&path, &patch).await?;
        match patched {
            Some(content) if !content.is_deleting() => Err(Error::new(
                ErrorKind::Volume,
                format!(
                    "delete the group `{}` of snapshots: the policy of its content `{}` was not changed",
                    removal.name,
                    content.name()
                ),
            )
            .with_retryable(true)),
            _ => Ok(()),
        }
    }

    /// Through a content that is made for it.
    async fn remove_group_by_handle(&self, groups: &Groups, removal: &GroupRemoval) -> Result<()> {
        let handles = handles_of(&removal.records);
        let name = &removal.name;
        let object = content_for_deletion(groups, &removal.records, name, &handles);
        let Some(object) = object else {
            return Ok(());
        };
        let made: Option<GroupContent> = match self.api.create(&groups.contents(), &object).await? {
            Created::New(made) => Some(made),
            Created::Taken => self.api.get(&groups.content_path(name)).await?,
        };
        let Some(made) = made else {
            return Ok(());
        };
        let handle = removal
            .records
            .iter()
            .find_map(|it| it.group_handle.as_deref());
        if !made.is_for(removal.backup_uid(), name) || made.handle() != handle {
            return Err(Error::new(
                ErrorKind::Volume,
                format!(
                    "delete the group `{name}` of snapshots: there is a VolumeGroupSnapshotContent of that name of \
                     another"
                ),
            ));
        }
        self.tell_group_handle(groups, name, handle.unwrap_or_default())
            .await?;
        self.api
            .delete(&groups.content_path(name), made.uid())
            .await
    }

    /// Writes into a content's status what its group is called, as its controller would.
    async fn tell_group_handle(&self, groups: &Groups, content: &str, handle: &str) -> Result<()> {
        let path = format!("{}/status", groups.content_path(content));
        let status = json!({"status": {"volumeGroupSnapshotHandle": handle, "readyToUse": false}});
        let patched: Option<GroupContent> = self.api.merge(&path, &status).await?;
        match patched {
            Some(patched) if patched.handle_in_status() != Some(handle) => Err(Error::new(
                ErrorKind::Volume,
                format!(
                    "delete group `{handle}`: its content `{content}` does not keep its handle"
                ),
            )
            .with_retryable(true)),
            _ => Ok(()),
        }
    }
}
