//! A storage in memory. It has no clock of its own: how far a snapshot is follows from when it was asked for
//! and from the time that it is told.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::{
    CSIPersistentVolumeSource, ObjectReference, PersistentVolume, PersistentVolumeClaim,
    PersistentVolumeSpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::json;

use crate::volumes::{
    Capabilities, DataSource, Eligibility, FillState, FillTarget, GroupLimits, RestoreSource,
    RestoreTarget, SnapshotGroup, SnapshotState, Volume, VolumeMethod, VolumeRecord,
    VolumeSnapshotter,
};
use crate::{Error, ErrorKind, Result};

const DRIVER: &str = "fake.example.com";
/// Where everything is that was not copied elsewhere.
const HOME: &str = "home";
const READY_AFTER: Duration = Duration::from_secs(10);
const COMPLETE_AFTER: Duration = Duration::from_secs(60);
const VOLUME_AFTER: Duration = Duration::from_secs(5);
const FILLED_AFTER: Duration = Duration::from_secs(30);

/// What a [`FakeSnapshotter`] is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FakeKind {
    /// The disks of a cloud: groups, copies to other regions, volumes made from snapshots.
    Disks,
    /// A CSI driver: claims with a `dataSource`.
    Csi,
    /// Copies of files: claims that are filled.
    Files,
}

#[derive(Debug, Clone)]
struct Snapshot {
    record: VolumeRecord,
    created_at: DateTime<Utc>,
    contents: Vec<u8>,
    fails: bool,
}

#[derive(Debug, Default)]
struct World {
    now: DateTime<Utc>,
    /// Contents by handle.
    volumes: BTreeMap<String, Vec<u8>>,
    /// By region and name.
    snapshots: BTreeMap<(String, String), Snapshot>,
    /// When volumes and fillings of restores were asked for, by name.
    begun: BTreeMap<String, DateTime<Utc>>,
    failing: Vec<String>,
    lost_replies: usize,
}

/// A storage in memory.
#[derive(Debug, Clone, Default)]
pub struct FakeStorage(Arc<Mutex<World>>);

impl FakeStorage {
    /// An empty storage at this time.
    #[must_use]
    pub fn new(now: DateTime<Utc>) -> Self {
        let storage = Self::default();
        storage.world().now = now;
        storage
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets time pass.
    pub fn advance(&self, time: Duration) {
        self.world().now += time;
    }

    /// A snapshotter of it, which remembers nothing of any other.
    #[must_use]
    pub fn snapshotter(&self, kind: FakeKind) -> FakeSnapshotter {
        FakeSnapshotter {
            storage: self.clone(),
            kind,
        }
    }

    /// A volume of it, called `name`, of this capacity: the object in the cluster. Its handle is its name.
    #[must_use]
    pub fn volume(&self, name: &str, capacity: &str) -> PersistentVolume {
        self.world().volumes.entry(name.into()).or_default();
        PersistentVolume {
            metadata: ObjectMeta {
                name: Some(name.into()),
                ..ObjectMeta::default()
            },
            spec: Some(PersistentVolumeSpec {
                access_modes: Some(vec!["ReadWriteOnce".into()]),
                capacity: Some(
                    [(
                        "storage".to_owned(),
                        k8s_openapi::apimachinery::pkg::api::resource::Quantity(capacity.into()),
                    )]
                    .into(),
                ),
                csi: Some(CSIPersistentVolumeSource {
                    driver: DRIVER.into(),
                    volume_handle: name.into(),
                    ..CSIPersistentVolumeSource::default()
                }),
                ..PersistentVolumeSpec::default()
            }),
            ..PersistentVolume::default()
        }
    }

    /// Writes what the volume holds.
    pub fn write(&self, handle: &str, contents: &[u8]) {
        self.world().volumes.insert(handle.into(), contents.into());
    }

    /// What the volume holds; `None` when there is none.
    #[must_use]
    pub fn contents(&self, handle: &str) -> Option<Vec<u8>> {
        self.world().volumes.get(handle).cloned()
    }

    /// Provisions an empty volume, or one from the snapshot that a `dataSource` names by way of `objects`.
    ///
    /// # Panics
    /// When the objects name no snapshot of this storage.
    pub fn provision(&self, name: &str, objects: &[serde_json::Value]) -> PersistentVolume {
        let handle = objects
            .iter()
            .find_map(|object| object["spec"]["source"]["snapshotHandle"].as_str());
        let contents = handle.map_or_else(Vec::new, |handle| {
            let world = self.world();
            let snapshot = world
                .snapshots
                .values()
                .find(|snapshot| snapshot.record.handle.as_deref() == Some(handle));
            let Some(snapshot) = snapshot else {
                panic!("there is no snapshot `{handle}`");
            };
            snapshot.contents.clone()
        });
        let volume = self.volume(name, "1Gi");
        self.write(name, &contents);
        volume
    }

    /// How many snapshots there are, copies included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.world().snapshots.len()
    }

