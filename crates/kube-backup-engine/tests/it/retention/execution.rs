//! Deletions, cut off after every request and started again.

use std::fmt;
use std::future::pending;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures::StreamExt as _;
use futures::TryStreamExt as _;
use futures::stream::BoxStream;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube_backup_engine::retention::{Candidate, Prune, PruneReport, PrunedState, RetentionPolicy};
use kube_backup_engine::volumes::testkit::{FakeKind, FakeSnapshotter, FakeStorage};
use kube_backup_engine::volumes::{
    Capabilities, Eligibility, RestoreSource, RestoreTarget, SnapshotGroup, Volume, VolumeRecord,
    VolumeSnapshotter, plan_groups,
};
use kube_backup_engine::{Digest, Error, ErrorKind, Repository, Result};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use serde_json::json;
use tokio::sync::Notify;

use super::at;

/// What happens at a request once there have been enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The process is killed before it is carried out.
    KilledBefore,
    /// The process is killed after it was carried out, and before its reply.
    KilledAfter,
    /// It fails, and all after it.
    Failing,
}

/// Counts requests to store and storage, and ends there.
#[derive(Debug)]
struct Cut {
    left: AtomicUsize,
    end: End,
    killed: Notify,
}

impl Cut {
    fn after(requests: usize, end: End) -> Arc<Self> {
        Arc::new(Self {
            left: AtomicUsize::new(requests),
            end,
            killed: Notify::new(),
        })
    }

    fn never() -> Arc<Self> {
        Self::after(usize::MAX, End::Failing)
    }

    /// Whether the request fails. Of a killed process nothing returns.
    async fn before(&self) -> bool {
        let step = |left: usize| left.checked_sub(1);
        if self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, step)
            .is_ok()
        {
            return false;
        }
        match self.end {
            End::Failing => true,
            End::KilledBefore => self.kill().await,
            End::KilledAfter => false,
        }
    }

    async fn after_it(&self) {
        if self.end == End::KilledAfter && self.left.load(Ordering::SeqCst) == 0 {
            self.kill().await;
        }
    }

    async fn kill(&self) -> bool {
        self.killed.notify_one();
        pending().await
    }
}

#[derive(Debug)]
struct Store {
    inner: Arc<InMemory>,
    cut: Arc<Cut>,
    /// Keys that contain this are kept, as under a retention policy.
    locked: Option<&'static str>,
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cut off")
    }
}

impl Store {
    async fn counted<T>(
        &self,
        work: impl Future<Output = object_store::Result<T>>,
    ) -> object_store::Result<T> {
        if self.cut.before().await {
            return Err(object_store::Error::Generic {
                store: "cut",
                source: "no more".into(),
            });
        }
        let result = work.await;
        self.cut.after_it().await;
        result
    }
}

