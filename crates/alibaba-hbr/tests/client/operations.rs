//! Every operation with some value for each of its parameters, and the facts they are held to.

use std::collections::BTreeMap;
use std::fmt::Debug;

use alibaba_core::Error;
use alibaba_hbr::{
    Account, AccountId, BackupType, CheckRoleType, Client, ClusterType, ContainerResourceType,
    ContainerVolume, CrossAccountType, Edition, EncryptType, Filter, FilterKey, HostPath,
    InstanceBackupDetail, NetworkType, OtsRestore, OtsTables, PlanFilter, PlanRule, PolicyBinding,
    PolicyRule, PolicyType, RamActionType, RestoreOptions, RestoreType, Schedule, SearchOrder,
    SnapshotQuery, SortDirection, SourceType, StorageClass, Tag, TargetContainer, VaultStatus,
    VaultType, VolumeInfo, operations,
};
use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::stage::{Clients as _, Stage};

/// Extracted from the official Python SDK, whose version `source` names.
#[derive(Deserialize)]
pub(crate) struct Facts {
    pub(crate) source: String,
    pub(crate) version: String,
    pub(crate) actions: BTreeMap<String, Action>,
}

#[derive(Deserialize)]
pub(crate) struct Action {
    required: Vec<String>,
    optional: Vec<String>,
    /// Those of both that stand in the form body.
    form: Vec<String>,
    pub(crate) response: Value,
}

pub(crate) fn facts() -> Facts {
    serde_json::from_str(include_str!("facts.json")).unwrap()
}

pub(crate) type Sending<'a> = BoxFuture<'a, Result<String, Error>>;

/// The response's `Debug`.
async fn shown<T: Debug>(call: impl Future<Output = Result<T, Error>>) -> Result<String, Error> {
    call.await.map(|response| format!("{response:?}"))
}

pub(crate) fn volume() -> ContainerVolume {
    let info = VolumeInfo {
        pv_name: "nas-11111111".to_owned(),
        pv_size: "20Gi".to_owned(),
        storage_class: "alibabacloud-cnfs-nas".to_owned(),
        pvc_name: "data-demo-0".to_owned(),
        namespace: "demo".to_owned(),
    };
    let mount = "99999999-8888-4777-8666-555555555555/volumes/kubernetes.io~csi/nas-11111111/mount";
    let id = "11111111-2222-4333-8444-555555555555";
    ContainerVolume::new(id, info, "cn-hangzhou.192.168.0.10", mount)
}

