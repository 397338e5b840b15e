//! What a conversion has made, taken away again.

use std::time::Duration;

use kube::ResourceExt as _;
use kube_backup_engine::volumes::{ObjectRef, VolumeSnapshotter as _};

use super::temporary::Temporary;
use crate::controller::context::Context;
use crate::controller::snapshotters::disks;
use crate::controller::vaults::OpenLocation;
use crate::controller::work::{Attempt, Looks};
use crate::crds::ConvertToSnapshot;

/// How long claims and Pods may take to be gone, and snapshots, before it is tried anew.
const GOING: Duration = Duration::from_secs(60);

/// Deletes claims, Pods and snapshots of a conversion: how many snapshots. Its job has been cancelled.
pub(in crate::controller) async fn discard(
    context: &Context,
    conversion: &ConvertToSnapshot,
) -> Result<usize, Attempt> {
    let status = conversion.status.clone().unwrap_or_default();
    let looks = Looks::for_no_longer_than(GOING);
    for wanted in &conversion.spec.convertedarg {
        let claim = ObjectRef {
            namespace: wanted.namespace.clone(),
            name: wanted.persistent_volume_claim.clone(),
            uid: String::new(),
        };
        let temporary = Temporary::of(context, conversion, &claim, looks);
        temporary.remove().await?;
    }
    // Before it was known where its backup is, it has made none.
    let Some(vault) = status.storage_location else {
        return Ok(0);
    };
    let Some(known) = context.vaults.get(&vault) else {
        return Err(Attempt::Again(format!(
            "it waits for BackupLocation `{vault}`, whose credentials delete its snapshots"
        )));
    };
    let open = OpenLocation::of(context, &known.location).await;
    let open = open.map_err(Attempt::Again)?;
    let cloud = open.cloud_of_cluster(context);
    let disks = disks(context, &cloud, []).map_err(Attempt::Again)?;
    let uid = conversion.uid().unwrap_or_default();
    let found = disks.find(&uid).await?;
    if found.is_empty() {
        return Ok(0);
    }
    let look = || async { Ok(disks.delete(&found).await?.then_some(())) };
    let looks = Looks::for_no_longer_than(GOING);
    looks.until_there("delete its snapshots", look).await?;
    Ok(found.len())
}
