//! What a user does in a day, by manifests.

use serde_json::json;

use crate::world::{BUCKET, World, cloud};

/// T4: the drill that people run on the product: backup, restore elsewhere, delete.
#[tokio::test(flavor = "multi_thread")]
async fn t4_a_backup_is_made_restored_elsewhere_and_deleted() {
    let cloud = cloud().await;
    let Some(world) = World::real(&cloud).await else {
        return;
    };
    let controller = world.controller();
    world.vault("vault-a", "team1").await;
    let shop = world.application().await;
    let spec = json!({
        "storageLocation": "vault-a",
        "includedNamespaces": [shop],
        "excludedResources": ["events", "ciliumendpoints.cilium.io"],
        "includeClusterResources": false,
        "ttl": "168h0m0s",
        "hooks": {"resources": []},
    });
    world.create("ApplicationBackup", "day", spec).await;
    let backup = world.phase("ApplicationBackup", "day", "Completed").await;
    let status = &backup["status"];
    assert!(status["objects"].as_i64().unwrap() >= 4, "{status:#}");
    assert_eq!(status["backupUid"], backup["metadata"]["uid"]);
    assert!(
        status["expiration"].is_string() && status["archiveBytes"].as_i64().unwrap() > 0,
        "{status:#}"
    );
    let condition = |of: &serde_json::Value, kind: &str| {
        let all = of["status"]["conditions"].as_array().unwrap().clone();
        all.into_iter().find(|it| it["type"] == kind).unwrap()
    };
    assert_eq!(condition(&backup, "Ready")["status"], "True");
    // What nobody reads is kept, and said.
    let unknown = condition(&backup, "FieldsKnown");
    assert_eq!(unknown["status"], "False");
    assert!(
        unknown["message"].as_str().unwrap().contains("`hooks`"),
        "{unknown}"
    );
    assert_eq!(backup["spec"]["hooks"], json!({"resources": []}));
    assert!(
        world
            .events("day")
            .await
            .iter()
            .any(|(reason, _)| reason == "Completed")
    );

    let copy = format!("{shop}-dr");
    let rules = "version: v1\nresourceModifierRules:\n- conditions: {groupResource: deployments.apps}\n  strategicPatches:\n  - patchData: '{\"spec\": {\"template\": {\"spec\": {\"containers\": [{\"name\": \"web\", \"env\": [{\"name\": \"DR\", \"value\": \"1\"}]}]}}}}'\n";
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "rules"}, "data": {"rules.yaml": rules}});
    let maps = format!("/api/v1/namespaces/{}/configmaps", world.namespace);
    test_support::create(&world.client, &maps, map).await;
    let spec = json!({
        "backupName": "day",
        "includedNamespaces": [shop],
        "namespaceMapping": {&shop: &copy},
        "imageRegistryMapping": {"old.example/lib/": "new.example/team/"},
        "serviceAnnotations": {"example.com/owner": "dr"},
        "resourceModifier": {"kind": "ConfigMap", "name": "rules"},
    });
    world.create("ApplicationRestore", "day-r1", spec).await;
    let restore = world
        .phase("ApplicationRestore", "day-r1", "Completed")
        .await;
    assert!(
        restore["status"]["outcomes"]["created"].as_i64().unwrap() >= 4,
        "{restore:#}"
    );
    assert_eq!(restore["status"]["backupName"], "day");
    let deployment = world
        .read(&format!("/apis/apps/v1/namespaces/{copy}/deployments/web"))
        .await
        .unwrap();
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], "new.example/team/web:1");
    assert_eq!(container["env"], json!([{"name": "DR", "value": "1"}]));
    let service = world
        .read(&format!("/api/v1/namespaces/{copy}/services/web"))
        .await
        .unwrap();
    assert_eq!(
        service["metadata"]["annotations"]["example.com/owner"],
        "dr"
    );
    for kind in ["configmaps", "secrets"] {
        assert!(
            world
                .read(&format!("/api/v1/namespaces/{copy}/{kind}/web"))
                .await
                .is_some(),
            "{kind}"
        );
    }

    for (name, kind) in [("day-r1", "Restore"), ("day", "Backup")] {
        let spec = json!({"deleteObjectName": name, "deleteObjectType": kind});
        world
            .create("DeleteRequest", &format!("{name}-dbr"), spec)
            .await;
        world.gone("DeleteRequest", &format!("{name}-dbr")).await;
        world.gone(&format!("Application{kind}"), name).await;
    }
    assert_eq!(world.keys().await, [] as [String; 0]);
    // What was restored stays.
    assert!(
        world
            .read(&format!("/apis/apps/v1/namespaces/{copy}/deployments/web"))
            .await
            .is_some()
    );
    controller.stop().await;
}

