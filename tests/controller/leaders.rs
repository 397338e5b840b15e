//! Several controllers, of which one works.

use std::time::Duration;

use serde_json::{Value, json};

use ack_backup_center::controller::ElectionTimes;
use alibaba_local::LocalCloud;
use http::Method;
use kube_local::KubeLocal;

use crate::world::{BUCKET, World, cloud};

fn lease(world: &World) -> String {
    format!(
        "/apis/coordination.k8s.io/v1/namespaces/{}/leases/migrate-controller",
        world.namespace
    )
}

async fn leader(world: &World) -> Option<String> {
    let lease = world.read(&lease(world)).await?;
    lease["spec"]["holderIdentity"].as_str().map(str::to_owned)
}

async fn leads(world: &World, name: &str) {
    for _ in 0..600 {
        if leader(world).await.as_deref() == Some(name) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{name} does not lead, but {:?}", leader(world).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_a_leader_dies_in_the_middle_of_a_backup_the_next_one_ends_it() {
    use alibaba_local::{Fault, Rule};

    let cloud = cloud().await;
    let Some(world) = World::real(&cloud).await else {
        return;
    };
    let first = world.candidate("first");
    leads(&world, "first").await;
    world.vault("vault-a", "").await;
    let second = world.candidate("second");
    let shop = world.application().await;
    cloud.faults().add(
        Rule::new(Fault::NeverReply)
            .service("oss")
            .key_contains("day.tar.gz"),
    );
    world
        .create(
            "ApplicationBackup",
            "day",
            json!({"storageLocation": "vault-a", "includedNamespaces": [shop]}),
        )
        .await;
    let begun = world.phase("ApplicationBackup", "day", "InProgress").await;
    while !crate::world::was_asked_for(&cloud, "day.tar.gz") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(leader(&world).await.as_deref(), Some("first"));
    first.kill();
    cloud.faults().clear();
    leads(&world, "second").await;
    let ended = world.phase("ApplicationBackup", "day", "Completed").await;
    assert_eq!(ended["status"]["backupUid"], begun["metadata"]["uid"]);
    // One backup, told of once.
    let records = world.repository("").list().await.unwrap();
    assert_eq!((records.records.len(), records.unreadable.len()), (1, 0));
    let started = world
        .events("day")
        .await
        .into_iter()
        .filter(|it| it.0 == "Started")
        .count();
    assert_eq!(started, 1);
    second.stop().await;
    // Whoever stops gives the lead up.
    assert_eq!(leader(&world).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_are_killed_again_and_again_each_backup_is_made_once() {
    let cloud = cloud().await;
    let Some(world) = World::real(&cloud).await else {
        return;
    };
    let mut running = vec![world.candidate("c0"), world.candidate("c1")];
    world.vault("vault-a", "").await;
    let shop = world.application().await;
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..8 {
        let name = format!("day-{round}");
        world
            .create(
                "ApplicationBackup",
                &name,
                json!({"storageLocation": "vault-a", "includedNamespaces": [shop]}),
            )
            .await;
        // At some request of its, whichever that is.
        let requests = cloud.requests().len() + random.usize(0..20);
        for _ in 0..200 {
            let done = world
                .get("ApplicationBackup", &name)
                .await
                .unwrap_or_default();
            if cloud.requests().len() >= requests || done["status"]["phase"] == "Completed" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let victim = running.remove(random.usize(0..2));
        victim.kill();
        running.push(world.candidate(&format!("c{}", round + 2)));
    }
    for round in 0..8 {
        let name = format!("day-{round}");
        let backup = world.phase("ApplicationBackup", &name, "Completed").await;
        let record = world.repository("").record(&name).await.unwrap().unwrap();
        assert_eq!(Some(record.uid()), backup["metadata"]["uid"].as_str());
        // Its archive is its own.
        world.repository("").open(&name).await.unwrap();
        assert_eq!(backup["status"]["message"], Value::Null);
    }
    for controller in running {
        controller.stop().await;
    }
}

/// How often the record of a backup got into the bucket.
fn commits(cloud: &LocalCloud, name: &str) -> usize {
    let record = format!("backups/{name}/velero-backup.json");
    let all = cloud.requests().all();
    let of_record = |it: &&alibaba_local::RequestRecord| {
        it.operation == "PutObject"
            && it.key.as_deref() == Some(&record)
            && it.status.is_some_and(|status| status < 300)
    };
    all.iter().filter(of_record).count()
}

/// Two are always there, and the one that leads is killed at a request that nobody chose, a hundred times.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_leaders_that_are_killed_none_makes_a_backup_that_another_made() {
    const KILLS: usize = 100;
    let cloud = cloud().await;
    let cluster = KubeLocal::start().await.unwrap();
    let world = World::local(&cluster.url(), &cloud).await;
    let times = ElectionTimes {
        retry: Duration::from_millis(50),
        ..ElectionTimes::default()
    };
    let candidate = |number: usize| {
        let name = format!("c{number}");
        (name.clone(), world.candidate_for(&name, times))
    };
    let mut running = vec![candidate(0), candidate(1)];
    let spec = json!({"objectStorage": {"bucket": BUCKET}});
    world.create("BackupLocation", "vault-a", spec).await;
    world.phase("BackupLocation", "vault-a", "Available").await;
    let shop = world.application().await;
    let mut random = fastrand::Rng::with_seed(100);
    let mut kills = 0;
    let mut backups = 0;
    while kills < KILLS {
        // One backup more for every other kill, so that several are under way at different places.
        if kills % 2 == 0 {
            let spec = json!({"storageLocation": "vault-a", "includedNamespaces": [shop]});
            world
                .create("ApplicationBackup", &format!("day-{backups}"), spec)
                .await;
            backups += 1;
        }
        let cut = cloud.requests().len() + random.usize(0..25);
        let mut patience = 40;
        while cloud.requests().len() < cut && patience > 0 {
            patience -= 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let Some(leading) = leader(&world).await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let at = running.iter().position(|(name, _)| *name == leading);
        running.remove(at.unwrap()).1.kill();
        // The clock is moved to the end of its lease: it is dead, and nobody waits for that.
        let (path, nothing) = (lease(&world), Value::Null);
        test_support::send(&world.client, Method::DELETE, &path, &nothing)
            .await
            .unwrap();
        kills += 1;
        running.push(candidate(kills + 1));
    }
    for number in 0..backups {
        let name = format!("day-{number}");
        let backup = world.phase("ApplicationBackup", &name, "Completed").await;
        assert_eq!(commits(&cloud, &name), 1, "{name}");
        let record = world.repository("").record(&name).await.unwrap().unwrap();
        assert_eq!(Some(record.uid()), backup["metadata"]["uid"].as_str());
        world.repository("").open(&name).await.unwrap();
    }
    for (_, controller) in running {
        controller.kill();
    }
}
