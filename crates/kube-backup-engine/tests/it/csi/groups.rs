//! Groups of snapshots: of one moment, kept and deleted as a whole, and each by itself where they cannot be told apart.

use std::sync::{Arc, Mutex};

use http::{Method, Request, Response};
use kube::Client;
use kube::client::Body;
use kube_backup_engine::backup::VolumeSpec;
use kube_backup_engine::volumes::{
    CsiSnapshotter, RestoreSource, RestoreTarget, SnapshotState, VolumeRecord, VolumeSnapshotter,
    plan_groups,
};
use kube_backup_engine::{Phase, RunOptions, client_for, rbac};
use serde_json::{Value, json};

use super::backed_up::{backed_up, cut_within};
use super::conforming::{connected, polled};
use super::driver::Driver;
use super::storage::Fault;
use crate::roles::bind;

fn ended(record: &VolumeRecord) -> bool {
    record.state.is_final()
}

#[tokio::test]
async fn a_group_is_of_one_moment_and_goes_as_a_whole() {
    let Some(driver) = Driver::of_groups().await else {
        return;
    };
    // With no more than the shipped role.
    let user = format!("groups-of-{}", driver.namespace);
    bind(&driver.client, rbac::SNAPSHOTS, &user, None).await;
    let mut config = control_plane::shared().unwrap().config();
    config.auth_info.impersonate = Some(user);
    let client = client_for(config).unwrap();
    let options = RunOptions::default();
    let snapshotter = CsiSnapshotter::connect(client, &options).await.unwrap();
    let mut volumes = Vec::new();
    for name in ["shop-a", "shop-b", "shop-c", "alone-x"] {
        volumes.push(driver.volume(name).await);
    }
    let groups = plan_groups(&snapshotter, "nightly", "u-g1", volumes.clone());
    let sizes: Vec<usize> = groups.iter().map(|group| group.members.len()).collect();
    assert!(sizes.contains(&3) && sizes.contains(&1), "{sizes:?}");
    let group = groups
        .iter()
        .find(|group| group.members.len() == 3)
        .unwrap();
    let records = snapshotter.snapshot(group).await.unwrap();
    let records = polled(&snapshotter, records, ended).await;
    for record in &records {
        assert_eq!(record.state, SnapshotState::Complete, "{record:?}");
        assert_eq!(record.group.as_deref(), Some(&*group.name));
        assert_eq!(record.cut_at, records[0].cut_at);
        assert!(record.cut_at.is_some() && record.group_handle.is_some());
    }
    assert_eq!(driver.storage.groups(), 1);
    // In the namespace nothing is left; contents stand for group and members until the record does.
    let left = driver.left().await;
    let contents = left.iter().filter(|it| it.contains("Content "));
    assert_eq!((left.len(), contents.count()), (4, 4), "{left:?}");
    assert_eq!(snapshotter.find("u-g1").await.unwrap().len(), 3);
    // What a claim is restored through stands beside a content of the group.
    let mut target = RestoreTarget::new("r-1", volumes[0].claim.clone());
    target.serves_snapshots = true;
    let source = snapshotter.restore_source(&records[0], &target).await;
    let RestoreSource::DataSource { objects, .. } = source.unwrap() else {
        panic!("it is no dataSource");
    };
    let handles = &objects[0]["spec"]["source"]["groupSnapshotHandles"];
    assert_eq!(
        handles["volumeGroupSnapshotHandle"],
        json!(records[0].group_handle)
    );
    assert_eq!(
        handles["volumeSnapshotHandles"].as_array().unwrap().len(),
        3
    );
    assert_eq!(objects[0]["spec"]["deletionPolicy"], "Retain");
    snapshotter.release("u-g1").await.unwrap();
    driver.nothing_is_left().await;
    assert_eq!(
        (driver.storage.count(), driver.storage.groups()),
        (3, 1),
        "released, not deleted"
    );
    assert_eq!(snapshotter.find("u-g1").await.unwrap(), []);
    assert_eq!(snapshotter.poll(&records).await.unwrap(), records);
    // By its handle alone, through the driver.
    assert!(snapshotter.delete(&records).await.unwrap());
    assert_eq!((driver.storage.count(), driver.storage.groups()), (0, 0));
    driver.nothing_is_left().await;
    assert!(snapshotter.delete(&records).await.unwrap());
}

#[tokio::test]
async fn what_the_label_does_not_tell_from_other_claims_is_snapshotted_each_by_itself() {
    let Some(driver) = Driver::of_groups().await else {
        return;
    };
    let snapshotter = connected(&driver).await;
    let volumes = [driver.volume("shop-a").await, driver.volume("shop-b").await];
    // Of another application, which is not backed up.
    driver.volume("shop-other").await;
    let groups = plan_groups(&snapshotter, "nightly", "u-g2", volumes);
    assert_eq!(groups.len(), 1);
    let records = snapshotter.snapshot(&groups[0]).await.unwrap();
    assert!(
        records.iter().all(|record| record.group.is_none()),
        "{records:?}"
    );
    let records = polled(&snapshotter, records, ended).await;
    assert_eq!((driver.storage.count(), driver.storage.groups()), (2, 0));
    assert!(snapshotter.delete(&records).await.unwrap());
    assert_eq!(driver.storage.count(), 0);
    driver.nothing_is_left().await;
}

