//! How an ECS is described, and opened.

use std::time::Duration;

use chrono::TimeDelta;

use super::handle::Ecs;
use super::spec::{EcsDisk, EcsInstance};
use super::state::{Limits, State};
use super::store::Store;
use crate::builder::{Builder, Setup, StartError};

/// The folder in the data folder. No bucket can have this name.
const FOLDER: &str = "_ecs";

/// ECS, as a [`Builder`] describes it.
#[derive(Clone, Debug, Default)]
struct EcsSettings {
    instances: Vec<EcsInstance>,
    disks: Vec<EcsDisk>,
    limits: Limits,
}

/// Of ECS.
impl Builder {
    /// Adds an instance that is there from the start. With a data folder, one that an earlier run left
    /// stays as it is.
    pub fn ecs_instance(mut self, instance: EcsInstance) -> Self {
        self.settings::<EcsSettings>().instances.push(instance);
        self
    }

    /// Adds a disk that is there from the start, as [`ecs_instance`](Self::ecs_instance) does.
    pub fn ecs_disk(mut self, disk: EcsDisk) -> Self {
        self.settings::<EcsSettings>().disks.push(disk);
        self
    }

    /// How long a snapshot or a copy takes until it is accomplished; two seconds unless set.
    pub fn snapshot_time(mut self, time: Duration) -> Self {
        self.settings::<EcsSettings>().limits.snapshot_takes = delta(time);
        self
    }

    /// How long CreateDisk takes until the disk is available, and AttachDisk and DetachDisk until it is attached or
    /// free; a second unless set.
    pub fn disk_time(mut self, time: Duration) -> Self {
        self.settings::<EcsSettings>().limits.disk_takes = delta(time);
        self
    }

    /// How many snapshots a disk may have, and how many automatic ones; 256 and 1000 unless set.
    pub fn snapshot_quota(mut self, manual: usize, automatic: usize) -> Self {
        let limits = &mut self.settings::<EcsSettings>().limits;
        (limits.snapshots, limits.automatic_snapshots) = (manual, automatic);
        self
    }

    /// How many disks a region may have; 1000 unless set.
    pub fn disk_quota(mut self, disks: usize) -> Self {
        self.settings::<EcsSettings>().limits.disks = disks;
        self
    }

    /// Refuses snapshots in regions in which OpenSnapshotService was not called.
    pub fn snapshot_service_closed(mut self) -> Self {
        self.settings::<EcsSettings>().limits.is_open = false;
        self
    }
}

fn delta(time: Duration) -> TimeDelta {
    TimeDelta::from_std(time).unwrap_or(TimeDelta::days(36_500))
}

/// Opens what was described.
pub(super) fn open(setup: &mut Setup) -> Result<Store, StartError> {
    let settings: EcsSettings = setup.take();
    let folder = setup.folder.as_ref().map(|folder| folder.join(FOLDER));
    let state = State::open(folder.as_deref(), settings.limits).map_err(StartError::Data)?;
    let store = Store::new(state, setup.clock.clone(), setup.region.clone());
    let home = &setup.region;
    store
        .with(|state, now| {
            for instance in settings.instances {
                instance.add(state, home, now);
            }
            let mut disks = settings.disks.into_iter();
            disks.try_for_each(|disk| disk.add(state, home, now))
        })
        .and_then(|added| added)
        .map_err(StartError::Data)?;
    setup.offer(Ecs::new(store.clone()));
    Ok(store)
}
