//! What cannot be done is said, and stops nothing else.

use serde_json::{Value, json};

use crate::cluster::list;
use crate::world::{World, cloud};
use kube_local::KubeLocal;

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_ends_in_plain_words() {
    let cloud = cloud().await;
    let Some(world) = World::real(&cloud).await else {
        return;
    };
    let controller = world.controller();
    world.vault("vault-a", "").await;
    let shop = world.application().await;
    let of =
        |namespace: &str| json!({"storageLocation": "vault-a", "includedNamespaces": [namespace]});
    world.create("ApplicationBackup", "good", of(&shop)).await;
    world.phase("ApplicationBackup", "good", "Completed").await;
    let words = [
        // ACK's own text.
        (
            "ApplicationBackup",
            "nowhere",
            of("none-of-this-name"),
            "get target namespace failed",
        ),
        (
            "ApplicationBackup",
            "without-vault",
            json!({}),
            "storageLocation",
        ),
        (
            "ApplicationBackup",
            "for-ever",
            json!({"storageLocation": "vault-a", "ttl": "9999999999h"}),
            "no span of time",
        ),
        (
            "ApplicationBackup",
            "both",
            json!({"storageLocation": "vault-a", "includedNamespaces": [shop], "excludedNamespaces": [shop]}),
            "both included and excluded",
        ),
        (
            "ApplicationRestore",
            "of-nothing",
            json!({"backupName": "no-such-backup"}),
            "there is no ApplicationBackup `no-such-backup`",
        ),
        (
            "ApplicationRestore",
            "of-a-plan",
            json!({"scheduleName": "daily"}),
            "has no completed backup",
        ),
        (
            "ApplicationRestore",
            "without-rules",
            json!({"backupName": "good", "resourceModifier": {"name": "none"}}),
            "there is no ConfigMap `none`",
        ),
        (
            "ApplicationRestore",
            "matching-nothing",
            json!({"backupName": "good", "includedNamespaces": ["bank"]}),
            "nothing in the backup",
        ),
    ];
    for (kind, name, spec, text) in words {
        world.create(kind, name, spec).await;
        let failed = world.phase(kind, name, "Failed").await;
        let message = failed["status"]["message"].as_str().unwrap();
        assert!(message.contains(text), "{name}: {message}");
        let events = world.events(name).await;
        assert!(
            events
                .iter()
                .any(|(reason, note)| reason == "Failed" && note.contains(text)),
            "{name}: {events:?}"
        );
    }
    // A restore of a backup that failed.
    world
        .create(
            "ApplicationRestore",
            "of-a-failed-one",
            json!({"backupName": "nowhere"}),
        )
        .await;
    let failed = world
        .phase("ApplicationRestore", "of-a-failed-one", "Failed")
        .await;
    assert!(
        failed["status"]["message"]
            .as_str()
            .unwrap()
            .contains("failed"),
        "{failed:#}"
    );
    // The name is taken in the bucket, by a backup that this cluster does not know.
    world.delete("ApplicationBackup", "good").await;
    world.create("ApplicationBackup", "good", of(&shop)).await;
    let taken = world.phase("ApplicationBackup", "good", "Failed").await;
    let message = taken["status"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("backup already exists in OSS bucket"),
        "{message}"
    );
    // Deleting the object that failed leaves the other's backup alone.
    world
        .create(
            "DeleteRequest",
            "good-dbr",
            json!({"deleteObjectName": "good", "deleteObjectType": "Backup"}),
        )
        .await;
    world.gone("DeleteRequest", "good-dbr").await;
    world.gone("ApplicationBackup", "good").await;
    assert!(world.repository("").record("good").await.unwrap().is_some());
    // What is not there is deleted already.
    world
        .create(
            "DeleteRequest",
            "none-dbr",
            json!({"deleteObjectName": "none", "deleteObjectType": "Restore"}),
        )
        .await;
    world.gone("DeleteRequest", "none-dbr").await;
    world
        .create("ConvertToSnapshot", "good", json!({"backupName": "good"}))
        .await;
    let not_done = world.phase("ConvertToSnapshot", "good", "Failed").await;
    assert!(
        not_done["status"]["message"]
            .as_str()
            .unwrap()
            .contains("convertedarg"),
        "{not_done:#}"
    );
    world
        .create(
            "DeleteRequest",
            "reset",
            json!({"deleteObjectName": "good", "deleteObjectType": "Convert"}),
        )
        .await;
    world.gone("ConvertToSnapshot", "good").await;
    controller.stop().await;
}

