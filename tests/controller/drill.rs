//! What a user does in a day, by manifests.

use std::time::Duration;

use alibaba_local::{EcsDisk, EcsInstance, LocalCloud};
use serde_json::{Value, json};

use crate::world::{BUCKET, World, cloud, start};

/// The drill that people run on the product: backup, restore elsewhere, delete.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_made_restored_elsewhere_and_deleted() {
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

/// A vault that cannot be used says why, and is used once it can be.
#[tokio::test(flavor = "multi_thread")]
async fn a_vault_says_why_it_is_unavailable_and_what_waits_for_it_goes_on() {
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

/// Data of volumes that was asked for: a disk is in the backup as a snapshot, which is named and goes with it; what no
/// snapshotter takes is said by name.
#[tokio::test(flavor = "multi_thread")]
async fn disks_are_in_a_backup_as_snapshots_and_what_is_missing_is_said() {
    const DISK: &str = "d-bp1fakedrill";
    let instance = EcsInstance::new("i-bp1fakedrill").in_zone("cn-hangzhou-k");
    let builder = LocalCloud::builder()
        .bucket(BUCKET)
        .snapshot_time(Duration::from_secs(1))
        .ecs_instance(instance)
        .ecs_disk(EcsDisk::new(DISK).attached_to("i-bp1fakedrill"));
    let cloud = start(builder).await;
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

    bind(&world, &shop, "disk", json!({"csi": {"driver": "diskplugin.csi.alibabacloud.com", "volumeHandle": DISK, "fsType": "ext4"}})).await;
    world
        .create("ApplicationBackup", "with", with_data.clone())
        .await;
    let whole = world.phase("ApplicationBackup", "with", "Completed").await;
    let status = &whole["status"];
    assert_eq!(status["backupType"], "AppAndPvBackup", "{status:#}");
    let volume = &status["volumes"][0];
    assert_eq!(volume["persistentVolumeClaim"], "disk", "{status:#}");
    assert_eq!(volume["phase"], "Completed", "{status:#}");
    let id = volume["snapshotId"].as_str().unwrap();
    assert!(cloud.ecs().snapshot(id).read(0, 1).is_ok(), "{id}");

    bind(
        &world,
        &shop,
        "nfs",
        json!({"nfs": {"server": "nfs.example", "path": "/"}}),
    )
    .await;
    world.create("ApplicationBackup", "partly", with_data).await;
    let partly = world
        .phase("ApplicationBackup", "partly", "PartiallyFailed")
        .await;
    let all = partly["status"]["conditions"].as_array().unwrap();
    let told = all.iter().find(|it| it["type"] == "VolumesBackedUp");
    let told = told.unwrap()["message"].as_str().unwrap();
    assert!(told.contains(&format!("{shop}/nfs: ")), "{told}");
    assert!(!told.contains(&format!("{shop}/disk: ")), "{told}");
    let events = world.events("partly").await;
    assert!(
        events
            .iter()
            .any(|(reason, note)| reason == "PartiallyFailed"
                && note.contains("PROCESS velero partially completed")),
        "{events:?}"
    );

    let spec = json!({"deleteObjectName": "with", "deleteObjectType": "Backup"});
    world.create("DeleteRequest", "with-dbr", spec).await;
    world.gone("DeleteRequest", "with-dbr").await;
    assert!(cloud.ecs().snapshot(id).read(0, 1).is_err(), "{id}");
    controller.stop().await;
}

/// A claim, bound to a volume with this source.
pub(crate) async fn bind(world: &World, namespace: &str, claim: &str, source: Value) {
    let name = format!("{namespace}-{claim}");
    let mut volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": {
        "capacity": {"storage": "20Gi"}, "accessModes": ["ReadWriteOnce"], "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": "", "claimRef": {"namespace": namespace, "name": claim}}});
    json_patch::merge(&mut volume["spec"], &source);
    test_support::create(&world.client, "/api/v1/persistentvolumes", volume).await;
    let list = format!("/api/v1/namespaces/{namespace}/persistentvolumeclaims");
    let wanted = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": claim}, "spec": {
        "accessModes": ["ReadWriteOnce"], "storageClassName": "", "volumeName": name,
        "resources": {"requests": {"storage": "20Gi"}}}});
    test_support::create(&world.client, &list, wanted).await;
    let path = format!("{list}/{claim}");
    test_support::until(&world.client, &path, "bound", |it| {
        it["status"]["phase"] == "Bound"
    })
    .await;
}

/// A plan makes its backups, a restore of the plan takes the newest, and what has expired goes, archive and all.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_makes_backups_of_which_the_newest_is_restored() {
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
    // As long as a name of a plan may be: longer than the value of a label.
    let daily = &"daily".repeat(14);
    world.create("BackupSchedule", daily, spec).await;
    let plan = world
        .until("BackupSchedule", daily, "run", |it| {
            it["status"]["lastBackupName"].is_string()
        })
        .await;
    assert_eq!(plan["status"]["phase"], "Enabled", "{plan:#}");
    let name = plan["status"]["lastBackupName"].as_str().unwrap();
    let backup = world.phase("ApplicationBackup", name, "Completed").await;
    let label = ack_backup_center::engine::label_value(daily);
    assert_eq!(backup["status"]["fromSchedule"], label);
    let events = world.events(daily).await;
    assert!(
        events.iter().any(|it| it.0 == "NamespacesGone"),
        "{events:?}"
    );
    let spec = json!({"scheduleName": daily, "namespaceMapping": {&shop: format!("{shop}-dr")}});
    world.create("ApplicationRestore", "newest", spec).await;
    let restore = world
        .phase("ApplicationRestore", "newest", "Completed")
        .await;
    assert_eq!(restore["status"]["backupName"], name);
    controller.stop().await;
}
