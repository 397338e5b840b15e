//! CreateSnapshotGroup.

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ecs::bounds;
use crate::ecs::categories;
use crate::ecs::cut::{Cut, NewSnapshot};
use crate::ecs::once::once;
use crate::ecs::place;
use crate::ecs::records::disk::Disk;
use crate::ecs::records::group::Group;
use crate::ecs::refusal;
use crate::ecs::regions;
use crate::ecs::snapshots::create::{check_instant_access, resource_group};
use crate::ecs::snapshots::ready;
use crate::ecs::state::State;
use crate::ecs::store::Store;
use crate::ecs::tag::{self, Tag};
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

/// Those of the API reference of 2025; the newest SDK speaks of 128 disks and 256 TiB.
const MOST_DISKS: usize = 16;
const MOST_GIB: u64 = 32 * 1024;

/// What ECS itself puts on members: the instance that the disk is attached to.
const CREATE_FROM: &str = "acs:ecs:createFrom";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    instance_id: Option<String>,
    #[serde(default)]
    disk_id: Vec<String>,
    #[serde(default)]
    exclude_disk_id: Vec<String>,
    name: Option<String>,
    description: Option<String>,
    instant_access: Option<bool>,
    instant_access_retention_days: Option<i64>,
    resource_group_id: Option<String>,
    #[serde(default)]
    tag: Vec<Tag>,
}

/// Cuts all disks while nobody can write to any of them.
pub(in crate::ecs) fn create(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let mut new: Create = call.parameters.read()?;
    if !new.disk_id.is_empty() && !new.exclude_disk_id.is_empty() {
        return Err(ApiError::bad_request(
            "InvalidParam.ExcludeDiskIdsAndDiskIds.Conflict",
            "ExcludeDiskId and DiskId cannot both be given.",
        ));
    }
    if new.instance_id.is_none() && new.disk_id.is_empty() {
        return Err(ApiError::bad_request(
            // Spelled so in the table.
            "MissingParamter.InstanceId",
            "InstanceId or DiskId is required.",
        ));
    }
    bounds::group_name(new.name.as_deref())?;
    bounds::description(new.description.as_deref(), StatusCode::NOT_FOUND)?;
    check_instant_access(new.instant_access, new.instant_access_retention_days)?;
    let resource_group = resource_group(new.resource_group_id.take())?;
    let tags = tag::read(std::mem::take(&mut new.tag))?;
    store.change(|state, now| {
        once(
            state,
            now,
            call,
            ("CreateSnapshotGroup", &region),
            |state| {
                let disks = choose(state, now, &region, &new)?;
                let id = regions::new_id("ssg", &region);
                let group = Group {
                    id: id.clone(),
                    number: state.next_number(),
                    region: region.clone(),
                    name: new.name.unwrap_or_default(),
                    description: new.description.unwrap_or_default(),
                    instance: instance_of_all(&disks),
                    created: now,
                    resource_group: resource_group.clone(),
                    tags,
                };
                cut_all(state, now, &disks, &group).map_err(|error| ApiError::internal(&error))?;
                state.records.groups.insert(id.clone(), group);
                Ok(json!({ "SnapshotGroupId": id }))
            },
        )
    })
}

fn cut_all(
    state: &mut State,
    now: DateTime<Utc>,
    disks: &[Disk],
    group: &Group,
) -> std::io::Result<()> {
    // All of them are cut before the first is entered, so that a failure leaves none.
    let mut cuts = Vec::new();
    for disk in disks {
        if let Some(cut) = Cut::of(state, &disk.id)? {
            cuts.push((disk, cut));
        }
    }
    for (disk, cut) in cuts {
        let instance = disk.attached.as_ref().map(|it| it.instance.clone());
        let new = NewSnapshot {
            description: format!("Created_from_{}", group.id),
            group: Some(group.id.clone()),
            resource_group: group.resource_group.clone(),
            tags: instance
                .map(|instance| (CREATE_FROM.to_owned(), instance))
                .into_iter()
                .collect(),
            ..NewSnapshot::default()
        };
        cut.enter(state, &disk.id, now, new);
    }
    Ok(())
}

