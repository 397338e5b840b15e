//! A controller that is killed at any request, and the one after it.

use std::time::{Duration, Instant};

use alibaba_local::{Fault as CloudFault, Rule as CloudRule};
use kube_local::{Fault, KubeLocal, Rule};
use serde_json::{Value, json};

use crate::world::{World, cloud};

/// Where the requests of a controller end: in the cluster or in the cloud.
#[derive(Clone, Copy, Debug)]
enum Side {
    Cluster,
    Cloud,
}

struct Stage {
    cluster: KubeLocal,
    world: World,
    shop: String,
}

async fn stage() -> Stage {
    let cloud = cloud().await;
    let cluster = KubeLocal::start().await.unwrap();
    let world = World::local(&cluster.url(), &cloud).await;
    let shop = world.application().await;
    let spec = json!({"objectStorage": {"bucket": crate::world::BUCKET}});
    world.create("BackupLocation", "vault-a", spec).await;
    world
        .create(
            "ApplicationBackup",
            "day",
            json!({"storageLocation": "vault-a", "includedNamespaces": [shop]}),
        )
        .await;
    let spec = json!({"backupName": "day", "namespaceMapping": {&shop: "copy"}});
    world.create("ApplicationRestore", "day-r1", spec).await;
    Stage {
        cluster,
        world,
        shop,
    }
}

impl Stage {
    /// What is there in the end, with what differs from run to run left out.
    async fn ended(&self) -> Value {
        let world = &self.world;
        world.phase("BackupLocation", "vault-a", "Available").await;
        let backup = world.phase("ApplicationBackup", "day", "Completed").await;
        let restore = world
            .phase("ApplicationRestore", "day-r1", "Completed")
            .await;
        assert_eq!(backup["status"]["backupUid"], backup["metadata"]["uid"]);
        let record = world.repository("").record("day").await.unwrap().unwrap();
        assert_eq!(record.uid(), backup["metadata"]["uid"].as_str().unwrap());
        let opened = world.repository("").open("day").await.unwrap();
        let kinds = opened.resource_list().await.unwrap();
        let deployments = world
            .read("/apis/apps/v1/namespaces/copy/deployments/web")
            .await;
        for name in ["day", "day-r1"] {
            let events = world.events(name).await;
            for reason in ["Started", "Completed", "Failed", "PartiallyFailed"] {
                let told = events.iter().filter(|it| it.0 == reason).count();
                // One that is killed before it noted what it told tells it again, once.
                assert!(told <= 2, "{name}: {events:?}");
            }
        }
        json!({
            "objects": backup["status"]["objects"],
            "conditions": conditions(&backup),
            "restored": total(&restore),
            "restore": conditions(&restore),
            "kinds": serde_json::to_value(kinds).unwrap().to_string().replace(&self.shop, "shop"),
            "copy": deployments.unwrap()["spec"]["template"]["spec"],
            "keys": world.keys().await,
        })
    }

    /// Gives both up: a backup and the objects of both, by requests.
    async fn delete(&self) {
        for (name, kind) in [("day-r1", "Restore"), ("day", "Backup")] {
            let spec = json!({"deleteObjectName": name, "deleteObjectType": kind});
            self.world
                .create("DeleteRequest", &format!("{name}-dbr"), spec)
                .await;
        }
    }

    async fn deleted(&self) {
        for name in ["day-r1-dbr", "day-dbr"] {
            self.world.gone("DeleteRequest", name).await;
        }
        assert_eq!(self.world.get("ApplicationBackup", "day").await, None);
        assert_eq!(self.world.get("ApplicationRestore", "day-r1").await, None);
        assert_eq!(self.world.keys().await, [] as [String; 0]);
    }

    /// Whether a request was made that is not answered.
    fn is_cut(&self, side: Side, requests: usize) -> bool {
        match side {
            Side::Cluster => self.cluster.faults().injected() > 0,
            Side::Cloud => self.world.cloud.requests().len() > requests,
        }
    }

