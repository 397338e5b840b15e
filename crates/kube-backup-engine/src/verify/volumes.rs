//! Whether the snapshots of a backup's volumes are still there.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::report::{Check, Finding, Severity, VerifyReport};
use crate::kinds::names::CLAIMS;
use crate::volumes::calls::of_poll;
use crate::volumes::{BackedUpVolume, SnapshotState, VolumeRecord, VolumeSnapshotter};
use crate::{ObjectId, Result};

/// Asks each snapshotter for its own.
pub(super) async fn check(
    snapshotters: &[Arc<dyn VolumeSnapshotter>],
    volumes: &[BackedUpVolume],
    report: &mut VerifyReport,
) {
    let mut by_snapshotter: BTreeMap<&str, Vec<VolumeRecord>> = BTreeMap::new();
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
                of.push(record.clone());
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
        let polled = async {
            let polled = snapshotter.poll(&records).await?;
            of_poll(snapshotter.as_ref(), &records, polled)
        };
        let polled: Result<Vec<VolumeRecord>> = polled.await;
        match polled {
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
