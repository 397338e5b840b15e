//! Cloud Backup by its client: a volume there and back, and what faults leave behind.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ack_backup_center::core::credentials::{SharedCredentials, StaticProvider};
use ack_backup_center::core::{Context, Credentials, Error, ErrorKind, Region};
use ack_backup_center::hbr::{
    AgentStatus, BackupJobId, BackupPlanExecuted, CheckRoleType, Client, ClusterType,
    ContainerClusterId, ContainerVolume, Filter, FilterKey, HostPath, HostPrefix, JobStatus,
    NetworkType, PlanId, PolicyBinding, PolicyId, PolicyRule, Schedule, Snapshot, SnapshotQuery,
    SourceType, TargetContainer, VaultId, VolumeInfo, remedy,
};
use alibaba_local::{Fault, LocalCloud, Rule, User};
use chrono::TimeDelta;
use futures::TryStreamExt;
use tempfile::TempDir;

const ID: &str = "LTAI-administrator";
const SECRET: &str = "example-secret";
const NODE: &str = "cn-hangzhou.192.168.0.10";
const POD: &str = "99999999-8888-4777-8666-555555555555";
const ACK_CLUSTER: &str = "c0000000000000000000000000000fake";

fn keys(id: &str, secret: &str) -> SharedCredentials {
    Arc::new(StaticProvider::new(Credentials::new(id, secret)).unwrap())
}

/// A cloud with a node, and a client of it.
struct Stage {
    cloud: LocalCloud,
    node: TempDir,
    hbr: Client,
}

impl Stage {
    async fn new() -> Self {
        let node = tempfile::tempdir().unwrap();
        let cloud = LocalCloud::builder()
            .bucket("backups")
            .node(NODE, node.path())
            .user(User::new(ID, SECRET).named("administrator"))
            .start()
            .await
            .unwrap();
        let hbr = client(&cloud, keys(ID, SECRET));
        Self { cloud, node, hbr }
    }

