//! Whether the snapshots of a backup's volumes are still there.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::report::{Check, Finding, Severity, VerifyReport};
use crate::kinds::names::CLAIMS;
use crate::volumes::{BackedUpVolume, SnapshotState, VolumeRecord, VolumeSnapshotter};
use crate::{Error, ErrorKind, ObjectId, Result};

/// Asks each snapshotter for its own.
pub(super) async fn check(
    snapshotters: &[Arc<dyn VolumeSnapshotter>],
    volumes: &[BackedUpVolume],
    report: &mut VerifyReport,
) {
    let mut by_snapshotter: BTreeMap<&str, Vec<&VolumeRecord>> = BTreeMap::new();
    for volume in volumes {
        let Some(record) = &volume.record else {
            continue;
        };
        match &record.state {
            SnapshotState::Failed { reason } => {
                let what = format!("the backup holds no data of it: {reason}");
                let finding = Finding::new(Severity::Warning, Check::Volume, what);
                report.add(finding.of(&claim_of(record)));
            }
            _ => {
                let of = by_snapshotter.entry(&record.snapshotter).or_default();
                of.push(record);
            }
        }
    }
    for (name, records) in by_snapshotter {
        let Some(snapshotter) = snapshotters.iter().find(|it| it.name() == name) else {
            let count = records.len();
            let what = format!("{count} snapshots of `{name}` were not looked at");
            let finding = Finding::new(Severity::Note, Check::Volume, what);
            report.add(finding.remedy("verify with that, too"));
            continue;
        };
        match poll(&**snapshotter, &records).await {
            Ok(polled) => polled
                .iter()
                .filter_map(lost)
                .for_each(|finding| report.add(finding)),
            Err(error) => {
                let what = format!(
                    "whether the snapshots of `{name}` are there is not known: {}",
                    error.chain()
                );
                report.add(Finding::new(Severity::Warning, Check::Volume, what));
            }
        }
    }
}

/// # Errors
/// When it cannot be asked, or its answer is about other snapshots.
async fn poll(
    snapshotter: &dyn VolumeSnapshotter,
    records: &[&VolumeRecord],
) -> Result<Vec<VolumeRecord>> {
    let asked: Vec<VolumeRecord> = records.iter().map(|record| (*record).clone()).collect();
    let polled = snapshotter.poll(&asked).await?;
    let names = |records: &[VolumeRecord]| -> Vec<String> {
        records.iter().map(|record| record.name.clone()).collect()
    };
    if names(&polled) != names(&asked) {
        return Err(Error::new(
            ErrorKind::Volume,
            "what it says is not about the snapshots that it was asked about",
        ));
    }
    Ok(polled)
}

fn lost(record: &VolumeRecord) -> Option<Finding> {
    let SnapshotState::Failed { reason } = &record.state else {
        return None;
    };
    let handle = record.handle.as_ref().unwrap_or(&record.name);
    let what = format!("its data cannot be restored: snapshot `{handle}`: {reason}");
    let finding = Finding::new(Severity::Error, Check::Volume, what).of(&claim_of(record));
    Some(finding.remedy("use another backup, and find out who deleted it"))
}

fn claim_of(record: &VolumeRecord) -> ObjectId {
    ObjectId {
        resource: CLAIMS.group_resource(),
        namespace: Some(record.claim.namespace.clone()),
        name: record.claim.name.clone(),
    }
}
