//! Copies in other regions.

use alibaba_core::Region;
use alibaba_ecs_snapshot::{SnapshotId, derived_token};
use chrono::TimeDelta;
use kube_backup_engine::volumes::{SnapshotState, VolumeRecord};
use kube_backup_engine::{Error, ErrorKind, Result};

use super::details::Details;
use super::made::{self, RETENTION};
use super::shared::Shared;
use super::tags;
use crate::component::ComponentVersion;
use crate::volumes::failure::Failure;

/// The original, as an attribute of a copy's record.
pub(super) const COPY_OF: &str = "copyOf";
/// The region of that.
pub(super) const COPY_OF_REGION: &str = "copyOfRegion";

impl Shared {
    /// Begins a copy, or finds the one that was begun.
    pub(super) async fn copy(&self, record: &VolumeRecord, region: &str) -> Result<VolumeRecord> {
        let step = format!(
            "copy the snapshot `{}` to the region `{region}`",
            record.name
        );
        let invalid = |why: &str| Error::new(ErrorKind::Invalid, format!("{step}: {why}"));
        let needed = ComponentVersion::CROSS_REGION_DISKS;
        if let Some(version) = self.version.as_ref().filter(|it| !it.is_at_least(needed)) {
            return Err(invalid(&format!(
                "that needs version 1.7.7 of migrate-controller, and this is {version}: upgrade it first"
            )));
        }
        let destination =
            Region::new(region).map_err(|error| invalid("use a region's id").with_source(error))?;
        let home = self.ecs.region().map(ToString::to_string);
        let from = record.region.clone().or(home);
        if from.as_deref() == Some(region) {
            return Err(invalid("it is there"));
        }
        let mut original = [record.clone()];
        original[0].region.clone_from(&from);
        let original = self.poll(&original).await?.remove(0);
        let there = self.ecs_in(Some(region))?;
        let mut copy = self.record_of_copy(&original, &from, region)?;
        let found = self.inventory(&there, &record.backup_uid).await?;
        let found = found.single(&record.name);
        if let Some(found) = found.filter(|it| it.source_snapshot_id.is_some()) {
            copy.handle = Some(found.id.to_string());
            copy.started_at = found.created_at.or(copy.started_at);
        } else {
            check_complete(&step, &original)?;
            let id = self
                .begin_copy(&original, &destination, &copy, &step)
                .await?;
            copy.handle = Some(id.to_string());
        }
        let mut copy = [copy];
        if let Err(error) = self.refresh(&mut copy).await
            && !error.is_retryable()
        {
            return Err(error);
        }
        let [copy] = copy;
        Ok(copy)
    }

    /// The record of a copy that is to be.
    fn record_of_copy(
        &self,
        original: &VolumeRecord,
        from: &Option<String>,
        region: &str,
    ) -> Result<VolumeRecord> {
        let Some(handle) = original.handle.clone() else {
            let gone = format!(
                "copy the snapshot `{}`: ECS lists none of this name: it was deleted, or has expired",
                original.name
            );
            return Err(Error::new(ErrorKind::NotFound, gone));
        };
        let mut copy = original.clone();
        copy.region = Some(region.to_owned());
        // It is no member of the group there.
        (copy.group, copy.group_handle) = (None, None);
        copy.attributes.insert(COPY_OF.to_owned(), handle);
        if let Some(from) = from {
            let from = (COPY_OF_REGION.to_owned(), from.clone());
            copy.attributes.extend([from]);
        }
        (copy.handle, copy.completed_at) = (None, None);
        (copy.bytes_done, copy.bytes_total) = (None, None);
        copy.state = SnapshotState::Pending;
        copy.started_at = Some(self.clock.now());
        Ok(copy)
    }

    async fn begin_copy(
        &self,
        original: &VolumeRecord,
        destination: &Region,
        copy: &VolumeRecord,
        step: &str,
    ) -> Result<SnapshotId> {
        let handle = SnapshotId::new(original.handle.clone().unwrap_or_default());
        let ecs = self.ecs_in(original.region.as_deref())?;
        let token = format!("{} {destination}", original.name);
        let mut call = ecs
            .copy_snapshot(
                handle,
                destination,
                original.name.as_str(),
                made::description(original),
            )
            .tags(tags::of_snapshot(
                copy,
                "",
                &self.cluster,
                &Default::default(),
            ))
            .client_token(derived_token(&token, &original.backup_uid));
        if let Some(days) = self.days_left(original) {
            call = call.retention_days(days);
        }
        if Details::of_attributes(&original.attributes).is_encrypted() {
            call = call.encrypted(true);
            if let Some(key) = self.copy_keys.get(destination.as_str()) {
                call = call.kms_key_id(key);
            }
        }
        let sent = call.send().await.map_err(Failure::of(step));
        Ok(sent.map_err(of_copy)?.snapshot_id)
    }

    /// For how many days a copy is kept that goes when its original does.
    fn days_left(&self, original: &VolumeRecord) -> Option<u32> {
        let days: u32 = original.attributes.get(RETENTION)?.parse().ok()?;
        let made = original.cut_at.or(original.started_at)?;
        let left = made + TimeDelta::days(i64::from(days)) - self.clock.now();
        Some(made::days(left.to_std().unwrap_or_default()))
    }
}

fn check_complete(step: &str, original: &VolumeRecord) -> Result<()> {
    let error = |kind, why: &str| Err(Error::new(kind, format!("{step}: {why}")));
    match &original.state {
        SnapshotState::Complete => Ok(()),
        SnapshotState::Failed { reason } => error(ErrorKind::NotFound, reason),
        _ => match error(ErrorKind::Volume, "it is not complete yet") {
            Err(error) => Err(error.with_retryable(true)),
            ok => ok,
        },
    }
}

/// A refusal of a copy, in the words of the backup center where a right is missing.
fn of_copy(failure: Failure) -> Error {
    if !failure.is_denial() {
        return failure.into();
    }
    let error = Error::from(failure);
    let text = "ECS snapshot cross region request failed: RestoreError: snapshot cross region request failed: \
                transition canceled with error: the ECS-snapshot related ram policy is missing";
    Error::new(ErrorKind::Volume, text).with_source(error)
}