#[async_trait::async_trait]
impl ObjectStore for Store {
    async fn put_opts(
        &self,
        at: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> object_store::Result<PutResult> {
        self.counted(self.inner.put_opts(at, payload, options))
            .await
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        self.counted(self.inner.get_opts(at, options)).await
    }

    async fn get_ranges(
        &self,
        at: &Path,
        ranges: &[Range<u64>],
    ) -> object_store::Result<Vec<Bytes>> {
        self.counted(self.inner.get_ranges(at, ranges)).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        let (inner, cut, locked) = (Arc::clone(&self.inner), Arc::clone(&self.cut), self.locked);
        paths
            .then(move |path| {
                let store = Self {
                    inner: Arc::clone(&inner),
                    cut: Arc::clone(&cut),
                    locked,
                };
                async move {
                    let path = path?;
                    if locked.is_some_and(|locked| path.as_ref().contains(locked)) {
                        let path = path.to_string();
                        return Err(object_store::Error::PermissionDenied {
                            path,
                            source: "WORM".into(),
                        });
                    }
                    store.counted(store.inner.delete(&path)).await?;
                    Ok(path)
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        self.counted(self.inner.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(
        &self,
        from: &Path,
        to: &Path,
        options: CopyOptions,
    ) -> object_store::Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// Disks whose deletions and findings are counted.
#[derive(Debug)]
struct Disks {
    inner: FakeSnapshotter,
    cut: Arc<Cut>,
    /// How often a deletion is still under way.
    slow: AtomicUsize,
}

impl Disks {
    async fn counted<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        if self.cut.before().await {
            return Err(Error::new(ErrorKind::Volume, "no more"));
        }
        let result = work.await;
        self.cut.after_it().await;
        result
    }
}

#[async_trait::async_trait]
impl VolumeSnapshotter for Disks {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn eligibility(&self, volume: &Volume) -> Eligibility {
        self.inner.eligibility(volume)
    }

    async fn snapshot(&self, group: &SnapshotGroup) -> Result<Vec<VolumeRecord>> {
        self.inner.snapshot(group).await
    }

    async fn poll(&self, records: &[VolumeRecord]) -> Result<Vec<VolumeRecord>> {
        self.inner.poll(records).await
    }

    async fn find(&self, backup_uid: &str) -> Result<Vec<VolumeRecord>> {
        self.counted(self.inner.find(backup_uid)).await
    }

    async fn restore_source(
        &self,
        record: &VolumeRecord,
        target: &RestoreTarget,
    ) -> Result<RestoreSource> {
        self.inner.restore_source(record, target).await
    }

    async fn delete(&self, records: &[VolumeRecord]) -> Result<bool> {
        let slow = self
            .slow
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |slow| {
                slow.checked_sub(1)
            });
        if slow.is_ok() {
            return Ok(false);
        }
        self.counted(self.inner.delete(records)).await
    }
}

/// A bucket and a storage with three backups, two volumes each: `new`, `old` and `oldest`.
struct World {
    store: Arc<InMemory>,
    storage: FakeStorage,
}

const NAMES: [&str; 3] = ["new", "old", "oldest"];

impl World {
    async fn new() -> Self {
        let world = Self {
            store: Arc::new(InMemory::new()),
            storage: FakeStorage::new(at("2026-03-01")),
        };
        for (position, name) in NAMES.into_iter().enumerate() {
            world
                .back_up(name, &format!("2026-03-{:02}T02:00:00Z", 3 - position))
                .await;
        }
        world
    }

    async fn back_up(&self, name: &str, created: &str) {
        let uid = format!("uid-of-{name}");
        let snapshotter = self.storage.snapshotter(FakeKind::Disks);
        let volumes = ["pv-1", "pv-2"].map(|volume| {
            Volume::new(
                self.storage.volume(volume, "1Gi"),
                PersistentVolumeClaim::default(),
            )
        });
        let mut taken = Vec::new();
        for group in plan_groups(&snapshotter, name, &uid, volumes) {
            taken.extend(snapshotter.snapshot(&group).await.unwrap());
        }
        // The second was never noted: its run was killed and continued by another.
        taken.truncate(1);
        let volumes: Vec<_> = taken
            .iter()
            .map(|record| {
                json!({"claim": record.claim, "volume": record.volume, "record": record,
                    "decision": {"outcome": "taken", "snapshotter": record.snapshotter, "method": record.method,
                        "reason": "its driver is known"}})
            })
            .collect();
        let volumes =
            json!({"formatVersion": 1, "objectsAt": created, "volumes": volumes}).to_string();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(1));
        std::io::Write::write_all(&mut gzip, volumes.as_bytes()).unwrap();
        let bytes = gzip.finish().unwrap();
        let file = format!("{name}-volumes.json.gz");
        let files =
            json!({&file: {"length": bytes.len(), "sha256": Digest::of(&bytes)}}).to_string();
        let record = json!({"kind": "Backup", "apiVersion": "velero.io/v1",
            "metadata": {"name": name, "uid": uid, "creationTimestamp": created, "annotations": {
                "kube-backup-engine.io/files": files,
                "kube-backup-engine.io/archive": r#"{"length":7,"crc64":"1"}"#}},
            "status": {"phase": "Completed"}});
        let contents = [
            (
                "velero-backup.json".to_owned(),
                record.to_string().into_bytes(),
            ),
            (file, bytes),
            (format!("{name}.tar.gz"), b"archive".to_vec()),
            (format!("{name}-index.json.gz"), b"index".to_vec()),
        ];
        for (file, bytes) in contents {
            self.store
                .put(&format!("backups/{name}/{file}").into(), bytes.into())
                .await
                .unwrap();
        }
    }

    /// One pass, as a process that ends at the cut. Returns what it reported, if it came to that.
    async fn pass(&self, cut: &Arc<Cut>) -> Option<PruneReport> {
        self.pass_with(cut, |prune| prune, None).await
    }

    async fn pass_with(
        &self,
        cut: &Arc<Cut>,
        change: impl FnOnce(Prune) -> Prune,
        locked: Option<&'static str>,
    ) -> Option<PruneReport> {
        let store = Store {
            inner: Arc::clone(&self.store),
            cut: Arc::clone(cut),
            locked,
        };
        let repository = Repository::new(Arc::new(store), "");
        let disks = Disks {
            inner: self.storage.snapshotter(FakeKind::Disks),
            cut: Arc::clone(cut),
            slow: AtomicUsize::new(0),
        };
        let prune = change(Prune::new(repository.clone()).with_snapshotter(Arc::new(disks)));
        let pass = async {
            let records = repository.list().await?.records;
            let backups: Vec<Candidate> = records.iter().map(Candidate::of).collect();
            let policy = RetentionPolicy {
                keep_last: Some(1),
                ..RetentionPolicy::default()
            };
            let plan = policy.apply(&backups, at("2026-03-04"))?;
            prune.run(&plan).await
        };
        tokio::select! {
            report = pass => report.ok(),
            () = cut.killed.notified() => None,
        }
    }

    async fn keys(&self) -> Vec<String> {
        let found: Vec<_> = self.store.list(None).try_collect().await.unwrap();
        found
            .into_iter()
            .map(|object| object.location.to_string())
            .collect()
    }

    /// Nothing is left of what was deleted, and all is there of the other.
    async fn check(&self, why: &str) {
        let keys = self.keys().await;
        assert_eq!(keys.len(), 4, "{why}: {keys:?}");
        assert!(
            keys.iter().all(|key| key.starts_with("backups/new/")),
            "{why}: {keys:?}"
        );
        assert_eq!(self.storage.count(), 2, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pass_deletes_snapshots_records_and_archives() {
    let world = World::new().await;
    let report = world.pass(&Cut::never()).await.unwrap();
    assert!(
        report
            .backups
            .iter()
            .all(|it| it.state == PrunedState::Deleted && it.snapshots == 2),
        "{report}"
    );
    assert_eq!(
        report.to_string(),
        "2 of 2 backups deleted\n  deleted  old, 2 snapshots\n  deleted  oldest, 2 snapshots"
    );
    world.check("a pass").await;
    let again = world.pass(&Cut::never()).await.unwrap();
    assert_eq!((again.backups.len(), again.finished.len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_is_cut_off_anywhere_and_started_again_leaves_nothing_over() {
    for end in [End::KilledBefore, End::KilledAfter, End::Failing] {
        let mut cuts = 0;
        loop {
            let world = World::new().await;
            let cut = Cut::after(cuts, end);
            world.pass(&cut).await;
            let was_cut = cut.left.load(Ordering::SeqCst) == 0;
            // What is a backup has all that its record names.
            let keys = world.keys().await;
            for name in NAMES
                .iter()
                .filter(|name| keys.contains(&format!("backups/{name}/velero-backup.json")))
            {
                assert!(
                    keys.contains(&format!("backups/{name}/{name}.tar.gz")),
                    "{end:?} {cuts}: {keys:?}"
                );
            }
            assert!(keys.contains(&"backups/new/velero-backup.json".to_owned()));
            world.pass(&Cut::never()).await.unwrap();
            world.check(&format!("{end:?} after {cuts} requests")).await;
            if !was_cut {
                break;
            }
            cuts += 1;
        }
        assert!(cuts > 20, "{end:?}: {cuts} requests");
    }
}

#[tokio::test(start_paused = true)]
async fn two_passes_at_once_do_no_harm() {
    let world = World::new().await;
    let (first, second) = (Cut::never(), Cut::never());
    let (first, second) = tokio::join!(world.pass(&first), world.pass(&second));
    assert!(first.is_some() && second.is_some());
    world.pass(&Cut::never()).await.unwrap();
    world.check("two passes").await;
}

#[tokio::test(start_paused = true)]
async fn what_the_bucket_keeps_is_named_and_the_others_go() {
    let world = World::new().await;
    let report = world
        .pass_with(
            &Cut::never(),
            |prune| prune,
            Some("backups/old/velero-backup.json"),
        )
        .await
        .unwrap();
    let states: Vec<_> = report
        .backups
        .iter()
        .map(|it| (it.name.as_str(), it.state))
        .collect();
    assert_eq!(
        states,
        [
            ("old", PrunedState::Locked),
            ("oldest", PrunedState::Deleted)
        ]
    );
    assert!(
        report.backups[0]
            .error
            .as_ref()
            .unwrap()
            .contains("retention policy"),
        "{report}"
    );
    // Once it is let go, it goes.
    world.pass(&Cut::never()).await.unwrap();
    world.check("unlocked").await;
}

#[tokio::test(start_paused = true)]
async fn a_backup_whose_snapshots_nobody_knows_stays_whole() {
    let world = World::new().await;
    let store: Arc<dyn ObjectStore> = Arc::clone(&world.store) as _;
    let repository = Repository::new(store, "");
    let backups: Vec<Candidate> = repository
        .list()
        .await
        .unwrap()
        .records
        .iter()
        .map(Candidate::of)
        .collect();
    let policy = RetentionPolicy {
        keep_last: Some(1),
        ..RetentionPolicy::default()
    };
    let plan = policy.apply(&backups, at("2026-03-04")).unwrap();
    let report = Prune::new(repository).run(&plan).await.unwrap();
    assert!(
        report
            .backups
            .iter()
            .all(|it| it.state == PrunedState::Failed),
        "{report}"
    );
    assert!(
        report
            .to_string()
            .contains("`fake-disks`, which is not set up here"),
        "{report}"
    );
    assert_eq!(world.keys().await.len(), 12);
    assert_eq!(world.storage.count(), 6);
}

#[tokio::test(start_paused = true)]
async fn snapshots_that_take_their_time_are_waited_for_before_the_record_goes() {
    let world = World::new().await;
    let slow = |prune: Prune, times: usize| {
        prune.with_snapshotter(Arc::new(Disks {
            inner: world.storage.snapshotter(FakeKind::Disks),
            cut: Cut::never(),
            slow: AtomicUsize::new(times),
        }))
    };
    let report = world
        .pass_with(&Cut::never(), |prune| slow(prune, 1000), None)
        .await
        .unwrap();
    assert!(
        report
            .backups
            .iter()
            .all(|it| it.state == PrunedState::Going),
        "{report}"
    );
    assert_eq!(
        world.keys().await.len(),
        12,
        "the records still name them, and no lease is left"
    );
    let report = world
        .pass_with(&Cut::never(), |prune| slow(prune, 10), None)
        .await
        .unwrap();
    assert!(
        report
            .backups
            .iter()
            .all(|it| it.state == PrunedState::Deleted),
        "{report}"
    );
    world.check("slow").await;
}

#[tokio::test(start_paused = true)]
async fn what_is_being_written_or_is_anothers_is_not_taken_for_leftovers() {
    let world = World::new().await;
    for (key, bytes) in [
        // A backup that is being written, one that a killed process left, and one that Velero uploads.
        ("backups/next/next-lease.json", r#"{"uid":"u"}"#),
        ("backups/next/next.tar.gz", "half"),
        ("backups/velero/velero-logs.gz", "log"),
        ("backups/NoName/NoName-lease.json", r#"{"uid":"prune"}"#),
    ] {
        world.store.put(&key.into(), bytes.into()).await.unwrap();
    }
    let report = world.pass(&Cut::never()).await.unwrap();
    assert_eq!(report.finished.len(), 0, "{report}");
    let keys = world.keys().await;
    assert_eq!(keys.len(), 8, "{keys:?}");
}

#[tokio::test(start_paused = true)]
async fn another_backup_of_the_name_is_not_the_one_that_was_meant() {
    let world = World::new().await;
    let store: Arc<dyn ObjectStore> = Arc::clone(&world.store) as _;
    let repository = Repository::new(store, "");
    let backups: Vec<Candidate> = repository
        .list()
        .await
        .unwrap()
        .records
        .iter()
        .map(Candidate::of)
        .collect();
    let policy = RetentionPolicy {
        keep_last: Some(1),
        ..RetentionPolicy::default()
    };
    let plan = policy.apply(&backups, at("2026-03-04")).unwrap();
    let key = "backups/old/velero-backup.json".into();
    let bytes = world.store.get(&key).await.unwrap().bytes().await.unwrap();
    let other = String::from_utf8(bytes.to_vec())
        .unwrap()
        .replace("uid-of-old", "another");
    world.store.put(&key, other.into()).await.unwrap();
    let disks = Arc::new(world.storage.snapshotter(FakeKind::Disks));
    let report = Prune::new(repository)
        .with_snapshotter(disks)
        .run(&plan)
        .await
        .unwrap();
    let states: Vec<_> = report
        .backups
        .iter()
        .map(|it| (it.name.as_str(), it.state))
        .collect();
    assert_eq!(
        states,
        [("old", PrunedState::Gone), ("oldest", PrunedState::Deleted)]
    );
    assert_eq!(world.keys().await.len(), 8);
}