    /// From this request on, nothing is answered.
    fn cut_after(&self, side: Side, requests: usize) {
        match side {
            Side::Cluster => self
                .cluster
                .faults()
                .add(Rule::new(Fault::NeverReply).skip(requests)),
            Side::Cloud => {
                self.world.cloud.requests().clear();
                self.world
                    .cloud
                    .faults()
                    .add(CloudRule::new(CloudFault::NeverReply).skip(requests));
            }
        }
    }

    fn mend(&self) {
        self.cluster.faults().clear();
        self.world.cloud.faults().clear();
    }
}

fn conditions(object: &Value) -> Vec<String> {
    let all = object["status"]["conditions"].as_array().unwrap();
    all.iter()
        .map(|it| format!("{} {} {}", it["type"], it["status"], it["reason"]))
        .collect()
}

/// How many objects a restore looked at, whatever an earlier run had done of it.
fn total(restore: &Value) -> i64 {
    let outcomes = restore["status"]["outcomes"].as_object().unwrap();
    assert!(!outcomes.contains_key("failed"), "{restore:#}");
    outcomes.values().filter_map(Value::as_i64).sum()
}

/// Runs a controller until the request after which it is cut off, and kills it there; `false` when it never gets there.
async fn killed_after(
    stage: &Stage,
    side: Side,
    requests: usize,
    done: impl AsyncFn() -> bool,
) -> bool {
    stage.cut_after(side, requests);
    let controller = stage.world.controller();
    let started = Instant::now();
    let cut = loop {
        if stage.is_cut(side, requests) {
            break true;
        }
        // Its own requests are not those of the controller.
        if matches!(side, Side::Cloud) && done().await {
            break false;
        }
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "{side:?} {requests}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    controller.kill();
    stage.mend();
    cut
}

/// How many requests a controller makes to either side for all of it.
async fn undisturbed() -> (Value, [usize; 2]) {
    let stage = stage().await;
    stage.cluster.requests().clear();
    stage.world.cloud.requests().clear();
    let controller = stage.world.controller();
    // The log is of the controller's and of this test's requests: an upper bound.
    let ended = stage.ended().await;
    let of_cloud = stage.world.cloud.requests().len();
    let of_controller = |it: &kube_local::RequestRecord| {
        it.is_write() || it.is_watch() || it.path.ends_with("/namespaces")
    };
    let of_cluster = stage.cluster.requests().count_where(of_controller);
    controller.stop().await;
    (ended, [of_cluster, of_cloud])
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_request_to_the_cloud_the_next_controller_ends_the_same() {
    let (wanted, [_, of_cloud]) = undisturbed().await;
    assert!(of_cloud > 15, "{of_cloud}");
    for requests in 0..of_cloud {
        let stage = stage().await;
        let is_done = async || {
            let restore = stage
                .world
                .get("ApplicationRestore", "day-r1")
                .await
                .unwrap();
            restore["status"]["phase"] == "Completed"
        };
        let cut = killed_after(&stage, Side::Cloud, requests, is_done).await;
        let next = stage.world.controller();
        assert_eq!(stage.ended().await, wanted, "after {requests}");
        next.stop().await;
        if !cut {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_request_to_the_cluster_the_next_controller_ends_the_same() {
    let (wanted, [of_cluster, _]) = undisturbed().await;
    assert!(of_cluster > 20, "{of_cluster}");
    for requests in 0..of_cluster {
        let stage = stage().await;
        assert!(killed_after(&stage, Side::Cluster, requests, async || false).await);
        let next = stage.world.controller();
        assert_eq!(stage.ended().await, wanted, "after {requests}");
        next.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_killed_at_any_request_is_met_by_the_next_controller() {
    for side in [Side::Cloud, Side::Cluster] {
        for requests in 0.. {
            let stage = stage().await;
            let first = stage.world.controller();
            stage.ended().await;
            first.stop().await;
            stage.delete().await;
            let is_done = async || stage.world.get("DeleteRequest", "day-dbr").await.is_none();
            let limit = match side {
                Side::Cloud => 40,
                Side::Cluster => 20,
            };
            let cut = killed_after(&stage, side, requests, is_done).await;
            let next = stage.world.controller();
            stage.deleted().await;
            next.stop().await;
            if !cut || requests >= limit {
                break;
            }
        }
    }
}
