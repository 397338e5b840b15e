//! Requests, as the official SDK sends them.

use std::collections::BTreeMap;

use alibaba_core::openapi::SignatureScheme;
use alibaba_hbr::{
    AdvancedOptions, BackupType, Client, ClusterType, FileOptions, Filter, FilterKey,
    InstanceBackupDetail, NetworkType, PlanRule, PolicyBinding, PolicyRule, RestoreOptions,
    RestoreType, Schedule, SearchOrder, SnapshotQuery, SourceType, SpeedLimit, StorageClass, Tag,
    VaultType,
};
use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::operations::volume;
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
    form: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
}

/// The call that a recorded request is of.
fn call<'a>(hbr: &'a Client, name: &str) -> BoxFuture<'a, ()> {
    const ACK: &str = "c0000000000000000000000000000fake";
    let at: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
    let vault = "v-000fake00000000001";
    let snapshot = "s-000fake000000000001";
    macro_rules! sent {
        ($call:expr) => {
            $call.send().map(|_| ()).boxed()
        };
    }
    match name.strip_prefix("hbr-").unwrap() {
        "create-vault" => sent!(
            hbr.create_vault("ack-backup-vault")
                .vault_type(VaultType::Standard)
                .vault_storage_class(StorageClass::Standard)
                .description("backup centre")
        ),
        "describe-vaults" => sent!(
            hbr.describe_vaults()
                .vault_region_id("cn-hangzhou")
                .page_number(1_u32)
                .page_size(99_u32)
        ),
        "describe-vaults-tag-in-body" => {
            let tags = [Tag::new("env", "prod"), Tag::new("team", "sre one")];
            sent!(hbr.describe_vaults().vault_id(vault).tags(tags))
        }
        "add-container-cluster" => sent!(
            hbr.add_container_cluster(ClusterType::Ack, ACK, NetworkType::Vpc)
                .name("ack_pv_backup_location")
        ),
        "describe-container-cluster" => sent!(
            hbr.describe_container_cluster()
                .identifier(ACK)
                .page_number(1_u32)
                .page_size(10_u32)
        ),
        "create-backup-job-container" => sent!(
            hbr.create_container_backup_job(vault, "cc-000fake0000000001", [volume()], 30)
                .job_name("demo-backup-hbr")
                .speed_limit(SpeedLimit::none())
        ),
        "create-backup-job-udm-ecs" => {
            let mut detail = InstanceBackupDetail::default();
            detail.do_copy = Some(false);
            detail.snapshot_group = Some(true);
            detail.timeout_in_seconds = Some(60);
            let call = hbr.create_backup_job(SourceType::UdmEcs, 15_u32);
            sent!(
                call.backup_type(BackupType::Complete)
                    .instance_id("i-bp1fake0000000000001")
                    .detail(detail)
            )
        }
        "cancel-backup-job" => {
            sent!(
                hbr.cancel_backup_job("job-000fake000000001")
                    .vault_id(vault)
            )
        }
        "cancel-restore-job" => sent!(hbr.cancel_restore_job("r-000fake000000001").vault_id(vault)),
        "describe-restore-jobs2" => sent!(
            hbr.describe_restore_jobs()
                .restore_type(RestoreType::Nas)
                .page_number(2_u32)
                .page_size(20_u32)
                .filters([Filter::equal(FilterKey::VaultId, vault)])
        ),
        "search-snapshots" => sent!(
            hbr.search_historical_snapshots(SnapshotQuery::in_vault(vault).completed_from(at))
                .source_type(SourceType::Nas)
                .limit(10_u32)
                .order(SearchOrder::Descending)
                .sort_by("CreatedTime")
        ),
        "create-restore-job-nas" => sent!(
            hbr.create_restore_job(RestoreType::Nas, SourceType::Nas)
                .vault_id(vault)
                .snapshot_id(snapshot)
                .snapshot_hash("f2fe0000")
                .target_file_system_id("0000fake01")
                .target_created_at(at)
                .target_path("/")
                .options(RestoreOptions::default())
        ),
        "delete-snapshot" => sent!(
            hbr.delete_snapshot(snapshot)
                .source_type(SourceType::Nas)
                .vault_id(vault)
                .force(false)
        ),
        "describe-regions" => sent!(hbr.describe_regions()),
        "open-service" => sent!(hbr.open_hbr_service()),
        "create-backup-plan-oss" => sent!(
            hbr.create_backup_plan(SourceType::Oss)
                .plan_name("oss-plan")
                .vault_id(vault)
                .bucket("demo-bucket")
                .prefix("data/")
                .backup_type(BackupType::Complete)
                .retention_days(7_u32)
                .schedule(Schedule::every_days(at, 1))
                .options(Map::new())
                .paths(["/a".to_owned(), "/b c".to_owned()])
        ),
        "create-policy-v2" => {
            let rule = PolicyRule::backup(vault, Schedule::every_days(at, 1), 7);
            let call = hbr.create_policy().policy_name("p-demo");
            sent!(call.policy_description("daily").rules([rule]))
        }
        other => panic!("{other}"),
    }
}

