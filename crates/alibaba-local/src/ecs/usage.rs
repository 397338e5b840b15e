//! What snapshots take up: DescribeSnapshotsUsage, DescribeSnapshotLinks, DescribeSnapshotPackage, and
//! OpenSnapshotService.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::bounds;
use super::page::Paging;
use super::place;
use super::records::Records;
use super::records::snapshot::Snapshot;
use super::store::Store;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

/// Opens the service, without which snapshots are refused; it is open already, unless the cloud was told
/// otherwise.
pub(super) fn open_service(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    store.change(|state, now| {
        if !state.records.opened.contains(&region) {
            state.records.opened.insert(region, now);
        }
        Ok(json!({}))
    })
}

/// How many snapshots a region has, and how many bytes they hold. Those with the same image hold them once.
pub(super) fn usage(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    store.change(|state, _| {
        let snapshots = state.records.snapshots.values();
        let snapshots: Vec<_> = snapshots.filter(|it| it.region == region).collect();
        Ok(json!({
            "SnapshotCount": snapshots.len(),
            "SnapshotSize": held(snapshots.iter().copied()),
        }))
    })
}

fn held<'s>(snapshots: impl Iterator<Item = &'s Snapshot>) -> u64 {
    let images = snapshots.map(|it| (it.image.as_str(), it.held_bytes));
    images.collect::<BTreeMap<_, _>>().values().sum()
}

/// Lists the packages of storage for snapshots that were bought: there is nothing to buy here.
pub(super) fn packages(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    place::required(store, call)?;
    let paging = Paging::read_number(call)?;
    let page = paging.page(std::iter::empty::<&u64>(), |it| *it, |_| true);
    Ok(page.finish(json!({ "SnapshotPackages": { "SnapshotPackage": [] } })))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Links {
    disk_ids: Option<String>,
    instance_id: Option<String>,
    snapshot_link_ids: Option<String>,
}

/// The snapshots of one disk.
struct Link<'r> {
    id: &'r str,
    snapshots: Vec<&'r Snapshot>,
}

/// Lists chains: the snapshots of a disk in a region.
pub(super) fn links(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let asked: Links = call.parameters.read()?;
    let disks = asked.disk_ids.as_deref();
    let disks = bounds::id_list(disks, "d", "InvalidDiskIds.Malformed")?;
    let links = asked.snapshot_link_ids.as_deref();
    let links = bounds::id_list(links, "sl", "InvalidSnapshotLinkIds.Malformed")?;
    let paging = Paging::read(call, 100)?;
    store.change(|state, _| {
        let records = &state.records;
        let mut found: BTreeMap<&str, Vec<&Snapshot>> = BTreeMap::new();
        for snapshot in records.snapshots.values() {
            let is = |list: &Option<Vec<String>>, id: &String| {
                list.as_ref().is_none_or(|list| list.contains(id))
            };
            if snapshot.region == region
                && is(&disks, &snapshot.source_disk)
                && is(&links, &snapshot.link)
            {
                found.entry(&snapshot.link).or_default().push(snapshot);
            }
        }
        let found: Vec<_> = found
            .into_iter()
            .map(|(id, snapshots)| Link { id, snapshots })
            .filter(|link| {
                let wanted = asked.instance_id.as_deref();
                wanted.is_none() || wanted == instance_of(records, link)
            })
            .collect();
        let number = |link: &Link<'_>| {
            let numbers = link.snapshots.iter().map(|it| it.number);
            numbers.min().unwrap_or_default()
        };
        let page = paging.page(found.iter(), number, |_| true);
        let shown = page.rows.iter().map(|link| show(records, link));
        let shown = shown.collect::<Vec<_>>();
        Ok(page.finish(json!({ "SnapshotLinks": { "SnapshotLink": shown } })))
    })
}

/// The instance that the disk of a chain is attached to.
fn instance_of<'r>(records: &'r Records, link: &Link<'_>) -> Option<&'r str> {
    let disk = records.disks.get(&link.snapshots.first()?.source_disk)?;
    disk.attached.as_ref().map(|it| it.instance.as_str())
}

fn show(records: &Records, link: &Link<'_>) -> Value {
    let instance = instance_of(records, link).unwrap_or_default();
    let instance_name = records.instances.get(instance).map(|it| it.name.as_str());
    let Some(one) = link.snapshots.first() else {
        return json!({});
    };
    let disk_name = records
        .disks
        .get(&one.source_disk)
        .map(|it| it.name.as_str());
    json!({
        "SnapshotLinkId": link.id,
        "RegionId": one.region,
        "SourceDiskId": one.source_disk,
        "SourceDiskName": disk_name.unwrap_or_default(),
        "SourceDiskSize": one.source_size_gib,
        "SourceDiskType": if one.source_is_system { "system" } else { "data" },
        "InstanceId": instance,
        "InstanceName": instance_name.unwrap_or_default(),
        "Category": "standard",
        "InstantAccess": false,
        "TotalCount": link.snapshots.len(),
        "TotalSize": held(link.snapshots.iter().copied()),
    })
}
