//! Bringing files back, into a volume that a Pod has mounted.

use alibaba_hbr::{
    Filter, FilterKey, HostPath, JobStatus, RestoreJob, RestoreType, SnapshotHash, SnapshotId,
    TargetContainer, VaultId,
};
use futures::TryStreamExt as _;
use kube_backup_engine::volumes::{
    FillState, FillTarget, RestoreSource, RestoreTarget, SnapshotState, VolumeRecord,
};
use kube_backup_engine::{Error, ErrorKind, Result};

use super::jobs::{HASH, PARTIAL, VAULT_ID, attribute};
use super::mounts::{below_pods, is_same};
use super::place::Place;
use super::shared::{Shared, invalid};
use crate::volumes::failure::Failure;

impl Shared {
    pub(super) async fn restore_source(
        &self,
        record: &VolumeRecord,
        target: &RestoreTarget,
    ) -> Result<RestoreSource> {
        let claim = target.claim.metadata.name.clone().unwrap_or_default();
        let there = target.region.clone().or_else(|| self.region());
        if let (Some(from), Some(to)) = (&record.region, &there)
            && from != to
        {
            // ACK's own words, so that what people search for is found.
            return Err(invalid(format!(
                "restore claim `{claim}` from `{from}` in `{to}`: only disk type PVs support cross-region restore \
                 in current version: restore it in `{from}`"
            )));
        }
        if let Some(reason) = &self.refused {
            return Err(invalid(format!("restore claim `{claim}`: {reason}")));
        }
        let is_block = target.claim.spec.as_ref();
        let is_block = is_block.and_then(|spec| spec.volume_mode.as_deref()) == Some("Block");
        if is_block {
            return Err(invalid(format!(
                "restore claim `{claim}`: its volumeMode is Block, and its backup is of files: restore it as Filesystem"
            )));
        }
        let now = self.poll(std::slice::from_ref(record)).await?.remove(0);
        let is_partial = now.attributes.contains_key(PARTIAL);
        match now.state {
            // What was copied of a volume can be restored, though not all of it was.
            SnapshotState::Failed { .. } if is_partial => Ok(RestoreSource::Fill {
                at_least: now.restore_size,
            }),
            SnapshotState::Failed { reason } => Err(Error::new(
                ErrorKind::NotFound,
                format!("restore claim `{claim}`: {reason}"),
            )),
            SnapshotState::Pending => Ok(RestoreSource::Pending {
                reason: format!("the backup job of claim `{}` is not done", record.claim),
            }),
            _ => Ok(RestoreSource::Fill {
                at_least: now.restore_size,
            }),
        }
    }

    pub(super) async fn fill(
        &self,
        record: &VolumeRecord,
        target: &FillTarget,
    ) -> Result<FillState> {
        let failed = |reason: String| Ok(FillState::Failed { reason });
        if let Err(reason) = self.nodes.rank(&target.mount.node) {
            return failed(format!("its Pod runs where it cannot be filled: {reason}"));
        }
        let Some(below) = below_pods(&target.volume, &target.mount.pod.uid) else {
            return failed(
                "it is of a kind of which it is not known where the kubelet mounts it".to_owned(),
            );
        };
        let place = format!("{}/{below}", self.pods.trim_end_matches('/'));
        let vault = attribute(record, VAULT_ID).map(VaultId::new);
        let (Some(vault), Some(handle)) = (vault, &record.handle) else {
            return failed("its record names no vault and no backup in it".to_owned());
        };
        if let Some(job) = self.restore_job(&vault, handle, &place).await? {
            return Ok(state_of(&job));
        }
        let Place::Ready(cluster) = self.registered().await? else {
            return Ok(FillState::Running {
                bytes_done: None,
                bytes_total: record.bytes_total,
            });
        };
        let hash = SnapshotHash::new(attribute(record, HASH).unwrap_or_default());
        let into = TargetContainer::new(target.mount.node.as_str(), HostPath::new(&place));
        let step = format!("begin to restore the backup `{handle}` to `{place}`");
        let create = self.hbr.create_container_restore_job(
            &vault,
            SnapshotId::new(handle),
            hash,
            &cluster,
            into,
        );
        match create.send().await.map_err(Failure::of(step)) {
            Ok(_) => Ok(FillState::Running {
                bytes_done: Some(0),
                bytes_total: record.bytes_total,
            }),
            Err(failure) if failure.passes() || failure.code().is_none() => Err(failure.into()),
            Err(failure) => failed(failure.reason()),
        }
    }

    /// The job that an earlier call has begun: nothing else names that place.
    async fn restore_job(
        &self,
        vault: &VaultId,
        snapshot: &str,
        place: &str,
    ) -> Result<Option<RestoreJob>> {
        let in_vault = Filter::equal(FilterKey::VaultId, vault);
        let jobs = self
            .hbr
            .describe_restore_jobs()
            .restore_type(RestoreType::Container);
        let jobs = jobs.filters([in_vault]).page_size(99_u32).items();
        let step = format!("look at restore jobs of the vault `{vault}`");
        let jobs: Vec<RestoreJob> = jobs.try_collect().await.map_err(Failure::of(step))?;
        let is_it = |job: &RestoreJob| {
            let of_snapshot = job
                .snapshot_id
                .as_ref()
                .is_some_and(|it| it.as_str() == snapshot);
            let path = job.target_path.as_deref().unwrap_or_default();
            of_snapshot && is_same(path, place)
        };
        let found = jobs.into_iter().filter(is_it);
        Ok(found.max_by_key(|job| job.created_at))
    }
}

fn state_of(job: &RestoreJob) -> FillState {
    let failed = |what: &str| {
        let code = job.error_message.clone().unwrap_or_default();
        let status = &job.status;
        FillState::Failed {
            reason: format!(
                "{what}hbr task finished with unexpected status: {status}, errMsg {code}"
            ),
        }
    };
    let is_whole = match (job.items_done, job.items_total) {
        (Some(done), Some(total)) => done >= total,
        _ => true,
    };
    match &job.status {
        JobStatus::Complete if is_whole => FillState::Done,
        JobStatus::Complete => failed("not all files came back: "),
        JobStatus::PartialComplete => failed("PROCESS hbr partially completed: "),
        status if status.is_final() => failed(""),
        _ => FillState::Running {
            bytes_done: job.bytes_done,
            bytes_total: job.bytes_total,
        },
    }
}
