//! Disks: what is of one moment, what is recorded and given back, and what is refused.

mod conform;
mod faults;
mod records;
mod restored;
mod together;

use ack_backup_center::engine::volumes::{
    RestoreSource, RestoreTarget, Volume, VolumeRecord, VolumeSnapshotter,
};
use k8s_openapi::api::core::v1::PersistentVolume;

use crate::world::{World, claim, planned};

const UID: &str = "0b5ce1f0-7b7e-4c52-a9ae-6e1c1b7c9d01";

async fn taken(
    world: &World,
    snapshotter: &dyn VolumeSnapshotter,
    uid: &str,
    volumes: &[Volume],
) -> Vec<VolumeRecord> {
    let mut records = Vec::new();
    for group in planned(snapshotter, uid, volumes) {
        records.extend(snapshotter.snapshot(&group).await.unwrap());
    }
    world.ended(snapshotter, records).await
}

/// A volume that is made here, in a cluster without CSI snapshots.
async fn made(
    world: &World,
    snapshotter: &dyn VolumeSnapshotter,
    record: &VolumeRecord,
    target: &RestoreTarget,
) -> PersistentVolume {
    for _ in 0..100 {
        match snapshotter.restore_source(record, target).await.unwrap() {
            RestoreSource::Volume(volume) => return *volume,
            RestoreSource::Pending { .. } => world.pass(),
            other => panic!("{other:?}"),
        }
    }
    panic!("it is never made");
}

fn target_in(zone: &str, restore: &str, name: &str) -> RestoreTarget {
    let mut target = RestoreTarget::new(restore, claim(name));
    target.zones = vec![zone.to_owned()];
    target.region = Some(zone.rsplit_once('-').unwrap().0.to_owned());
    target
}