/// Every operation with all of its parameters, by action.
pub(crate) fn every_call(hbr: &Client) -> Vec<(&'static str, Sending<'_>)> {
    const ACK: &str = "c0000000000000000000000000000fake";
    let at: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
    let (account, role) = (AccountId(7), "role");
    let across = CrossAccountType::CrossAccount;
    let members = || Map::from_iter([("k".to_owned(), Value::from("v"))]);
    let paths = || ["/a".to_owned()];
    let daily = || Schedule::every_days(at, 1);
    let filters = || [Filter::equal(FilterKey::VaultId, "v-1")];
    let plan_filters = || [PlanFilter::any_of(FilterKey::VaultId, ["v-1"])];
    macro_rules! calls {
        ($($action:literal: $call:expr;)*) => {
            vec![$(($action, shown($call.send()).boxed())),*]
        };
    }
    calls! {
        "CreateVault": hbr.create_vault("v").description("d").encrypt_type(EncryptType::Kms).kms_key_id("k")
            .replication(false).vault_storage_class(StorageClass::Standard).vault_type(VaultType::Standard)
            .worm_enabled(true);
        "DescribeVaults": hbr.describe_vaults().vault_id("v-1").vault_name("v").status(VaultStatus::Created)
            .vault_type(VaultType::Standard).vault_region_id("cn-hangzhou").vault_owner_id(account)
            .resource_group_id("rg-1").replication(true).tags([Tag::new("k", "v")]).page_number(1_u32)
            .page_size(10_u32);
        "UpdateVault": hbr.update_vault("v-1").vault_name("v").description("d").resource_group_id("rg-1")
            .worm_enabled(true);
        "DeleteVault": hbr.delete_vault().vault_id("v-1").resource_group_id("rg-1").token("t");
        "CreateBackupJob": hbr.create_backup_job(SourceType::Container, 7_u32).vault_id("v-1")
            .backup_type(BackupType::Incremental).job_name("j").container_cluster_id("cc-1")
            .container_resources([volume()]).initiated_by_ack(true).instance_id("i-1")
            .detail(InstanceBackupDetail::default()).include(paths()).exclude(paths()).options(members())
            .speed_limit("0:24:5120").cluster_id("cl-1").cross_account_type(across.clone())
            .cross_account_user_id(account).cross_account_role_name(role);
        "DescribeBackupJobs2": hbr.describe_backup_jobs().source_type(SourceType::Nas).filters(filters())
            .sort_direction(SortDirection::Ascending).edition(Edition::Basic).page_number(1_u32).page_size(10_u32);
        "CancelBackupJob": hbr.cancel_backup_job("job-1").vault_id("v-1").edition(Edition::Basic);
        "CreateRestoreJob": hbr.create_restore_job(RestoreType::Container, SourceType::Container)
            .vault_id("v-1").snapshot_id("s-1").snapshot_hash("h")
            .target_container(TargetContainer::new("n", HostPath::of_pod("u", "kubernetes.io~csi", "pv")))
            .target_container_cluster_id("cc-1").initiated_by_ack(true).options(RestoreOptions::default())
            .include(paths()).exclude(paths()).target_file_system_id("f").target_created_at(at)
            .target_instance_id("i-1").target_path("/").target_bucket("demo-bucket").target_prefix("p/")
            .target_instance_name("n").target_table_name("t").target_time(at).ots_detail(OtsRestore::default())
            .udm_detail(members()).udm_region_id("cn-hangzhou").failback_detail(members())
            .edition(Edition::Standard).cross_account_type(across.clone()).cross_account_user_id(account)
            .cross_account_role_name(role);
        "DescribeRestoreJobs2": hbr.describe_restore_jobs().restore_type(RestoreType::Nas).filters(filters())
            .edition(Edition::Basic).page_number(1_u32).page_size(10_u32);
        "CancelRestoreJob": hbr.cancel_restore_job("r-1").vault_id("v-1").edition(Edition::Basic);
        "SearchHistoricalSnapshots": hbr.search_historical_snapshots(SnapshotQuery::in_vault("v-1"))
            .source_type(SourceType::Nas).sort_by("CreatedTime").order(SearchOrder::Descending)
            .edition(Edition::Basic).limit(10_u32).next_token("t");
        "ListSnapshots": hbr.list_snapshots("i-1", SourceType::EcsFile).vault_id("v-1").plan_id("plan-1")
            .completed_from(at).completed_before(at).max_results(10_u32).next_token("t").skip(10_u32);
        "DeleteSnapshot": hbr.delete_snapshot("s-1").vault_id("v-1").source_type(SourceType::Nas)
            .instance_id("i-1").client_id("c-1").force(false).token("t");
        "AddContainerCluster": hbr.add_container_cluster(ClusterType::Ack, ACK, NetworkType::Vpc).name("n")
            .description("d");
        "DescribeContainerCluster": hbr.describe_container_cluster().cluster_id("cc-1").identifier(ACK)
            .page_number(1_u32).page_size(10_u32);
        "UpdateContainerCluster": hbr.update_container_cluster("cc-1").name("n").description("d")
            .network_type(NetworkType::Classic).renew_token(true);
        "DeleteContainerCluster": hbr.delete_container_cluster("cc-1").force(true);
        "DescribeContainerResource": hbr.describe_container_resource().cluster_id("cc-1")
            .resource_type(ContainerResourceType::Pv).resource_id("u-1").page_number(1_u32).page_size(10_u32);
        "DescribeRegions": hbr.describe_regions();
        "OpenHbrService": hbr.open_hbr_service();
        "DescribeTask": hbr.describe_task().task_id("t-1").resource_group_id("rg-1").token("t");
        "CheckRole": hbr.check_role().check_role_type(CheckRoleType::Oss).cross_account_user_id(account)
            .cross_account_role_name(role);
        "CreateBackupPlan": hbr.create_backup_plan(SourceType::Oss).plan_name("p").vault_id("v-1")
            .backup_type(BackupType::Complete).schedule(daily()).retention_days(7_u32)
            .keep_latest_snapshots(1_u32).disabled(false)
            .rules([PlanRule::new("r", BackupType::Complete, daily(), 7)]).paths(paths()).include(paths())
            .exclude(paths()).options(members()).speed_limit("0:24:5120").bucket("demo-bucket").prefix("p/")
            .file_system_id("f").source_created_at(at).instance_id("i-1").detail(InstanceBackupDetail::default())
            .udm_region_id("cn-hangzhou").instance_name("n").ots_detail(OtsTables::default()).cluster_id("cl-1")
            .data_source_id("ds").change_list_path("/l").dest_source_type(SourceType::Oss)
            .dest_data_source_id("dd").dest_data_source_detail(members()).edition(Edition::Standard)
            .cross_account_type(across.clone()).cross_account_user_id(account).cross_account_role_name(role);
        "DescribeBackupPlans": hbr.describe_backup_plans().source_type(SourceType::Oss).filters(plan_filters())
            .edition(Edition::Basic).page_number(1_u32).page_size(10_u32);
        "ExecuteBackupPlan": hbr.execute_backup_plan("plan-1").vault_id("v-1").source_type(SourceType::Oss)
            .rule_id("rule-1").edition(Edition::Basic);
        "DeleteBackupPlan": hbr.delete_backup_plan("plan-1").vault_id("v-1").source_type(SourceType::Oss)
            .require_no_running_jobs(true).edition(Edition::Basic);
        "CreatePolicyV2": hbr.create_policy().policy_name("p").policy_description("d")
            .policy_type(PolicyType::Standard).rules([PolicyRule::backup("v-1", daily(), 7)]);
        "CreatePolicyBindings": hbr.create_policy_bindings().policy_id("po-1")
            .bindings([PolicyBinding::new(SourceType::Oss, "demo-bucket")]);
        "DescribePoliciesV2": hbr.describe_policies().policy_id("po-1").account_scope("s")
            .accounts([Account { cross_account_user_id: Some(account), ..Account::default() }])
            .rule_scope("s").max_results(10_u32).next_token("t");
        "GenerateRamPolicy": hbr.generate_ram_policy(RamActionType::Backup, "v-1").require_base_policy(true)
            .resource_group_id("rg-1");
    }
}

