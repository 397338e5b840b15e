//! The conformance suite of the engine's port, on files.

use std::sync::Arc;

use ack_backup_center::engine::volumes::testkit::conformance::{self, Subject};
use ack_backup_center::engine::volumes::{Mount, Volume, VolumeSnapshotter};
use alibaba_local::{Fault, Rule};
use async_trait::async_trait;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use serde_json::{Value, json};

use crate::world::{World, mount, nas_volume};

struct Files(World);

/// Each volume has a node of its own.
fn node(volume: &str) -> String {
    format!("node-of-{volume}")
}

#[async_trait]
impl Subject for Files {
    fn snapshotter(&self) -> Arc<dyn VolumeSnapshotter> {
        Arc::new(self.0.files())
    }

    async fn volume(&self, name: &str) -> Volume {
        self.0.nas(name, &node(name))
    }

    fn foreign_volume(&self) -> Volume {
        let volume = json!({"metadata": {"name": "h"}, "spec": {"hostPath": {"path": "/data"}}});
        let volume = serde_json::from_value(volume).unwrap();
        Volume::new(volume, PersistentVolumeClaim::default())
    }

    async fn write(&self, volume: &Volume, contents: &[u8]) {
        let folder = self.0.folder(&volume.mounts[0], &volume.volume);
        std::fs::write(folder.join("file"), contents).unwrap();
    }

    async fn contents(&self, volume: &PersistentVolume) -> Vec<u8> {
        let name = volume.metadata.name.clone().unwrap();
        let folder = self.0.folder(&mount(&name, &node(&name)), volume);
        std::fs::read(folder.join("file")).unwrap()
    }

    async fn provision(&self, claim: &PersistentVolumeClaim, _: &[Value]) -> PersistentVolume {
        // Each restore has a cluster of its own here: the suite provisions one claim of a name in each.
        let name = claim.metadata.name.clone().unwrap();
        nas_volume(&format!("pv-{name}")).volume
    }

    async fn mount(&self, _: &PersistentVolumeClaim, volume: &PersistentVolume) -> Mount {
        let name = volume.metadata.name.clone().unwrap();
        let mount = mount(&name, &node(&name));
        self.0.folder(&mount, volume);
        mount
    }

    async fn snapshots(&self) -> usize {
        self.0.file_backups().await
    }

    async fn pass(&self) {
        self.0.pass();
    }

    fn lose_next_reply(&self) -> bool {
        let rule = Rule::new(Fault::LoseReply).service("hbr");
        let rule = rule.operation("CreateBackupJob").times(1);
        self.0.cloud.faults().add(rule);
        true
    }
}

#[tokio::test]
async fn files_conform() {
    conformance::run(&Files(World::new().await.with_vault().await)).await;
}