/// The disks that are meant, if a group of them can be made.
fn choose(
    state: &State,
    now: DateTime<Utc>,
    region: &str,
    new: &Create,
) -> Result<Vec<Disk>, ApiError> {
    let ids = match &new.instance_id {
        None => new.disk_id.clone(),
        Some(instance) => of_instance(state, region, instance, new)?,
    };
    let mut disks: Vec<Disk> = Vec::new();
    for id in ids {
        if disks.iter().any(|disk| disk.id == id) {
            continue;
        }
        let disk = ready::check(state, now, region, &id, true)?;
        if !categories::is_essd(&disk.category) {
            return Err(ApiError::bad_request(
                "DiskCategory.OperationNotSupported",
                "The type of the specified disk does not support snapshot groups.",
            ));
        }
        if disk.multi_attach {
            return Err(ApiError::forbidden(
                "InvalidOperation.MultiAttachDisk",
                "Disks that can be attached to several instances have no snapshot groups.",
            ));
        }
        disks.push(disk);
    }
    if disks.len() > MOST_DISKS {
        return Err(ApiError::forbidden(
            "NumberExceed.TooManyDisks",
            "The number of disks exceeds the limit.",
        ));
    }
    if disks.iter().map(|disk| disk.size_gib).sum::<u64>() > MOST_GIB {
        return Err(ApiError::forbidden(
            "CapacityExceed.TooManyDisks",
            "The capacity of the disks exceeds the limit.",
        ));
    }
    // Regional disks are in no zone of their own, and go only among themselves.
    let place = |disk: &Disk| {
        let is_regional = disk.category == "cloud_regional_disk_auto";
        (is_regional, (!is_regional).then(|| disk.zone.clone()))
    };
    if disks.windows(2).any(|two| place(&two[0]) != place(&two[1])) {
        return Err(ApiError::bad_request(
            "InvalidDiskIds.NotInSameZone",
            "The specified disks are not in the same zone.",
        ));
    }
    Ok(disks)
}

fn of_instance(
    state: &State,
    region: &str,
    instance: &str,
    new: &Create,
) -> Result<Vec<String>, ApiError> {
    let known = state.records.instances.get(instance);
    known
        .filter(|it| it.region == region)
        .ok_or_else(refusal::no_instance)?;
    let attached = state.records.disks.values().filter(|disk| {
        let attached = disk.attached.as_ref();
        attached.is_some_and(|it| it.instance == instance)
    });
    let attached: Vec<&str> = attached.map(|disk| disk.id.as_str()).collect();
    if let Some(stranger) = new
        .disk_id
        .iter()
        .chain(&new.exclude_disk_id)
        .find(|id| !attached.contains(&id.as_str()))
    {
        return Err(ApiError::not_found(
            "InvalidDiskId.NotFound",
            format!("The disk {stranger} is not attached to the instance."),
        ));
    }
    let is_meant = |id: &str| match new.disk_id.is_empty() {
        true => !new.exclude_disk_id.iter().any(|it| it == id),
        false => new.disk_id.iter().any(|it| it == id),
    };
    let ids: Vec<_> = attached.into_iter().filter(|id| is_meant(id)).collect();
    if ids.is_empty() {
        return Err(ApiError::forbidden(
            "InvalidInstance.NoDisk",
            "The specified instance has no disk.",
        ));
    }
    Ok(ids.into_iter().map(str::to_owned).collect())
}

/// "InstanceId of a group is filled only when all members are of one instance."
fn instance_of_all(disks: &[Disk]) -> Option<String> {
    let mut instances = disks
        .iter()
        .map(|disk| disk.attached.as_ref().map(|it| &it.instance));
    let first = instances.next()??;
    instances
        .all(|instance| instance == Some(first))
        .then(|| first.clone())
}
