//! What the doctor says, against what the cloud does.

use std::collections::BTreeSet;

use ack_backup_center::clusters::ClusterKind;
use ack_backup_center::core::Region;
use ack_backup_center::doctor::{Check, Doctor, Report, Status, check_vault, verify_in_vault};
use ack_backup_center::engine::Selection;
use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::verify::Verify;
use ack_backup_center::grants::{Buckets, Requirements};
use ack_backup_center::oss::{self, OssEndpoint};
use ack_backup_center::placement::Placement;
use ack_backup_center::ram::client::{PolicyType, RotateStrategy};
use ack_backup_center::ram::{PolicyDocument, Statement, ack};
use ack_backup_center::vault::Vault;
use alibaba_local::{Fault, Rule, User};
use http::Method;
use serde_json::{Value, json};

use crate::world::{BUCKET, SECRET, World, keys, named};

impl World {
    fn doctor(&self, requirements: &Requirements) -> Doctor {
        Doctor::new(&self.account(), self.client(), requirements.clone())
    }

    async fn examine(&self, requirements: &Requirements) -> Report {
        self.doctor(requirements).run().await
    }

    /// What clusters with volumes have.
    async fn add_volumes(&self) {
        let labels = json!({"app": "csi-plugin"});
        let driver = json!({
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": "csi-plugin"},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "csi-plugin", "image": "example/csi-plugin:v1.33.1"}]},
                },
            },
        });
        self.send(
            Method::POST,
            "/apis/apps/v1/namespaces/kube-system/daemonsets",
            &driver,
        )
        .await;
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "volumesnapshots.snapshot.storage.k8s.io"},
            "spec": {
                "group": "snapshot.storage.k8s.io",
                "scope": "Namespaced",
                "names": {"plural": "volumesnapshots", "singular": "volumesnapshot", "kind": "VolumeSnapshot"},
                "versions": [{
                    "name": "v1", "served": true, "storage": true,
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
                }],
            },
        });
        let list = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        self.send(Method::POST, list, &definition).await;
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}});
        self.send(Method::POST, "/api/v1/nodes", &node).await;
    }
}

fn failed(report: &Report) -> BTreeSet<&str> {
    report
        .with(Status::Fail)
        .map(|check| check.name.as_str())
        .collect()
}

#[tokio::test]
async fn every_failure_has_its_remedy_and_nothing_is_written() {
    let world = World::empty().await;
    let requirements = world.requirements(named(&[BUCKET]));
    let before = world.settled().await;
    let report = world.examine(&requirements).await;
    assert!(!report.is_healthy());
    let failed = failed(&report);
    for name in [
        "Secret csdr/alibaba-addon-secret",
        "component",
        "nodes",
        "CSI driver",
        "rights",
    ] {
        assert!(failed.contains(name), "{report}");
    }
    for check in report.with(Status::Fail) {
        assert!(check.remedy.is_some(), "{check:?}");
    }
    assert_eq!(report.check("caller").unwrap().status, Status::Pass);
    assert_eq!(world.settled().await, before);
    let machine: Value = serde_json::to_value(&report).unwrap();
    assert_eq!(
        machine["checks"].as_array().unwrap().len(),
        report.checks.len()
    );
    assert_eq!(machine["checks"][0]["status"], "pass");
}

#[tokio::test]
async fn a_cluster_with_all_that_is_needed_is_healthy() {
    let world = World::with_component().await;
    world.add_volumes().await;
    let requirements = world.requirements(named(&[BUCKET]));
    let grants = world.grants().await;
    let report = tokio::select! {
        report = async {
            grants.grant(&requirements).await.unwrap();
            // The component comes up with the new key.
            loop {
                let report = world.examine(&requirements).await;
                if report.check("component").unwrap().status == Status::Pass {
                    return report;
                }
            }
        } => report,
        () = async { world.roll_out().await } => unreachable!(),
    };
    assert!(report.is_healthy(), "{report}");
    assert_eq!(
        report.check("component").unwrap().detail,
        "v1.8.7-5db4ae9-aliyun"
    );
    let put = report
        .check(&format!("right oss:PutObject on acs:oss:*:*:{BUCKET}/*"))
        .unwrap();
    let statement = format!(
        "statement 1 of the identity policy `{}`",
        grants.names().policy
    );
    assert!(put.detail.contains(&statement), "{}", put.detail);
}

