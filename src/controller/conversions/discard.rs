//! What a conversion has made, taken away again.

use std::time::Duration;

use kube::ResourceExt as _;
use kube_backup_engine::volumes::{ObjectRef, VolumeSnapshotter as _};
use tokio::time::{Instant, sleep};

use super::temporary::Temporary;
use crate::controller::context::Context;
use crate::controller::snapshotters::disks;
use crate::controller::vaults::OpenLocation;
use crate::controller::work::Attempt;
use crate::crds::ConvertToSnapshot;

/// How long snapshots may take to be gone, before it is tried anew.
const GOING: Duration = Duration::from_secs(60);

/// Deletes claims, Pods and snapshots of a conversion: how many snapshots. Its job has been cancelled.
pub(in crate::controller) async fn discard(
    context: &Context,
    conversion: &ConvertToSnapshot,
) -> Result<usize, Attempt> {
    let status = conversion.status.clone().unwrap_or_default();
    for wanted in &conversion.spec.convertedarg {
        let claim = ObjectRef {
            namespace: wanted.namespace.clone(),
            name: wanted.persistent_volume_claim.clone(),
            uid: String::new(),
        };
        Temporary::of(context, conversion, &claim).remove().await?;
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
    let until = Instant::now() + GOING;
    while !disks.delete(&found).await? {
        if Instant::now() >= until {
            return Err(Attempt::Again("its snapshots are going".to_owned()));
        }
        sleep(Duration::from_millis(500)).await;
    }
    Ok(found.len())
}