    /// Lets all snapshots of a volume fail that are asked for from now on.
    pub fn fail(&self, handle: &str) {
        self.world().failing.push(handle.into());
    }

    /// Carries the next call out and loses its reply.
    pub fn lose_next_reply(&self) {
        self.world().lost_replies += 1;
    }
}

impl World {
    fn age(&self, since: DateTime<Utc>) -> Duration {
        (self.now - since).to_std().unwrap_or_default()
    }

    /// The record as it is by now.
    fn seen(&self, snapshot: &Snapshot) -> VolumeRecord {
        let mut record = snapshot.record.clone();
        let age = self.age(snapshot.created_at);
        let at = |after: Duration| snapshot.created_at + after;
        record.bytes_total = Some(snapshot.contents.len() as u64);
        record.state = match (snapshot.fails, age) {
            (true, age) if age >= READY_AFTER => {
                record.completed_at = Some(at(READY_AFTER));
                SnapshotState::failed("the storage failed to cut it")
            }
            (_, age) if age >= COMPLETE_AFTER => {
                record.completed_at = Some(at(COMPLETE_AFTER));
                record.bytes_done = record.bytes_total;
                SnapshotState::Complete
            }
            (_, age) if age >= READY_AFTER => SnapshotState::Ready,
            _ => SnapshotState::Pending,
        };
        record
    }

    fn gone(record: &VolumeRecord) -> VolumeRecord {
        VolumeRecord {
            state: SnapshotState::failed("there is no such snapshot any more"),
            ..record.clone()
        }
    }

    fn found(&self, record: &VolumeRecord) -> Option<&Snapshot> {
        self.snapshots.get(&key(record))
    }

    /// Since when `name` is on its way.
    fn begin(&mut self, name: String) -> DateTime<Utc> {
        let now = self.now;
        *self.begun.entry(name).or_insert(now)
    }
}

fn key(record: &VolumeRecord) -> (String, String) {
    let region = record.region.clone().unwrap_or_else(|| HOME.into());
    (region, record.name.clone())
}

fn claim_name(claim: &PersistentVolumeClaim) -> &str {
    claim.metadata.name.as_deref().unwrap_or_default()
}

/// A snapshotter of a [`FakeStorage`].
#[derive(Clone)]
pub struct FakeSnapshotter {
    storage: FakeStorage,
    kind: FakeKind,
}

impl fmt::Debug for FakeSnapshotter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeSnapshotter")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl FakeSnapshotter {
    /// The storage, after a call was carried out there.
    fn reply<T>(&self, step: &str, value: T) -> Result<T> {
        let mut world = self.storage.world();
        if world.lost_replies == 0 {
            return Ok(value);
        }
        world.lost_replies -= 1;
        Err(
            Error::new(ErrorKind::Volume, format!("{step}: the reply was lost"))
                .with_retryable(true),
        )
    }
}

#[async_trait]
impl VolumeSnapshotter for FakeSnapshotter {
    fn name(&self) -> &str {
        match self.kind {
            FakeKind::Disks => "fake-disks",
            FakeKind::Csi => "fake-csi",
            FakeKind::Files => "fake-files",
        }
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::of(match self.kind {
            FakeKind::Disks => VolumeMethod::NativeSnapshot,
            FakeKind::Csi => VolumeMethod::CsiSnapshot,
            FakeKind::Files => VolumeMethod::PodVolumeBackup,
        });
        if self.kind == FakeKind::Disks {
            capabilities.groups = Some(GroupLimits::new(4, 1 << 40));
            capabilities.cross_region = true;
            capabilities.block = true;
            capabilities.topology_keys = vec!["topology.fake.example.com/zone".into()];
        }
        capabilities.batches = self.kind == FakeKind::Files;
        capabilities
    }

