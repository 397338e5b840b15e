//! CreateDisk.

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::size;
use crate::ecs::bounds;
use crate::ecs::once::once;
use crate::ecs::place;
use crate::ecs::records::disk::{Attached, Disk};
use crate::ecs::records::snapshot::Snapshot;
use crate::ecs::refusal;
use crate::ecs::regions;
use crate::ecs::snapshots::create::resource_group;
use crate::ecs::state::State;
use crate::ecs::store::Store;
use crate::ecs::tag::{self, Tag, Tags};
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    zone_id: Option<String>,
    instance_id: Option<String>,
    snapshot_id: Option<String>,
    size: Option<i64>,
    disk_category: Option<String>,
    performance_level: Option<String>,
    disk_name: Option<String>,
    description: Option<String>,
    encrypted: Option<bool>,
    #[serde(rename = "KMSKeyId")]
    kms_key_id: Option<String>,
    multi_attach: Option<String>,
    bursting_enabled: Option<bool>,
    provisioned_iops: Option<i64>,
    storage_set_id: Option<String>,
    storage_set_partition_number: Option<i64>,
    storage_cluster_id: Option<String>,
    resource_group_id: Option<String>,
    #[serde(default)]
    tag: Vec<Tag>,
}

/// Makes a disk, empty or with the bytes of a snapshot. With an instance it is a subscription disk,
/// attached to that; "ResourceGroupId, Tag, ClientToken and KMSKeyId are then ignored".
pub(in crate::ecs) fn create(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let new: Create = call.parameters.read()?;
    check(&new)?;
    let group = resource_group(new.resource_group_id.clone())?;
    let tags = tag::read(new.tag.clone())?;
    if new.instance_id.is_some() {
        return store.change(|state, now| {
            let id = make(state, now, &region, &new, None, Tags::new())?;
            let order = fastrand::u64(100_000_000_000_000..1_000_000_000_000_000);
            Ok(json!({ "DiskId": id, "OrderId": order.to_string() }))
        });
    }
    store.change(|state, now| {
        once(state, now, call, ("CreateDisk", &region), |state| {
            let id = make(state, now, &region, &new, group, tags)?;
            Ok(json!({ "DiskId": id }))
        })
    })
}

/// What is wrong whatever there is.
fn check(new: &Create) -> Result<(), ApiError> {
    bounds::disk_name(new.disk_name.as_deref())?;
    bounds::description(new.description.as_deref(), StatusCode::NOT_FOUND)?;
    let conflict = |what: &str| {
        ApiError::bad_request(
            "InvalidParameter.Conflict",
            format!("{what} cannot both be given."),
        )
    };
    if new.zone_id.is_some() && new.instance_id.is_some() {
        return Err(conflict("ZoneId and InstanceId"));
    }
    if new.storage_set_id.is_some() && new.storage_cluster_id.is_some() {
        return Err(conflict("StorageSetId and StorageClusterId"));
    }
    if new.storage_set_partition_number.is_some_and(|it| it < 2) {
        return Err(ApiError::invalid("StorageSetPartitionNumber"));
    }
    if new.kms_key_id.is_some() && new.encrypted != Some(true) && new.instance_id.is_none() {
        return Err(ApiError::bad_request(
            "InvalidParameter.EncryptedIllegal",
            "The specified parameter Encrypted must be true when kmsKeyId is not empty.",
        ));
    }
    let category = size::category(new.disk_category.as_deref())?;
    let is_auto = category.name == "cloud_auto";
    match new.multi_attach.as_deref() {
        None | Some("Disabled") => {}
        Some("Enabled") if category.is_essd => {}
        Some(_) => return Err(ApiError::invalid("MultiAttach")),
    }
    if new.bursting_enabled == Some(true) && !is_auto {
        return Err(ApiError::invalid("BurstingEnabled"));
    }
    match new.provisioned_iops {
        None => Ok(()),
        Some(0..=50_000) if is_auto => Ok(()),
        Some(0..) if is_auto => Err(ApiError::forbidden(
            "InvalidProvisionedIops.LimitExceed",
            "The specified ProvisionedIops exceeds the limit.",
        )),
        Some(_) => Err(ApiError::invalid("ProvisionedIops")),
    }
}

