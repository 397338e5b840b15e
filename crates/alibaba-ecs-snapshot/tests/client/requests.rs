//! Requests, as the official SDK sends them.

use std::collections::BTreeMap;

use alibaba_core::endpoint::{Endpoint, ProductNetwork};
use alibaba_core::openapi::SignatureScheme;
use alibaba_core::{Credentials, Region};
use alibaba_ecs_snapshot::{
    Client, DiskCategory, DiskStatus, DiskType, Language, LockMode, PerformanceLevel, ResourceType,
    Retention, SnapshotStatus, Tag, TimeFilter,
};
use chrono::Weekday;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;

use crate::stage::{Clients as _, Stage};

#[derive(Deserialize)]
struct Recorded {
    name: String,
    v3: Wire,
    v2: Wire,
}

#[derive(Deserialize)]
struct Wire {
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
}

/// The call that a recorded request is of.
fn call<'a>(ecs: &'a Client, name: &str) -> BoxFuture<'a, ()> {
    let (snapshot, disk) = ("s-bp1fake0000000000001", "d-bp1fake0000000000001");
    let (instance, group) = ("i-bp1fake0000000000001", "ssg-bp1fake000000000001");
    let policy = "sp-bp1fake0000000000001";
    let both_disks = || [disk.into(), "d-bp1fake0000000000002".into()];
    let time = |text: &str| text.parse().unwrap();
    macro_rules! sent {
        ($call:expr) => {
            $call.send().map(|_| ()).boxed()
        };
    }
    match name.strip_prefix("ecs-").unwrap() {
        "delete-snapshot-force" => sent!(ecs.delete_snapshot(snapshot).force(true)),
        "delete-snapshot-noforce" => sent!(ecs.delete_snapshot(snapshot).force(false)),
        "create-snapshot-plain" => sent!(ecs.create_snapshot(disk).snapshot_name("nightly-1")),
        "create-snapshot-with-token" => {
            let call = ecs.create_snapshot(disk).retention_days(7_u32);
            sent!(call.client_token("123e4567-e89b-12d3-a456-426655440000"))
        }
        "create-snapshot-empty-list" => sent!(ecs.create_snapshot(disk).tags([])),
        "describe-snapshots-page" => {
            let call = ecs
                .describe_snapshots()
                .status(SnapshotStatus::Accomplished);
            sent!(call.max_results(50_u32))
        }
        "modify-snapshot-odd-characters" => {
            let call = ecs.modify_snapshot_attribute(snapshot);
            let call = call.snapshot_name("name.with_all-ok:chars");
            sent!(call.description("a b+c*d~e/f%g&h=i 中文 'q' \"dq\"\nline2"))
        }
        "modify-snapshot-empty-string" => {
            sent!(ecs.modify_snapshot_attribute(snapshot).description(""))
        }
        "create-snapshot-group" => {
            let call = ecs
                .create_snapshot_group()
                .instance_id(instance)
                .name("grp-1");
            let tags = [
                Tag::new("backup", "daily"),
                Tag::new("cluster", "c0000fake"),
            ];
            sent!(
                call.disk_ids(both_disks())
                    .tags(tags)
                    .client_token("grp-token-1")
            )
        }
        "create-snapshot-group-exclude" => {
            let call = ecs.create_snapshot_group().instance_id(instance);
            sent!(call.exclude_disk_ids(["d-bp1fake0000000000009".into()]))
        }
        "describe-snapshot-groups" => {
            let groups = [group.into(), "ssg-bp1fake000000000002".into()];
            let states = [SnapshotStatus::Progressing, SnapshotStatus::Accomplished];
            let call = ecs.describe_snapshot_groups().snapshot_group_ids(groups);
            sent!(call.statuses(states).max_results(10_u32))
        }
        "delete-snapshot-group" => sent!(ecs.delete_snapshot_group(group)),
        "apply-auto-policy" => sent!(ecs.apply_auto_snapshot_policy(policy, both_disks())),
        "cancel-auto-policy" => {
            let call = ecs.cancel_auto_snapshot_policy([disk.into()]);
            sent!(call.auto_snapshot_policy_id(policy))
        }
        "delete-auto-policy" => sent!(ecs.delete_auto_snapshot_policy(policy)),
        "describe-auto-policy" => {
            let call = ecs
                .describe_auto_snapshot_policies()
                .tags([Tag::new("owner", "csdr")]);
            sent!(call.page_number(1_u32).page_size(100_u32))
        }
        "modify-auto-policy" => {
            let call = ecs
                .modify_auto_snapshot_policy(policy)
                .retention(Retention::Forever);
            let call = call.repeat_weekdays([Weekday::Mon, Weekday::Sun]);
            sent!(call.time_points([0, 12]).enable_cross_region_copy(false))
        }
        "describe-instances" => {
            let ids = [instance.into(), "i-bp1fake0000000000002".into()];
            let call = ecs
                .describe_instances()
                .instance_ids(ids)
                .max_results(100_u32);
            sent!(call.tags([Tag::new("ack.aliyun.com", "c0000fake")]))
        }
        "describe-disks" => {
            let call = ecs
                .describe_disks()
                .disk_type(DiskType::Data)
                .instance_id(instance);
            let call = call.status(DiskStatus::InUse);
            sent!(call.times([
                TimeFilter::created_from(time("2026-01-01T00:00:00Z")),
                TimeFilter::created_until(time("2026-02-01T00:00:59Z")),
            ]))
        }
        "create-disk-from-snapshot" => {
            let call = ecs
                .create_disk()
                .zone_id("cn-hangzhou-k")
                .snapshot_id(snapshot);
            let call = call
                .disk_category(DiskCategory::Essd)
                .size_gib(40_u32)
                .encrypted(false);
            let call = call.performance_level(PerformanceLevel::Pl1);
            sent!(
                call.tags([Tag::new("pv", "d-demo")])
                    .client_token("disk-token-1")
            )
        }
        "describe-regions" => sent!(ecs.describe_regions().accept_language(Language::English)),
        "describe-zones" => sent!(ecs.describe_zones().verbose(false)),
        "tag-resources" => {
            let ids = [snapshot.into(), "s-bp1fake0000000000002".into()];
            let tags = [Tag::new("a", "1"), Tag::new("b", "")];
            sent!(ecs.tag_resources(ResourceType::Snapshot, ids, tags))
        }
        "untag-resources" => {
            let call = ecs.untag_resources(ResourceType::Snapshot, [snapshot.into()]);
            sent!(call.tag_keys(["a".to_owned(), "b".to_owned()]).all(false))
        }
        "list-tag-resources" => {
            let call = ecs.list_tag_resources(ResourceType::Disk).next_token("tok");
            sent!(call.tags([Tag::new("a", "1")]))
        }
        "describe-snapshots-usage" => sent!(ecs.describe_snapshots_usage()),
        "lock-snapshot" => sent!(ecs.lock_snapshot(snapshot, LockMode::Compliance, 30_u32, 0_u32)),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn recorded_requests_come_out_exactly() {
    let recorded: Vec<Recorded> = serde_json::from_str(include_str!("wire.json")).unwrap();
    assert_eq!(recorded.len(), 27);
    let mut tokens = 0;
    for Recorded { name, v3, v2 } in recorded {
        let mut credentials = Credentials::new("FAKE-ACCESS-KEY-ID", "FAKE-ACCESS-KEY-SECRET");
        if v3.headers.contains_key("x-acs-security-token") {
            credentials = credentials.with_security_token("FAKE-SECURITY-TOKEN");
        }
        for (scheme, expected) in [(SignatureScheme::Acs3, v3), (SignatureScheme::RpcV1, v2)] {
            let stage = Stage::responding("{}");
            let builder = stage.builder_with(credentials.clone());
            call(&builder.with_signature(scheme).build().unwrap(), &name).await;
            let mut sent = stage.last();
            let place = (sent.method.as_str(), sent.host.as_str(), sent.path.as_str());
            let host = "ecs.cn-hangzhou.aliyuncs.com";
            assert_eq!(place, ("POST", host, "/"), "{name}");
            assert!(sent.body.is_empty());

            // The SDK sends no token of its own accord.
            if !expected.query.contains_key("ClientToken") {
                tokens += usize::from(sent.query.remove("ClientToken").is_some());
            }
            let fresh = ["Signature", "SignatureNonce", "Timestamp"];
            // The SDKs write booleans in different cases.
            let normal = |value: &String| match value.as_str() {
                "True" | "False" => value.to_lowercase(),
                other => other.to_owned(),
            };
            let query = |query: &BTreeMap<String, String>| -> BTreeMap<String, String> {
                query
                    .iter()
                    .filter(|(name, _)| !fresh.contains(&name.as_str()))
                    .map(|(name, value)| (name.clone(), normal(value)))
                    .collect()
            };
            assert_eq!(
                query(&sent.query),
                query(&expected.query),
                "{name} {scheme:?}"
            );
            if scheme == SignatureScheme::RpcV1 {
                assert!(fresh.iter().all(|name| sent.query.contains_key(*name)));
            } else {
                let signature = &sent.headers["authorization"];
                let credential = "ACS3-HMAC-SHA256 Credential=FAKE-ACCESS-KEY-ID,SignedHeaders=";
                assert!(signature.starts_with(credential), "{signature}");
            }
            for (header, value) in &expected.headers {
                assert_eq!(sent.headers.get(header), Some(value), "{name} {header}");
            }
        }
    }
    // Two plain snapshots, a group and a lock, each in both signatures.
    assert_eq!(tokens, 8);
}

#[tokio::test]
async fn every_creating_call_has_a_token_of_its_own_unless_one_is_given() {
    let stage = Stage::responding("{}");
    let ecs = stage.client();
    let call = ecs.create_snapshot("d-1");
    for call in [
        call.clone(),
        call.clone(),
        ecs.create_snapshot("d-1"),
        call.client_token("mine"),
    ] {
        let _ = call.send().await;
    }
    let tokens: Vec<_> = stage
        .sent()
        .iter()
        .map(|sent| sent.query["ClientToken"].clone())
        .collect();
    // One call that is sent twice is one call.
    assert_eq!(tokens[0], tokens[1]);
    assert_ne!(tokens[1], tokens[2]);
    assert_eq!(tokens[3], "mine");
}

#[tokio::test]
async fn another_region_is_called_at_its_own_endpoint_and_named_in_calls() {
    let stage = Stage::responding("{}");
    let vpc = stage
        .builder()
        .with_network(ProductNetwork::Vpc)
        .build()
        .unwrap();
    let chosen = Endpoint::https("ecs.example.com".to_owned());
    let chosen = stage.builder().with_endpoint(chosen).build().unwrap();
    for (ecs, host) in [
        (stage.client(), "ecs.cn-beijing.aliyuncs.com"),
        (vpc, "ecs-vpc.cn-beijing.aliyuncs.com"),
        (chosen, "ecs.example.com"),
    ] {
        let there = ecs.in_region(Region::CN_BEIJING);
        assert_eq!(there.region(), Some(&Region::CN_BEIJING));
        assert_eq!(ecs.region(), Some(&Region::CN_HANGZHOU));
        let _ = there.describe_snapshots().send().await;
        assert_eq!(stage.last().host, host);
        assert_eq!(stage.last().query["RegionId"], "cn-beijing");
    }
}

#[test]
fn the_program_of_the_readme_is_the_example() {
    let example = include_str!("../../examples/copy_snapshot.rs");
    let program = &example[example.find("use alibaba_core").unwrap()..];
    assert!(include_str!("../../README.md").contains(program));
}
