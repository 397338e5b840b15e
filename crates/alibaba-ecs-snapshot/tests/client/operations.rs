//! Every operation with some value for each of its parameters, and the facts they are held to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use alibaba_core::Error;
use alibaba_ecs_snapshot::{
    AssociationType, AssumedRole, ChargeType, Client, CopyEncryption, DiskCategory, DiskStatus,
    DiskType, HttpTokens, InstanceStatus, InternetChargeType, Language, LockMode, LockReason,
    LockStatus, MultiAttach, NetworkType, PerformanceLevel, RegionResource, ResourceType,
    Retention, SnapshotCategory, SnapshotStatus, SnapshotType, SnapshotUsage, SpotStrategy, Switch,
    Tag, TagFilter, TimeFilter, operations,
};
use chrono::Weekday;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;

use crate::stage::{Clients as _, Stage};

/// Older than RAM, and to be left unset, as the reference of the API has it.
const NOT_OFFERED: [&str; 4] = [
    "OwnerAccount",
    "OwnerId",
    "ResourceOwnerAccount",
    "ResourceOwnerId",
];

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
    /// The names on the wire, with `N` for the numbers of elements.
    sent: Vec<String>,
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

/// Every operation with all of its parameters, by action; in two calls where some do not go together.
pub(crate) fn every_call(ecs: &Client) -> Vec<(&'static str, Sending<'_>)> {
    let tags = || [Tag::new("k", "v")];
    let roles = || [AssumedRole::new(1, "user", "acs:ram::1:role/r")];
    let copies = || {
        let mut copies = CopyEncryption::with_key("key-1");
        copies.arn = roles().into();
        copies
    };
    let times = || {
        [TimeFilter::created_from(
            "2026-01-01T00:00:00Z".parse().unwrap(),
        )]
    };
    let texts = || ["text".to_owned()];
    macro_rules! calls {
        ($($action:literal: $call:expr;)*) => {
            vec![$(($action, shown($call.send()).boxed())),*]
        };
    }
    calls! {
        "CreateSnapshot": ecs.create_snapshot("d-1").snapshot_name("name").description("for what").retention_days(7_u32)
            .tags(tags()).resource_group_id("rg-1").category(SnapshotCategory::Standard).instant_access(true)
            .instant_access_retention_days(1_u32).storage_location_arn("arn");
        "DeleteSnapshot": ecs.delete_snapshot("s-1").force(true);
        "DescribeSnapshots": ecs.describe_snapshots().snapshot_ids(["s-1".into()]).disk_id("d-1").instance_id("i-1")
            .snapshot_link_id("sl-1").snapshot_name("name").status(SnapshotStatus::Accomplished)
            .snapshot_type(SnapshotType::User).source_disk_type(DiskType::Data).usage(SnapshotUsage::Disk)
            .category(SnapshotCategory::Archive).encrypted(false).kms_key_id("key-1").resource_group_id("rg-1")
            .tags(tags()).times(times()).dry_run(false).max_results(10_u32).next_token("t").page_number(1_u32)
            .page_size(10_u32);
        "ModifySnapshotAttribute": ecs.modify_snapshot_attribute("s-1").snapshot_name("name").description("")
            .retention_days(7_u32).disable_instant_access(true);
        "ModifySnapshotCategory": ecs.modify_snapshot_category("s-1").category(SnapshotCategory::Archive)
            .retention_days(74_u32);
        "CopySnapshot": ecs.copy_snapshot("s-1", "cn-beijing", "name", "for what").retention_days(7_u32).encrypted(true)
            .kms_key_id("key-1").tags(tags()).resource_group_id("rg-1").destination_storage_location_arn("arn")
            .arn(roles());
        "CreateSnapshotGroup": ecs.create_snapshot_group().disk_ids(["d-1".into()]);
        "CreateSnapshotGroup": ecs.create_snapshot_group().instance_id("i-1").exclude_disk_ids(["d-2".into()])
            .name("name").description("for what").tags(tags())
            .resource_group_id("rg-1").instant_access(true).instant_access_retention_days(1_u32)
            .storage_location_arn("arn");
        "DeleteSnapshotGroup": ecs.delete_snapshot_group("ssg-1");
        "DescribeSnapshotGroups": ecs.describe_snapshot_groups().snapshot_group_ids(["ssg-1".into()]).instance_id("i-1")
            .name("name").statuses([SnapshotStatus::Failed]).tags(tags()).resource_group_id("rg-1")
            .additional_attributes(texts()).max_results(10_u32).next_token("t");
        "ModifySnapshotGroup": ecs.modify_snapshot_group("ssg-1").name("name").description("for what");
        "CreateAutoSnapshotPolicy": ecs.create_auto_snapshot_policy([Weekday::Mon], [0], Retention::Forever).name("name")
            .enable_cross_region_copy(true).target_copy_region("cn-beijing").copied_snapshots_retention(7_u32)
            .copy_encryption(copies()).association_type(AssociationType::InstanceTags).target_tags(tags())
            .tags(tags()).resource_group_id("rg-1").storage_location_arn("arn");
        "ApplyAutoSnapshotPolicy": ecs.apply_auto_snapshot_policy("sp-1", ["d-1".into()]);
        "CancelAutoSnapshotPolicy": ecs.cancel_auto_snapshot_policy(["d-1".into()]).auto_snapshot_policy_id("sp-1");
        "DeleteAutoSnapshotPolicy": ecs.delete_auto_snapshot_policy("sp-1");
        "DescribeAutoSnapshotPolicyEx": ecs.describe_auto_snapshot_policies().auto_snapshot_policy_id("sp-1").name("name")
            .resource_group_id("rg-1").tags(tags()).page_number(1_u32).page_size(10_u32);
        "ModifyAutoSnapshotPolicyEx": ecs.modify_auto_snapshot_policy("sp-1").name("name").repeat_weekdays([Weekday::Sun])
            .time_points([23]).retention(7_u32).enable_cross_region_copy(true).target_copy_region("cn-beijing")
            .copied_snapshots_retention(Retention::Forever).copy_encryption(copies()).target_tags(tags());
        "DescribeAutoSnapshotPolicyAssociations": ecs.describe_auto_snapshot_policy_associations()
            .auto_snapshot_policy_id("sp-1").max_results(10_u32).next_token("t");
        "DescribeAutoSnapshotPolicyAssociations": ecs.describe_auto_snapshot_policy_associations().disk_id("d-1");
        "LockSnapshot": ecs.lock_snapshot("s-1", LockMode::Compliance, 30_u32, 0_u32).dry_run(false);
        "UnlockSnapshot": ecs.unlock_snapshot("s-1").dry_run(false);
        "DescribeLockedSnapshots": ecs.describe_locked_snapshots().snapshot_ids(["s-1".into()])
            .lock_status(LockStatus::Locked).dry_run(false).max_results(10_u32).next_token("t");
        "CreateDisk": ecs.create_disk().zone_id("cn-hangzhou-k").size_gib(40_u32).storage_cluster_id("dbsc-1");
        "CreateDisk": ecs.create_disk().instance_id("i-1").snapshot_id("s-1").size_gib(40_u32)
            .disk_category(DiskCategory::Essd).performance_level(PerformanceLevel::Pl1).disk_name("name")
            .description("for what").encrypted(true).kms_key_id("key-1").multi_attach(MultiAttach::Disabled)
            .provisioned_iops(100_u64).bursting_enabled(true).tags(tags()).resource_group_id("rg-1")
            .storage_set_id("ss-1").storage_set_partition_number(2_u32)
            .advanced_features("f").encrypt_algorithm("a").arn(roles());
        "DescribeDisks": ecs.describe_disks().disk_ids(["d-1".into()]).instance_id("i-1").zone_id("cn-hangzhou-k")
            .snapshot_id("s-1").disk_name("name").status(DiskStatus::Available).disk_type(DiskType::System)
            .category(DiskCategory::Essd).performance_level(PerformanceLevel::Pl0)
            .disk_charge_type(ChargeType::PostPaid).auto_snapshot_policy_id("sp-1")
            .enable_automated_snapshot_policy(true).enable_auto_snapshot(true).delete_auto_snapshot(true)
            .delete_with_instance(true).portable(true).multi_attach(MultiAttach::Enabled).enable_shared(true)
            .encrypted(true).kms_key_id("key-1").lock_reason(LockReason::Financial).resource_group_id("rg-1")
            .tags(tags()).times(times()).additional_attributes(texts()).dry_run(true).max_results(500_u32)
            .next_token("t").page_number(1_u32).page_size(10_u32);
        "DescribeInstances": ecs.describe_instances().instance_ids(["i-1".into()]).instance_name("name*")
            .status(InstanceStatus::Running).zone_id("cn-hangzhou-k").vpc_id("vpc-1").vswitch_id("vsw-1")
            .security_group_id("sg-1").instance_type("ecs.g7.large").instance_type_family("ecs.g7")
            .instance_network_type(NetworkType::Vpc).instance_charge_type(ChargeType::PrePaid)
            .internet_charge_type(InternetChargeType::ByTraffic).image_id("m-1").key_pair_name("pair")
            .hpc_cluster_id("hpc-1").io_optimized(true).private_ip_addresses(texts()).public_ip_addresses(texts())
            .eip_addresses(texts()).inner_ip_addresses(texts()).ipv6_addresses(texts()).rdma_ip_addresses("text")
            .http_endpoint(Switch::Enabled).http_tokens(HttpTokens::Required).http_put_response_hop_limit(1_u32)
            .lock_reason(LockReason::Security).resource_group_id("rg-1").tags(tags()).times(times())
            .additional_attributes(texts()).device_available(true).need_sale_cycle(true).dry_run(true)
            .max_results(10_u32).next_token("t").page_number(1_u32).page_size(10_u32);
        "TagResources": ecs.tag_resources(ResourceType::Disk, ["d-1".into()], tags());
        "UntagResources": ecs.untag_resources(ResourceType::Disk, ["d-1".into()]).tag_keys(texts()).all(false);
        "ListTagResources": ecs.list_tag_resources(ResourceType::Disk).resource_ids(["d-1".into()]).tags(tags())
            .tag_filters([TagFilter::new("k", ["v"])]).next_token("t");
        "DescribeRegions": ecs.describe_regions().accept_language(Language::English)
            .instance_charge_type(ChargeType::PostPaid).resource_type(RegionResource::Disk);
        "DescribeZones": ecs.describe_zones().accept_language(Language::English)
            .instance_charge_type(ChargeType::PostPaid).spot_strategy(SpotStrategy::NoSpot).verbose(true);
        "DescribeSnapshotsUsage": ecs.describe_snapshots_usage();
        "DescribeSnapshotLinks": ecs.describe_snapshot_links().snapshot_link_ids(["sl-1".into()])
            .disk_ids(["d-1".into()]).instance_id("i-1").max_results(10_u32).next_token("t").page_number(1_u32)
            .page_size(10_u32);
        "DescribeSnapshotPackage": ecs.describe_snapshot_packages().page_number(1_u32).page_size(10_u32);
        "OpenSnapshotService": ecs.open_snapshot_service();
    }
}

