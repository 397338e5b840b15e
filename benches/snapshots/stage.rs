//! A cloud with disks, and a cluster that has them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ack_backup_center::core::credentials::{SharedCredentials, StaticProvider};
use ack_backup_center::core::{Context, Credentials, Region};
use ack_backup_center::ecs_snapshot::{Client, SnapshotStatus};
use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::volumes::SnapshotState;
use ack_backup_center::engine::{Repository, Selection};
use ack_backup_center::volumes::disks::DiskSnapshots;
use alibaba_local::{EcsDisk, EcsInstance, LocalCloud, User};
use kube_local::KubeLocal;
use measure::Outcome;
use object_store::memory::InMemory;
use serde_json::{Value, json};

const ID: &str = "LTAI-bench";
const SECRET: &str = "bench-secret";
const INSTANCE: &str = "i-bp1bench";
const ZONE: &str = "cn-hangzhou-k";
const DRIVER: &str = "diskplugin.csi.alibabacloud.com";
/// Between two looks at a single snapshot.
const LOOK: Duration = Duration::from_millis(50);

pub(crate) struct Stage {
    cloud: LocalCloud,
    cluster: KubeLocal,
    ecs: Client,
    context: Context,
    repository: Repository,
}

/// A backup that was made.
pub(crate) struct Made {
    pub(crate) took: Duration,
    pub(crate) disks: usize,
    pub(crate) groups: usize,
    /// Requests to ECS.
    pub(crate) calls: usize,
}

impl Stage {
    /// A namespace `shop` with so many disks, and a namespace `corner` with one.
    pub(crate) async fn new(disks: usize, snapshot_time: Duration) -> Outcome<Self> {
        let cloud = LocalCloud::builder()
            .user(User::new(ID, SECRET).named("administrator"))
            .snapshot_time(snapshot_time)
            .ecs_instance(EcsInstance::new(INSTANCE).in_zone(ZONE))
            .start()
            .await?;
        let context = Context::system()?;
        let keys: SharedCredentials = Arc::new(StaticProvider::new(Credentials::new(ID, SECRET))?);
        let ecs = Client::builder(&context, Region::CN_HANGZHOU, keys)
            .with_endpoint(cloud.endpoint().parse()?)
            .build()?;
        let stage = Self {
            cloud,
            cluster: KubeLocal::start().await?,
            ecs,
            context,
            repository: Repository::new(Arc::new(InMemory::new()), ""),
        };
        for namespace in ["shop", "corner"] {
            let object = json!({"metadata": {"name": namespace}});
            stage.create("/api/v1/namespaces", &object).await;
        }
        for at in 0..disks {
            stage.disk("shop", &format!("data-{at:02}")).await?;
        }
        stage.disk("corner", "data").await?;
        let alone = EcsDisk::new("d-bp1benchalone").attached_to(INSTANCE);
        stage.cloud.ecs().add_disk(alone)?;
        Ok(stage)
    }

    fn client(&self) -> kube::Client {
        test_support::client(&self.cluster.url())
    }

    async fn create(&self, list: &str, object: &Value) {
        test_support::create(&self.client(), list, object).await;
    }

    /// A disk with its volume, bound to a claim of this name.
    async fn disk(&self, namespace: &str, claim: &str) -> Outcome<()> {
        let name = format!("{namespace}-{claim}");
        let handle = format!("d-bp1bench{}", name.replace('-', ""));
        self.cloud
            .ecs()
            .add_disk(EcsDisk::new(&handle).attached_to(INSTANCE))?;
        let volume = json!({"metadata": {"name": name}, "spec": {
            "capacity": {"storage": "20Gi"}, "accessModes": ["ReadWriteOnce"],
            "csi": {"driver": DRIVER, "volumeHandle": handle, "volumeAttributes": {"type": "cloud_essd"}},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                {"key": "topology.diskplugin.csi.alibabacloud.com/zone", "operator": "In", "values": [ZONE]}]}]}},
            "claimRef": {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": namespace, "name": claim}}});
        self.create("/api/v1/persistentvolumes", &volume).await;
        let claims = format!("/api/v1/namespaces/{namespace}/persistentvolumeclaims");
        let object = json!({"metadata": {"name": claim}, "spec": {
            "accessModes": ["ReadWriteOnce"], "volumeName": name, "resources": {"requests": {"storage": "20Gi"}}}});
        self.create(&claims, &object).await;
        let bound = json!({"status": {"phase": "Bound"}});
        let status = format!("{claims}/{claim}/status");
        test_support::patch(&self.client(), &status, &bound).await;
        Ok(())
    }

    /// How long the snapshot of one disk takes, for a client that does nothing else.
    pub(crate) async fn single(&self) -> Outcome<Duration> {
        let began = Instant::now();
        let made = self.ecs.create_snapshot("d-bp1benchalone").send().await?;
        loop {
            let ids = [made.snapshot_id.clone()];
            let found = self
                .ecs
                .describe_snapshots()
                .snapshot_ids(ids)
                .send()
                .await?;
            let status = found.snapshots.first().and_then(|it| it.status.as_ref());
            if status == Some(&SnapshotStatus::Accomplished) {
                return Ok(began.elapsed());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Backs a namespace up.
    pub(crate) async fn backup(&self, name: &str, namespace: &str) -> Outcome<Made> {
        let disks = DiskSnapshots::with_client(
            self.ecs.clone(),
            self.context.clock.clone(),
            "c0000000000000000000000000bench",
        );
        let spec = BackupSpec {
            selection: Selection::of_namespaces([namespace.to_owned()]),
            ..BackupSpec::named(name)
        };
        let backup = Backup::new(self.client(), self.repository.clone(), spec);
        let before = self.cloud.requests().len();
        let began = Instant::now();
        let report = backup
            .with_snapshotters(vec![Arc::new(disks)])
            .run()
            .await?;
        let took = began.elapsed();
        let calls = self.cloud.requests().len() - before;
        let volumes = self.repository.volumes(name).await?;
        let records = volumes.iter().filter_map(|it| it.record.as_ref());
        let complete: Vec<_> = records
            .filter(|it| it.state == SnapshotState::Complete)
            .collect();
        if complete.len() != volumes.len() {
            return Err(format!("not all disks are in the backup: {report}").into());
        }
        let groups: BTreeSet<_> = complete.iter().filter_map(|it| it.group.as_ref()).collect();
        Ok(Made {
            took,
            disks: complete.len(),
            groups: groups.len(),
            calls,
        })
    }
}
