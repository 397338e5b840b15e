//! The fake volumes keep to the contract of the port, in each of their kinds.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::DateTime;
use futures::FutureExt as _;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube_backup_engine::Error;
use kube_backup_engine::volumes::testkit::conformance::{self, Subject};
use kube_backup_engine::volumes::testkit::{FakeKind, FakeSnapshotter, FakeStorage};
use kube_backup_engine::volumes::{
    Capabilities, Eligibility, Mount, ObjectRef, RestoreSource, RestoreTarget, SnapshotGroup,
    SnapshotState, Volume, VolumeInfo, VolumeMethod, VolumeRecord, VolumeSnapshotter, plan_groups,
};
use serde_json::{Value, json};

struct Fake {
    storage: FakeStorage,
    kind: FakeKind,
}

impl Fake {
    fn new(kind: FakeKind) -> Self {
        let now = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        Self {
            storage: FakeStorage::new(now),
            kind,
        }
    }

    fn volume_of(&self, name: &str, capacity: &str) -> Volume {
        let volume = self.storage.volume(name, capacity);
        let claim = PersistentVolumeClaim {
            metadata: ObjectMeta {
                name: Some(name.into()),
                namespace: Some("shop".into()),
                uid: Some(format!("uid-of-{name}")),
                ..ObjectMeta::default()
            },
            ..PersistentVolumeClaim::default()
        };
        Volume::new(volume, claim).mounted_by(vec![mount(name)])
    }
}

fn mount(name: &str) -> Mount {
    let pod = ObjectRef {
        namespace: "shop".into(),
        name: format!("pod-{name}"),
        uid: String::new(),
    };
    Mount::new(pod, "node-a", "data")
}

#[async_trait]
impl Subject for Fake {
    fn snapshotter(&self) -> Arc<dyn VolumeSnapshotter> {
        Arc::new(self.storage.snapshotter(self.kind))
    }

    async fn volume(&self, name: &str) -> Volume {
        self.volume_of(name, "1Gi")
    }

    fn foreign_volume(&self) -> Volume {
        let volume =
            json!({"metadata": {"name": "nfs"}, "spec": {"nfs": {"server": "a", "path": "/"}}});
        Volume::new(
            serde_json::from_value(volume).unwrap(),
            PersistentVolumeClaim::default(),
        )
    }

    async fn write(&self, volume: &Volume, contents: &[u8]) {
        self.storage.write(volume.csi().unwrap().1, contents);
    }

    async fn contents(&self, volume: &PersistentVolume) -> Vec<u8> {
        let name = volume.metadata.name.as_deref().unwrap();
        self.storage.contents(name).unwrap()
    }

    async fn provision(
        &self,
        claim: &PersistentVolumeClaim,
        objects: &[Value],
    ) -> PersistentVolume {
        let name = format!("pvc-{}", claim.metadata.name.as_deref().unwrap());
        self.storage.provision(&name, objects)
    }

    async fn mount(&self, _: &PersistentVolumeClaim, volume: &PersistentVolume) -> Mount {
        mount(volume.metadata.name.as_deref().unwrap())
    }

    async fn snapshots(&self) -> usize {
        self.storage.count()
    }

    async fn pass(&self) {
        self.storage.advance(Duration::from_secs(4));
    }

    fn other_region(&self) -> Option<String> {
        (self.kind == FakeKind::Disks).then(|| "abroad".to_owned())
    }

    fn lose_next_reply(&self) -> bool {
        self.storage.lose_next_reply();
        true
    }
}

#[tokio::test]
async fn disks_conform() {
    conformance::run(&Fake::new(FakeKind::Disks)).await;
}

#[tokio::test]
async fn csi_snapshots_conform() {
    conformance::run(&Fake::new(FakeKind::Csi)).await;
}

#[tokio::test]
async fn copies_of_files_conform() {
    conformance::run(&Fake::new(FakeKind::Files)).await;
}

/// What a snapshotter gets wrong.
#[derive(Debug, Clone, Copy)]
enum Mistake {
    SnapshotsTwice,
    FindsNothing,
    DeletesNothing,
    NeedsItsMemory,
    TakesEverything,
    RestoresAnything,
}

