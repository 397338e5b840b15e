//! Bringing a disk back: from a static snapshot where the cluster serves them, else as a disk that is made
//! here.

use alibaba_ecs_snapshot::{Client, Disk, DiskStatus, SnapshotId, Tag, ZoneId, derived_token};
use futures::TryStreamExt as _;
use kube_backup_engine::volumes::{
    DataSource, RestoreSource, RestoreTarget, SnapshotState, VolumeRecord,
};
use kube_backup_engine::{Error, ErrorKind, Result};

use super::claim::{at_least, requested};
use super::details::{Details, ZONE};
use super::poll::describe;
use super::shared::Shared;
use super::{made, objects, tags};
use crate::volumes::failure::Failure;

/// What ECS writes into the description of a group's members.
const OF_GROUP: &str = "Created_from_ssg-";

/// Refusals of a disk in one zone that another zone may not have.
const OF_ZONE: [&str; 4] = [
    "InvalidDataDiskCategory",
    "InvalidZoneId",
    "OperationDenied.NoStock",
    "Zone.NotOnSale",
];

impl Shared {
    pub(super) async fn restore_source(
        &self,
        record: &VolumeRecord,
        target: &RestoreTarget,
    ) -> Result<RestoreSource> {
        let home = self.ecs.region().map(ToString::to_string);
        let region = target.region.clone().or(home);
        let mut record = record.clone();
        record.region = record.region.or_else(|| region.clone());
        let record = match &region {
            Some(region) if record.region.as_ref() != Some(region) => {
                self.copy(&record, region).await?
            }
            _ => self.poll(std::slice::from_ref(&record)).await?.remove(0),
        };
        match &record.state {
            SnapshotState::Failed { reason } => Err(Error::new(
                ErrorKind::NotFound,
                format!("restore claim `{}`: {reason}", objects::claim_ref(target)),
            )),
            SnapshotState::Ready | SnapshotState::Complete => {
                if target.serves_snapshots {
                    self.data_source(&record, target).await
                } else {
                    self.disk(&record, target).await
                }
            }
            _ => Ok(pending(format!(
                "the snapshot `{}` is not ready",
                record.name
            ))),
        }
    }

    /// A claim that the driver provides from the snapshot.
    async fn data_source(
        &self,
        record: &VolumeRecord,
        target: &RestoreTarget,
    ) -> Result<RestoreSource> {
        let handle = record.handle.clone().unwrap_or_default();
        if record.group_handle.is_some() {
            let ecs = self.ecs_in(record.region.as_deref())?;
            let shown = describe(&ecs, &[SnapshotId::new(&handle)]).await?;
            let is_member = shown.iter().any(|snapshot| {
                let name = snapshot.name.as_ref().map(AsRef::as_ref);
                let texts = [snapshot.description.as_deref(), name];
                texts
                    .into_iter()
                    .flatten()
                    .any(|text| text.starts_with(OF_GROUP))
            });
            if is_member {
                self.name_member(record).await?;
            }
        }
        let name = objects::name(target);
        Ok(RestoreSource::DataSource {
            objects: objects::static_snapshot(&name, &handle, target),
            data_source: DataSource {
                api_group: "snapshot.storage.k8s.io".to_owned(),
                kind: "VolumeSnapshot".to_owned(),
                name,
            },
            at_least: Some(at_least(record)),
        })
    }

    /// A volume with a disk that is made here.
    async fn disk(&self, record: &VolumeRecord, target: &RestoreTarget) -> Result<RestoreSource> {
        let ecs = self.ecs_in(record.region.as_deref())?;
        let name = objects::name(target);
        let step = format!("make a disk for claim `{}`", objects::claim_ref(target));
        let Some(disk) = made_disk(&ecs, &name, record, target, &step).await? else {
            let id = self.make_disk(&ecs, &name, record, target, &step).await?;
            return Ok(pending(format!("the disk `{id}` is being made")));
        };
        match &disk.status {
            Some(DiskStatus::Available | DiskStatus::InUse) => Ok(RestoreSource::Volume(Box::new(
                objects::static_volume(&name, &disk, record, target),
            ))),
            _ => Ok(pending(format!("the disk `{}` is being made", disk.id))),
        }
    }

    /// Makes the disk in the first zone that takes one like it.
    async fn make_disk(
        &self,
        ecs: &Client,
        name: &str,
        record: &VolumeRecord,
        target: &RestoreTarget,
        step: &str,
    ) -> Result<String> {
        let details = Details::of_attributes(&record.attributes);
        let mut zones = target.zones.clone();
        if zones.is_empty() {
            // A copy is in another region than the disk was.
            let own = details
                .get(ZONE)
                .filter(|_| !record.attributes.contains_key(super::copy::COPY_OF));
            zones.extend(own.map(str::to_owned));
        }
        let gib = at_least(record)
            .max(requested(&target.claim).unwrap_or_default())
            .div_ceil(1 << 30);
        let size = u32::try_from(gib).map_err(|error| {
            Error::new(
                ErrorKind::Invalid,
                format!("{step}: {gib} GiB are too many"),
            )
            .with_source(error)
        })?;
        let mut refused = None;
        for zone in zones {
            let call = details
                .applied_to(ecs.create_disk())
                .zone_id(ZoneId::new(&zone))
                .snapshot_id(record.handle.clone().unwrap_or_default())
                .size_gib(size)
                .disk_name(name)
                .description(made::description(record))
                .tags(tags::of_disk(
                    record,
                    &target.restore_uid,
                    &objects::claim_ref(target),
                ))
                .client_token(derived_token(
                    &format!("{name} {zone}"),
                    &target.restore_uid,
                ));
            match call
                .send()
                .await
                .map_err(Failure::of(format!("{step} in zone `{zone}`")))
            {
                Ok(made) => return Ok(made.disk_id.to_string()),
                Err(failure) if is_of_zone(&failure) => refused = Some(failure),
                Err(failure) => return Err(failure.into()),
            }
        }
        Err(match refused {
            Some(failure) => failure.into(),
            None => Error::new(
                ErrorKind::Invalid,
                format!(
                    "{step}: no zone is known that its Pods can run in: name one of the target's zones"
                ),
            ),
        })
    }
}

/// The disk that an earlier call has made, if it is what this restore wants.
async fn made_disk(
    ecs: &Client,
    name: &str,
    record: &VolumeRecord,
    target: &RestoreTarget,
    step: &str,
) -> Result<Option<Disk>> {
    let own = Tag::new(tags::RESTORE_UID, target.restore_uid.as_str());
    let found = ecs.describe_disks().disk_name(name).tags([own]).items();
    let found: Vec<Disk> = found
        .try_collect()
        .await
        .map_err(Failure::of(format!("{step}: look for one that is there")))?;
    let is_named = |disk: &Disk| disk.name.as_ref().is_some_and(|it| it.as_str() == name);
    let Some(disk) = found.into_iter().find(is_named) else {
        return Ok(None);
    };
    let source = disk.source_snapshot_id.as_ref().map(AsRef::as_ref);
    if source == record.handle.as_deref() {
        return Ok(Some(disk));
    }
    Err(Error::new(
        ErrorKind::Volume,
        format!(
            "{step}: the disk `{}` of this name is not made of the snapshot `{}`; start another restore",
            disk.id,
            record.handle.as_deref().unwrap_or_default()
        ),
    ))
}

fn is_of_zone(failure: &Failure) -> bool {
    let code = failure.code().unwrap_or_default();
    OF_ZONE.iter().any(|prefix| code.starts_with(prefix))
}

fn pending(reason: String) -> RestoreSource {
    RestoreSource::Pending { reason }
}