#[test]
fn the_operations_are_those_of_the_official_sdk() {
    let facts = facts();
    assert_eq!(
        (facts.source.as_str(), facts.version.as_str()),
        ("alibabacloud-ecs20140526==7.11.8", "2014-05-26")
    );
    let set = |names: &[&str]| -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    };
    let offered = |names: &[String]| -> BTreeSet<String> {
        let names = names.iter().map(String::as_str);
        names
            .filter(|name| !NOT_OFFERED.contains(name))
            .map(str::to_owned)
            .collect()
    };
    let mut actions = BTreeSet::new();
    for operation in operations() {
        let action = operation.action;
        let theirs = &facts.actions[action];
        // What the client supplies is the region, which is required, and the token, which is not.
        let mut required = set(operation.required);
        let mut optional = set(operation.optional);
        for supplied in operation.supplied {
            let whose = match *supplied {
                "RegionId" | "regionId" => &mut required,
                "ClientToken" => &mut optional,
                other => panic!("{action} supplies {other}"),
            };
            assert!(whose.insert((*supplied).to_owned()));
        }
        assert_eq!(required, offered(&theirs.required), "{action}");
        assert_eq!(optional, offered(&theirs.optional), "{action}");
        assert!(actions.insert(action.to_owned()), "{action} is there twice");
    }
    assert_eq!(actions, facts.actions.into_keys().collect());
    assert_eq!(actions.len(), 32);
}