#[derive(Debug)]
struct Mistaken {
    inner: FakeSnapshotter,
    mistake: Mistake,
    /// Snapshots that this one has made.
    known: Mutex<Vec<VolumeRecord>>,
}

#[async_trait]
impl VolumeSnapshotter for Mistaken {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn eligibility(&self, volume: &Volume) -> Eligibility {
        match self.mistake {
            Mistake::TakesEverything => Eligibility::Eligible { group: None },
            _ => self.inner.eligibility(volume),
        }
    }

    async fn snapshot(&self, group: &SnapshotGroup) -> Result<Vec<VolumeRecord>, Error> {
        if matches!(self.mistake, Mistake::SnapshotsTwice) {
            let mut other = group.clone();
            for member in &mut other.members {
                member.name.push_str("-again");
            }
            self.inner.snapshot(&other).await?;
        }
        let records = self.inner.snapshot(group).await?;
        self.known.lock().unwrap().extend(records.clone());
        Ok(records)
    }

    async fn poll(&self, records: &[VolumeRecord]) -> Result<Vec<VolumeRecord>, Error> {
        let mut polled = self.inner.poll(records).await?;
        if matches!(self.mistake, Mistake::NeedsItsMemory) {
            let known = self.known.lock().unwrap();
            for record in &mut polled {
                if !known.iter().any(|known| known.name == record.name) {
                    record.state = SnapshotState::failed("it is not known");
                }
            }
        }
        Ok(polled)
    }

    async fn find(&self, backup_uid: &str) -> Result<Vec<VolumeRecord>, Error> {
        match self.mistake {
            Mistake::FindsNothing => Ok(Vec::new()),
            _ => self.inner.find(backup_uid).await,
        }
    }

    async fn copy_to_region(
        &self,
        record: &VolumeRecord,
        region: &str,
    ) -> Result<VolumeRecord, Error> {
        self.inner.copy_to_region(record, region).await
    }

    async fn restore_source(
        &self,
        record: &VolumeRecord,
        target: &RestoreTarget,
    ) -> Result<RestoreSource, Error> {
        match self.mistake {
            Mistake::RestoresAnything => {
                // Another volume's snapshot, of the same backup.
                let found = self.inner.find(&record.backup_uid).await?;
                let other = found.iter().find(|other| other.name != record.name);
                self.inner
                    .restore_source(other.unwrap_or(record), target)
                    .await
            }
            _ => self.inner.restore_source(record, target).await,
        }
    }

    async fn delete(&self, records: &[VolumeRecord]) -> Result<bool, Error> {
        match self.mistake {
            Mistake::DeletesNothing => Ok(true),
            _ => self.inner.delete(records).await,
        }
    }
}

struct Broken {
    fake: Fake,
    mistake: Mistake,
}

#[async_trait]
impl Subject for Broken {
    fn snapshotter(&self) -> Arc<dyn VolumeSnapshotter> {
        Arc::new(Mistaken {
            inner: self.fake.storage.snapshotter(self.fake.kind),
            mistake: self.mistake,
            known: Mutex::default(),
        })
    }

    async fn volume(&self, name: &str) -> Volume {
        self.fake.volume(name).await
    }

    fn foreign_volume(&self) -> Volume {
        self.fake.foreign_volume()
    }

    async fn write(&self, volume: &Volume, contents: &[u8]) {
        self.fake.write(volume, contents).await;
    }

    async fn contents(&self, volume: &PersistentVolume) -> Vec<u8> {
        self.fake.contents(volume).await
    }

    async fn provision(
        &self,
        claim: &PersistentVolumeClaim,
        objects: &[Value],
    ) -> PersistentVolume {
        self.fake.provision(claim, objects).await
    }

