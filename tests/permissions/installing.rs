//! The component installed, upgraded and removed: repeated, stopped anywhere, with replies lost, by two at
//! once, over what somebody else made.

use ack_backup_center::clusters::ClusterKind;
use ack_backup_center::core::Region;
use ack_backup_center::grants::Buckets;
use ack_backup_center::install::{
    Action, Decision, Error, InstallSpec, Installer, Refusal, Report, VaultSpec,
};
use ack_backup_center::placement::Network;
use http::Method;
use serde_json::{Value, json};

use crate::wire::{Trouble, Wire};
use crate::world::{BUCKET, CREDENTIALS, World};

const COMPONENT: &str = "/apis/apps/v1/namespaces/kube-system/deployments/migrate-controller";
const VAULTS: &str = "/apis/csdr.alibabacloud.com/v1beta1/namespaces/csdr/backuplocations";
const BACKUPS: &str = "/apis/csdr.alibabacloud.com/v1beta1/namespaces/csdr/applicationbackups";
const OLDER: &str = "example/migrate-controller:v0.0.1";
const NEWER: &str = "example/migrate-controller:v99.0.0";

fn spec() -> InstallSpec {
    InstallSpec::new(ClusterKind::Dedicated).unwrap()
}

fn with_vault() -> InstallSpec {
    spec().with_vault(VaultSpec::new(
        "vault-a",
        BUCKET,
        Region::CN_HANGZHOU,
        Network::Internal,
    ))
}

async fn with_node() -> World {
    let world = World::empty().await;
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}});
    world.send(Method::POST, "/api/v1/nodes", &node).await;
    world
}

fn refusal(error: Error) -> Refusal {
    match error {
        Error::Refused(refusal) => refusal,
        other => panic!("{}", other.chain()),
    }
}

/// Everything that an installation may touch, as it was asked for.
async fn there(world: &World) -> Value {
    let lists = [
        "/api/v1/namespaces",
        "/api/v1/namespaces/kube-system/serviceaccounts",
        "/apis/apps/v1/deployments",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        "/apis/rbac.authorization.k8s.io/v1/roles",
        "/apis/rbac.authorization.k8s.io/v1/rolebindings",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        VAULTS,
    ];
    let mut all = serde_json::Map::new();
    for list in lists {
        let mut found = world.read(list).await;
        let items = found["items"].as_array_mut().map(std::mem::take);
        let items = items.unwrap_or_default().into_iter().map(|mut item| {
            let metadata = item["metadata"].as_object_mut().unwrap();
            for key in [
                "uid",
                "resourceVersion",
                "creationTimestamp",
                "managedFields",
                "generation",
            ] {
                metadata.remove(key);
            }
            item.as_object_mut().unwrap().remove("status");
            item
        });
        all.insert(list.to_owned(), items.collect());
    }
    Value::Object(all)
}

#[tokio::test]
async fn r12_r14_what_is_installed_twice_is_changed_once() {
    let world = with_node().await;
    let installer = Installer::new(world.client());
    let before = there(&world).await;
    let plan = installer.plan(&with_vault()).await.unwrap();
    assert_eq!(there(&world).await, before, "a plan changed something");
    assert!(
        plan.changes.iter().all(|it| it.action == Action::Create),
        "{plan}"
    );
    let report = installer.install(&with_vault()).await.unwrap();
    assert_eq!(report.done, plan.changes);
    // R14.
    assert!(world.read("/api/v1/namespaces/csdr").await.is_object());
    let again = installer.plan(&with_vault()).await.unwrap();
    assert!(again.changes.is_empty(), "{again}");
    assert_eq!(
        again.decision,
        Decision::Keep {
            version: with_vault().version().to_string()
        }
    );
    let again = installer.install(&with_vault()).await.unwrap();
    assert!(again.done.is_empty(), "{again}");
}

#[tokio::test]
async fn r13_a_vault_is_searched_for_and_created_where_there_is_none() {
    let world = with_node().await;
    let installer = Installer::new(world.client());
    let without = installer.install(&spec()).await.unwrap();
    assert!(
        without
            .notes
            .iter()
            .any(|note| note.contains("no backup vault yet")),
        "{without}"
    );
    installer.install(&with_vault()).await.unwrap();
    let vault = world.read(&format!("{VAULTS}/vault-a")).await;
    assert_eq!(vault["spec"]["objectStorage"], json!({"bucket": BUCKET}));
    assert_eq!(
        vault["spec"]["config"],
        json!({"region": "cn-hangzhou", "network": "internal"})
    );
    // One is found, and nothing is said or made.
    let found = installer.install(&spec()).await.unwrap();
    assert!(found.done.is_empty(), "{found}");
    assert!(!found.to_string().contains("vault"), "{found}");
    let other = VaultSpec::new("vault-a", "other", Region::CN_HANGZHOU, Network::Internal);
    let refused = refusal(
        installer
            .install(&spec().with_vault(other))
            .await
            .unwrap_err(),
    );
    assert!(matches!(refused, Refusal::OtherVault { .. }), "{refused}");
}

