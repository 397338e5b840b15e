//! DescribeSnapshots.

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ecs::bounds;
use crate::ecs::filter::{self, TimeFilter, Times};
use crate::ecs::object::join;
use crate::ecs::page::Paging;
use crate::ecs::place;
use crate::ecs::records::Records;
use crate::ecs::records::snapshot::{Snapshot, Status};
use crate::ecs::refusal;
use crate::ecs::rights::Sight;
use crate::ecs::store::Store;
use crate::ecs::tag::{self, Tag};
use crate::ecs::time;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Describe {
    disk_id: Option<String>,
    instance_id: Option<String>,
    snapshot_ids: Option<String>,
    snapshot_link_id: Option<String>,
    snapshot_name: Option<String>,
    snapshot_type: Option<String>,
    source_disk_type: Option<String>,
    status: Option<String>,
    usage: Option<String>,
    category: Option<String>,
    encrypted: Option<bool>,
    #[serde(rename = "KMSKeyId")]
    kms_key_id: Option<String>,
    resource_group_id: Option<String>,
    dry_run: Option<bool>,
    #[serde(default)]
    tag: Vec<Tag>,
    #[serde(default)]
    filter: Vec<TimeFilter>,
}

/// The filters, each of them known to be good. They all have to hold.
struct Filters {
    asked: Describe,
    ids: Option<Vec<String>>,
    links: Option<Vec<String>>,
    status: Option<Status>,
    times: Times,
}

pub(in crate::ecs) fn describe(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let sight = Sight::new(
        call,
        "ecs:DescribeSnapshots",
        &region,
        ("snapshot", "SnapshotIds"),
    )?;
    let read = || {
        Ok((
            Filters::read(call.parameters.read()?)?,
            Paging::read(call, 100)?,
        ))
    };
    let (filters, paging) = sight.unless_denied(read())?;
    store.change(|state, now| {
        let rows = state.records.snapshots.values();
        let rows = rows
            .filter(|it| it.region == region)
            .filter(|it| filters.hold(&state.records, it, now));
        let page = paging.page(rows, |it| it.number, |it| sight.sees(&it.id, &it.tags));
        sight.heed(!page.rows.is_empty())?;
        if filters.asked.dry_run == Some(true) {
            return Err(refusal::dry_run());
        }
        let shown = page.rows.iter().map(|it| show(&state.records, it, now));
        let shown = shown.collect::<Vec<_>>();
        Ok(page.finish(json!({ "Snapshots": { "Snapshot": shown } })))
    })
}

impl Filters {
    fn read(asked: Describe) -> Result<Self, ApiError> {
        let ids = asked.snapshot_ids.as_deref();
        let ids = bounds::id_list(ids, "s", "InvalidSnapshotIds.Malformed")?;
        let links = match asked.snapshot_link_id.as_deref() {
            Some(text) if text.trim_start().starts_with('[') => {
                bounds::id_list(Some(text), "sl", "InvalidSnapshotLinkId.Malformed")?
            }
            Some(id) if !bounds::is_id(id, "sl") => {
                return Err(refusal::not_found(
                    "InvalidSnapshotLinkId",
                    "SnapshotLinkId",
                ));
            }
            id => id.map(|id| vec![id.to_owned()]),
        };
        let status = match asked.status.as_deref() {
            None | Some("all") => None,
            Some(name) => {
                let status = Status::ALL.into_iter().find(|it| it.name() == name);
                Some(status.ok_or_else(|| refusal::not_found("InvalidStatus", "Status"))?)
            }
        };
        let one_of = |value: &Option<String>, words: &[&str], refused: ApiError| match value {
            Some(value) if !words.contains(&value.to_ascii_lowercase().as_str()) => Err(refused),
            _ => Ok(()),
        };
        one_of(
            &asked.snapshot_type,
            &["auto", "user", "all", "timer"],
            refusal::not_found("InvalidSnapshotType", "SnapshotType"),
        )?;
        // That these two are 404 as well is how the table lists them.
        let named = |code: &'static str| ApiError::not_found(code, "The parameter is invalid.");
        let usages = ["image", "disk", "image_disk", "none"];
        one_of(&asked.usage, &usages, named("InvalidUsage"))?;
        let types = ["system", "data"];
        one_of(
            &asked.source_disk_type,
            &types,
            named("InvalidSourceDiskType"),
        )?;
        one_of(
            &asked.category,
            &["standard", "flash", "archive"],
            ApiError::new(
                StatusCode::FORBIDDEN,
                "InvalidSnapshotCategory.Malformed",
                "The specified parameter Category is invalid.",
            ),
        )?;
        tag::filter(&asked.tag)?;
        let times = filter::read(&asked.filter)?;
        Ok(Self {
            ids,
            links,
            status,
            times,
            asked,
        })
    }

