//! Several controllers, of which one works.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{World, cloud};

async fn leader(world: &World) -> Option<String> {
    let path = format!(
        "/apis/coordination.k8s.io/v1/namespaces/{}/leases/migrate-controller",
        world.namespace
    );
    let lease = world.read(&path).await?;
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