#[tokio::test]
async fn each_removed_action_is_named_and_denied() {
    let world = World::empty().await;
    let requirements = world.requirements(Buckets::All);
    let grants = world.grants().await;
    grants.grant(&requirements).await.unwrap();
    let ram = world.ram();
    let policy = grants.names().policy.as_str();
    let doctor = world.doctor(&requirements);
    let all = [
        &ack::OSS_ACTIONS[..],
        &ack::ECS_ACTIONS[..],
        &ack::HBR_ACTIONS[..],
    ]
    .concat();
    assert_eq!(all.len(), 31);
    for removed in &all {
        let kept: Vec<_> = all
            .iter()
            .copied()
            .filter(|action| action != removed)
            .collect();
        let document = PolicyDocument::new()
            .statement(Statement::allow().action(kept.as_slice()).resource("*"));
        let version = ram
            .create_policy_version(policy, document)
            .set_as_default(true);
        let rotate = RotateStrategy::DeleteOldestNonDefaultVersion;
        version.rotate_strategy(rotate).send().await.unwrap();
        let checks = doctor.rights().await;
        let failed: Vec<_> = checks
            .iter()
            .filter(|check| check.status == Status::Fail)
            .collect();
        assert_eq!(failed.len(), 1, "{removed}");
        assert_eq!(failed[0].name, format!("right {removed} on *"));
        let detail = &failed[0].detail;
        assert!(detail.contains("is not allowed"), "{detail}");
        // E11, E20 and E28: what people see without it.
        let seen = match removed.split_once(':').unwrap() {
            ("ecs", "CopySnapshot") => "the ECS-snapshot related ram policy is missing",
            ("ecs", _) => "snapshots of disks do not become ready",
            ("hbr", _) => "HBRError: check HBR vault error",
            _ => "upload backup files to OSS bucket failed",
        };
        assert!(detail.contains(seen), "{detail}");
    }
}

/// R3: an account without OSS, or one that owes, is told from one that may not be asked.
#[tokio::test]
async fn r3_an_account_without_oss_is_told_to_activate_it() {
    let world = World::empty().await;
    for (code, status) in [
        ("UserDisable", Status::Fail),
        ("AccessDenied", Status::Unknown),
    ] {
        world.cloud.faults().clear();
        world
            .cloud
            .faults()
            .add(Rule::new(Fault::Status(403, code)).service("oss"));
        let report = world.examine(&world.requirements(named(&[BUCKET]))).await;
        let check = report.check(&format!("bucket {BUCKET} (public)")).unwrap();
        assert_eq!(check.status, status, "{check:?}");
        let remedy = check.remedy.clone().unwrap_or_default();
        assert_eq!(
            remedy.starts_with("activate"),
            status == Status::Fail,
            "{check:?}"
        );
    }
}

/// E1: a component that is there and does not run.
#[tokio::test]
async fn e1_a_component_that_does_not_run_is_abnormal() {
    let world = World::with_component().await;
    let requirements = world.requirements(named(&[BUCKET]));
    let report = world.examine(&requirements).await;
    let check = report.check("component").unwrap();
    assert_eq!(check.status, Status::Fail, "{check:?}");
    assert!(
        check.detail.contains("the working component is abnormal"),
        "{check:?}"
    );
}

#[tokio::test]
async fn e4_a_role_that_was_not_authorized_is_named() {
    let mut world = World::empty().await;
    world.kind = ClusterKind::Managed;
    let requirements = world.requirements(named(&["cnfs-oss-backups"]));
    let report = world.examine(&requirements).await;
    let role = report
        .check("role AliyunCSManagedBackupRestoreRole")
        .unwrap();
    assert_eq!(role.status, Status::Fail);
    assert!(
        role.detail.contains("AddonRoleNotAuthorized"),
        "{}",
        role.detail
    );
    let secret = report.check("Secret csdr/alibaba-addon-secret").unwrap();
    assert_eq!(secret.status, Status::Pass, "{}", secret.detail);
}

/// What the clients know a remedy for is a failure with that remedy, though its status is that of a denial;
/// a denial says nothing of the service.
#[tokio::test]
async fn a_service_that_is_not_open_is_told_from_one_that_may_not_be_asked() {
    let world = World::empty().await;
    let requirements = world.requirements(named(&[BUCKET]));
    for (code, status) in [
        (
            "InvalidAccountStatus.SnapshotServiceUnavailable",
            Status::Fail,
        ),
        ("Forbidden.RAM", Status::Unknown),
    ] {
        let refuse = Rule::new(Fault::Status(403, code)).service("ecs").times(1);
        world.cloud.faults().add(refuse);
        let report = world.examine(&requirements).await;
        let check = report.check("service ECS snapshots").unwrap();
        assert_eq!(check.status, status, "{check:?}");
        assert!(check.detail.contains(code), "{check:?}");
        assert_eq!(check.remedy.is_some(), status == Status::Fail, "{check:?}");
    }
}

