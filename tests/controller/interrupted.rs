//! A controller that is killed at any request of a plan, a proof, a deletion or a look at a vault, or when a conversion makes something,
//! and the one after it.

use std::cell::Cell;
use std::time::{Duration, Instant};

use ack_backup_center::ecs_snapshot::Snapshot;
use ack_backup_center::hbr::{RestoreJob, RestoreType};
use alibaba_local::{Fault as CloudFault, Rule as CloudRule};
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use futures::TryStreamExt as _;
use kube_local::{Fault, KubeLocal, Rule};
use serde_json::{Value, json};

use crate::cluster::list;
use crate::volumes::stage::{self, Stage};
use crate::world::{BUCKET, World, cloud};

/// Where the requests of a controller end.
#[derive(Clone, Copy, Debug)]
enum Side {
    Cluster,
    Cloud,
}

/// A cluster and a cloud, in which one thing is asked for again and again, while no controller runs.
struct Scene {
    cluster: KubeLocal,
    world: World,
    shop: String,
}

/// What is asked for.
trait Asked {
    /// Asks for it anew. No controller runs.
    async fn ask(&self, scene: &Scene);

    /// Waits for its end: what is there then, with what differs from time to time left out.
    async fn ended(&self, scene: &Scene) -> Value;
}

impl Scene {
    async fn new() -> Self {
        let cloud = cloud().await;
        let cluster = KubeLocal::start().await.unwrap();
        let world = World::local(&cluster.url(), &cloud).await;
        let shop = world.application().await;
        let spec = json!({"objectStorage": {"bucket": BUCKET}});
        world.create("BackupLocation", "vault-a", spec).await;
        Self {
            cluster,
            world,
            shop,
        }
    }

    /// Has a controller do this, and stops it.
    async fn with_controller(&self, work: impl AsyncFnOnce(&World)) {
        let controller = self.world.controller();
        work(&self.world).await;
        controller.stop().await;
    }

    /// Makes a backup of the application.
    async fn back_up(&self, name: &str) {
        let spec = json!({"storageLocation": "vault-a", "includedNamespaces": [self.shop]});
        self.world.create("ApplicationBackup", name, spec).await;
        self.world
            .phase("ApplicationBackup", name, "Completed")
            .await;
    }