fn make(
    state: &mut State,
    now: DateTime<Utc>,
    region: &str,
    new: &Create,
    resource_group: Option<String>,
    tags: Tags,
) -> Result<String, ApiError> {
    let category = size::category(new.disk_category.as_deref())?;
    let (zone, attached) = place_of(state, now, region, new)?;
    let source = match &new.snapshot_id {
        None => None,
        Some(id) => Some(source(state, now, region, id)?),
    };
    let level = size::performance_level(category, new.performance_level.as_deref())?;
    let of_snapshot = source.as_ref().map(|source| source.source_size_gib);
    let size_gib = size::size(category, level, new.size, of_snapshot)?;
    let disks = state.records.disks.values();
    if disks.filter(|disk| disk.region == region).count() >= state.limits.disks {
        return Err(ApiError::forbidden(
            "QuotaExceed.PostPaidDisk",
            "The number of pay-as-you-go disks exceeds the limit.",
        ));
    }
    let source_encrypted = source.as_ref().is_some_and(|source| source.encrypted);
    let source_key = source.as_ref().and_then(|source| source.kms_key.clone());
    let disk = Disk {
        id: regions::new_id("d", region),
        number: state.next_number(),
        region: region.to_owned(),
        zone,
        name: new.disk_name.clone().unwrap_or_default(),
        description: new.description.clone().unwrap_or_default(),
        category: category.name.to_owned(),
        performance_level: level.map(str::to_owned),
        size_gib,
        is_system: false,
        created: now,
        takes_millis: state.limits.disk_takes.num_milliseconds(),
        source_snapshot: new.snapshot_id.clone(),
        // "The key for an own encrypted snapshot defaults to its key."
        encrypted: new.encrypted == Some(true) || source_encrypted,
        kms_key: new.kms_key_id.clone().or(source_key),
        multi_attach: new.multi_attach.as_deref() == Some("Enabled"),
        bursting: new.bursting_enabled == Some(true),
        provisioned_iops: new.provisioned_iops.and_then(|it| u64::try_from(it).ok()),
        storage_set: new.storage_set_id.clone(),
        storage_set_partitions: new
            .storage_set_partition_number
            .and_then(|it| u32::try_from(it).ok()),
        storage_cluster: new.storage_cluster_id.clone(),
        prepaid: new.instance_id.is_some(),
        resource_group,
        tags,
        was_attached: attached.is_some(),
        attached,
        detached_at: None,
        detaching_millis: 0,
        delete_with_instance: None,
        delete_auto_snapshot: true,
        policies: Vec::new(),
        link: None,
        snapshots_fail: false,
        in_arrears: false,
    };
    let id = disk.id.clone();
    let filled = match &source {
        None => state.images.create(&id, disk.size()),
        Some(source) => state.images.copy(&source.image, &id, disk.size()),
    };
    filled.map_err(|error| ApiError::internal(&error))?;
    state.records.disks.insert(id.clone(), disk);
    Ok(id)
}

/// The zone of a disk, and the instance it is attached to from the start.
fn place_of(
    state: &State,
    now: DateTime<Utc>,
    region: &str,
    new: &Create,
) -> Result<(String, Option<Attached>), ApiError> {
    if let Some(id) = &new.instance_id {
        let instance = state.records.instances.get(id);
        let instance = instance.filter(|it| it.region == region);
        let instance = instance.ok_or_else(refusal::no_instance)?;
        let attached = Attached {
            instance: id.clone(),
            device: state.records.next_device(id),
            since: now,
            takes_millis: 0,
        };
        return Ok((instance.zone.clone(), Some(attached)));
    }
    // The disk driver leaves it empty for regional disks.
    let is_regional = new.disk_category.as_deref() == Some("cloud_regional_disk_auto");
    match &new.zone_id {
        Some(zone) if regions::has_zone(region, zone) => Ok((zone.clone(), None)),
        Some(_) => Err(refusal::not_found("InvalidZoneId", "ZoneId")),
        None if is_regional => Ok((String::new(), None)),
        None => Err(ApiError::missing("ZoneId")),
    }
}

/// The snapshot that a disk is made of: one of the region, of a data disk, and usable.
fn source(state: &State, now: DateTime<Utc>, region: &str, id: &str) -> Result<Snapshot, ApiError> {
    let snapshot = state.records.snapshots.get(id);
    let snapshot = snapshot.filter(|it| it.region == region);
    let snapshot = snapshot.ok_or_else(refusal::no_snapshot)?;
    let refused = |code, message| Err(ApiError::forbidden(code, message));
    if !snapshot.is_available(now) {
        return refused(
            "InvalidSnapshotId.NotReady",
            "The specified snapshot has not completed yet.",
        );
    }
    if snapshot.source_is_system {
        return refused(
            "InvalidSnapshotId.NotDataDiskSnapshot",
            "The specified snapshot is system disk snapshot.",
        );
    }
    if snapshot.archived {
        // The code is inferred from the one of CopySnapshot.
        return refused(
            "OperationDenied.SnapshotCategoryNotSupport",
            "No disk can be made of an archived snapshot.",
        );
    }
    Ok(snapshot.clone())
}