    fn volume(&self, name: &str) -> PathBuf {
        let path = mount(name);
        let folder = self.node.path().join(path.trim_start_matches('/'));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Lets everything that is under way come to its end.
    fn pass(&self) {
        self.cloud.clock().advance(TimeDelta::seconds(30));
    }

    async fn vault(&self, name: &str) -> VaultId {
        let id = self.hbr.create_vault(name).send().await.unwrap().vault_id;
        self.pass();
        id
    }

    async fn cluster(&self) -> ContainerClusterId {
        let add = self
            .hbr
            .add_container_cluster(ClusterType::Ack, ACK_CLUSTER, NetworkType::Vpc);
        let id = add.send().await.unwrap().cluster_id;
        self.pass();
        id
    }

    async fn snapshots(&self, vault: &VaultId) -> Vec<Snapshot> {
        let query = SnapshotQuery::in_vault(vault);
        let found = self.hbr.search_historical_snapshots(query).limit(2_u32);
        found.items().try_collect().await.unwrap()
    }
}

fn client(cloud: &LocalCloud, credentials: SharedCredentials) -> Client {
    Client::builder(
        &Context::system().unwrap(),
        Region::CN_HANGZHOU,
        credentials,
    )
    .with_endpoint(cloud.endpoint().parse().unwrap())
    .build()
    .unwrap()
}

fn mount(volume: &str) -> String {
    HostPath::of_pod(POD, "kubernetes.io~csi", volume).to_string()
}

fn volume(name: &str) -> ContainerVolume {
    let info = VolumeInfo {
        pv_name: name.to_owned(),
        ..VolumeInfo::default()
    };
    let prefix = HostPrefix::of_pod(POD, "kubernetes.io~csi", name);
    ContainerVolume::new(format!("id-{name}"), info, NODE, prefix)
}

fn target(name: &str) -> TargetContainer {
    TargetContainer::new(NODE, HostPath::of_pod(POD, "kubernetes.io~csi", name))
}

#[tokio::test]
async fn a_volume_is_backed_up_and_restored() {
    let stage = Stage::new().await;
    let hbr = &stage.hbr;
    let created = hbr.create_vault("ack-backup-data").send().await.unwrap();
    let task = hbr.describe_task().task_id(created.task_id.unwrap());
    assert!(task.send().await.unwrap().completed_at.is_none());
    stage.pass();
    let vault = hbr.vault_poller(&created.vault_id).until_done().await;
    let vault = vault.unwrap().id;
    let cluster = stage.cluster().await;
    let found = hbr.describe_container_cluster().identifier(ACK_CLUSTER);
    let found = found.send().await.unwrap().clusters.remove(0);
    assert_eq!(
        (found.agent_status, found.id),
        (Some(AgentStatus::Ready), cluster.clone())
    );

    std::fs::write(stage.volume("data").join("file"), "of a Pod").unwrap();
    let job =
        hbr.create_container_backup_job(&vault, &cluster, [volume("data"), volume("gone")], 30);
    let job = job.job_name("demo-backup-hbr").send().await.unwrap().job_id;
    stage.pass();
    let job = hbr.backup_job_poller(&job).until_done().await.unwrap();
    assert_eq!(job.status, JobStatus::PartialComplete);
    assert_eq!(job.error_message.as_deref(), Some("SOURCE_NOT_EXIST"));
    assert_eq!(job.bytes_done, Some(8));

    let snapshot = stage.snapshots(&vault).await.remove(0);
    assert_eq!(snapshot.job_id, Some(job.id));
    assert_eq!(
        snapshot.paths,
        [HostPrefix::of_pod(POD, "kubernetes.io~csi", "data").to_string()]
    );
    stage.volume("target");
    let restore = hbr.create_container_restore_job(
        &vault,
        &snapshot.id,
        snapshot.hash.clone().unwrap(),
        &cluster,
        target("target"),
    );
    let restore = restore.send().await.unwrap().restore_id;
    stage.pass();
    let restored = hbr
        .restore_job_poller(&vault, restore)
        .until_done()
        .await
        .unwrap();
    assert_eq!(restored.status, JobStatus::Complete);
    let restored = std::fs::read_to_string(stage.volume("target").join("file"));
    assert_eq!(restored.unwrap(), "of a Pod");

    // A job that fails is an error with the service's code, and a remedy.
    let job = hbr.create_container_backup_job(&vault, &cluster, [volume("gone")], 30);
    let job = job.send().await.unwrap().job_id;
    stage.pass();
    let error = hbr.backup_job_poller(job).until_done().await.unwrap_err();
    assert_eq!(error.service_code(), Some("SOURCE_NOT_EXIST"));
    assert!(
        remedy(&error).unwrap().contains("mounted on that node"),
        "{error}"
    );
    // So is a refusal within a 200.
    let check = hbr.check_role().check_role_type(CheckRoleType::Oss);
    let error = check.send().await.unwrap_err();
    assert_eq!(error.service_code(), Some("RoleNotExist"), "{error}");
}

#[tokio::test]
async fn listings_are_read_to_their_ends_and_refusals_typed() {
    let stage = Stage::new().await;
    let hbr = &stage.hbr;
    let vault = stage.vault("one").await;
    for name in ["two", "three"] {
        stage.vault(name).await;
    }
    let vaults = hbr.describe_vaults().page_size(1_u32).items();
    let vaults: Vec<_> = vaults.try_collect().await.unwrap();
    assert_eq!(vaults.len(), 3);
    let cluster = stage.cluster().await;
    stage.volume("data");
    for _ in 0..5 {
        let job = hbr.create_container_backup_job(&vault, &cluster, [volume("data")], 30);
        job.send().await.unwrap();
        stage.pass();
    }
    assert_eq!(stage.snapshots(&vault).await.len(), 5);
    let jobs = hbr.describe_backup_jobs().page_size(2_u32).items();
    assert_eq!(jobs.try_collect::<Vec<_>>().await.unwrap().len(), 5);

    let gone = hbr
        .delete_vault()
        .vault_id("v-000fake00000000001")
        .send()
        .await;
    let gone = gone.unwrap_err();
    assert_eq!(
        (gone.kind(), gone.service_code()),
        (ErrorKind::NotFound, Some("VaultNotExist"))
    );
    assert!(remedy(&gone).is_some());
    let directory = stage.cloud.directory();
    directory.add_user(User::new("LTAI-looker", SECRET).allow_only(["hbr:Describe*"]));
    let looker = client(&stage.cloud, keys("LTAI-looker", SECRET));
    looker.describe_vaults().send().await.unwrap();
    let denied = looker.create_vault("x").send().await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::Denied, "{denied}");
    let detail = denied.service().unwrap().access_denied.clone().unwrap();
    assert_eq!(detail.auth_action.as_deref(), Some("hbr:CreateVault"));
}

