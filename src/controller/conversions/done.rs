//! What conversions mean for a restore.

use std::collections::BTreeMap;

use futures::TryStreamExt as _;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::api::ListParams;
use kube::core::DeserializeGuard;
use kube::{Api, ResourceExt as _};
use kube_backup_engine::volumes::{ObjectRef, VolumeRecord, VolumeSnapshotter as _};
use kube_backup_engine::{EntryFilter, GroupResource, OpenBackup};

use crate::chain::chain;
use crate::controller::context::Context;
use crate::controller::snapshotters::disks;
use crate::controller::vaults::OpenLocation;
use crate::controller::work::Attempt;
use crate::crds::{ConvertToSnapshot, VolumeConversion, phase};

/// Claims that become others, and what has become of their data by now.
#[derive(Debug, Default)]
pub(in crate::controller) struct Conversions {
    /// What is wanted of which claim; the first one counts.
    pub(in crate::controller) wanted: Vec<VolumeConversion>,
    /// Snapshots of the disks that files were put onto.
    pub(in crate::controller) records: Vec<VolumeRecord>,
}

/// The conversions of a backup, once all of them are over.
///
/// # Errors
///
/// While one is under way, or what they made cannot be looked for.
pub(in crate::controller) async fn of_backup(
    context: &Context,
    open: &OpenLocation,
    backup: &str,
) -> Result<Conversions, Attempt> {
    let mut done = Conversions::default();
    for conversion in all_of(context, backup).await? {
        if !is_over(&conversion) {
            return Err(Attempt::Again(format!(
                "ConvertToSnapshot `{}` of the backup is under way",
                conversion.name_any()
            )));
        }
        add(context, open, &conversion, &mut done).await?;
    }
    Ok(done)
}

/// The conversions of a backup; one that cannot be read is none.
///
/// # Errors
///
/// When they cannot be looked for.
pub(in crate::controller) async fn all_of(
    context: &Context,
    backup: &str,
) -> Result<Vec<ConvertToSnapshot>, Attempt> {
    let all = Api::<DeserializeGuard<ConvertToSnapshot>>::namespaced(
        context.client.clone(),
        &context.namespace,
    );
    let all = all.list(&ListParams::default()).await;
    let all = all.map_err(|error| {
        Attempt::Again(format!("look for conversions of it: {}", chain(&error)))
    })?;
    let all = all.items.into_iter().filter_map(|it| it.0.ok());
    Ok(all.filter(|it| it.spec.backup_name == backup).collect())
}

async fn add(
    context: &Context,
    open: &OpenLocation,
    conversion: &ConvertToSnapshot,
    done: &mut Conversions,
) -> Result<(), Attempt> {
    let status = conversion.status.clone().unwrap_or_default();
    let pairs = conversion.spec.convertedarg.iter().zip(status.volumes);
    let mut snapshots = BTreeMap::new();
    for (wanted, volume) in pairs.filter(|(_, it)| it.phase == phase::COMPLETED) {
        done.wanted.push(wanted.clone());
        if !volume.snapshot_id.is_empty() {
            snapshots.insert(volume.snapshot_id, wanted);
        }
    }
    if snapshots.is_empty() {
        return Ok(());
    }
    let cloud = open.cloud_of_cluster(context);
    let disks = disks(context, &cloud, []).map_err(Attempt::Again)?;
    let uid = conversion.uid().unwrap_or_default();
    for mut record in disks.find(&uid).await? {
        let of = record.handle.as_ref().and_then(|it| snapshots.remove(it));
        let Some(wanted) = of else { continue };
        record.claim = ObjectRef {
            namespace: wanted.namespace.clone(),
            name: wanted.persistent_volume_claim.clone(),
            uid: String::new(),
        };
        done.records.push(record);
    }
    // One that is gone is not passed over: its claim would wait for files to be copied onto a disk.
    match snapshots.pop_first() {
        None => Ok(()),
        Some((id, wanted)) => Err(Attempt::Never(format!(
            "snapshot `{id}`, onto which claim `{}/{}` was converted, is not there: delete the conversion by a DeleteRequest of type \
             Convert, and convert again, or restore without",
            wanted.namespace, wanted.persistent_volume_claim
        ))),
    }
}

/// The claims that are asked for, as they stand in a backup.
pub(super) async fn claims(
    backup: &OpenBackup,
    wanted: &[VolumeConversion],
) -> Result<Vec<PersistentVolumeClaim>, kube_backup_engine::Error> {
    let filter = EntryFilter {
        resources: [GroupResource::core("persistentvolumeclaims")].into(),
        names: wanted
            .iter()
            .map(|it| it.persistent_volume_claim.clone())
            .collect(),
        ..EntryFilter::default()
    };
    let entries = backup.listing(&filter).await?.entries;
    let mut found = backup.read(&entries);
    let mut claims = Vec::new();
    while let Some((_, bytes)) = found.try_next().await? {
        claims.extend(serde_json::from_slice(&bytes).ok());
    }
    Ok(claims)
}

/// Whether nothing is done about it any more.
pub(super) fn is_over(conversion: &ConvertToSnapshot) -> bool {
    let status = conversion.status.as_ref();
    let phase = status.and_then(|it| it.phase.as_deref());
    phase.is_some_and(phase::is_over)
}