    async fn mount(&self, claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> Mount {
        self.fake.mount(claim, volume).await
    }

    async fn snapshots(&self) -> usize {
        self.fake.snapshots().await
    }

    async fn pass(&self) {
        self.fake.pass().await;
    }

    fn other_region(&self) -> Option<String> {
        self.fake.other_region()
    }
}

#[tokio::test]
async fn each_mistake_is_found() {
    for (mistake, words) in [
        (Mistake::SnapshotsTwice, "two, not four"),
        (Mistake::FindsNothing, "those of this backup"),
        (Mistake::DeletesNothing, "left == right"),
        (Mistake::NeedsItsMemory, "it is not known"),
        (Mistake::TakesEverything, "a foreign volume is taken"),
        (Mistake::RestoresAnything, "left == right"),
    ] {
        let broken = Broken {
            fake: Fake::new(FakeKind::Disks),
            mistake,
        };
        let ran = AssertUnwindSafe(conformance::run(&broken))
            .catch_unwind()
            .await;
        let panic = ran.expect_err(&format!("{mistake:?} is found"));
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let said = said.unwrap_or_default();
        assert!(said.contains(words), "{mistake:?}: {said}");
    }
}

#[test]
fn groups_are_as_few_as_the_limits_allow_and_always_the_same() {
    let fake = Fake::new(FakeKind::Disks);
    let snapshotter = fake.snapshotter();
    let mut volumes: Vec<Volume> = (0..9)
        .map(|n| fake.volume_of(&format!("v{n}"), "20Gi"))
        .collect();
    // One that fills a group by its size.
    volumes.push(fake.volume_of("v3-large", "1Ti"));
    volumes.push(fake.foreign_volume());
    let names = |volumes: Vec<Volume>| -> Vec<Vec<String>> {
        plan_groups(&*snapshotter, "a", "uid-1", volumes)
            .iter()
            .map(|group| {
                let members = group.members.iter();
                members
                    .map(|member| member.volume.name().to_owned())
                    .collect()
            })
            .collect()
    };
    let groups = names(volumes.clone());
    assert_eq!(
        groups,
        [
            vec!["v0", "v1", "v2", "v3"],
            vec!["v3-large"],
            vec!["v4", "v5", "v6", "v7"],
            vec!["v8"]
        ]
    );
    volumes.reverse();
    // Given twice, it is still one.
    volumes.push(fake.volume_of("v5", "20Gi"));
    assert_eq!(names(volumes.clone()), groups);
    let planned = |uid: &str| plan_groups(&*snapshotter, "a", uid, volumes.clone());
    assert_eq!(planned("uid-1"), planned("uid-1"));
    let all: Vec<String> = ["uid-1", "uid-2"]
        .iter()
        .flat_map(|uid| planned(uid))
        .flat_map(|group| {
            let members = group.members.iter().map(|member| member.name.clone());
            let names: Vec<String> = members.chain([group.name.clone()]).collect();
            names
        })
        .collect();
    let mut different = all.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), all.len(), "no name twice: {all:?}");
    for name in &all {
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(
            name.len() <= 63 && name.starts_with("backup-") && name.chars().all(legal),
            "{name}"
        );
    }
}

#[test]
fn without_groups_every_volume_stands_alone() {
    let fake = Fake::new(FakeKind::Csi);
    let volumes: Vec<Volume> = ["b", "a"].map(|name| fake.volume_of(name, "1Gi")).into();
    let groups = plan_groups(&*fake.snapshotter(), "a", "uid-1", volumes);
    let sizes: Vec<usize> = groups.iter().map(|group| group.members.len()).collect();
    assert_eq!(sizes, [1, 1]);
    assert_eq!(groups[0].members[0].volume.name(), "a");
}

#[test]
fn volumes_that_are_copied_in_batches_are_given_to_one_call() {
    let fake = Fake::new(FakeKind::Files);
    let mut volumes: Vec<Volume> = ["b", "a"].map(|name| fake.volume_of(name, "1Gi")).into();
    let planned = |volumes: &[Volume]| {
        plan_groups(&*fake.snapshotter(), "a", "uid-1", volumes.iter().cloned())
    };
    let groups = planned(&volumes);
    assert_eq!(groups.len(), 1);
    let names: Vec<&str> = groups[0]
        .members
        .iter()
        .map(|it| it.volume.name())
        .collect();
    assert_eq!(names, ["a", "b"]);
    volumes.reverse();
    assert_eq!(planned(&volumes), groups);
}

#[tokio::test]
async fn a_volume_fails_alone() {
    let fake = Fake::new(FakeKind::Disks);
    let snapshotter = fake.snapshotter();
    let volumes: Vec<Volume> = ["good", "bad"]
        .map(|name| fake.volume_of(name, "1Gi"))
        .into();
    fake.storage.fail("bad");
    let groups = plan_groups(&*snapshotter, "a", "uid-1", volumes);
    let records = snapshotter.snapshot(&groups[0]).await.unwrap();
    fake.storage.advance(Duration::from_secs(60));
    let records = snapshotter.poll(&records).await.unwrap();
    assert!(matches!(&records[0].state, SnapshotState::Failed { reason } if !reason.is_empty()));
    assert_eq!(records[1].state, SnapshotState::Complete);
    assert_eq!(records[1].group.as_ref(), Some(&groups[0].name));
}