    fn eligibility(&self, volume: &Volume) -> Eligibility {
        match volume.csi() {
            Some((DRIVER, _)) => {}
            Some((driver, _)) => {
                return Eligibility::refused(format!("its driver is `{driver}`, not `{DRIVER}`"));
            }
            None => return Eligibility::refused("it is of no CSI driver"),
        }
        if volume.is_block() && !self.capabilities().block {
            return Eligibility::refused("it is a raw device");
        }
        if self.kind == FakeKind::Files && volume.mounts.is_empty() {
            return Eligibility::refused("no running Pod has it mounted");
        }
        Eligibility::Eligible {
            group: (self.kind == FakeKind::Disks).then(|| HOME.to_owned()),
        }
    }

    async fn snapshot(&self, group: &SnapshotGroup) -> Result<Vec<VolumeRecord>> {
        let records = {
            let mut world = self.storage.world();
            let now = world.now;
            for request in &group.members {
                let mut record =
                    VolumeRecord::of(self.name(), self.capabilities().method, group, request);
                record.region = Some(HOME.into());
                if self.kind != FakeKind::Disks {
                    record.group = None;
                }
                record.handle = Some(format!("handle-of-{}", record.name));
                record.group_handle = record
                    .group
                    .as_ref()
                    .map(|name| format!("handle-of-{name}"));
                record.started_at = Some(now);
                if self.kind == FakeKind::Csi {
                    let class = VolumeRecord::SNAPSHOT_CLASS.to_owned();
                    record.attributes.insert(class, "fake-snapshots".to_owned());
                }
                record.cut_at = self.capabilities().point_in_time.then_some(now);
                record.restore_size = request.volume.capacity();
                let handle = request.volume.csi().map(|(_, handle)| handle.to_owned());
                let handle = handle.unwrap_or_default();
                let snapshot = Snapshot {
                    contents: world.volumes.get(&handle).cloned().unwrap_or_default(),
                    fails: world.failing.contains(&handle),
                    created_at: now,
                    record,
                };
                world
                    .snapshots
                    .entry(key(&snapshot.record))
                    .or_insert(snapshot);
            }
            let of = |name: &str| world.snapshots.get(&(HOME.into(), name.to_owned()));
            group
                .members
                .iter()
                .filter_map(|request| of(&request.name))
                .map(|snapshot| world.seen(snapshot))
                .collect()
        };
        self.reply("snapshot volumes", records)
    }

    async fn poll(&self, records: &[VolumeRecord]) -> Result<Vec<VolumeRecord>> {
        let polled = {
            let world = self.storage.world();
            let poll = |record: &VolumeRecord| match world.found(record) {
                Some(snapshot) => world.seen(snapshot),
                None => World::gone(record),
            };
            records.iter().map(poll).collect()
        };
        self.reply("look at snapshots", polled)
    }

    async fn find(&self, backup_uid: &str) -> Result<Vec<VolumeRecord>> {
        let found = {
            let world = self.storage.world();
            let of = |snapshot: &&Snapshot| {
                snapshot.record.backup_uid == backup_uid
                    && snapshot.record.snapshotter == self.name()
            };
            let snapshots = world.snapshots.values().filter(of);
            snapshots.map(|snapshot| world.seen(snapshot)).collect()
        };
        self.reply("find snapshots", found)
    }

    async fn copy_to_region(&self, record: &VolumeRecord, region: &str) -> Result<VolumeRecord> {
        if !self.capabilities().cross_region {
            return Err(Error::new(
                ErrorKind::Invalid,
                "copy a snapshot: there are no regions",
            ));
        }
        let copied = {
            let mut world = self.storage.world();
            let Some(source) = world.found(record).cloned() else {
                return Err(Error::new(
                    ErrorKind::NotFound,
                    format!("copy `{}`: there is no such snapshot", record.name),
                ));
            };
            if world.seen(&source).state != SnapshotState::Complete {
                return Err(Error::new(
                    ErrorKind::Volume,
                    format!("copy `{}`: it is not complete yet", record.name),
                )
                .with_retryable(true));
            }
            let mut copy = Snapshot {
                created_at: world.now,
                ..source
            };
            copy.record.region = Some(region.to_owned());
            copy.record.handle = Some(format!("handle-of-{}-in-{region}", record.name));
            copy.record.started_at = Some(world.now);
            // It is no member of the group there.
            (copy.record.group, copy.record.group_handle) = (None, None);
            let at = key(&copy.record);
            world.snapshots.entry(at.clone()).or_insert(copy);
            world.seen(&world.snapshots[&at])
        };
        self.reply("copy a snapshot", copied)
    }