/// What there is before something is created.
struct There {
    vault: VaultId,
    cluster: ContainerClusterId,
    snapshot: Snapshot,
    plan: PlanId,
    policy: PolicyId,
}

impl There {
    async fn on(stage: &Stage) -> Self {
        let (vault, cluster) = (stage.vault("ack-backup-data").await, stage.cluster().await);
        std::fs::write(stage.volume("data").join("file"), "x").unwrap();
        let job = stage
            .hbr
            .create_container_backup_job(&vault, &cluster, [volume("data")], 30);
        job.send().await.unwrap();
        stage.pass();
        let schedule = Schedule::every_days("2026-01-01T00:00:00Z".parse().unwrap(), 1);
        let plan = stage
            .hbr
            .create_backup_plan(SourceType::Oss)
            .plan_name("off")
            .disabled(true);
        let plan = plan
            .vault_id(&vault)
            .bucket("backups")
            .schedule(schedule.clone())
            .retention_days(7_u32);
        let rule = PolicyRule::backup(&vault, schedule, 7);
        let policy = stage.hbr.create_policy().policy_name("off").rules([rule]);
        Self {
            plan: plan.send().await.unwrap().plan_id,
            policy: policy.send().await.unwrap().policy_id,
            snapshot: stage.snapshots(&vault).await.remove(0),
            vault,
            cluster,
        }
    }
}

/// Everything that creates: each looks first for what it would make, as the service has no client
/// tokens.
#[derive(Clone, Copy, Debug)]
enum Creation {
    Vault,
    Cluster,
    BackupJob,
    RestoreJob,
    Plan,
    PlanRun,
    Policy,
    Binding,
}

const CREATIONS: [Creation; 8] = [
    Creation::Vault,
    Creation::Cluster,
    Creation::BackupJob,
    Creation::RestoreJob,
    Creation::Plan,
    Creation::PlanRun,
    Creation::Policy,
    Creation::Binding,
];

impl Creation {
    /// How many there are of what it makes.
    async fn count(self, hbr: &Client, there: &There) -> Result<usize, Error> {
        let vault = || [Filter::equal(FilterKey::VaultId, &there.vault)];
        Ok(match self {
            Self::Vault => hbr
                .describe_vaults()
                .vault_name("new")
                .send()
                .await?
                .vaults
                .len(),
            Self::Cluster => {
                let found = hbr
                    .describe_container_cluster()
                    .identifier("c0000000000000000000000000000more");
                found.send().await?.clusters.len()
            }
            Self::BackupJob => {
                let jobs = hbr
                    .describe_backup_jobs()
                    .filters(vault())
                    .send()
                    .await?
                    .backup_jobs;
                jobs.iter()
                    .filter(|it| it.name.as_deref() == Some("new-hbr"))
                    .count()
            }
            Self::RestoreJob => {
                let jobs = hbr.describe_restore_jobs().filters(vault()).send().await?;
                let mount = mount("target");
                let same = |path: Option<&str>| path == Some(mount.as_str());
                let jobs = jobs.restore_jobs.into_iter();
                jobs.filter(|it| same(it.target_path.as_deref())).count()
            }
            Self::Plan => {
                let plans = hbr.describe_backup_plans().send().await?.backup_plans;
                plans
                    .iter()
                    .filter(|it| it.name.as_ref().is_some_and(|it| it.as_str() == "new"))
                    .count()
            }
            Self::PlanRun => {
                let of_plan = [Filter::equal(FilterKey::PlanId, &there.plan)];
                hbr.describe_backup_jobs()
                    .filters(of_plan)
                    .send()
                    .await?
                    .backup_jobs
                    .len()
            }
            Self::Policy => {
                let policies = hbr.describe_policies().send().await?.policies;
                policies
                    .iter()
                    .filter(|it| it.name.as_deref() == Some("new"))
                    .count()
            }
            Self::Binding => {
                let policy = hbr
                    .describe_policies()
                    .policy_id(&there.policy)
                    .send()
                    .await?;
                let count = policy.policies[0].binding_count.unwrap_or_default();
                usize::try_from(count).unwrap()
            }
        })
    }

