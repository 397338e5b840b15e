//! What fails or never comes: how long it may take is for the backup to say, and what the driver said is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::Utc;
use http::Method;
use http::Request;
use kube::Client;
use kube::client::Body;
use kube_backup_engine::volumes::{
    CsiSnapshotter, SnapshotState, VolumeRecord, VolumeSnapshotter, plan_groups,
};
use kube_backup_engine::{Phase, RunOptions};

use super::backed_up::{backed_up, cut_within};
use super::conforming::{connected, polled};
use super::driver::Driver;
use super::storage::Fault;

#[tokio::test]
async fn what_is_not_ready_after_days_is_on_its_way_with_what_the_driver_said() {
    let Some(driver) = Driver::new().await else {
        return;
    };
    let days = Duration::from_secs(3 * 24 * 3600);
    let snapshotter = connected(&driver).await;
    let snapshotter = snapshotter.with_clock(move || Utc::now() + days);
    let mut records = Vec::new();
    for (name, fault) in [("refused", Fault::Refused), ("stuck", Fault::NeverReady)] {
        let volume = driver.volume(name).await;
        driver.storage.fail(volume.csi().unwrap().1, fault);
        for group in plan_groups(&snapshotter, "nightly", "u-2", [volume]) {
            records.extend(snapshotter.snapshot(&group).await.unwrap());
        }
    }
    driver.complains().await;
    let records = polled(&snapshotter, records, |record| match &*record.claim.name {
        "stuck" => record.handle.is_some(),
        _ => record.attributes.contains_key("lastError"),
    })
    .await;
    for record in &records {
        assert_eq!(record.state, SnapshotState::Pending, "{record:?}");
    }
    let said = &records[0].attributes["lastError"];
    assert!(said.contains("the disk is busy"), "{said}");
    // Once the driver is well again, nothing is said of that any more.
    driver.storage.mend();
    let records = polled(&snapshotter, records, |it| it.state.is_final()).await;
    for record in &records {
        assert_eq!(record.state, SnapshotState::Complete, "{record:?}");
        assert!(!record.attributes.contains_key("lastError"), "{record:?}");
    }
    assert!(snapshotter.delete(&records).await.unwrap());
    driver.nothing_is_left().await;
}

#[tokio::test]
async fn a_snapshot_that_fails_is_named_and_cleared_away_and_takes_no_other_with_it() {
    let Some(driver) = Driver::new().await else {
        return;
    };
    for name in ["refused", "good"] {
        let volume = driver.volume(name).await;
        if name == "refused" {
            driver.storage.fail(volume.csi().unwrap().1, Fault::Refused);
        }
    }
    // As long as the other one may take to be cut on a loaded machine.
    let (repository, snapshotter, report) = backed_up(&driver, cut_within(10)).await;
    assert_eq!(
        report.record.status.phase,
        Phase::PartiallyFailed,
        "{report}"
    );
    let errors = &report.results.errors.namespaces[&driver.namespace];
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("/refused"), "{errors:?}");
    assert!(errors[0].contains("it was not cut 10s after"), "{errors:?}");
    assert!(errors[0].contains("the disk is busy"), "{errors:?}");
    driver.nothing_is_left().await;
    assert_eq!(driver.storage.count(), 1, "the good one is kept");
    let snapshotters = [snapshotter];
    let deleted = repository.delete_with_volumes("nightly", &snapshotters);
    deleted.await.unwrap();
    assert_eq!(driver.storage.count(), 0);
}

/// Requests that a client sends: lists of contents, and looks at one VolumeSnapshot.
#[derive(Default)]
struct Counted {
    lists: AtomicUsize,
    looks: AtomicUsize,
}

fn counting(client: &Client, name: &str) -> (Client, Arc<Counted>) {
    let counted = Arc::new(Counted::default());
    let (inner, told, name) = (client.clone(), Arc::clone(&counted), name.to_owned());
    let service = tower::service_fn(move |request: Request<Body>| {
        if request.method() == Method::GET {
            let path = request.uri().path();
            if path.ends_with("/volumesnapshotcontents") {
                told.lists.fetch_add(1, Ordering::SeqCst);
            } else if path.ends_with(&format!("/volumesnapshots/{name}")) {
                told.looks.fetch_add(1, Ordering::SeqCst);
            }
        }
        let inner = inner.clone();
        async move { inner.send(request).await }
    });
    (Client::new(service, "default"), counted)
}

#[tokio::test]
async fn many_snapshots_are_deleted_with_one_list_a_round() {
    let Some(driver) = Driver::new().await else {
        return;
    };
    let snapshotter = connected(&driver).await;
    let mut records: Vec<VolumeRecord> = Vec::new();
    for n in 0..6 {
        let volume = driver.volume(&format!("data-{n}")).await;
        for group in plan_groups(&snapshotter, "nightly", "u-5", [volume]) {
            records.extend(snapshotter.snapshot(&group).await.unwrap());
        }
    }
    let records = polled(&snapshotter, records, |it| it.state.is_final()).await;
    let (client, counted) = counting(&driver.client, &records[0].name);
    let options = RunOptions::default();
    let counting = CsiSnapshotter::connect(client, &options).await.unwrap();
    assert!(counting.delete(&records).await.unwrap());
    assert_eq!(driver.storage.count(), 0);
    let (lists, looks) = (
        counted.lists.load(Ordering::SeqCst),
        counted.looks.load(Ordering::SeqCst),
    );
    // In each round every snapshot that is not gone is looked at; the first may be gone before the last.
    assert!(
        lists < looks + records.len(),
        "{lists} lists in {looks} rounds"
    );
}
