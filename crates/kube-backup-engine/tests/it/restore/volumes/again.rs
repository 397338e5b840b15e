//! A restore of data that is cut off anywhere, and run again, ends as one that was not.

use std::sync::atomic::Ordering;

use futures::StreamExt as _;
use kube_backup_engine::restore::RestoreReport;
use kube_backup_engine::volumes::testkit::FakeKind;

use super::super::of_shop;
use super::stage::{CallFault, Stage, Target, contents};
use super::{CONTENTS, SNAPSHOTS};
use crate::calls::{Calls, Fault};

const CLAIMS: [&str; 2] = ["a", "b"];
const FAULTS: [CallFault; 3] = [
    CallFault::Hangs,
    CallFault::HangsAfterwards,
    CallFault::LosesReply,
];

/// Where a restore is cut off.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Never,
    /// At a request to the API server.
    Request(usize, Fault),
    /// At a call of the snapshotter.
    Call(usize, CallFault),
}

/// Runs a restore until it is cut off, or to its end. Returns how many requests and calls it has made.
async fn run(
    stage: &Stage,
    target: &Target,
    uid: &str,
    cut: Cut,
) -> (Option<RestoreReport>, usize, usize) {
    let requests = Calls::default();
    let snapshotter = stage.snapshotter();
    match cut {
        Cut::Never => {}
        Cut::Request(at, fault) => requests.fail_at(at, fault),
        Cut::Call(at, fault) => *snapshotter.fault.lock().unwrap() = Some((at, fault)),
    }
    let backup = stage.repository.open("a").await.unwrap();
    let client = requests.client(&target.client);
    let restore = kube_backup_engine::restore::Restore::new(client, backup, of_shop("r"))
        .with_uid(uid)
        .with_snapshotters(vec![snapshotter.clone()])
        .with_options(super::options());
    let report = tokio::select! {
        report = restore.run() => Some(report.unwrap()),
        () = requests.killed() => None,
        () = snapshotter.reached.notified() => None,
    };
    let requests = requests.log().len();
    (report, requests, snapshotter.calls.load(Ordering::SeqCst))
}

async fn check(stage: &Stage, target: &Target, report: &RestoreReport, what: &str) {
    assert!(report.is_complete(), "{what}: {report}");
    assert_eq!(report.warnings, Vec::<String>::new(), "{what}");
    for claim in CLAIMS {
        let found = target.contents(&stage.storage, "shop", claim).await;
        assert_eq!(found, Some(contents(claim)), "{what}: {claim}");
    }
    let volumes = target.names("/api/v1/persistentvolumes").await;
    assert_eq!(volumes.len(), CLAIMS.len(), "{what}: {volumes:?}");
    for list in [CONTENTS, SNAPSHOTS] {
        let left = target.names(list).await;
        assert!(left.is_empty(), "{what}: {left:?}");
    }
    let pods = target.names("/api/v1/pods").await;
    assert_eq!(pods, ["of-a", "of-b"], "{what}");
    assert_eq!(stage.storage.count(), CLAIMS.len(), "{what}");
}

async fn cut_off_anywhere(kind: FakeKind) {
    let stage = &Stage::new(kind, &CLAIMS).await;
    let target = stage.target().await;
    let (report, requests, calls) = run(stage, &target, "undisturbed", Cut::Never).await;
    let undisturbed = report.unwrap();
    check(stage, &target, &undisturbed, "undisturbed").await;
    assert!(
        requests > 20 && calls >= 2,
        "{requests} requests, {calls} calls"
    );
    // Lost replies of the API server: see `restore::again`.
    let requests = (0..requests).flat_map(|at| {
        [Fault::KilledBefore, Fault::KilledAfter].map(|fault| Cut::Request(at, fault))
    });
    let calls = (1..=calls).flat_map(|at| FAULTS.map(|fault| Cut::Call(at, fault)));
    let undisturbed = &undisturbed;
    futures::stream::iter(requests.chain(calls))
        .map(async |cut| {
            let what = &format!("{kind:?} {cut:?}");
            let target = stage.target().await;
            let uid = what
                .to_lowercase()
                .replace(|c: char| !c.is_ascii_alphanumeric(), "-");
            let (finished, ..) = run(stage, &target, &uid, cut).await;
            let report = match finished {
                Some(report) => report,
                None => run(stage, &target, &uid, Cut::Never).await.0.unwrap(),
            };
            check(stage, &target, &report, what).await;
            for (one, other) in report.volumes.iter().zip(&undisturbed.volumes) {
                assert_eq!(one.outcome, other.outcome, "{what}");
            }
            for (one, other) in report.items.iter().zip(&undisturbed.items) {
                assert_eq!(
                    (&one.id, &one.outcome),
                    (&other.id, &other.outcome),
                    "{what}"
                );
            }
        })
        .buffer_unordered(12)
        .collect::<Vec<()>>()
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn made_volumes_are_made_once_wherever_it_is_cut_off() {
    cut_off_anywhere(FakeKind::Disks).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn provisioned_volumes_are_provisioned_once_wherever_it_is_cut_off() {
    cut_off_anywhere(FakeKind::Csi).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filled_volumes_are_filled_once_wherever_it_is_cut_off() {
    cut_off_anywhere(FakeKind::Files).await;
}