    async fn restore_source(
        &self,
        record: &VolumeRecord,
        target: &RestoreTarget,
    ) -> Result<RestoreSource> {
        let source = {
            let mut world = self.storage.world();
            let Some(snapshot) = world.found(record).cloned() else {
                return Err(Error::new(
                    ErrorKind::NotFound,
                    format!("restore `{}`: there is no such snapshot", record.name),
                ));
            };
            let seen = world.seen(&snapshot);
            let name = format!(
                "restored-{}-{}",
                target.restore_uid,
                claim_name(&target.claim)
            );
            match self.kind {
                _ if !seen.state.is_restorable() => RestoreSource::Pending {
                    reason: format!("snapshot `{}` is not ready", record.name),
                },
                FakeKind::Files => RestoreSource::Fill {
                    at_least: seen.restore_size,
                },
                FakeKind::Csi => RestoreSource::DataSource {
                    objects: static_snapshot(&name, &seen, &target.claim),
                    data_source: DataSource {
                        api_group: "snapshot.storage.k8s.io".into(),
                        kind: "VolumeSnapshot".into(),
                        name,
                    },
                    at_least: seen.restore_size,
                },
                FakeKind::Disks => {
                    let begun = world.begin(name.clone());
                    if world.age(begun) < VOLUME_AFTER {
                        RestoreSource::Pending {
                            reason: format!("volume `{name}` is being made"),
                        }
                    } else {
                        let contents = snapshot.contents;
                        world.volumes.entry(name.clone()).or_insert(contents);
                        drop(world);
                        RestoreSource::Volume(Box::new(self.made_volume(&name, &target.claim)))
                    }
                }
            }
        };
        self.reply("restore a volume", source)
    }

    async fn fill(&self, record: &VolumeRecord, target: &FillTarget) -> Result<FillState> {
        if self.kind != FakeKind::Files {
            return Err(Error::new(
                ErrorKind::Invalid,
                "fill a volume: this is not for files",
            ));
        }
        let state = {
            let mut world = self.storage.world();
            let handle = target.volume.metadata.name.clone().unwrap_or_default();
            let begun = world.begin(format!("{}-{handle}", target.restore_uid));
            match world
                .found(record)
                .map(|snapshot| snapshot.contents.clone())
            {
                None => FillState::Failed {
                    reason: "there is no such snapshot any more".into(),
                },
                Some(contents) if world.age(begun) < FILLED_AFTER => FillState::Running {
                    bytes_done: Some(0),
                    bytes_total: Some(contents.len() as u64),
                },
                Some(contents) => {
                    world.volumes.insert(handle, contents);
                    FillState::Done
                }
            }
        };
        self.reply("fill a volume", state)
    }

    async fn delete(&self, records: &[VolumeRecord]) -> Result<bool> {
        {
            let mut world = self.storage.world();
            for record in records {
                world.snapshots.remove(&key(record));
            }
        }
        self.reply("delete snapshots", true)
    }
}

impl FakeSnapshotter {
    /// The volume that was made, bound to its claim.
    fn made_volume(&self, name: &str, claim: &PersistentVolumeClaim) -> PersistentVolume {
        let mut volume = self.storage.volume(name, "1Gi");
        if let Some(spec) = &mut volume.spec {
            spec.claim_ref = Some(ObjectReference {
                name: claim.metadata.name.clone(),
                namespace: claim.metadata.namespace.clone(),
                ..ObjectReference::default()
            });
        }
        volume
    }
}

/// The pair of objects that stand for a snapshot which is there already.
fn static_snapshot(
    name: &str,
    record: &VolumeRecord,
    claim: &PersistentVolumeClaim,
) -> Vec<serde_json::Value> {
    let api = "snapshot.storage.k8s.io/v1";
    let namespace = claim.metadata.namespace.as_deref().unwrap_or_default();
    vec![
        json!({"apiVersion": api, "kind": "VolumeSnapshotContent", "metadata": {"name": name},
            "spec": {"driver": DRIVER, "deletionPolicy": "Retain",
                "source": {"snapshotHandle": record.handle},
                "volumeSnapshotRef": {"name": name, "namespace": namespace}}}),
        json!({"apiVersion": api, "kind": "VolumeSnapshot",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"source": {"volumeSnapshotContentName": name}}}),
    ]
}
