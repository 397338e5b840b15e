//! The controller with the rights that an installation gives it, and no others.

use ack_backup_center::clusters::{ClusterKind, region_of};
use ack_backup_center::install::{InstallSpec, Installer};
use serde_json::json;

use crate::world::{World, cloud};

#[tokio::test(flavor = "multi_thread")]
async fn what_an_installation_grants_is_enough_for_a_day() {
    let cloud = cloud().await;
    let Some(world) = World::installed(&cloud) else {
        return;
    };
    let labels = json!({"topology.kubernetes.io/region": "cn-hangzhou"});
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1", "labels": labels}});
    test_support::create(&world.client, "/api/v1/nodes", node).await;
    let wanted = InstallSpec::new(ClusterKind::Managed).unwrap();
    // The definitions are there already, by another manager.
    let installer = Installer::new(world.client.clone());
    installer
        .install(&wanted.clone().taking_over())
        .await
        .unwrap();

    // It starts and backs up without the rights of restores, which clusters do without that are never restored into.
    let rights =
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/migrate-controller-restore";
    test_support::delete(&world.client, rights).await;
    // Its region is that of its nodes: it starts in none that nobody said.
    let account = kube::Client::try_from(world.config.clone()).unwrap();
    let region = region_of(&account).await.unwrap();
    assert_eq!(region.as_str(), "cn-hangzhou");
    let controller = world.candidate("migrate-controller-0");
    world.vault("vault-a", "installed").await;
    let shop = world.application().await;
    let spec = json!({"storageLocation": "vault-a", "includedNamespaces": [shop]});
    world.create("ApplicationBackup", "day", spec).await;
    world.phase("ApplicationBackup", "day", "Completed").await;

    // It has these rights and no others: without those of restores it restores nothing.
    let mapping = json!({&shop: format!("{shop}-not")});
    let restore = json!({"backupName": "day", "namespaceMapping": mapping});
    world.create("ApplicationRestore", "day-r0", restore).await;
    let refused = world
        .until("ApplicationRestore", "day-r0", "refused", |it| {
            let phase = it["status"]["phase"].as_str();
            phase.is_some_and(|phase| phase.ends_with("Failed"))
        })
        .await;
    assert!(refused.to_string().contains("forbidden"), "{refused:#}");
    let mended = installer.install(&wanted).await.unwrap();
    assert_eq!(mended.done.len(), 1, "{mended}");

    let copy = format!("{shop}-dr");
    let spec = json!({"backupName": "day", "namespaceMapping": {&shop: &copy}});
    world.create("ApplicationRestore", "day-r1", spec).await;
    world
        .phase("ApplicationRestore", "day-r1", "Completed")
        .await;
    for kind in ["configmaps", "secrets", "services"] {
        let path = format!("/api/v1/namespaces/{copy}/{kind}/web");
        assert!(world.read(&path).await.is_some(), "{kind}");
    }
    assert!(!world.events("day").await.is_empty());
    for (name, kind) in [
        ("day-r0", "Restore"),
        ("day-r1", "Restore"),
        ("day", "Backup"),
    ] {
        let request = format!("{name}-dbr");
        let spec = json!({"deleteObjectName": name, "deleteObjectType": kind});
        world.create("DeleteRequest", &request, spec).await;
        world.gone("DeleteRequest", &request).await;
    }
    assert_eq!(world.keys().await, [] as [String; 0]);
    controller.stop().await;
}