/// T1, T2, E10: a vault that cannot be used says why, and is used once it can be.
#[tokio::test(flavor = "multi_thread")]
async fn t1_a_vault_says_why_it_is_unavailable_and_what_waits_for_it_goes_on() {
    let cloud = cloud().await;
    let Some(world) = World::real(&cloud).await else {
        return;
    };
    let controller = world.controller();
    let spec = json!({"objectStorage": {"bucket": "cnfs-oss-none"}});
    world.create("BackupLocation", "wrong", spec).await;
    let wrong = world.phase("BackupLocation", "wrong", "Unavailable").await;
    let message = wrong["status"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("VaultError: backup vault is unavailable"),
        "{message}"
    );
    assert!(
        world
            .events("wrong")
            .await
            .iter()
            .any(|(reason, note)| reason == "VaultError" && note.contains("unavailable"))
    );

    // A backup may be asked for before its vault.
    let shop = world.application().await;
    let asked = json!({"storageLocation": "late", "includedNamespaces": [shop]});
    world.create("ApplicationBackup", "early", asked).await;
    let waiting = world.phase("ApplicationBackup", "early", "New").await;
    assert!(
        waiting["status"]["message"]
            .as_str()
            .unwrap()
            .contains("`late`"),
        "{waiting:#}"
    );
    let spec = json!({"objectStorage": {"bucket": BUCKET}, "config": {"region": "no such region"}});
    world.create("BackupLocation", "late", spec).await;
    world.phase("BackupLocation", "late", "Unavailable").await;
    // As the FAQ repairs a vault: its config is patched.
    let patch = json!({"spec": {"config": {"region": "cn-hangzhou", "network": "public"}}});
    test_support::patch(&world.client, &world.path("BackupLocation", "late"), &patch).await;
    let vault = world.phase("BackupLocation", "late", "Available").await;
    assert!(vault["status"]["lastValidationTime"].is_string());
    assert!(
        vault["status"]["endpoint"]
            .as_str()
            .unwrap()
            .contains("public"),
        "{vault:#}"
    );
    world.phase("ApplicationBackup", "early", "Completed").await;
    controller.stop().await;
}

/// Data of volumes that was asked for and is not in a backup is never passed over.
#[tokio::test(flavor = "multi_thread")]
async fn volumes_that_are_not_backed_up_are_said_to_be_missing() {
    let cloud = cloud().await;
    let Some(world) = World::real(&cloud).await else {
        return;
    };
    let controller = world.controller();
    world.vault("vault-a", "").await;
    let shop = world.application().await;
    let with_data = json!({"storageLocation": "vault-a", "includedNamespaces": [shop], "pvBackup": {"defaultPvBackup": true}});
    // Nothing is missing where there are no claims.
    world
        .create("ApplicationBackup", "without", with_data.clone())
        .await;
    world
        .phase("ApplicationBackup", "without", "Completed")
        .await;
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    test_support::create(
        &world.client,
        &format!("/api/v1/namespaces/{shop}/persistentvolumeclaims"),
        claim,
    )
    .await;
    world.create("ApplicationBackup", "with", with_data).await;
    let partly = world
        .phase("ApplicationBackup", "with", "PartiallyFailed")
        .await;
    let first = partly["status"]["firstMessages"][0].as_str().unwrap();
    assert!(
        first.contains("the data of volumes was asked for"),
        "{first}"
    );
    let events = world.events("with").await;
    assert!(
        events
            .iter()
            .any(|(reason, note)| reason == "PartiallyFailed"
                && note.contains("PROCESS velero partially completed")),
        "{events:?}"
    );
    controller.stop().await;
}

/// T6: a plan makes its backups, a restore of the plan takes the newest, and what has expired goes, archive and all.
#[tokio::test(flavor = "multi_thread")]
async fn t6_a_plan_makes_backups_of_which_the_newest_is_restored() {
    let cloud = cloud().await;
    let Some(world) = World::real(&cloud).await else {
        return;
    };
    let controller = world.controller();
    world.vault("vault-a", "").await;
    let shop = world.application().await;
    let soon = chrono::Utc::now() + chrono::TimeDelta::seconds(2);
    let spec = json!({
        "schedule": "1 4 * * *",
        "timeZone": "Asia/Shanghai",
        "runAt": soon.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        "template": {"storageLocation": "vault-a", "includedNamespaces": [shop, "gone-by-now"], "ttl": "720h"},
    });
    world.create("BackupSchedule", "daily", spec).await;
    let plan = world
        .until("BackupSchedule", "daily", "run", |it| {
            it["status"]["lastBackupName"].is_string()
        })
        .await;
    assert_eq!(plan["status"]["phase"], "Enabled", "{plan:#}");
    let name = plan["status"]["lastBackupName"].as_str().unwrap();
    let backup = world.phase("ApplicationBackup", name, "Completed").await;
    assert_eq!(backup["status"]["fromSchedule"], "daily");
    let events = world.events("daily").await;
    assert!(
        events.iter().any(|it| it.0 == "NamespacesGone"),
        "{events:?}"
    );
    let spec = json!({"scheduleName": "daily", "namespaceMapping": {&shop: format!("{shop}-dr")}});
    world.create("ApplicationRestore", "newest", spec).await;
    let restore = world
        .phase("ApplicationRestore", "newest", "Completed")
        .await;
    assert_eq!(restore["status"]["backupName"], name);
    controller.stop().await;
}