    /// Runs a controller until the request after which nothing is answered, and kills it there; `false` when it comes to rest before.
    /// Nothing is asked for here meanwhile: that would be counted.
    async fn killed_after(&self, side: Side, requests: usize) -> bool {
        let (cluster, cloud) = (&self.cluster, &self.world.cloud);
        cluster.requests().clear();
        cloud.requests().clear();
        match side {
            Side::Cluster => cluster
                .faults()
                .add(Rule::new(Fault::NeverReply).skip(requests)),
            Side::Cloud => cloud
                .faults()
                .add(CloudRule::new(CloudFault::NeverReply).skip(requests)),
        }
        let injected = cluster.faults().injected();
        let controller = self.world.controller();
        let (mut before, mut since) = (0, Instant::now());
        let was_killed = loop {
            let is_cut = match side {
                Side::Cluster => cluster.faults().injected() > injected,
                Side::Cloud => cloud.requests().len() > requests,
            };
            if is_cut {
                break true;
            }
            let now = cluster.requests().count() + cloud.requests().len();
            if now != before {
                (before, since) = (now, Instant::now());
            }
            if now > 0 && since.elapsed() > Duration::from_secs(3) {
                break false;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        controller.kill();
        cluster.faults().clear();
        cloud.faults().clear();
        was_killed
    }

    /// What is in the bucket, but for the probe of a look at the vault: the next look deletes one that is left.
    async fn keys(&self) -> Vec<String> {
        let started = Instant::now();
        loop {
            let keys = self.world.keys().await;
            if !keys.iter().any(|key| key.contains("probe")) {
                return keys;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "{keys:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// How often this was told of an object so far.
    async fn told(&self, name: &str, reason: &str) -> usize {
        let events = self.world.events(name).await;
        events.iter().filter(|it| it.0 == reason).count()
    }
}

/// Of how many requests one is the last of a controller: each where `EVERY_REQUEST` is set, which takes minutes; else each fifth.
fn steps() -> usize {
    match std::env::var_os("EVERY_REQUEST") {
        Some(_) => 1,
        None => 5,
    }
}

/// Has each request of it be the last of a controller.
async fn killed_at_each_request(scene: &Scene, asked: &impl Asked) {
    asked.ask(scene).await;
    let controller = scene.world.controller();
    let wanted = asked.ended(scene).await;
    controller.stop().await;
    for side in [Side::Cluster, Side::Cloud] {
        let mut requests = 0;
        loop {
            asked.ask(scene).await;
            let was_killed = scene.killed_after(side, requests).await;
            let next = scene.world.controller();
            let ended = asked.ended(scene).await;
            assert_eq!(ended, wanted, "{side:?}, after {requests}");
            next.stop().await;
            if !was_killed {
                break;
            }
            requests += steps();
        }
        // All lists and watches of a start alone are as many.
        assert!(requests >= 8, "{side:?}: {requests}");
    }
}

/// A run of a plan that keeps one backup, and so deletes the one of the run before.
struct Run {
    first: DateTime<Utc>,
    runs: Cell<i64>,
}

impl Run {
    fn at(&self) -> DateTime<Utc> {
        self.first + TimeDelta::seconds(self.runs.get())
    }

    fn backup(&self) -> String {
        format!("plan-{}", self.at().format("%Y%m%d%H%M%S"))
    }
}

impl Asked for Run {
    async fn ask(&self, scene: &Scene) {
        self.runs.set(self.runs.get() + 1);
        while Utc::now() < self.at() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let world = &scene.world;
        let patch = json!({"spec": {"runAt": self.at()}});
        test_support::patch(&world.client, &world.path("BackupSchedule", "plan"), &patch).await;
    }

    async fn ended(&self, scene: &Scene) -> Value {
        let (world, name) = (&scene.world, self.backup());
        world.phase("ApplicationBackup", &name, "Completed").await;
        // A plan is looked at when it changes; else half a minute later.
        let plan = world.path("BackupSchedule", "plan");
        let touched = json!({"metadata": {"annotations": {"touched": name}}});
        test_support::patch(&world.client, &plan, &touched).await;
        let backups = list("ApplicationBackup", &world.namespace);
        let requests = list("DeleteRequest", &world.namespace);
        let started = Instant::now();
        loop {
            let [all, asked] = [&backups, &requests].map(|path| world.read(path));
            let (all, asked) = (all.await.unwrap(), asked.await.unwrap());
            let number = |it: &Value| it["items"].as_array().unwrap().len();
            if (number(&all), number(&asked)) == (1, 0) {
                break;
            }
            assert!(
                started.elapsed() < Duration::from_secs(90),
                "{all:#} {asked:#}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let plan = world.get("BackupSchedule", "plan").await.unwrap();
        let events = world.events("plan").await;
        let made = events
            .iter()
            .filter(|it| it.0 == "BackupMade" && it.1.contains(&name));
        assert!(made.count() <= 1, "{events:?}");
        // That it began may have been noted, and not been told any more.
        let told = [scene.told(&name, "Started"), scene.told(&name, "Completed")];
        let told = futures::future::join_all(told).await;
        assert!(told[0] <= 2 && (1..=2).contains(&told[1]), "{told:?}");
        let keys = scene.keys().await;
        json!({
            "keys": keys.iter().map(|key| key.replace(&name, "plan")).collect::<Vec<_>>(),
            "last": plan["status"]["lastBackupName"] == name,
            "at": plan["status"]["lastBackup"] == json!(self.at()),
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_killed_at_any_request_makes_one_backup_and_keeps_one() {
    let scene = Scene::new().await;
    let run = Run {
        first: Utc::now().trunc_subsecs(0),
        runs: Cell::new(0),
    };
    let spec = json!({"schedule": "0 3 1 1 *", "retention": {"keepLast": 1},
        "template": {"storageLocation": "vault-a", "includedNamespaces": [scene.shop]}});
    scene.world.create("BackupSchedule", "plan", spec).await;
    killed_at_each_request(&scene, &run).await;
}

/// Another proof of the same backup.
struct Proof(Cell<usize>);

impl Asked for Proof {
    async fn ask(&self, scene: &Scene) {
        self.0.set(scene.told("day", "Verified").await);
        let world = &scene.world;
        let path = format!("{}/status", world.path("ApplicationBackup", "day"));
        let unproved = json!({"status": {"verification": null}});
        test_support::patch(&world.client, &path, &unproved).await;
    }

    async fn ended(&self, scene: &Scene) -> Value {
        let proved = |it: &Value| it["status"]["verification"]["phase"] == "Passed";
        let world = &scene.world;
        let backup = world
            .until("ApplicationBackup", "day", "proved", proved)
            .await;
        let told = scene.told("day", "Verified").await - self.0.get();
        assert!((1..=2).contains(&told), "{told}");
        assert_eq!(scene.told("day", "VerificationFailed").await, 0);
        let found = &backup["status"]["verification"];
        json!([
            found["level"],
            found["objects"],
            found["differences"],
            scene.keys().await
        ])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_that_is_killed_at_any_request_is_done_by_the_next_controller() {
    let scene = Scene::new().await;
    scene
        .with_controller(async |_| scene.back_up("day").await)
        .await;
    let world = &scene.world;
    let drill = json!({"spec": {"verification": "Drill"}});
    test_support::patch(
        &world.client,
        &world.path("BackupLocation", "vault-a"),
        &drill,
    )
    .await;
    killed_at_each_request(&scene, &Proof(Cell::new(0))).await;
}

/// The deletion of a restore, and of its backup.
struct Deletion;

impl Asked for Deletion {
    async fn ask(&self, scene: &Scene) {
        let both = async |world: &World| {
            scene.back_up("day").await;
            let spec = json!({"backupName": "day", "namespaceMapping": {&scene.shop: "copy"}, "existingResourcePolicy": "update"});
            world.create("ApplicationRestore", "day-r1", spec).await;
            world
                .phase("ApplicationRestore", "day-r1", "Completed")
                .await;
        };
        scene.with_controller(both).await;
        for (name, kind) in [("day-r1", "Restore"), ("day", "Backup")] {
            let spec = json!({"deleteObjectName": name, "deleteObjectType": kind});
            let request = format!("{name}-dbr");
            scene.world.create("DeleteRequest", &request, spec).await;
        }
    }

    async fn ended(&self, scene: &Scene) -> Value {
        let world = &scene.world;
        for name in ["day-r1-dbr", "day-dbr"] {
            world.gone("DeleteRequest", name).await;
        }
        assert_eq!(world.get("ApplicationBackup", "day").await, None);
        assert_eq!(world.get("ApplicationRestore", "day-r1").await, None);
        json!(scene.keys().await)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_is_killed_at_any_request_is_met_by_the_next_controller() {
    killed_at_each_request(&Scene::new().await, &Deletion).await;
}

/// Backups of another cluster, which are shown.
struct Shown;

const FOUND: [&str; 2] = ["day", "night"];

impl Asked for Shown {
    async fn ask(&self, scene: &Scene) {
        for name in FOUND {
            if scene.world.get("ApplicationBackup", name).await.is_some() {
                scene.world.delete("ApplicationBackup", name).await;
            }
        }
    }

    async fn ended(&self, scene: &Scene) -> Value {
        let world = &scene.world;
        let mut shown = Vec::new();
        for name in FOUND {
            let it = world.phase("ApplicationBackup", name, "Completed").await;
            shown.push(json!([
                it["spec"],
                it["status"]["backupUid"],
                it["status"]["objects"]
            ]));
        }
        let vault = world.phase("BackupLocation", "vault-a", "Available").await;
        let all = world
            .read(&list("ApplicationBackup", &world.namespace))
            .await;
        let number = all.unwrap()["items"].as_array().unwrap().len();
        assert_eq!(number, FOUND.len());
        assert!(scene.told("vault-a", "VaultError").await == 0);
        let keys = scene.keys().await;
        json!([shown, vault["status"]["backups"], keys])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_a_vault_that_is_killed_at_any_request_shows_each_backup_once() {
    let source = Scene::new().await;
    source
        .with_controller(async |_| {
            for name in FOUND {
                source.back_up(name).await;
            }
        })
        .await;
    let cluster = KubeLocal::start().await.unwrap();
    let world = World::local(&cluster.url(), &source.world.cloud).await;
    let spec = json!({"objectStorage": {"bucket": BUCKET}});
    world.create("BackupLocation", "vault-a", spec).await;
    let shop = source.shop.clone();
    let other = Scene {
        cluster,
        world,
        shop,
    };
    killed_at_each_request(&other, &Shown).await;
}

/// The calls by which a conversion makes something in the cloud.
const MAKING: [(&str, &str); 2] = [("hbr", "CreateRestoreJob"), ("ecs", "CreateSnapshot")];

/// What was made is found by the next controller, though nobody was told that it was made.
#[tokio::test(flavor = "multi_thread")]
async fn a_conversion_that_is_killed_when_it_makes_something_makes_it_once() {
    let cloud = stage::cloud(&[]).await;
    let Some((stage, first)) = Stage::ready(&cloud, "").await else {
        return;
    };
    let world = &stage.world;
    let shop = stage.application(&[("files", &stage.nas_class)]).await;
    stage.backed_up("day", &shop, "Completed").await;
    first.stop().await;
    let (hbr, ecs) = (
        world.account().hbr().unwrap(),
        world.account().ecs().unwrap(),
    );
    for (round, (service, operation)) in MAKING.into_iter().enumerate() {
        let name = format!("day-{round}");
        cloud.requests().clear();
        let lost = CloudRule::new(CloudFault::LoseReply).service(service);
        cloud.faults().add(lost.operation(operation));
        let killed = world.controller();
        let arg = json!({"namespace": shop, "persistentVolumeClaim": "files", "convertToStorageClassType": stage.disk_class});
        let spec = json!({"backupName": "day", "convertedarg": [arg]});
        world.create("ConvertToSnapshot", &name, spec).await;
        let started = Instant::now();
        while !cloud.requests().by_operation().contains_key(operation) {
            assert!(started.elapsed() < Duration::from_secs(90), "{operation}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        killed.kill();
        cloud.faults().clear();

        let next = world.controller();
        let done = world.phase("ConvertToSnapshot", &name, "Completed").await;
        let jobs = hbr
            .describe_restore_jobs()
            .restore_type(RestoreType::Container);
        let jobs: Vec<RestoreJob> = jobs.items().try_collect().await.unwrap();
        assert_eq!(jobs.len(), round + 1, "{operation}: {jobs:#?}");
        let snapshots: Vec<Snapshot> = ecs
            .describe_snapshots()
            .items()
            .try_collect()
            .await
            .unwrap();
        let ids: Vec<_> = snapshots.iter().map(|it| it.id.as_str()).collect();
        assert_eq!(
            json!(ids),
            json!([done["status"]["volumes"][0]["snapshotId"]]),
            "{operation}"
        );
        let events = world.events(&name).await;
        for reason in ["Started", "Completed"] {
            let told = events.iter().filter(|it| it.0 == reason).count();
            assert!((1..=2).contains(&told), "{operation}: {events:?}");
        }
        let spec = json!({"deleteObjectName": name, "deleteObjectType": "Convert"});
        world.create("DeleteRequest", &name, spec).await;
        world.gone("DeleteRequest", &name).await;
        next.stop().await;
    }
    stage.clean_up(&[&shop]).await;
}
