//! Which region a call is about.

use super::records::Records;
use super::refusal;
use super::regions;
use super::store::Store;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

/// The region of an action that has to name it.
pub(super) fn required(store: &Store, call: &Call<'_>) -> Result<String, ApiError> {
    let Some(region) = call.parameters.text("RegionId") else {
        return Err(ApiError::missing("RegionId"));
    };
    if regions::find(region).is_none() && region != store.home {
        return Err(refusal::no_region());
    }
    Ok(region.to_owned())
}

/// The region of any call, however wrong: the one it names, that of the endpoint it was sent to or, where
/// that is the cloud's own, that of the disk or snapshot. The last is for clients of several regions with
/// one endpoint, where the real service has one for each.
pub(super) fn of(store: &Store, call: &Call<'_>) -> String {
    if let Some(named) = call.parameters.text("RegionId") {
        return named.to_owned();
    }
    if call.region != store.home {
        return call.region.clone();
    }
    let of_resource = store.with(|state, _| of_resource(&state.records, call));
    of_resource
        .ok()
        .flatten()
        .unwrap_or_else(|| store.home.clone())
}

fn of_resource(records: &Records, call: &Call<'_>) -> Option<String> {
    let disk = call.parameters.text("DiskId");
    let snapshot = call.parameters.text("SnapshotId");
    let disk = disk.and_then(|id| records.disks.get(id));
    let snapshot = snapshot.and_then(|id| records.snapshots.get(id));
    disk.map(|disk| disk.region.clone())
        .or_else(|| snapshot.map(|snapshot| snapshot.region.clone()))
}