#[test]
fn each_operation_needs_a_right_that_the_table_of_actions_knows() {
    for operation in operations() {
        let right = format!("ecs:{}", operation.action);
        assert!(alibaba_ram::known_action(&right).is_some(), "{right}");
    }
}

#[tokio::test]
async fn every_parameter_is_sent_under_its_name() {
    let facts = facts();
    let stage = Stage::responding("{}");
    let ecs = stage.client();
    let mut ours: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (action, call) in every_call(&ecs) {
        // What comes back is not what was asked for; what was sent is what counts here.
        let _ = call.await;
        let sent = stage.last();
        assert_eq!(sent.headers["x-acs-action"], action);
        assert!(sent.body.is_empty(), "{action}");
        let numberless = |name: &String| {
            let parts: Vec<_> = name
                .split('.')
                .map(|part| if part == "1" { "N" } else { part })
                .collect();
            parts.join(".")
        };
        let names = sent.query.keys().map(numberless);
        ours.entry(action.to_owned()).or_default().extend(names);
    }
    let offered = |names: &Action| -> BTreeSet<String> {
        let names = names.sent.iter();
        names
            .filter(|name| !NOT_OFFERED.contains(&name.as_str()))
            .cloned()
            .collect()
    };
    let theirs: BTreeMap<_, _> = facts
        .actions
        .iter()
        .map(|(action, facts)| (action.clone(), offered(facts)))
        .collect();
    assert_eq!(ours, theirs);
}