#[tokio::test]
async fn e10_a_bucket_that_is_not_there_is_named() {
    let world = World::empty().await;
    let report = world
        .examine(&world.requirements(named(&["nowhere"])))
        .await;
    let bucket = report.check("bucket nowhere (public)").unwrap();
    assert_eq!(bucket.status, Status::Fail, "{report}");
    assert!(
        bucket
            .detail
            .starts_with("VaultError: backup vault is unavailable"),
        "{}",
        bucket.detail
    );
}

/// A call, and the right that it takes.
async fn call(client: &oss::Client, action: &str) -> Result<(), oss::Error> {
    match action {
        "oss:PutObject" => client.put_object(BUCKET, "k", "x").send().await.map(drop),
        "oss:GetObject" => client.get_object(BUCKET, "k").send().await.map(drop),
        "oss:DeleteObject" => client.delete_object(BUCKET, "k").send().await.map(drop),
        "oss:ListObjects" => client.list_objects(BUCKET).send().await.map(drop),
        "oss:GetBucketStat" => client.bucket_stat(BUCKET).await.map(drop),
        other => unreachable!("{other}"),
    }
}

/// Policies as people write them by hand: wildcards, denials, conditions, wrong case.
struct Hand(fastrand::Rng);

impl Hand {
    fn document(&mut self) -> PolicyDocument {
        let mut document = PolicyDocument::new();
        for _ in 0..self.0.usize(1..5) {
            document = document.statement(self.statement());
        }
        document
    }

    fn statement(&mut self) -> Statement {
        const ACTIONS: [&str; 16] = [
            "*",
            "oss:*",
            "OSS:*",
            "oss:Put*",
            "oss:*Object",
            "oss:putobject",
            "oss:GetObject",
            "oss:Get*",
            "oss:DeleteObject",
            "oss:List*",
            "oss:ListObjects",
            "oss:GetBucket",
            "oss:GetBucketStat",
            "ecs:*",
            "oss:PutObjec?",
            "oss:?etObject",
        ];
        const RESOURCES: [&str; 9] = [
            "*",
            "acs:oss:*:*:*",
            "acs:oss:*:*:mybackups",
            "acs:oss:*:*:mybackups/*",
            "acs:oss:*:*:my*",
            "acs:oss:*:*:MyBackups/*",
            "acs:oss:*:*:otherbucket/*",
            "acs:ecs:*:*:*",
            "acs:*:*:*:mybackups*",
        ];
        let denies = self.0.u8(0..4) == 0;
        let statement = if denies {
            Statement::deny()
        } else {
            Statement::allow()
        };
        let actions = self.some(&ACTIONS);
        let statement = if self.0.u8(0..8) == 0 {
            statement.not_action(actions)
        } else {
            statement.action(actions)
        };
        let resources = self.some(&RESOURCES);
        if self.0.u8(0..8) == 0 {
            statement.not_resource(resources)
        } else {
            statement.resource(resources)
        }
    }

