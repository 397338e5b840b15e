//! An application that is written to all the time, and what its volumes show when they have come back.

use std::ops::RangeInclusive;
use std::sync::Arc;

use ack_backup_center::cloud::Cloud;
use ack_backup_center::core::Region;
use ack_backup_center::engine::Repository;
use ack_backup_center::oss::{OssEndpoint, OssStore};

use super::cluster::{Cluster, Kind};
use crate::world::{BUCKET, ID, World, keys, machine};
use crate::writer::{Writer, in_folder, of_one_moment, on_disk};

/// Which numbers of the writer may be found.
pub(crate) type Moment = RangeInclusive<u64>;

pub(crate) struct Application<'c> {
    cluster: &'c Cluster,
    pub(crate) namespace: String,
    pub(crate) writer: Arc<Writer>,
}

impl<'c> Application<'c> {
    /// Whose claims are all written to.
    pub(crate) async fn start(cluster: &'c Cluster, claims: &[(&str, Kind)]) -> Self {
        let namespace = cluster.application(claims).await;
        let (mut disks, mut folders) = (Vec::new(), Vec::new());
        for (claim, kind) in claims {
            match kind {
                Kind::Disk => disks.push(cluster.disk_of(&namespace, claim).await),
                Kind::Nas | Kind::Local => {
                    folders.push(cluster.folder_of(&namespace, claim).await);
                }
            }
        }
        let writer = Writer::start(cluster.world.cloud.ecs(), disks, folders);
        Self {
            cluster,
            namespace,
            writer: Arc::new(writer),
        }
    }

    pub(crate) async fn back_up(&self, repository: &Repository, name: &str) -> Moment {
        let before = self.writer.written();
        self.cluster
            .back_up(repository, name, &self.namespace)
            .await;
        let moment = self.writer.since(before);
        // Nothing of what comes now is of this moment.
        self.writer.goes_on();
        self.writer.goes_on();
        moment
    }

    /// It is written to until it is gone with all of its volumes; its namespace.
    pub(crate) async fn lose(self) -> String {
        drop(self.writer);
        self.cluster.lose(&self.namespace).await;
        self.namespace
    }
}

/// Where backups are kept.
pub(crate) fn repository(world: &World) -> Repository {
    let cloud = Cloud::new(&machine(&world.cloud), Region::CN_HANGZHOU, keys(ID));
    let cloud = cloud.with_endpoint(world.cloud.endpoint().parse().unwrap());
    let oss = cloud.oss(OssEndpoint::public(&Region::CN_HANGZHOU));
    Repository::new(Arc::new(OssStore::new(oss.unwrap(), BUCKET)), "")
}

/// Checks every byte: all disks are of one moment, each file system of one, and all of those are of the backup.
pub(crate) async fn comes_from(
    cluster: &Cluster,
    namespace: &str,
    claims: &[(&str, Kind)],
    moment: &Moment,
) {
    let mut of_disks = Vec::new();
    for (claim, kind) in claims {
        let shown = match kind {
            Kind::Disk => {
                let id = cluster.disk_of(namespace, claim).await;
                let disk = cluster.world.cloud.ecs().disk(id);
                let shown = on_disk(|at, length| disk.read(at, length));
                of_disks.push(shown);
                shown
            }
            Kind::Nas | Kind::Local => in_folder(&cluster.folder_of(namespace, claim).await),
        };
        assert!(
            moment.contains(&shown),
            "{claim} shows {shown}, not one of {moment:?}"
        );
    }
    if !of_disks.is_empty() {
        of_one_moment(&of_disks).unwrap();
    }
}
