//! Which backups are kept, and which are to go: those of a plan, and those that no plan looks after.

use std::collections::BTreeSet;
use std::time::Duration;

use ack_backup_center::crds::DeleteRequest;
use chrono::TimeDelta;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::{Plans, VAULT};
use crate::cluster::{list, object, plane};

#[tokio::test]
async fn retention_asks_once_and_never_for_the_newest_good_one() {
    let Some(plane) = plane() else { return };
    let mut plans = Plans::new(plane.client()).await;
    plans
        .create("hourly", json!({"retention": {"keepLast": 1}}))
        .await;
    plans.step("hourly").await;
    plans.end_all("Completed").await;
    let first = plans.names().await;
    for _ in 0..3 {
        plans.now += TimeDelta::hours(1);
        plans.step("hourly").await;
        plans.end_all("PartiallyFailed").await;
    }
    plans.step("hourly").await;
    assert_eq!(
        plans.requests().await,
        BTreeSet::new(),
        "the only good one stays, and those after it"
    );
    plans.now += TimeDelta::hours(1);
    plans.step("hourly").await;
    plans.end_all("Completed").await;
    let all = plans.names().await;
    let step = plans.step("hourly").await;
    assert_eq!(step.notices.len(), 4, "{:?}", step.notices);
    assert_eq!(
        plans.requests().await,
        all[..4].iter().cloned().collect::<BTreeSet<_>>()
    );
    assert!(all.starts_with(&first));
    // A request that is under way is not made again, and one that failed is said.
    let again = plans.step("hourly").await;
    assert_eq!(
        (
            again.notices.len(),
            again.status.retention.clone().unwrap().deleting
        ),
        (0, 4)
    );
    let requests = Api::<DeleteRequest>::namespaced(plans.client.clone(), &plans.namespace);
    let failed =
        Patch::Merge(json!({"status": {"phase": "Failed", "message": "the bucket keeps it"}}));
    requests
        .patch_status(&all[0], &PatchParams::default(), &failed)
        .await
        .unwrap();
    let told = plans
        .step("hourly")
        .await
        .status
        .retention
        .unwrap()
        .message
        .unwrap();
    assert_eq!(told, format!("`{}`: the bucket keeps it", all[0]));
    plans.meet_requests().await;
    assert_eq!(plans.names().await, all[4..]);
}

#[tokio::test]
async fn what_was_made_by_hand_or_by_a_plan_that_is_gone_expires_and_the_newest_stays() {
    let Some(plane) = plane() else { return };
    let mut plans = Plans::new(plane.client()).await;
    // Longer than a label may be, which says which plan a backup is of.
    let long = "x".repeat(80);
    for plan in ["hourly", &long] {
        plans.create(plan, json!({})).await;
    }
    let ended = async |name: &str, plan: Option<&str>, hours: i64| {
        let mut body = object(
            "ApplicationBackup",
            name,
            &json!({"storageLocation": VAULT, "ttl": "1h"}),
        );
        if let Some(plan) = plan {
            let plan = kube_backup_engine::label_value(plan);
            body["metadata"]["labels"] = json!({"csdr/schedule-name": plan});
        }
        test_support::create(
            &plans.client,
            &list("ApplicationBackup", &plans.namespace),
            body,
        )
        .await;
        let at = plans.now + TimeDelta::hours(hours);
        let status = json!({"phase": "Completed", "startTimestamp": at, "completionTimestamp": at,
            "expiration": at + TimeDelta::hours(1)});
        let body = Patch::Merge(json!({"status": status}));
        plans
            .backups()
            .patch_status(name, &PatchParams::default(), &body)
            .await
            .unwrap();
    };
    for (name, plan, hours) in [
        ("by-hand-1", None, 1),
        ("by-hand-2", None, 2),
        ("gone-1", Some("gone"), 1),
        ("gone-2", Some("gone"), 2),
        ("hourly-1", Some("hourly"), 1),
        ("hourly-2", Some("hourly"), 2),
        ("long-1", Some(&long), 1),
        ("long-2", Some(&long), 2),
    ] {
        ended(name, plan, hours).await;
    }
    plans.now += TimeDelta::minutes(90);
    let look = async |name: &str, now| {
        let backup = plans.backups().get(name).await.unwrap();
        plans.scheduler.expire(&backup, now).await.unwrap()
    };
    let (notices, again) = look("by-hand-1", plans.now).await;
    assert_eq!((notices.len(), again), (0, Some(Duration::from_secs(1801))));
    let later = plans.now + TimeDelta::days(1);
    for name in [
        "by-hand-1",
        "by-hand-2",
        "gone-1",
        "gone-2",
        "hourly-1",
        "hourly-2",
        "long-1",
        "long-2",
    ] {
        look(name, later).await;
    }
    // Those of a plan that is there are the plan's to look after.
    assert_eq!(
        plans.requests().await,
        ["by-hand-1", "gone-1"].map(str::to_owned).into()
    );
    assert_eq!(look("by-hand-1", later).await.0, []);
}