    fn hold(&self, records: &Records, snapshot: &Snapshot, now: DateTime<Utc>) -> bool {
        let asked = &self.asked;
        let is = |wanted: &Option<String>, found: &str| {
            wanted
                .as_ref()
                .is_none_or(|it| it.eq_ignore_ascii_case(found))
        };
        let ids = self.ids.as_ref();
        let links = self.links.as_ref();
        let kind = asked.snapshot_type.as_deref();
        ids.is_none_or(|ids| ids.contains(&snapshot.id))
            && links.is_none_or(|links| links.contains(&snapshot.link))
            && self.status.is_none_or(|it| it == snapshot.status(now))
            && kind.is_none_or(|kind| match kind {
                "auto" | "timer" => snapshot.is_automatic,
                "user" => !snapshot.is_automatic,
                _ => true,
            })
            && asked
                .disk_id
                .as_ref()
                .is_none_or(|id| *id == snapshot.source_disk)
            && is_of_instance(records, snapshot, asked.instance_id.as_deref())
            && asked
                .snapshot_name
                .as_ref()
                .is_none_or(|name| *name == snapshot.name)
            && is(&asked.source_disk_type, disk_type(snapshot))
            && (asked.usage.is_none() || is(&asked.usage, usage(records, snapshot)))
            && is(&asked.category, category(snapshot))
            && (asked.encrypted != Some(true) || snapshot.encrypted)
            && is_same(&asked.kms_key_id, &snapshot.kms_key)
            && is_same(&asked.resource_group_id, &snapshot.resource_group)
            && tag::has_all(&snapshot.tags, &asked.tag)
            && self.times.hold(snapshot.created)
    }
}

fn is_same(wanted: &Option<String>, found: &Option<String>) -> bool {
    wanted.is_none() || wanted == found
}

/// "Snapshots of the instance's disks": those attached to it now, or when the snapshot was made.
fn is_of_instance(records: &Records, snapshot: &Snapshot, wanted: Option<&str>) -> bool {
    let Some(wanted) = wanted else {
        return true;
    };
    let disk = records.disks.get(&snapshot.source_disk);
    let attached = disk.and_then(|disk| disk.attached.as_ref());
    attached.is_some_and(|it| it.instance == wanted) || snapshot.instance.as_deref() == Some(wanted)
}

fn disk_type(snapshot: &Snapshot) -> &'static str {
    if snapshot.source_is_system {
        "system"
    } else {
        "data"
    }
}

/// In lower case, as samples have it.
fn category(snapshot: &Snapshot) -> &'static str {
    if snapshot.archived {
        "archive"
    } else {
        "standard"
    }
}

/// There are no images here.
fn usage(records: &Records, snapshot: &Snapshot) -> &'static str {
    if records.disks_of_snapshot(&snapshot.id) {
        "disk"
    } else {
        "none"
    }
}

/// A snapshot as DescribeSnapshots has it.
fn show(records: &Records, snapshot: &Snapshot, now: DateTime<Utc>) -> Value {
    let own = json!({
        "SnapshotId": snapshot.id,
        "SnapshotName": snapshot.name,
        "SnapshotSN": format!("{}-{}", snapshot.number, snapshot.id),
        "SnapshotLinkId": snapshot.link,
        "SnapshotType": if snapshot.is_automatic { "auto" } else { "user" },
        "Description": snapshot.description,
        "RegionId": snapshot.region,
        "Status": snapshot.status(now).name(),
        "Progress": format!("{}%", snapshot.percent(now)),
        "RemainTime": snapshot.remaining(now),
        "Available": snapshot.is_available(now),
        "Category": category(snapshot),
        "Usage": usage(records, snapshot),
        "CreationTime": time::text(snapshot.created),
        "LastModifiedTime": time::text(snapshot.modified),
    });
    let more = json!({
        "SourceDiskId": snapshot.source_disk,
        "SourceDiskSize": snapshot.source_size_gib.to_string(),
        "SourceDiskType": disk_type(snapshot),
        "SourceStorageType": "disk",
        "FullSnapshotSizeInBytes": snapshot.held_bytes,
        "ProductCode": "",
        "Encrypted": snapshot.encrypted,
        "KMSKeyId": snapshot.kms_key.as_deref().unwrap_or_default(),
        "ResourceGroupId": snapshot.resource_group.as_deref().unwrap_or_default(),
        "InstantAccess": false,
        "Tags": tag::show(&snapshot.tags),
    });
    let mut shown = join(own, more);
    if let Some(days) = snapshot.retention {
        shown["RetentionDays"] = days.into();
    }
    if let Some((region, id)) = &snapshot.copied_from {
        shown["SourceRegionId"] = region.as_str().into();
        shown["SourceSnapshotId"] = id.as_str().into();
    }
    shown
}