    fn some(&mut self, from: &[&'static str]) -> Vec<&'static str> {
        let count = self.0.usize(1..4);
        (0..count)
            .map(|_| from[self.0.usize(0..from.len())])
            .collect()
    }
}

/// 10 000 decisions: five rights under 2 000 policies attached by hand.
#[tokio::test]
async fn granted_is_what_the_cloud_allows_and_nothing_else() {
    const POLICIES: u64 = 2000;
    let world = World::empty().await;
    let requirements = world.requirements(named(&[BUCKET]));
    let grants = world.grants().await;
    grants.grant(&requirements).await.unwrap();
    let secret = world.read(crate::world::CREDENTIALS).await;
    let part = |key| crate::world::decoded(&secret, key).unwrap();
    let user = world.cloud_as(keys(&part("access-key-id"), &part("access-key-secret")));
    let region = user.region().clone();
    let client = user.oss(OssEndpoint::public(&region)).unwrap();
    let ram = world.ram();
    let policy = grants.names().policy.as_str();
    let doctor = world.doctor(&requirements);
    let mut hand = Hand(fastrand::Rng::with_seed(27));
    let mut seen = BTreeSet::new();
    for _ in 0..POLICIES {
        let document = hand.document();
        let version = ram
            .create_policy_version(policy, &document)
            .set_as_default(true);
        let rotate = RotateStrategy::DeleteOldestNonDefaultVersion;
        version.rotate_strategy(rotate).send().await.unwrap();
        let checks = doctor.rights().await;
        let rights = requirements.rights();
        for (right, check) in rights.iter().zip(&checks) {
            let is_called = right.action.starts_with("oss:") && right.action != "oss:GetBucket";
            if !is_called {
                continue;
            }
            let denied = matches!(call(&client, right.action).await, Err(error) if error.kind() == oss::ErrorKind::Denied);
            let granted = check.status == Status::Pass;
            assert_eq!(
                granted, !denied,
                "{} under {document}: {}",
                right.action, check.detail
            );
            seen.insert((right.action, granted));
        }
    }
    assert_eq!(
        seen.len(),
        10,
        "each right was granted and denied: {seen:?}"
    );
    ram.get_policy(policy, PolicyType::Custom)
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn what_cannot_be_read_is_unknown_and_never_granted() {
    let world = World::empty().await;
    let requirements = world.requirements(named(&[BUCKET]));
    let grants = world.grants().await;
    grants.grant(&requirements).await.unwrap();
    world.cloud.faults().add(
        Rule::new(Fault::Status(500, "InternalError"))
            .service("ram")
            .operation("GetPolicy"),
    );
    let checks: Vec<Check> = world.doctor(&requirements).rights().await;
    assert!(!checks.is_empty());
    for check in checks {
        assert_eq!(check.status, Status::Unknown, "{check:?}");
        assert!(check.detail.contains("cannot be read"), "{}", check.detail);
    }
}

/// A bucket that everybody can read, or that is somebody else's, is a failure; what could be better is said.
#[tokio::test]
async fn a_bucket_that_others_get_at_is_a_failure() {
    let world = World::empty().await;
    let requirements = world.requirements(named(&[BUCKET]));
    let access = format!("bucket {BUCKET} access");
    let report = world.examine(&requirements).await;
    let check = report.check(&access).unwrap();
    assert_eq!(check.status, Status::Pass, "{check:?}");
    let protection = report
        .check(&format!("bucket {BUCKET} protection"))
        .unwrap();
    assert!(
        protection.detail.contains("could be better") && protection.detail.contains("versioning"),
        "{protection:?}"
    );
    let endpoint = world.cloud.endpoint().parse::<OssEndpoint>().unwrap();
    let client = world.account().oss(endpoint).unwrap();
    client
        .put_bucket_acl(BUCKET, oss::Acl::PublicRead)
        .await
        .unwrap();
    let report = world.examine(&requirements).await;
    let check = report.check(&access).unwrap();
    assert_eq!(check.status, Status::Fail, "{check:?}");
    let remedy = check.remedy.clone().unwrap_or_default();
    assert!(remedy.contains("make its ACL private"), "{check:?}");
}

/// What the doctor says of a bucket, a verification of a backup in it says too, with the rights of the vault.
#[tokio::test]
async fn a_verification_in_a_vault_names_who_gets_at_its_bucket() {
    let world = World::empty().await;
    let vault = Vault::new(BUCKET, Region::CN_HANGZHOU).or_machine_credentials();
    let placement = Placement::new(ClusterKind::Dedicated.profile().link);
    let open = vault
        .open(&world.account(), &world.client(), &placement)
        .await
        .unwrap();
    let spec = BackupSpec {
        selection: Selection::of_namespaces(["default"]),
        ..BackupSpec::named("a")
    };
    let backup = Backup::new(world.client(), open.repository.clone(), spec);
    backup.run().await.unwrap();
    let verify = || verify_in_vault(&open, Verify::new(open.repository.clone(), "a"));
    let verified = verify().await.unwrap();
    assert!(verified.is_good(), "{verified}");
    let text = verified.to_string();
    for word in ["could be better", "versioning", "private, of account"] {
        assert!(text.contains(word), "{text}");
    }
    let access = format!("bucket {BUCKET} access");
    open.oss
        .put_bucket_acl(BUCKET, oss::Acl::PublicRead)
        .await
        .unwrap();
    let verified = verify().await.unwrap();
    assert!(
        verified.backup.is_restorable() && !verified.is_good(),
        "{verified}"
    );
    assert_eq!(verified.bucket.check(&access).unwrap().status, Status::Fail);
    assert!(
        verified.to_string().contains("make its ACL private"),
        "{verified}"
    );

    // Whoever has what the page grants, and no more, is not told that all is well.
    let only = Statement::allow().action(ack::OSS_ACTIONS).resource("*");
    let user = User::new("LTAI-page", SECRET)
        .named("page")
        .policy("Page", PolicyDocument::new().statement(only));
    world.cloud.directory().add_user(user);
    let account = world.cloud_as(keys("LTAI-page", SECRET));
    let open = vault
        .open(&account, &world.client(), &placement)
        .await
        .unwrap();
    let report = check_vault(&open).await;
    assert_eq!(report.with(Status::Pass).count(), 0, "{report}");
    assert_eq!(report.with(Status::Unknown).count(), 1, "{report}");
}