#[test]
fn the_operations_are_those_of_the_official_sdk() {
    let facts = facts();
    assert_eq!(
        (facts.source.as_str(), facts.version.as_str()),
        ("alibabacloud-hbr20170908==2.7.1", "2017-09-08")
    );
    let sorted = |names: &mut dyn Iterator<Item = &&str>| {
        let mut names: Vec<String> = names.map(|name| (*name).to_owned()).collect();
        names.sort();
        names
    };
    let mut ours = BTreeMap::new();
    for operation in operations() {
        // The client knows its region, and names it where that is required.
        let required = sorted(&mut operation.required.iter().chain(operation.supplied));
        let optional = sorted(&mut operation.optional.iter());
        let parameters = (required, optional);
        assert!(
            ours.insert(operation.action.to_owned(), parameters)
                .is_none()
        );
    }
    let theirs: BTreeMap<_, _> = facts
        .actions
        .into_iter()
        .map(|(name, action)| (name, (action.required, action.optional)))
        .collect();
    assert_eq!(ours, theirs);
    assert_eq!(ours.len(), 30);
}

#[test]
fn each_operation_needs_a_right_that_the_table_of_actions_knows() {
    for operation in operations() {
        let right = format!("hbr:{}", operation.action);
        assert!(alibaba_ram::known_action(&right).is_some(), "{right}");
    }
}

/// A parameter's name, without what flattening adds.
fn parameter(name: &str) -> &str {
    name.split('.').next().unwrap()
}

#[tokio::test]
async fn every_parameter_is_sent_under_its_name_and_in_its_place() {
    let facts = facts();
    let stage = Stage::responding("{}");
    let hbr = stage.client();
    let calls = every_call(&hbr);
    assert_eq!(calls.len(), facts.actions.len());
    for (action, call) in calls {
        // What comes back is not what was asked for; what was sent is what counts here.
        let _ = call.await;
        let sent = stage.last();
        assert_eq!(sent.headers["x-acs-action"], action);
        let known = &facts.actions[action];
        let (mut query, mut form): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
        for name in known.required.iter().chain(&known.optional) {
            if known.form.contains(name) {
                form.push(name);
            } else {
                query.push(name);
            }
        }
        query.sort_unstable();
        form.sort_unstable();
        for (expected, sent) in [(query, &sent.query), (form, &sent.form())] {
            let mut names: Vec<&str> = sent.keys().map(|name| parameter(name)).collect();
            names.dedup();
            names.sort_unstable();
            assert_eq!(names, expected, "{action}");
        }
    }
}