/// An object that a client without rules wrote, and that no type fits.
#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_cannot_be_read_stops_no_other() {
    let cloud = cloud().await;
    let cluster = KubeLocal::start().await.unwrap();
    let world = World::local(&cluster.url(), &cloud).await;
    // As in a cluster whose definitions are of another version: everything passes.
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/applicationbackups.csdr.alibabacloud.com";
    let mut definition = world.read(path).await.unwrap();
    let anything = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"] =
        json!({"type": "object", "properties": {"spec": anything, "status": anything}});
    test_support::send(&world.client, http::Method::PUT, path, &definition)
        .await
        .unwrap();
    world
        .create(
            "ApplicationBackup",
            "odd",
            json!({"includedNamespaces": {"shop": 5}}),
        )
        .await;
    let controller = world.controller();
    world.vault("vault-a", "").await;
    world.backed_up("good").await;
    let odd = world
        .phase("ApplicationBackup", "odd", "FailedValidation")
        .await;
    assert!(
        odd["status"]["message"]
            .as_str()
            .unwrap()
            .contains("cannot be read"),
        "{odd:#}"
    );
    // A sync lists both, and goes on.
    let patch = json!({"spec": {"validationFrequency": "10m"}});
    test_support::patch(
        &world.client,
        &world.path("BackupLocation", "vault-a"),
        &patch,
    )
    .await;
    world
        .until("BackupLocation", "vault-a", "synced", |it| {
            it["status"]["backups"] == 1
        })
        .await;
    assert!(
        test_support::get(&world.client, &list("ApplicationBackup", "csdr"))
            .await
            .is_some()
    );
    controller.stop().await;
}

/// A backup that runs is stopped by deleting its object, and leaves nothing.
#[tokio::test(flavor = "multi_thread")]
async fn deleting_a_running_backup_stops_it_and_leaves_nothing() {
    use alibaba_local::{Fault, Rule};

    for by_request in [false, true] {
        let cloud = cloud().await;
        let cluster = KubeLocal::start().await.unwrap();
        let world = World::local(&cluster.url(), &cloud).await;
        let controller = world.controller();
        world.vault("vault-a", "").await;
        let shop = world.application().await;
        // Its archive never gets there.
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
        world.phase("ApplicationBackup", "day", "InProgress").await;
        until(|| crate::world::was_asked_for(&cloud, "day.tar.gz")).await;
        cloud.faults().clear();
        if by_request {
            world
                .create(
                    "DeleteRequest",
                    "day-dbr",
                    json!({"deleteObjectName": "day", "deleteObjectType": "Backup"}),
                )
                .await;
            world.gone("DeleteRequest", "day-dbr").await;
        } else {
            world.delete("ApplicationBackup", "day").await;
        }
        world.gone("ApplicationBackup", "day").await;
        let started = std::time::Instant::now();
        loop {
            let keys = world.keys().await;
            if keys.is_empty() {
                break;
            }
            assert!(started.elapsed().as_secs() < 60, "{keys:?}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        // The name is free again.
        world
            .create(
                "ApplicationBackup",
                "day",
                json!({"storageLocation": "vault-a", "includedNamespaces": [shop]}),
            )
            .await;
        world.phase("ApplicationBackup", "day", "Completed").await;
        controller.stop().await;
    }
}

async fn until(ready: impl Fn() -> bool) {
    let started = std::time::Instant::now();
    while !ready() {
        assert!(started.elapsed().as_secs() < 60);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// A namespace with everything in it can be deleted with the controller gone.
#[tokio::test(flavor = "multi_thread")]
async fn no_namespace_is_stranded_when_the_controller_is_gone() {
    let cloud = cloud().await;
    let Some(world) = World::real(&cloud).await else {
        return;
    };
    let controller = world.controller();
    world.vault("vault-a", "").await;
    world.backed_up("day").await;
    world
        .create(
            "ApplicationBackup",
            "waiting",
            json!({"storageLocation": "none"}),
        )
        .await;
    world
        .create(
            "DeleteRequest",
            "never",
            json!({"deleteObjectName": "waiting", "deleteObjectType": "Convert"}),
        )
        .await;
    controller.kill();
    let path = format!("/api/v1/namespaces/{}", world.namespace);
    test_support::delete(&world.client, &path).await;
    assert_eq!(world.read(&path).await, None::<Value>);
    // The backup is in its vault as before.
    assert!(world.repository("").record("day").await.unwrap().is_some());
}