/// Booleans are compared without case and JSON as what it means, but for the empty lists that the
/// official SDK adds to rules of policies.
fn normal(name: &str, value: &str) -> Value {
    let mut value = match value {
        "True" | "False" => return Value::from(value.to_lowercase()),
        text => serde_json::from_str(text)
            .ok()
            .filter(|value: &Value| value.is_object() || value.is_array())
            .unwrap_or_else(|| Value::from(text)),
    };
    if name == "Rules" {
        for rule in value.as_array_mut().unwrap() {
            rule.as_object_mut()
                .unwrap()
                .retain(|_, member| *member != json!([]));
        }
    }
    value
}

#[tokio::test]
async fn recorded_requests_come_out_exactly() {
    let recorded: Vec<Recorded> = serde_json::from_str(include_str!("wire.json")).unwrap();
    assert_eq!(recorded.len(), 17);
    for Recorded { name, v3, v2 } in recorded {
        for (scheme, expected) in [(SignatureScheme::Acs3, v3), (SignatureScheme::RpcV1, v2)] {
            let stage = Stage::responding("{}");
            call(&stage.client_signing(scheme), &name).await;
            let sent = stage.last();
            let place = (sent.method.as_str(), sent.host.as_str(), sent.path.as_str());
            let host = "hbr.cn-hangzhou.aliyuncs.com";
            assert_eq!(place, ("POST", host, "/"), "{name}");

            let fresh = ["Signature", "SignatureNonce", "Timestamp"];
            let parameters = |all: &BTreeMap<String, String>| -> BTreeMap<String, Value> {
                all.iter()
                    .filter(|(name, _)| !fresh.contains(&name.as_str()))
                    .map(|(name, value)| (name.clone(), normal(name, value)))
                    .collect()
            };
            for (ours, theirs) in [
                (&sent.query, &expected.query),
                (&sent.form(), &expected.form),
            ] {
                assert_eq!(parameters(ours), parameters(theirs), "{name} {scheme:?}");
            }
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
}

#[tokio::test]
async fn a_volume_is_restored_into_a_mount_of_a_pod() {
    let stage = Stage::responding("{}");
    let mount = alibaba_hbr::HostPath::of_pod("u-1", "kubernetes.io~nfs", "pv-1");
    let target = alibaba_hbr::TargetContainer::new("node-1", mount);
    let call = stage
        .client()
        .create_container_restore_job("v-1", "s-1", "h", "cc-1", target);
    let _ = call.send().await;
    let query = stage.last().query;
    for (name, expected) in [
        ("RestoreType", "CONTAINER"),
        ("SourceType", "CONTAINER"),
        ("TargetContainerClusterId", "cc-1"),
        ("InitiatedByAck", "true"),
    ] {
        assert_eq!(query[name], expected);
    }
    assert_eq!(
        normal("TargetContainer", &query["TargetContainer"]),
        json!({
            "host": "node-1", "pvPath": "/",
            "hostPrefix": "/var/lib/kubelet/pods/u-1/volumes/kubernetes.io~nfs/pv-1/mount",
        })
    );
    assert_eq!(
        normal("Options", &query["Options"]),
        json!({"includes": [], "excludes": [], "conflictPolicy": "OVERWRITE_EXISTING"})
    );
}

#[tokio::test]
async fn rules_of_plans_are_flattened_and_bindings_are_json() {
    let stage = Stage::responding("{}");
    let hbr = stage.client();
    let mut rule = PlanRule::new("r", BackupType::Complete, "I|1767225600|P1D", 7);
    rule.do_copy = Some(true);
    rule.destination_retention_days = Some(3);
    let _ = hbr
        .create_backup_plan(SourceType::UdmEcs)
        .rules([rule])
        .send()
        .await;
    let expected = [
        ("Rule.1.BackupType", "COMPLETE"),
        ("Rule.1.DestinationRetention", "3"),
        ("Rule.1.DoCopy", "true"),
        ("Rule.1.Retention", "7"),
        ("Rule.1.RuleName", "r"),
        ("Rule.1.Schedule", "I|1767225600|P1D"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(stage.last().form(), BTreeMap::from(expected));

    let mut binding = PolicyBinding::new(SourceType::File, "i-1");
    binding.disabled = Some(false);
    binding.exclude = vec!["/tmp".to_owned()];
    binding.advanced_options = Some(AdvancedOptions::File(FileOptions {
        use_vss: Some(true),
        ..FileOptions::default()
    }));
    let call = hbr.create_policy_bindings().bindings([binding]);
    let _ = call.send().await;
    assert_eq!(
        normal("", &stage.last().query["PolicyBindingList"]),
        json!([{
            "SourceType": "File", "DataSourceId": "i-1", "Disabled": "false",
            "Exclude": "[\"/tmp\"]", "AdvancedOptions": {"FileDetail": {"UseVSS": true}},
        }])
    );
}