#[tokio::test]
async fn claims_are_together_by_the_label_that_the_backup_names() {
    const LABEL: &str = "example.com/together";
    let Some(driver) = Driver::of_groups_by(LABEL).await else {
        return;
    };
    for name in ["shop-a", "shop-b"] {
        driver.volume(name).await;
    }
    let mut asked = VolumeSpec::default();
    asked.volume_group_snapshot_label_key = Some(LABEL.to_owned());
    for (asked, groups) in [(VolumeSpec::default(), 0), (asked, 1)] {
        let (repository, snapshotter, report) = backed_up(&driver, asked).await;
        assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
        assert_eq!(
            (driver.storage.count(), driver.storage.groups()),
            (2, groups)
        );
        let snapshotters = [snapshotter];
        let deleted = repository.delete_with_volumes("nightly", &snapshotters);
        deleted.await.unwrap();
        assert_eq!(driver.storage.count(), 0);
    }
    driver.nothing_is_left().await;
}

#[tokio::test]
async fn a_group_that_is_refused_is_named_with_what_the_driver_said_and_cleared_away() {
    let Some(driver) = Driver::of_groups().await else {
        return;
    };
    for name in ["bad-a", "bad-b", "good-a", "good-b"] {
        let volume = driver.volume(name).await;
        if name == "bad-b" {
            driver.storage.fail(volume.csi().unwrap().1, Fault::Refused);
        }
    }
    // As long as the others may take to be cut on a loaded machine.
    let (repository, snapshotter, report) = backed_up(&driver, cut_within(15)).await;
    assert_eq!(
        report.record.status.phase,
        Phase::PartiallyFailed,
        "{report}"
    );
    let errors = &report.results.errors.namespaces[&driver.namespace];
    assert_eq!(errors.len(), 2, "{errors:?}");
    for (error, name) in errors.iter().zip(["/bad-a", "/bad-b"]) {
        assert!(
            error.contains(name) && error.contains("the disk is busy"),
            "{errors:?}"
        );
    }
    driver.nothing_is_left().await;
    assert_eq!(
        (driver.storage.count(), driver.storage.groups()),
        (2, 1),
        "the good one is kept"
    );
    let snapshotters = [snapshotter];
    let deleted = repository.delete_with_volumes("nightly", &snapshotters);
    deleted.await.unwrap();
    assert_eq!(driver.storage.count(), 0);
    driver.nothing_is_left().await;
}

/// A client of a cluster where something keeps the policy of contents of this kind, as a mutating webhook could.
fn keeping_policies(client: &Client, plural: &'static str) -> Client {
    let inner = client.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let inner = inner.clone();
        let is_kept = request.method() == Method::PATCH
            && request.uri().path().contains(&format!("/{plural}/"));
        async move {
            let (head, body) = request.into_parts();
            let mut bytes = body.collect_bytes().await.unwrap();
            if is_kept {
                let mut patch: Value = serde_json::from_slice(&bytes).unwrap();
                if let Some(spec) = patch["spec"].as_object_mut() {
                    spec.remove("deletionPolicy");
                }
                bytes = patch.to_string().into();
            }
            inner
                .send(Request::from_parts(head, Body::from(bytes)))
                .await
        }
    });
    Client::new(service, "default")
}

#[tokio::test]
async fn a_content_that_is_not_let_go_is_named_whatever_it_is_of() {
    let Some(driver) = Driver::of_groups().await else {
        return;
    };
    let snapshotter = connected(&driver).await;
    let options = RunOptions::default();
    for (names, plural) in [
        (["shop-a", "shop-b"], "volumegroupsnapshotcontents"),
        (["bar-a", "bar-b"], "volumesnapshotcontents"),
        (["alone-x", "single-y"], "volumesnapshotcontents"),
    ] {
        let volumes = [driver.volume(names[0]).await, driver.volume(names[1]).await];
        let mut records = Vec::new();
        for group in plan_groups(&snapshotter, "nightly", names[0], volumes) {
            let begun = snapshotter.snapshot(&group).await.unwrap();
            records.extend(polled(&snapshotter, begun, ended).await);
        }
        let client = keeping_policies(&driver.client, plural);
        let held = CsiSnapshotter::connect(client, &options).await.unwrap();
        let error = held.delete(&records).await.unwrap_err();
        assert!(error.is_retryable(), "{names:?}: {error}");
        assert!(
            error.to_string().contains("was not changed"),
            "{names:?}: {error}"
        );
        // Once nothing is in the way, they go.
        assert!(snapshotter.delete(&records).await.unwrap());
        driver.nothing_is_left().await;
    }
    assert_eq!((driver.storage.count(), driver.storage.groups()), (0, 0));
}

#[tokio::test]
async fn the_newest_version_that_is_served_is_asked() {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let told = Arc::clone(&asked);
    let service = tower::service_fn(move |request: Request<Body>| {
        let path = request.uri().path().to_owned();
        told.lock().unwrap().push(path.clone());
        let answer = match path.as_str() {
            "/apis/snapshot.storage.k8s.io/v1" => {
                json!({"resources": [{"name": "volumesnapshots"}]})
            }
            "/apis/groupsnapshot.storage.k8s.io" => json!({"versions": [
                {"groupVersion": "groupsnapshot.storage.k8s.io/v1beta1", "version": "v1beta1"},
                {"groupVersion": "groupsnapshot.storage.k8s.io/v1beta2", "version": "v1beta2"}]}),
            _ => json!({"items": []}),
        };
        let response = Response::new(Body::from(answer.to_string().into_bytes()));
        async move { Ok::<_, std::convert::Infallible>(response) }
    });
    let client = Client::new(service, "default");
    let options = RunOptions::default();
    let snapshotter = CsiSnapshotter::connect(client, &options).await.unwrap();
    let last = asked.lock().unwrap().last().cloned();
    let classes = "/apis/groupsnapshot.storage.k8s.io/v1beta2/volumegroupsnapshotclasses";
    assert_eq!(last.as_deref(), Some(classes));
    // Without a class there is none to make one with.
    assert_eq!(snapshotter.capabilities().groups, None);
}
