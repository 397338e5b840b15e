//! What each action refuses.

use serde_json::json;

use super::calls::{Stage, call, prefix, resource};
use crate::raw::start;

/// Actions whose parameters are good, each with one that is not: its name, a bad value, and the error.
/// `<vault>` and `<cluster>` stand for those that are there.
type Case = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [(&'static str, &'static str, u16, &'static str)],
);

const CASES: &[Case] = &[
    (
        "CreateVault",
        &[("VaultName", "v"), ("VaultRegionId", "cn-hangzhou")],
        &[
            ("VaultName", "", 400, "InvalidParameter.VaultName"),
            (
                "VaultName",
                "12345678901234567890123456789012345678901234567890123456789012345",
                400,
                "InvalidParameter.VaultName",
            ),
            (
                "VaultRegionId",
                "cn-nowhere",
                400,
                "InvalidParameter.VaultRegionId",
            ),
            (
                "VaultRegionId",
                "cn-shanghai",
                400,
                "InvalidParameter.VaultRegionId",
            ),
            ("VaultType", "LARGE", 400, "InvalidParameter.VaultType"),
            (
                "VaultStorageClass",
                "TAPE",
                400,
                "InvalidParameter.VaultStorageClass",
            ),
            ("EncryptType", "ROT13", 400, "InvalidParameter.EncryptType"),
            ("EncryptType", "KMS", 400, "MissingParameter.KmsKeyId"),
            (
                "WormEnabled",
                "perhaps",
                400,
                "InvalidParameter.WormEnabled",
            ),
        ],
    ),
    (
        "DescribeVaults",
        &[],
        &[
            ("PageNumber", "0", 400, "InvalidParameter.PageNumber"),
            ("PageNumber", "-1", 400, "InvalidParameter.PageNumber"),
            ("PageSize", "0", 400, "InvalidParameter.PageSize"),
            ("PageSize", "100", 400, "InvalidParameter.PageSize"),
            ("Status", "DONE", 400, "InvalidParameter.Status"),
            ("VaultType", "LARGE", 400, "InvalidParameter.VaultType"),
        ],
    ),
    (
        "UpdateVault",
        &[("VaultId", "<vault>")],
        &[
            ("VaultId", "v-other", 404, "VaultNotExist"),
            (
                "ResourceGroupId",
                "group",
                400,
                "InvalidParameter.ResourceGroupId",
            ),
        ],
    ),
    (
        "DeleteVault",
        &[],
        &[
            ("VaultId", "v-other", 404, "VaultNotExist"),
            ("Other", "", 400, "MissingParameter.VaultId"),
        ],
    ),
    (
        "AddContainerCluster",
        &[
            ("ClusterType", "ACK"),
            ("Identifier", "c0000000000000000000000000000fake"),
            ("NetworkType", "VPC"),
        ],
        &[
            ("ClusterType", "EKS", 400, "InvalidParameter.ClusterType"),
            ("Identifier", "c1", 400, "InvalidParameter.Identifier"),
            (
                "Identifier",
                "d0000000000000000000000000000fake",
                400,
                "InvalidParameter.Identifier",
            ),
            ("NetworkType", "WIRE", 400, "InvalidParameter.NetworkType"),
        ],
    ),
    (
        "UpdateContainerCluster",
        &[("ClusterId", "<cluster>")],
        &[
            ("ClusterId", "cc-other", 404, "ClusterNotExist"),
            ("NetworkType", "WIRE", 400, "InvalidParameter.NetworkType"),
        ],
    ),
    (
        "DeleteContainerCluster",
        &[],
        &[("ClusterId", "cc-other", 404, "ClusterNotExist")],
    ),
    (
        "DescribeContainerResource",
        &[],
        &[
            ("ClusterId", "cc-other", 404, "ClusterNotExist"),
            ("ResourceType", "NODE", 400, "InvalidParameter.ResourceType"),
        ],
    ),
    (
        "CreateBackupJob",
        &[
            ("SourceType", "CONTAINER"),
            ("VaultId", "<vault>"),
            ("Retention", "1"),
            ("ContainerClusterId", "<cluster>"),
            ("ContainerResources", "<resources>"),
        ],
        &[
            ("SourceType", "TAPE", 400, "InvalidParameter.SourceType"),
            ("SourceType", "UDM_ECS", 400, "UnsupportedParameter"),
            ("SourceType", "ECS_FILE", 400, "MissingParameter.InstanceId"),
            ("VaultId", "v-other", 404, "VaultNotExist"),
            ("Retention", "0", 400, "InvalidParameter.Retention"),
            ("Retention", "long", 400, "InvalidParameter.Retention"),
            ("BackupType", "HALF", 400, "InvalidParameter.BackupType"),
            ("ContainerClusterId", "cc-other", 404, "ClusterNotExist"),
            (
                "ContainerResources",
                "[]",
                400,
                "MissingParameter.ContainerResources",
            ),
            (
                "ContainerResources",
                "[{}]",
                400,
                "InvalidParameter.ContainerResources",
            ),
            (
                "ContainerResources",
                "no json",
                400,
                "InvalidParameter.ContainerResources",
            ),
            (
                "ContainerResources",
                "<escaping>",
                400,
                "InvalidParameter.ContainerResources",
            ),
            (
                "ContainerResources",
                "<blocks>",
                400,
                "InvalidParameter.ContainerResources",
            ),
            ("SpeedLimit", "8:7:1", 400, "InvalidParameter.SpeedLimit"),
            (
                "SpeedLimit",
                "8:12:1|11:13:1",
                400,
                "InvalidParameter.SpeedLimit",
            ),
            ("Include", "/a", 400, "InvalidParameter.Include"),
            ("Exclude", "{}", 400, "InvalidParameter.Exclude"),
            ("Options", "[]", 400, "InvalidParameter.Options"),
            (
                "CrossAccountType",
                "CROSS_ACCOUNT",
                400,
                "UnsupportedParameter",
            ),
        ],
    ),
    (
        "DescribeBackupJobs2",
        &[
            ("Filters.1.Key", "Status"),
            ("Filters.1.Values.1", "FAILED"),
        ],
        &[
            ("Filters.1.Key", "Colour", 400, "InvalidParameter.Filters"),
            (
                "Filters.1.Key",
                "CompleteTime",
                400,
                "InvalidParameter.Filters",
            ),
            (
                "Filters.1.Operator",
                "LIKE",
                400,
                "InvalidParameter.Filters",
            ),
            (
                "Filters.1.Operator",
                "BETWEEN",
                400,
                "InvalidParameter.Filters",
            ),
            ("SortDirection", "UP", 400, "InvalidParameter.SortDirection"),
            ("Edition", "GOLD", 400, "InvalidParameter.Edition"),
        ],
    ),
    (
        "CancelBackupJob",
        &[],
        &[("JobId", "job-other", 404, "JobNotExist")],
    ),
    (
        "CreateRestoreJob",
        &[
            ("RestoreType", "NAS"),
            ("SourceType", "NAS"),
            ("VaultId", "<vault>"),
            ("SnapshotId", "s-other"),
            ("TargetFileSystemId", "f"),
            ("TargetCreateTime", "1"),
        ],
        &[
            // What is good but for the snapshot.
            ("TargetPath", "/x", 404, "SnapshotNotExist"),
            ("RestoreType", "TAPE", 400, "InvalidParameter.RestoreType"),
            ("RestoreType", "OTS_TABLE", 400, "UnsupportedParameter"),
            ("RestoreType", "OSS", 400, "InvalidParameter.SourceType"),
            ("VaultId", "v-other", 404, "VaultNotExist"),
            (
                "TargetFileSystemId",
                "",
                400,
                "MissingParameter.TargetFileSystemId",
            ),
            (
                "TargetCreateTime",
                "",
                400,
                "MissingParameter.TargetCreateTime",
            ),
            ("TargetPath", "/x/../..", 400, "InvalidParameter.TargetPath"),
            (
                "Options",
                r#"{"conflictPolicy":"ASK"}"#,
                400,
                "InvalidParameter.Options",
            ),
        ],
    ),
    (
        "CancelRestoreJob",
        &[],
        &[("RestoreId", "r-other", 404, "JobNotExist")],
    ),
    (
        "SearchHistoricalSnapshots",
        &[(
            "Query",
            r#"[{"field":"VaultId","operation":"MATCH_TERM","value":"v"}]"#,
        )],
        &[
            ("Query", "[]", 400, "InvalidParameter.Query"),
            (
                "Query",
                r#"[{"field":"PlanId","operation":"MATCH_TERM","value":"v"}]"#,
                400,
                "InvalidParameter.Query",
            ),
            (
                "Query",
                r#"[{"field":"VaultId","operation":"LIKE","value":"v"}]"#,
                400,
                "InvalidParameter.Query",
            ),
            (
                "Query",
                r#"[{"field":"VaultId","operation":"IN","value":[]}]"#,
                400,
                "InvalidParameter.Query",
            ),
            (
                "Query",
                r#"[{"field":"VaultId","operation":"IN","value":[{}]}]"#,
                400,
                "InvalidParameter.Query",
            ),
            ("Order", "UP", 400, "InvalidParameter.Order"),
            ("Limit", "101", 400, "InvalidParameter.Limit"),
            ("NextToken", "???", 400, "InvalidParameter.NextToken"),
        ],
    ),
    (
        "ListSnapshots",
        &[("ProtectedResourceId", "i-1"), ("SourceType", "ECS_FILE")],
        &[
            (
                "ProtectedResourceId",
                "i-2",
                400,
                "InvalidParameter.ProtectedResourceId",
            ),
            ("MaxResults", "0", 400, "InvalidParameter.MaxResults"),
            ("Skip", "3", 400, "InvalidParameter.Skip"),
        ],
    ),
    (
        "DeleteSnapshot",
        &[],
        &[
            ("SnapshotId", "s-other", 404, "SnapshotNotExist"),
            ("SnapshotId", "other", 400, "InvalidParameter.SnapshotId"),
        ],
    ),
    (
        "CreateBackupPlan",
        &[
            ("SourceType", "NAS"),
            ("PlanName", "p"),
            ("VaultId", "<vault>"),
            ("FileSystemId", "f"),
            ("CreateTime", "1"),
            ("Schedule", "I|1|P1D"),
            ("Retention", "1"),
        ],
        &[
            ("SourceType", "UDM_ECS", 400, "UnsupportedParameter"),
            ("SourceType", "TAPE", 400, "InvalidParameter.SourceType"),
            ("SourceType", "OSS", 400, "MissingParameter.Bucket"),
            ("PlanName", "", 400, "InvalidParameter.PlanName"),
            ("VaultId", "v-other", 404, "VaultNotExist"),
            ("FileSystemId", "", 400, "MissingParameter.FileSystemId"),
            ("CreateTime", "", 400, "MissingParameter.CreateTime"),
            ("Schedule", "daily", 400, "InvalidParameter.Schedule"),
            ("Schedule", "", 400, "MissingParameter.Schedule"),
            ("Retention", "-1", 400, "InvalidParameter.Retention"),
            (
                "KeepLatestSnapshots",
                "2",
                400,
                "InvalidParameter.KeepLatestSnapshots",
            ),
            ("Path.1", "/a/../b", 400, "InvalidParameter.Path"),
            ("Rule.1.Schedule", "daily", 400, "InvalidParameter.Rule"),
        ],
    ),
    (
        "ExecuteBackupPlan",
        &[],
        &[("PlanId", "plan-other", 404, "PlanNotExist")],
    ),
    (
        "DeleteBackupPlan",
        &[],
        &[("PlanId", "plan-other", 404, "PlanNotExist")],
    ),
    (
        "CreatePolicyV2",
        &[],
        &[
            ("PolicyType", "GOLD", 400, "InvalidParameter.PolicyType"),
            (
                "Rules",
                r#"[{"RuleType":"DANCE"}]"#,
                400,
                "InvalidParameter.Rules",
            ),
            (
                "Rules",
                r#"[{"RuleType":"BACKUP"}]"#,
                400,
                "InvalidParameter.Rules",
            ),
            (
                "Rules",
                r#"[{"RuleType":"TRANSITION","Retention":0}]"#,
                400,
                "InvalidParameter.Rules",
            ),
            (
                "Rules",
                r#"[{"RuleType":"BACKUP","Schedule":"I|1|P1D","VaultId":"v-other"}]"#,
                404,
                "VaultNotExist",
            ),
        ],
    ),
    (
        "CreatePolicyBindings",
        &[
            ("PolicyId", "po-other"),
            (
                "PolicyBindingList",
                r#"[{"SourceType":"OSS","DataSourceId":"b"}]"#,
            ),
        ],
        &[
            ("PolicyId", "po-another", 404, "PolicyNotExist"),
            (
                "PolicyBindingList",
                "[]",
                400,
                "MissingParameter.PolicyBindingList",
            ),
            (
                "PolicyBindingList",
                r#"[{"SourceType":"TAPE","DataSourceId":"b"}]"#,
                400,
                "InvalidParameter.PolicyBindingList",
            ),
            (
                "PolicyBindingList",
                r#"[{"SourceType":"UDM_ECS","DataSourceId":"b"}]"#,
                400,
                "UnsupportedParameter",
            ),
            (
                "PolicyBindingList",
                r#"[{"SourceType":"NAS","DataSourceId":"b","Source":"/../x"}]"#,
                400,
                "InvalidParameter.PolicyBindingList",
            ),
        ],
    ),
    (
        "DescribePoliciesV2",
        &[],
        &[("MaxResults", "9", 400, "InvalidParameter.MaxResults")],
    ),
    (
        "DescribeTask",
        &[],
        &[
            ("TaskId", "t-other", 404, "TaskNotExist"),
            ("TaskId", "other", 400, "InvalidParameter.TaskId"),
        ],
    ),
    (
        "CheckRole",
        &[],
        &[(
            "CheckRoleType",
            "KingRole",
            400,
            "InvalidParameter.CheckRoleType",
        )],
    ),
    (
        "GenerateRamPolicy",
        &[("ActionType", "BACKUP"), ("VaultId", "<vault>")],
        &[
            ("ActionType", "DANCE", 400, "InvalidParameter.ActionType"),
            ("VaultId", "v-other", 404, "VaultNotExist"),
        ],
    ),
];

#[tokio::test]
async fn every_action_refuses_what_is_wrong_by_name() {
    let stage = Stage::new().await;
    let mut escaping = resource("node", &prefix("data"));
    escaping["hostPrefix"] = "../../etc".into();
    let mut blocks = resource("node", &prefix("data"));
    blocks["backupMethod"] = "BLOCK".into();
    let good = json!([resource("node", &prefix("data"))]);
    let real = |value: &str| match value {
        "<vault>" => stage.vault.clone(),
        "<cluster>" => stage.cluster.clone(),
        "<resources>" => good.to_string(),
        "<escaping>" => json!([escaping]).to_string(),
        "<blocks>" => json!([blocks]).to_string(),
        other => other.to_owned(),
    };
    let mut actions = std::collections::BTreeSet::new();
    for (action, parameters, wrong) in CASES {
        actions.insert(*action);
        for (name, value, status, code) in *wrong {
            let mut sent: Vec<(&str, String)> = parameters
                .iter()
                .map(|(name, value)| (*name, real(value)))
                .collect();
            sent.retain(|(it, _)| it != name);
            sent.push((name, real(value)));
            let sent: Vec<_> = sent
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let reply = stage.call(action, &sent).send().await;
            let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
            assert_eq!(
                (reply.status, body["Code"].as_str().unwrap_or_default()),
                (*status, *code),
                "{action} {name}={value}: {body}"
            );
        }
        // What every action needs is missed by name.
        for (name, _) in *parameters {
            let left: Vec<(&str, String)> = parameters
                .iter()
                .filter(|(it, _)| it != name)
                .map(|(name, value)| (*name, real(value)))
                .collect();
            let left: Vec<_> = left
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let reply = stage.call(action, &left).send().await;
            let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
            let code = body["Code"].as_str().unwrap_or_default();
            let is_optional = ["Filters.1.Key", "Filters.1.Values.1"].contains(name);
            assert!(
                is_optional || code == format!("MissingParameter.{name}"),
                "{action} without {name}: {body}"
            );
        }
    }
    // Those that take nothing cannot be asked wrongly, and the listings of restores and plans are
    // asked as those of backups.
    assert_eq!(actions.len(), 25);
    // Nothing of all that has left anything.
    for (action, list) in [
        ("DescribeBackupJobs2", "TotalCount"),
        ("DescribeRestoreJobs2", "TotalCount"),
        ("DescribeBackupPlans", "TotalCount"),
        ("DescribePoliciesV2", "TotalCount"),
    ] {
        assert_eq!(stage.call(action, &[]).ok().await[list], 0, "{action}");
    }
}

#[tokio::test]
async fn a_vault_that_is_being_made_takes_no_jobs() {
    let stage = Stage::new().await;
    let fresh = super::calls::create_vault(&stage.raw, "fresh").await;
    let parameters = [
        ("SourceType", "CONTAINER"),
        ("VaultId", fresh.as_str()),
        ("Retention", "1"),
        ("ContainerClusterId", stage.cluster.as_str()),
    ];
    stage
        .call("CreateBackupJob", &parameters)
        .fails(400, "VaultNotReady")
        .await;
}

#[tokio::test]
async fn searches_go_on_by_token_and_may_only_count() {
    let stage = Stage::new().await;
    super::calls::write(&stage.volume("data"), "file", "x");
    for _ in 0..5 {
        stage.backed_up(&["data"]).await;
    }
    let query =
        json!([{"field": "VaultId", "operation": "MATCH_TERM", "value": stage.vault}]).to_string();
    let search = |more: &[(&str, &str)]| {
        let call = stage.call("SearchHistoricalSnapshots", &[("Query", &query)]);
        more.iter()
            .fold(call, |call, (name, value)| call.query(name, value))
    };
    let counted = search(&[("Limit", "0")]).ok().await;
    assert_eq!(
        (
            &counted["TotalCount"],
            counted["Snapshots"]["Snapshot"].as_array().unwrap().len()
        ),
        (&5.into(), 0)
    );
    let mut found = Vec::new();
    let mut token = String::new();
    loop {
        let page = search(&[
            ("Limit", "2"),
            ("Order", "DESC"),
            ("SortBy", "CreatedTime"),
            ("NextToken", &token),
        ])
        .ok()
        .await;
        found.extend(
            page["Snapshots"]["Snapshot"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it["CreatedTime"].as_i64().unwrap()),
        );
        match page["NextToken"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert!(
        found.len() == 5 && found.is_sorted_by(|a, b| a > b),
        "{found:?}"
    );
    // A token is good for its search alone.
    search(&[("Limit", "2"), ("Order", "ASC"), ("NextToken", &token)])
        .fails(400, "InvalidParameter.NextToken")
        .await;
}

#[tokio::test]
async fn an_empty_cloud_lists_nothing() {
    let raw = start().await;
    for action in [
        "DescribeVaults",
        "DescribeContainerCluster",
        "DescribeContainerResource",
        "DescribeBackupJobs2",
        "DescribeRestoreJobs2",
        "DescribeBackupPlans",
        "DescribePoliciesV2",
    ] {
        let found = call(&raw, action, &[]).ok().await;
        assert_eq!(found["TotalCount"], 0, "{action}");
    }
}