#[test]
fn files_need_a_pod_and_no_raw_device() {
    let fake = Fake::new(FakeKind::Files);
    let snapshotter = fake.snapshotter();
    let volume = fake.volume_of("a", "1Gi").mounted_by(Vec::new());
    assert_eq!(
        snapshotter.eligibility(&volume),
        Eligibility::refused("no running Pod has it mounted")
    );
}

/// `volumeinfo` as Velero writes and reads it (internal/volume/volumes_information.go).
#[tokio::test]
async fn volumes_are_listed_as_velero_lists_them() {
    let infos = async |kind: FakeKind| {
        let fake = Fake::new(kind);
        let volume = fake.volume_of("a", "1Gi");
        let snapshotter = fake.snapshotter();
        let groups = plan_groups(&*snapshotter, "b", "uid-1", [volume.clone()]);
        let records = snapshotter.snapshot(&groups[0]).await.unwrap();
        fake.storage.advance(Duration::from_secs(60));
        let records = snapshotter.poll(&records).await.unwrap();
        let info = serde_json::to_value(VolumeInfo::kept(&volume, &records[0])).unwrap();
        let read: VolumeInfo = serde_json::from_value(info.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), info);
        info
    };
    let csi = infos(FakeKind::Csi).await;
    assert_eq!(csi["backupMethod"], "CSISnapshot");
    assert_eq!(csi["pvcName"], "a");
    assert_eq!(csi["pvcNamespace"], "shop");
    assert_eq!(csi["pvName"], "a");
    assert_eq!(csi["result"], "succeeded");
    assert_eq!(csi["csiSnapshotInfo"]["ReadyToUse"], true);
    assert_eq!(csi["csiSnapshotInfo"]["driver"], "fake.example.com");
    assert_eq!(csi["csiSnapshotInfo"]["size"], 1_i64 << 30);
    assert_eq!(csi["skipped"], false);
    assert_eq!(csi["startTimestamp"], "2026-11-18T11:06:40Z");
    let native = infos(FakeKind::Disks).await;
    assert_eq!(native["backupMethod"], "NativeSnapshot");
    assert_eq!(native["nativeSnapshotInfo"]["Phase"], "Completed");
    assert_eq!(native["nativeSnapshotInfo"]["volumeAZ"], "");
    let files = infos(FakeKind::Files).await;
    assert_eq!(files["backupMethod"], "PodVolumeBackup");
    assert_eq!(files["pvbInfo"]["podName"], "pod-a");
    assert_eq!(files["pvbInfo"]["nodeName"], "node-a");
    let fake = Fake::new(FakeKind::Files);
    let skipped = VolumeInfo::skipped(&fake.volume_of("a", "1Gi"), "no Pod has it mounted");
    let skipped = serde_json::to_value(skipped).unwrap();
    assert_eq!(
        (&skipped["skipped"], &skipped["skippedReason"]),
        (&json!(true), &json!("no Pod has it mounted"))
    );
    assert_eq!(skipped["backupMethod"], Value::Null);
    // What a plugin of another cloud wrote.
    let theirs = json!({"pvName": "x", "backupMethod": "NativeSnapshot", "snapshotDataMoved": false,
        "preserveLocalSnapshot": true, "skipped": false, "result": "succeeded", "nativeSnapshotInfo":
        {"snapshotHandle": "snap-1", "volumeType": "gp3", "volumeAZ": "a", "iops": "3000", "Phase": "Completed"},
        "pvInfo": {"reclaimPolicy": "Delete", "labels": {"a": "b"}}, "somethingNew": {"a": 1}});
    let theirs: VolumeInfo = serde_json::from_value(theirs).unwrap();
    assert_eq!(theirs.backup_method, Some(VolumeMethod::NativeSnapshot));
    assert_eq!(theirs.native_snapshot_info.unwrap().iops, "3000");
}