    /// Makes it, unless it is there.
    async fn ensure(self, hbr: &Client, there: &There) -> Result<(), Error> {
        if self.count(hbr, there).await? > 0 {
            return Ok(());
        }
        let schedule = Schedule::every_days("2026-01-01T00:00:00Z".parse().unwrap(), 1);
        match self {
            Self::Vault => drop(hbr.create_vault("new").send().await?),
            Self::Cluster => {
                let identifier = "c0000000000000000000000000000more";
                let add = hbr.add_container_cluster(ClusterType::Ack, identifier, NetworkType::Vpc);
                add.send().await?;
            }
            Self::BackupJob => {
                let job = hbr.create_container_backup_job(
                    &there.vault,
                    &there.cluster,
                    [volume("data")],
                    1,
                );
                let _: BackupJobId = job.job_name("new-hbr").send().await?.job_id;
            }
            Self::RestoreJob => {
                let hash = there.snapshot.hash.clone().unwrap();
                let (vault, snapshot) = (&there.vault, &there.snapshot.id);
                let job = hbr.create_container_restore_job(
                    vault,
                    snapshot,
                    hash,
                    &there.cluster,
                    target("target"),
                );
                job.send().await?;
            }
            Self::Plan => {
                let plan = hbr
                    .create_backup_plan(SourceType::Oss)
                    .plan_name("new")
                    .vault_id(&there.vault);
                plan.bucket("backups")
                    .schedule(schedule)
                    .retention_days(7_u32)
                    .send()
                    .await?;
            }
            Self::PlanRun => {
                let _: BackupPlanExecuted = hbr.execute_backup_plan(&there.plan).send().await?;
            }
            Self::Policy => {
                let rule = PolicyRule::backup(&there.vault, schedule, 7);
                hbr.create_policy()
                    .policy_name("new")
                    .rules([rule])
                    .send()
                    .await?;
            }
            Self::Binding => {
                let bindings = [PolicyBinding::new(SourceType::Oss, "backups")];
                hbr.create_policy_bindings()
                    .policy_id(&there.policy)
                    .bindings(bindings)
                    .send()
                    .await?;
            }
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_fault_at_any_call_leaves_one_and_a_second_run_finds_it() {
    let faults = [
        Fault::Refuse,
        Fault::LoseReply,
        Fault::ResetBody(5),
        Fault::Status(500, "InternalError"),
        Fault::Status(503, "ServiceUnavailable"),
        Fault::Throttle {
            status: 400,
            code: "Throttling.User",
            wait: Duration::from_millis(1),
        },
    ];
    let mut failed = 0;
    for creation in CREATIONS {
        // How many calls it takes when nothing goes wrong, counted on a stage of its own.
        let calls = {
            let stage = Stage::new().await;
            let there = There::on(&stage).await;
            stage.volume("target");
            stage.cloud.requests().clear();
            creation.ensure(&stage.hbr, &there).await.unwrap();
            stage.cloud.requests().len()
        };
        assert!(calls >= 2, "{creation:?}");
        for fault in &faults {
            for skipped in 0..calls {
                let stage = Stage::new().await;
                let there = There::on(&stage).await;
                stage.volume("target");
                let rule = Rule::new(fault.clone())
                    .service("hbr")
                    .skip(skipped)
                    .times(1);
                stage.cloud.faults().add(rule);
                failed += usize::from(creation.ensure(&stage.hbr, &there).await.is_err());
                stage.cloud.faults().clear();
                creation.ensure(&stage.hbr, &there).await.unwrap();
                let count = creation.count(&stage.hbr, &there).await.unwrap();
                assert_eq!(count, 1, "{creation:?} {fault:?} at call {skipped}");
            }
        }
    }
    assert!(failed > 0, "no fault was felt");
}
