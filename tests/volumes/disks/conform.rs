//! The conformance suite of the engine's port, on disks: with CSI snapshots in the target, and without.

use std::sync::Arc;

use ack_backup_center::engine::Result;
use ack_backup_center::engine::volumes::testkit::conformance::{self, Subject};
use ack_backup_center::engine::volumes::{
    AdjustedClaim, Capabilities, Eligibility, Mount, ObjectRef, RestoreSource, RestoreTarget,
    SnapshotGroup, Volume, VolumeRecord, VolumeSnapshotter,
};
use ack_backup_center::volumes::disks::DiskSnapshots;
use alibaba_local::{Fault, Rule};
use async_trait::async_trait;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use serde_json::{Value, json};

use crate::world::World;

struct Disks {
    world: World,
    serves_snapshots: bool,
}

#[async_trait]
impl Subject for Disks {
    fn snapshotter(&self) -> Arc<dyn VolumeSnapshotter> {
        let disks = self.world.disks();
        match self.serves_snapshots {
            true => Arc::new(disks),
            false => Arc::new(WithoutSnapshots(disks)),
        }
    }

    async fn volume(&self, name: &str) -> Volume {
        self.world.disk(name)
    }

    fn foreign_volume(&self) -> Volume {
        let volume =
            json!({"metadata": {"name": "nfs"}, "spec": {"nfs": {"server": "a", "path": "/"}}});
        let volume = serde_json::from_value(volume).unwrap();
        Volume::new(volume, PersistentVolumeClaim::default())
    }

    async fn write(&self, volume: &Volume, contents: &[u8]) {
        self.world.write(&volume.volume, contents);
    }

    async fn contents(&self, volume: &PersistentVolume) -> Vec<u8> {
        self.world.read(volume)
    }

    async fn provision(
        &self,
        claim: &PersistentVolumeClaim,
        objects: &[Value],
    ) -> PersistentVolume {
        self.world.provision(claim, objects).await
    }

    async fn mount(&self, _: &PersistentVolumeClaim, _: &PersistentVolume) -> Mount {
        Mount::new(ObjectRef::default(), "node", "data")
    }

    async fn snapshots(&self) -> usize {
        self.world.snapshots().await.len()
    }

    async fn pass(&self) {
        self.world.pass();
    }

    fn other_region(&self) -> Option<String> {
        Some("cn-beijing".to_owned())
    }

    fn lose_next_reply(&self) -> bool {
        let rule = Rule::new(Fault::LoseReply).service("ecs");
        let rule = rule.operation("CreateSnapshotGroup").times(1);
        self.world.cloud.faults().add(rule);
        true
    }
}

/// For a cluster that serves no CSI snapshots.
#[derive(Debug)]
struct WithoutSnapshots(DiskSnapshots);

#[async_trait]
impl VolumeSnapshotter for WithoutSnapshots {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn eligibility(&self, volume: &Volume) -> Eligibility {
        self.0.eligibility(volume)
    }

    async fn snapshot(&self, group: &SnapshotGroup) -> Result<Vec<VolumeRecord>> {
        self.0.snapshot(group).await
    }

    async fn poll(&self, records: &[VolumeRecord]) -> Result<Vec<VolumeRecord>> {
        self.0.poll(records).await
    }

    async fn find(&self, backup_uid: &str) -> Result<Vec<VolumeRecord>> {
        self.0.find(backup_uid).await
    }

    async fn copy_to_region(&self, record: &VolumeRecord, region: &str) -> Result<VolumeRecord> {
        self.0.copy_to_region(record, region).await
    }

    fn adjust_claim(&self, record: &VolumeRecord, claim: PersistentVolumeClaim) -> AdjustedClaim {
        self.0.adjust_claim(record, claim)
    }

    async fn restore_source(
        &self,
        record: &VolumeRecord,
        target: &RestoreTarget,
    ) -> Result<RestoreSource> {
        let mut target = target.clone();
        target.serves_snapshots = false;
        self.0.restore_source(record, &target).await
    }

    async fn delete(&self, records: &[VolumeRecord]) -> Result<bool> {
        self.0.delete(records).await
    }
}

#[tokio::test]
async fn disks_conform_where_the_cluster_serves_snapshots() {
    let world = World::new().await;
    conformance::run(&Disks {
        world,
        serves_snapshots: true,
    })
    .await;
}

#[tokio::test]
async fn disks_conform_where_volumes_are_made_here() {
    let world = World::new().await;
    conformance::run(&Disks {
        world,
        serves_snapshots: false,
    })
    .await;
}
