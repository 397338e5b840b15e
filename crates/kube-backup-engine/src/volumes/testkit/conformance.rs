//! What every [`VolumeSnapshotter`] must do, as checks that panic with what it did instead.
//!
//! ```no_run
//! # async fn example(subject: impl kube_backup_engine::volumes::testkit::conformance::Subject) {
//! kube_backup_engine::volumes::testkit::conformance::run(&subject).await;
//! # }
//! ```

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::{
    PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use crate::ErrorKind;
use crate::volumes::{
    Eligibility, FillState, FillTarget, Mount, RestoreSource, RestoreTarget, SnapshotGroup,
    SnapshotState, Volume, VolumeRecord, VolumeSnapshotter, plan_groups,
};

/// How often something is looked at before it counts as stuck.
const LOOKS: usize = 1000;

/// A snapshotter under test, and the world around it. Each check makes volumes and backups of its own.
#[async_trait]
pub trait Subject: Send + Sync {
    /// A snapshotter that remembers nothing of any other: as after a restart.
    fn snapshotter(&self) -> Arc<dyn VolumeSnapshotter>;

    /// A volume of at least 1 GiB called `name`, in a claim of that name, which the snapshotter can take; one
    /// that can be in a group with all others, where there are groups.
    async fn volume(&self, name: &str) -> Volume;

    /// A volume that is none of the snapshotter's business.
    fn foreign_volume(&self) -> Volume;

    /// Writes what a volume holds.
    async fn write(&self, volume: &Volume, contents: &[u8]);

    /// What a volume holds.
    async fn contents(&self, volume: &PersistentVolume) -> Vec<u8>;

    /// What a provisioner does for `claim`: an empty volume, or one from the snapshot of these objects.
    async fn provision(&self, claim: &PersistentVolumeClaim, objects: &[Value])
    -> PersistentVolume;

    /// Lets a Pod run that has `volume` mounted.
    async fn mount(&self, claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> Mount;

    /// How many snapshots there are, counted in another way than by the snapshotter.
    async fn snapshots(&self) -> usize;

    /// Lets time pass, as long as it takes for something to change sooner or later.
    async fn pass(&self);

    /// A region that snapshots can be copied to, where they can.
    fn other_region(&self) -> Option<String> {
        None
    }

    /// Lets the next call be carried out and its reply be lost. Returns whether that can be done.
    fn lose_next_reply(&self) -> bool {
        false
    }
}

/// Runs all checks.
///
/// # Panics
/// When one does not hold.
pub async fn run(subject: &impl Subject) {
    volumes_are_refused_with_a_reason(subject).await;
    a_snapshot_is_made_once(subject).await;
    a_snapshot_survives_a_restart(subject).await;
    a_lost_reply_leaves_one_snapshot(subject).await;
    what_was_begun_is_found(subject).await;
    data_comes_back_as_it_was(subject).await;
    copies_stand_for_themselves(subject).await;
    deleting_is_done_once_and_for_all(subject).await;
    what_is_not_supported_is_said(subject).await;
}

fn planned(
    snapshotter: &dyn VolumeSnapshotter,
    backup: &str,
    volumes: &[Volume],
) -> Vec<SnapshotGroup> {
    let groups = plan_groups(snapshotter, backup, &uid(backup), volumes.to_vec());
    let members: usize = groups.iter().map(|group| group.members.len()).sum();
    assert_eq!(members, volumes.len(), "every volume is in one group");
    groups
}

/// A uid that follows from the name, shaped as uids are.
fn uid(name: &str) -> String {
    let digits: String = name
        .bytes()
        .map(|byte| format!("{byte:02x}"))
        .chain(std::iter::repeat("0".to_owned()))
        .flat_map(|digits| digits.chars().collect::<Vec<_>>())
        .take(32)
        .collect();
    let parts = [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ];
    parts.join("-")
}

async fn take(snapshotter: &dyn VolumeSnapshotter, groups: &[SnapshotGroup]) -> Vec<VolumeRecord> {
    let mut records = Vec::new();
    for group in groups {
        let made = snapshotter.snapshot(group).await.unwrap_or_else(|error| {
            panic!("snapshot group `{}`: {}", group.name, error.chain());
        });
        let names: Vec<&str> = made.iter().map(|record| record.name.as_str()).collect();
        let asked: Vec<&str> = group
            .members
            .iter()
            .map(|request| request.name.as_str())
            .collect();
        assert_eq!(names, asked, "one record a request, in their order");
        for (record, request) in made.iter().zip(&group.members) {
            assert_eq!(record.snapshotter, snapshotter.name());
            assert_eq!(record.backup_uid, group.backup_uid);
            assert_eq!(record.claim, request.volume.claim_ref());
            assert_eq!(record.volume.name, request.volume.name());
            assert_eq!(record.method, snapshotter.capabilities().method);
            let of_one_point_in_time = snapshotter.capabilities().groups.is_some();
            assert!(
                record.group.is_none() || of_one_point_in_time,
                "a group of no point in time: {record:?}"
            );
        }
        records.extend(made);
    }
    records
}

/// Through JSON and back, as records go.
fn stored(records: &[VolumeRecord]) -> Vec<VolumeRecord> {
    let text = serde_json::to_string(records).expect("records are JSON");
    let read: Vec<VolumeRecord> = serde_json::from_str(&text).expect("records are read back");
    assert_eq!(read, records, "a record is the same once it was stored");
    read
}

async fn polled(
    snapshotter: &dyn VolumeSnapshotter,
    records: &[VolumeRecord],
) -> Vec<VolumeRecord> {
    let polled = snapshotter.poll(records).await;
    let polled = polled.unwrap_or_else(|error| panic!("poll: {}", error.chain()));
    let names = |records: &[VolumeRecord]| -> Vec<String> {
        records.iter().map(|record| record.name.clone()).collect()
    };
    assert_eq!(names(&polled), names(records), "polled in their order");
    polled
}

/// Polls until all are complete. No snapshot goes back to what it was before.
async fn complete(subject: &impl Subject, records: &[VolumeRecord]) -> Vec<VolumeRecord> {
    let rank = |record: &VolumeRecord| match &record.state {
        SnapshotState::Pending => 0,
        SnapshotState::Ready => 1,
        SnapshotState::Complete => 2,
        SnapshotState::Failed { reason } => panic!("snapshot `{}` failed: {reason}", record.name),
    };
    let mut records = stored(records);
    for _ in 0..LOOKS {
        let now = polled(&*subject.snapshotter(), &records).await;
        for (now, before) in now.iter().zip(&records) {
            assert!(
                rank(now) >= rank(before),
                "`{}` went back from {:?} to {:?}",
                now.name,
                before.state,
                now.state
            );
            let handle_kept = before.handle.is_none() || now.handle == before.handle;
            assert!(handle_kept, "the handle of `{}` has changed", now.name);
        }
        records = stored(&now);
        if records.iter().all(|record| record.state.is_final()) {
            return records;
        }
        subject.pass().await;
    }
    panic!("they are never complete: {records:?}");
}

async fn delete(subject: &impl Subject, records: &[VolumeRecord]) {
    for _ in 0..LOOKS {
        let deleted = subject.snapshotter().delete(records).await;
        if deleted.unwrap_or_else(|error| panic!("delete: {}", error.chain())) {
            return;
        }
        subject.pass().await;
    }
    panic!("they are never gone: {records:?}");
}

async fn volumes(subject: &impl Subject, prefix: &str, count: usize) -> Vec<Volume> {
    let mut volumes = Vec::new();
    for n in 0..count {
        volumes.push(subject.volume(&format!("{prefix}-{n}")).await);
    }
    volumes
}

async fn volumes_are_refused_with_a_reason(subject: &impl Subject) {
    let snapshotter = subject.snapshotter();
    match snapshotter.eligibility(&subject.foreign_volume()) {
        Eligibility::Refused(reason) => assert!(!reason.is_empty(), "it has a reason"),
        Eligibility::Eligible { .. } => panic!("a foreign volume is taken"),
    }
    let mut volume = subject.volume("refused").await;
    let taken = snapshotter.eligibility(&volume);
    assert!(matches!(taken, Eligibility::Eligible { .. }), "{taken:?}");
    assert_eq!(taken, snapshotter.eligibility(&volume), "always the same");
    if let Some(spec) = &mut volume.volume.spec {
        spec.volume_mode = Some("Block".into());
    }
    let taken = snapshotter.eligibility(&volume);
    let is_taken = matches!(taken, Eligibility::Eligible { .. });
    assert_eq!(is_taken, snapshotter.capabilities().block, "{taken:?}");
}

async fn a_snapshot_is_made_once(subject: &impl Subject) {
    let volumes = volumes(subject, "once", 2).await;
    let snapshotter = subject.snapshotter();
    let groups = planned(&*snapshotter, "once", &volumes);
    let before = subject.snapshots().await;
    let first = take(&*snapshotter, &groups).await;
    let again = take(&*snapshotter, &groups).await;
    assert_eq!(subject.snapshots().await, before + 2, "two, not four");
    for (first, again) in first.iter().zip(&again) {
        assert!(
            first.handle.is_none() || first.handle == again.handle,
            "the same ones: {first:?}, {again:?}"
        );
    }
    let records = complete(subject, &first).await;
    for record in &records {
        assert!(
            record.handle.is_some(),
            "complete without a handle: {record:?}"
        );
        let of_a_point_in_time = snapshotter.capabilities().point_in_time;
        assert_eq!(record.cut_at.is_some(), of_a_point_in_time, "{record:?}");
    }
    delete(subject, &records).await;
    assert_eq!(subject.snapshots().await, before);
}

async fn a_snapshot_survives_a_restart(subject: &impl Subject) {
    let volumes = volumes(subject, "restart", 2).await;
    let groups = planned(&*subject.snapshotter(), "restart", &volumes);
    let before = subject.snapshots().await;
    let first = take(&*subject.snapshotter(), &groups).await;
    // Another process, which knows the plan and not what became of it.
    let again = take(&*subject.snapshotter(), &groups).await;
    assert_eq!(subject.snapshots().await, before + 2, "two, not four");
    // Both lead to the same snapshots.
    let (one, other) = (
        complete(subject, &first).await,
        complete(subject, &again).await,
    );
    let handles = |records: &[VolumeRecord]| -> Vec<Option<String>> {
        records.iter().map(|record| record.handle.clone()).collect()
    };
    assert_eq!(handles(&one), handles(&other));
    delete(subject, &first).await;
    assert_eq!(subject.snapshots().await, before);
}

async fn a_lost_reply_leaves_one_snapshot(subject: &impl Subject) {
    let volumes = volumes(subject, "lost", 2).await;
    let snapshotter = subject.snapshotter();
    let groups = planned(&*snapshotter, "lost", &volumes);
    let before = subject.snapshots().await;
    if !subject.lose_next_reply() {
        return;
    }
    let error = snapshotter.snapshot(&groups[0]).await;
    let error = error.expect_err("its reply was lost");
    assert!(error.is_retryable(), "{error:?}");
    let records = take(&*subject.snapshotter(), &groups).await;
    assert_eq!(subject.snapshots().await, before + 2);
    delete(subject, &records).await;
    assert_eq!(subject.snapshots().await, before);
}

async fn what_was_begun_is_found(subject: &impl Subject) {
    let snapshotter = subject.snapshotter();
    let mine = volumes(subject, "found", 2).await;
    let others = volumes(subject, "others", 1).await;
    let records = take(&*snapshotter, &planned(&*snapshotter, "found", &mine)).await;
    let other = take(&*snapshotter, &planned(&*snapshotter, "others", &others)).await;
    let found = subject.snapshotter().find(&uid("found")).await;
    let mut found = found.unwrap_or_else(|error| panic!("find: {}", error.chain()));
    found.sort_by(|a, b| a.name.cmp(&b.name));
    let mut names: Vec<&str> = records.iter().map(|record| record.name.as_str()).collect();
    names.sort_unstable();
    let found_names: Vec<&str> = found.iter().map(|record| record.name.as_str()).collect();
    assert_eq!(
        found_names, names,
        "those of this backup, all of them and no others"
    );
    // What was found is as good as what was returned.
    delete(subject, &found).await;
    let left = subject.snapshotter().find(&uid("found")).await;
    assert_eq!(left.unwrap_or_default(), []);
    assert!(
        polled(&*snapshotter, &other)
            .await
            .iter()
            .all(|record| { !matches!(record.state, SnapshotState::Failed { .. }) })
    );
    delete(subject, &other).await;
}

fn claim_for(volume: &Volume, name: &str, bytes: u64) -> PersistentVolumeClaim {
    let namespace = volume.claim_ref().namespace;
    PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some(name.into()),
            namespace: (!namespace.is_empty()).then_some(namespace),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".into()]),
            resources: Some(VolumeResourceRequirements {
                requests: Some([("storage".into(), Quantity(bytes.to_string()))].into()),
                ..VolumeResourceRequirements::default()
            }),
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    }
}

/// Asks until there is a source.
async fn source_of(
    subject: &impl Subject,
    record: &VolumeRecord,
    target: &RestoreTarget,
) -> RestoreSource {
    for _ in 0..LOOKS {
        let source = subject.snapshotter().restore_source(record, target).await;
        match source.unwrap_or_else(|error| panic!("restore source: {}", error.chain())) {
            RestoreSource::Pending { reason } => assert!(!reason.is_empty()),
            source => return source,
        }
        subject.pass().await;
    }
    panic!("`{}` never becomes a source", record.name);
}

/// What the engine and a cluster make of a source: a volume.
async fn restored(
    subject: &impl Subject,
    record: &VolumeRecord,
    target: &RestoreTarget,
) -> PersistentVolume {
    let source = source_of(subject, record, target).await;
    let again = source_of(subject, record, target).await;
    assert_eq!(source, again, "asked twice, it is the same source");
    match source {
        RestoreSource::DataSource {
            objects,
            data_source,
            ..
        } => {
            let named = |object: &Value| {
                object["kind"] == data_source.kind.as_str()
                    && object["metadata"]["name"] == data_source.name.as_str()
            };
            assert!(objects.iter().any(named), "{data_source:?} in {objects:?}");
            subject.provision(&target.claim, &objects).await
        }
        RestoreSource::Volume(volume) => *volume,
        RestoreSource::Fill { .. } => {
            let volume = subject.provision(&target.claim, &[]).await;
            let mount = subject.mount(&target.claim, &volume).await;
            let filling = FillTarget::new(
                &target.restore_uid,
                target.claim.clone(),
                volume.clone(),
                mount,
            );
            for _ in 0..LOOKS {
                let state = subject.snapshotter().fill(record, &filling).await;
                match state.unwrap_or_else(|error| panic!("fill: {}", error.chain())) {
                    FillState::Running { .. } => subject.pass().await,
                    FillState::Done => return volume,
                    FillState::Failed { reason } => panic!("fill: {reason}"),
                }
            }
            panic!("`{}` is never filled", record.name);
        }
        RestoreSource::Pending { .. } => unreachable!("it was waited for"),
    }
}

async fn data_comes_back_as_it_was(subject: &impl Subject) {
    let volumes = volumes(subject, "data", 2).await;
    let snapshotter = subject.snapshotter();
    for (n, volume) in volumes.iter().enumerate() {
        subject
            .write(volume, format!("before {n}").as_bytes())
            .await;
    }
    let groups = planned(&*snapshotter, "data", &volumes);
    let records = take(&*snapshotter, &groups).await;
    let records = if snapshotter.capabilities().point_in_time {
        // Whatever comes after that point in time is not in it.
        let mut cut = records;
        for _ in 0..LOOKS {
            if cut.iter().all(|record| record.cut_at.is_some()) {
                break;
            }
            subject.pass().await;
            cut = polled(&*snapshotter, &cut).await;
        }
        assert!(cut.iter().all(|record| record.cut_at.is_some()), "{cut:?}");
        for volume in &volumes {
            subject.write(volume, b"after").await;
        }
        complete(subject, &cut).await
    } else {
        complete(subject, &records).await
    };
    for record in &records {
        let n = volumes
            .iter()
            .position(|volume| volume.name() == record.volume.name)
            .expect("it is one of the volumes");
        let bytes = record.restore_size.unwrap_or(1 << 30);
        for restore in ["one", "two"] {
            let claim = claim_for(&volumes[n], &format!("back-{restore}-{n}"), bytes);
            let mut target = RestoreTarget::new(uid(restore), claim);
            target.volume = Some(volumes[n].volume.clone());
            target.serves_snapshots = true;
            target.region.clone_from(&record.region);
            let volume = restored(subject, record, &target).await;
            let contents = subject.contents(&volume).await;
            assert_eq!(contents, format!("before {n}").as_bytes(), "{record:?}");
        }
    }
    delete(subject, &records).await;
}

async fn copies_stand_for_themselves(subject: &impl Subject) {
    let snapshotter = subject.snapshotter();
    let can_copy = snapshotter.capabilities().cross_region;
    let Some(region) = subject.other_region() else {
        assert!(!can_copy, "there is a region to copy to");
        return;
    };
    let volumes = volumes(subject, "copied", 1).await;
    let before = subject.snapshots().await;
    let records = take(&*snapshotter, &planned(&*snapshotter, "copied", &volumes)).await;
    let records = complete(subject, &records).await;
    let copy = snapshotter.copy_to_region(&records[0], &region).await;
    let copy = copy.unwrap_or_else(|error| panic!("copy: {}", error.chain()));
    let again = subject
        .snapshotter()
        .copy_to_region(&records[0], &region)
        .await;
    let again = again.unwrap_or_else(|error| panic!("copy again: {}", error.chain()));
    assert_eq!(again.handle, copy.handle, "copied once");
    assert_eq!(subject.snapshots().await, before + 2);
    assert_eq!(copy.region.as_deref(), Some(region.as_str()));
    assert_eq!(
        (&copy.name, &copy.backup_uid, &copy.claim),
        (&records[0].name, &records[0].backup_uid, &records[0].claim)
    );
    let copies = complete(subject, &[copy]).await;
    // The original goes; the copy stays.
    delete(subject, &records).await;
    assert_eq!(subject.snapshots().await, before + 1);
    let kept = polled(&*snapshotter, &copies).await;
    assert_eq!(kept[0].state, SnapshotState::Complete);
    delete(subject, &copies).await;
    assert_eq!(subject.snapshots().await, before);
}

async fn deleting_is_done_once_and_for_all(subject: &impl Subject) {
    let volumes = volumes(subject, "deleted", 2).await;
    let snapshotter = subject.snapshotter();
    let before = subject.snapshots().await;
    let groups = planned(&*snapshotter, "deleted", &volumes);
    // Under way, and by what was known at first.
    let records = take(&*snapshotter, &groups).await;
    delete(subject, &records).await;
    assert_eq!(subject.snapshots().await, before, "none is left");
    delete(subject, &records).await;
    for record in polled(&*snapshotter, &records).await {
        let SnapshotState::Failed { reason } = record.state else {
            panic!("`{}` is gone and {:?}", record.name, record.state);
        };
        assert!(!reason.is_empty());
    }
    // By names alone: whoever was killed knows no handles.
    let records = take(&*snapshotter, &groups).await;
    let nameless: Vec<VolumeRecord> = records
        .into_iter()
        .map(|mut record| {
            (record.handle, record.group_handle) = (None, None);
            record.attributes.clear();
            record
        })
        .collect();
    delete(subject, &nameless).await;
    assert_eq!(subject.snapshots().await, before, "none is left");
}

async fn what_is_not_supported_is_said(subject: &impl Subject) {
    let snapshotter = subject.snapshotter();
    if snapshotter.capabilities().cross_region {
        return;
    }
    let volumes = volumes(subject, "unsupported", 1).await;
    let records = take(
        &*snapshotter,
        &planned(&*snapshotter, "unsupported", &volumes),
    )
    .await;
    let copy = snapshotter.copy_to_region(&records[0], "elsewhere").await;
    let error = copy.expect_err("it cannot copy");
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    delete(subject, &records).await;
}
