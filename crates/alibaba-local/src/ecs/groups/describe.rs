//! DescribeSnapshotGroups.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ecs::page::Paging;
use crate::ecs::place;
use crate::ecs::records::Records;
use crate::ecs::records::group::Group;
use crate::ecs::records::snapshot::{Snapshot, Status};
use crate::ecs::rights::Sight;
use crate::ecs::store::Store;
use crate::ecs::tag::{self, Tag};
use crate::ecs::time;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Describe {
    #[serde(default)]
    snapshot_group_id: Vec<String>,
    instance_id: Option<String>,
    name: Option<String>,
    #[serde(default)]
    status: Vec<String>,
    resource_group_id: Option<String>,
    #[serde(default)]
    tag: Vec<Tag>,
}

pub(in crate::ecs) fn describe(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let sight = Sight::new(
        call,
        "ecs:DescribeSnapshotGroups",
        &region,
        ("snapshotgroup", "SnapshotGroupId"),
    )?;
    let (asked, paging) = sight.unless_denied(read(call))?;
    store.change(|state, now| {
        let records = &state.records;
        let rows = records.groups.values().filter(|group| {
            let ids = &asked.snapshot_group_id;
            let status = status(records, group, now).name();
            let is = |wanted: &Option<String>, found: Option<&str>| {
                wanted.is_none() || wanted.as_deref() == found
            };
            group.region == region
                && (ids.is_empty() || ids.contains(&group.id))
                && (asked.status.is_empty() || asked.status.iter().any(|it| it == status))
                && is(&asked.instance_id, group.instance.as_deref())
                && is(&asked.name, Some(&group.name))
                && is(&asked.resource_group_id, group.resource_group.as_deref())
                && tag::has_all(&group.tags, &asked.tag)
        });
        let page = paging.page(rows, |it| it.number, |it| sight.sees(&it.id, &it.tags));
        sight.heed(!page.rows.is_empty())?;
        let shown = page.rows.iter().map(|group| show(records, group, now));
        let shown = shown.collect::<Vec<_>>();
        Ok(page.finish(json!({ "SnapshotGroups": { "SnapshotGroup": shown } })))
    })
}

fn read(call: &Call<'_>) -> Result<(Describe, Paging), ApiError> {
    let asked: Describe = call.parameters.read()?;
    if asked.snapshot_group_id.len() > 10 {
        return Err(ApiError::invalid("SnapshotGroupId"));
    }
    let is_status = |name: &String| Status::ALL.iter().any(|it| it.name() == name);
    if asked.status.len() > 3 || !asked.status.iter().all(is_status) {
        return Err(ApiError::forbidden(
            "InvalidStatus.ValueNotSupported",
            "The specified parameter Status is invalid.",
        ));
    }
    tag::filter(&asked.tag)?;
    Ok((asked, Paging::read_token(call, (1, 100))?))
}

fn members<'r>(records: &'r Records, group: &'r Group) -> impl Iterator<Item = &'r Snapshot> {
    let snapshots = records.snapshots.values();
    snapshots.filter(|it| it.group.as_ref() == Some(&group.id))
}

/// Accomplished when every member is, failed when one is; the second is inferred.
fn status(records: &Records, group: &Group, now: DateTime<Utc>) -> Status {
    let mut all = Status::Accomplished;
    for member in members(records, group) {
        match member.status(now) {
            Status::Failed => return Status::Failed,
            Status::Progressing => all = Status::Progressing,
            Status::Accomplished => {}
        }
    }
    all
}

fn show(records: &Records, group: &Group, now: DateTime<Utc>) -> Value {
    let members = members(records, group).map(|member| {
        json!({
            "SnapshotId": member.id,
            "SourceDiskId": member.source_disk,
            "SourceDiskType": if member.source_is_system { "system" } else { "data" },
            "Progress": format!("{}%", member.percent(now)),
            "Available": member.is_available(now),
            "InstantAccess": false,
            "Tags": tag::show_of_group(&member.tags),
        })
    });
    json!({
        "SnapshotGroupId": group.id,
        "Name": group.name,
        "Description": group.description,
        "InstanceId": group.instance.as_deref().unwrap_or_default(),
        "CreationTime": time::text(group.created),
        "Status": status(records, group, now).name(),
        "ProgressStatus": "",
        "ResourceGroupId": group.resource_group.as_deref().unwrap_or_default(),
        "Tags": tag::show_of_group(&group.tags),
        "Snapshots": { "Snapshot": members.collect::<Vec<_>>() },
    })
}