#[tokio::test]
async fn r16_an_older_one_is_upgraded_and_a_newer_one_is_left() {
    let world = with_node().await;
    let installer = Installer::new(world.client());
    installer
        .install(&spec().with_image(OLDER).unwrap())
        .await
        .unwrap();
    let plan = installer.plan(&spec()).await.unwrap();
    assert_eq!(plan.changes.len(), 1, "{plan}");
    let field = &plan.changes[0].fields[0];
    assert_eq!(
        field.pointer, "/spec/template/spec/containers/0/image",
        "{plan}"
    );
    assert_eq!(field.from, Some(json!(OLDER)));
    let report = installer.install(&spec()).await.unwrap();
    assert!(
        matches!(report.decision, Decision::Upgrade { .. }),
        "{report}"
    );
    installer
        .install(&spec().with_image(NEWER).unwrap())
        .await
        .unwrap();
    let before = there(&world).await;
    let refused = refusal(installer.install(&spec()).await.unwrap_err());
    assert!(matches!(refused, Refusal::Newer { .. }), "{refused}");
    assert_eq!(there(&world).await, before);
}

#[tokio::test]
async fn a_cluster_without_a_node_or_with_flexvolume_is_refused() {
    let world = World::empty().await;
    let installer = Installer::new(world.client());
    let before = there(&world).await;
    let refused = refusal(installer.install(&spec()).await.unwrap_err()).to_string();
    assert!(refused.contains("there is no node"), "{refused}");
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}});
    world.send(Method::POST, "/api/v1/nodes", &node).await;
    let labels = json!({"app": "flexvolume"});
    let container = json!({"name": "flexvolume", "image": "example/flexvolume:v1"});
    let flex = json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "flexvolume"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    });
    let list = "/apis/apps/v1/namespaces/kube-system/daemonsets";
    world.send(Method::POST, list, &flex).await;
    let refused = refusal(installer.install(&spec()).await.unwrap_err()).to_string();
    assert!(
        refused.contains("FlexVolume") && refused.contains("CSI first"),
        "{refused}"
    );
    assert_eq!(there(&world).await, before);
}

#[tokio::test]
async fn what_somebody_else_manages_is_taken_over_only_when_asked() {
    let world = with_node().await;
    world.add_component(OLDER).await;
    let installer = Installer::new(world.client());
    let before = there(&world).await;
    let refused = refusal(installer.install(&spec()).await.unwrap_err());
    let Refusal::ManagedByOthers { fields, .. } = &refused else {
        panic!("{refused}");
    };
    assert!(fields.iter().any(|it| it.contains("image")), "{fields:?}");
    assert_eq!(there(&world).await, before, "something was changed before");
    let report = installer.install(&spec().taking_over()).await.unwrap();
    assert!(report.changed_component(), "{report}");
    assert!(installer.install(&spec()).await.unwrap().done.is_empty());
}

#[tokio::test]
async fn r15_an_uninstallation_leaves_what_backups_need_and_waits_for_what_runs() {
    let world = with_node().await;
    let installer = Installer::new(world.client());
    installer.install(&with_vault()).await.unwrap();
    world
        .grants()
        .await
        .grant(&world.requirements(Buckets::All))
        .await
        .unwrap();
    let backup = json!({
        "apiVersion": "csdr.alibabacloud.com/v1beta1",
        "kind": "ApplicationBackup",
        "metadata": {"name": "nightly"},
        "spec": {"storageLocation": "vault-a", "includedNamespaces": ["default"]},
    });
    world.send(Method::POST, BACKUPS, &backup).await;
    let phase = |phase: &str| json!({"status": {"phase": phase}});
    let status = format!("{BACKUPS}/nightly/status");
    world
        .send(Method::PATCH, &status, &phase("InProgress"))
        .await;
    let before = there(&world).await;
    for refused in [
        installer.uninstall().await.unwrap_err(),
        installer.plan_uninstall().await.unwrap_err(),
    ] {
        let refused = refusal(refused).to_string();
        assert!(
            refused.starts_with("ApplicationBackup `nightly` (InProgress) still"),
            "{refused}"
        );
    }
    assert_eq!(there(&world).await, before);
    world
        .send(Method::PATCH, &status, &phase("Completed"))
        .await;
    let plan = installer.plan_uninstall().await.unwrap();
    let report = installer.uninstall().await.unwrap();
    assert_eq!(report.done, plan.changes);
    assert!(world.read(COMPONENT).await.is_null());
    for kept in [
        "/api/v1/namespaces/csdr".to_owned(),
        CREDENTIALS.to_owned(),
        format!("{VAULTS}/vault-a"),
        format!("{BACKUPS}/nightly"),
    ] {
        assert!(world.read(&kept).await.is_object(), "{kept}");
    }
    let again = installer.uninstall().await.unwrap();
    assert!(again.done.is_empty(), "{again}");
}

/// The order of the page, permissions first, and the other one: the Pods are told once what they sign with.
#[tokio::test]
async fn r20_r38_pods_are_restarted_for_credentials_that_are_new_to_them() {
    for grant_first in [true, false] {
        let world = with_node().await;
        let installer = Installer::new(world.client());
        let grants = world.grants().await;
        let all = world.requirements(Buckets::All);
        if grant_first {
            grants.grant(&all).await.unwrap();
        }
        let report = installer.install(&spec()).await.unwrap();
        let is_noted = report
            .notes
            .iter()
            .any(|note| note.contains("grant them first"));
        assert_eq!(is_noted, !grant_first, "{report}");
        if !grant_first {
            let before = world.read(COMPONENT).await;
            grants.grant(&all).await.unwrap();
            let after = world.read(COMPONENT).await;
            assert_ne!(
                before["spec"]["template"], after["spec"]["template"],
                "not restarted"
            );
        }
        let before = world.read(COMPONENT).await;
        assert!(grants.grant(&all).await.unwrap().done.is_empty());
        assert!(installer.install(&spec()).await.unwrap().done.is_empty());
        assert_eq!(world.read(COMPONENT).await, before);
    }
}

#[derive(Clone, Copy, Debug)]
enum Work {
    Install,
    Upgrade,
    Uninstall,
}

impl Work {
    async fn prepare(self) -> World {
        let world = with_node().await;
        let installer = Installer::new(world.client());
        match self {
            Self::Install => {}
            Self::Upgrade => {
                let older = spec().with_image(OLDER).unwrap();
                installer.install(&older).await.unwrap();
            }
            Self::Uninstall => {
                installer.install(&with_vault()).await.unwrap();
            }
        }
        world
    }

    async fn run(self, installer: &Installer) -> Result<Report, Error> {
        match self {
            Self::Install | Self::Upgrade => installer.install(&with_vault()).await,
            Self::Uninstall => installer.uninstall().await,
        }
    }

    async fn undisturbed(self) -> (Value, usize) {
        let world = self.prepare().await;
        let wire = Wire::with(Trouble::None);
        let installer = Installer::new(world.client_over(&wire));
        let report = self.run(&installer).await.unwrap();
        assert!(!report.done.is_empty(), "{self:?} did nothing");
        (there(&world).await, wire.sent())
    }

    async fn is_completed_after_a_stop_anywhere(self) {
        let (wanted, requests) = self.undisturbed().await;
        assert!(requests > 20, "{requests}");
        for last in 0..requests {
            let world = self.prepare().await;
            let wire = Wire::with(Trouble::StopAfter(last));
            let installer = Installer::new(world.client_over(&wire));
            assert!(
                wire.run(self.run(&installer)).await.is_none(),
                "after {last}"
            );
            self.run(&Installer::new(world.client())).await.unwrap();
            assert_eq!(there(&world).await, wanted, "{self:?}, after {last}");
        }
    }

    async fn is_completed_in_spite_of_a_lost_reply(self) {
        let (wanted, requests) = self.undisturbed().await;
        for lost in 1..=requests {
            let world = self.prepare().await;
            let wire = Wire::with(Trouble::LoseReply(lost));
            let installer = Installer::new(world.client_over(&wire));
            // The checks of the cluster are not repeated: they refuse what they cannot see.
            if let Err(error) = self.run(&installer).await {
                assert!(
                    matches!(refusal(error), Refusal::Unfit { .. }),
                    "reply {lost}"
                );
                self.run(&installer).await.unwrap();
            }
            assert_eq!(there(&world).await, wanted, "{self:?}, reply {lost}");
        }
    }
}

#[tokio::test]
async fn an_installation_is_completed_after_a_stop_anywhere() {
    Work::Install.is_completed_after_a_stop_anywhere().await;
}

#[tokio::test]
async fn an_upgrade_is_completed_after_a_stop_anywhere() {
    Work::Upgrade.is_completed_after_a_stop_anywhere().await;
}

#[tokio::test]
async fn an_uninstallation_is_completed_after_a_stop_anywhere() {
    Work::Uninstall.is_completed_after_a_stop_anywhere().await;
}

#[tokio::test]
async fn an_installation_is_completed_in_spite_of_a_lost_reply() {
    Work::Install.is_completed_in_spite_of_a_lost_reply().await;
}

#[tokio::test]
async fn an_uninstallation_is_completed_in_spite_of_a_lost_reply() {
    Work::Uninstall
        .is_completed_in_spite_of_a_lost_reply()
        .await;
}

#[tokio::test]
async fn two_at_once_end_in_one_installation() {
    let (wanted, _) = Work::Install.undisturbed().await;
    let world = with_node().await;
    let installer = Installer::new(world.client());
    let spec = with_vault();
    let (one, other) = futures::join!(installer.install(&spec), installer.install(&spec));
    one.unwrap();
    other.unwrap();
    assert_eq!(there(&world).await, wanted);
}
