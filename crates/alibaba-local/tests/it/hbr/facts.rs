//! What is answered, held against the facts of the official SDKs.

use alibaba_local::LocalCloud;
use serde_json::{Value, json};

use crate::fields::Fields;

use super::calls::{ACK_CLUSTER, Stage, search, text, write};

/// The facts that the client is held to, with the type of every member of every response.
const FACTS: &str = include_str!("../../../../alibaba-hbr/tests/client/facts.json");

#[tokio::test]
async fn responses_have_the_members_of_the_official_sdks() {
    let mut fields = Fields::of_facts(FACTS);
    let nas = tempfile::tempdir().unwrap();
    write(nas.path(), "file", "x");
    let stage = Stage::of(LocalCloud::builder().file_system("0a1b2c", nas.path())).await;
    write(&stage.volume("data"), "file", "x");
    stage.volume("target");
    stage.raw.put("data/x", "x").await;
    let (vault, cluster) = (stage.vault.clone(), stage.cluster.clone());
    let mut seen = std::collections::BTreeMap::new();
    let mut ask = async |action: &'static str, parameters: Vec<(&str, String)>| -> Value {
        let parameters: Vec<_> = parameters
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let result = stage.call(action, &parameters).ok().await;
        let count = fields.check(action, &result);
        if action != "OpenHbrService" {
            assert_eq!(result["Success"], true, "{action}: {result}");
        }
        let most = seen.entry(action).or_insert(0);
        *most = count.max(*most);
        result
    };
    let s = str::to_owned;
    let made = ask(
        "CreateVault",
        vec![("VaultName", s("v")), ("VaultRegionId", s("cn-hangzhou"))],
    )
    .await;
    ask("DescribeTask", vec![("TaskId", text(&made, "TaskId"))]).await;
    ask(
        "UpdateVault",
        vec![
            ("VaultId", vault.clone()),
            ("Description", s("d")),
            ("ResourceGroupId", s("rg-1")),
        ],
    )
    .await;
    ask(
        "AddContainerCluster",
        vec![
            ("ClusterType", s("ACK")),
            ("Identifier", s(ACK_CLUSTER)),
            ("NetworkType", s("VPC")),
        ],
    )
    .await;
    ask(
        "UpdateContainerCluster",
        vec![
            ("ClusterId", cluster.clone()),
            ("Name", s("n")),
            ("Description", s("d")),
        ],
    )
    .await;
    ask("DescribeContainerCluster", vec![]).await;
    let resources = json!([super::calls::resource(
        super::calls::NODE,
        &super::calls::prefix("data")
    )])
    .to_string();
    let job = ask(
        "CreateBackupJob",
        vec![
            ("SourceType", s("CONTAINER")),
            ("VaultId", vault.clone()),
            ("Retention", s("1")),
            ("ContainerClusterId", cluster.clone()),
            ("ContainerResources", resources),
            ("Include", s(r#"["/"]"#)),
            ("JobName", s("n")),
        ],
    )
    .await;
    ask("DescribeContainerResource", vec![]).await;
    ask(
        "CancelBackupJob",
        vec![("JobId", text(&job, "JobId")), ("VaultId", vault.clone())],
    )
    .await;
    let schedule = s("I|1767225600|P1D");
    for (kind, source) in [
        (
            "NAS",
            vec![("FileSystemId", s("0a1b2c")), ("CreateTime", s("1"))],
        ),
        (
            "OSS",
            vec![("Bucket", s("backups")), ("Prefix", s("data/"))],
        ),
    ] {
        let mut parameters = vec![
            ("SourceType", s(kind)),
            ("PlanName", s("p")),
            ("VaultId", vault.clone()),
            ("Rule.1.RuleName", s("r")),
            ("Rule.1.Schedule", schedule.clone()),
            ("Rule.1.Retention", s("1")),
        ];
        parameters.extend(source);
        let plan = ask("CreateBackupPlan", parameters).await;
        ask("ExecuteBackupPlan", vec![("PlanId", text(&plan, "PlanId"))]).await;
    }
    let job = stage.backed_up(&["data"]).await;
    let snapshot = stage.snapshots(&text(&job, "JobId")).await.remove(0);
    let restore = stage.restore(&snapshot, "target").ok().await;
    Fields::of_facts(FACTS).check("CreateRestoreJob", &restore);
    ask(
        "CancelRestoreJob",
        vec![
            ("RestoreId", text(&restore, "RestoreId")),
            ("VaultId", vault.clone()),
        ],
    )
    .await;
    stage.restored(stage.restore(&snapshot, "target")).await;
    ask("DescribeBackupJobs2", vec![("SourceType", s("CONTAINER"))]).await;
    ask("DescribeBackupJobs2", vec![]).await;
    ask("DescribeRestoreJobs2", vec![]).await;
    ask("DescribeBackupPlans", vec![]).await;
    ask("DescribeVaults", vec![]).await;
    let query =
        json!([{"field": "VaultId", "operation": "MATCH_TERM", "value": vault}]).to_string();
    ask(
        "SearchHistoricalSnapshots",
        vec![("Query", query.clone()), ("Limit", s("1"))],
    )
    .await;
    ask("SearchHistoricalSnapshots", vec![("Query", query)]).await;
    ask(
        "ListSnapshots",
        vec![
            ("ProtectedResourceId", s("backups")),
            ("SourceType", s("OSS")),
        ],
    )
    .await;
    let rules =
        json!([{"RuleType": "BACKUP", "Schedule": schedule, "Retention": 1, "VaultId": vault}]);
    let policy = ask(
        "CreatePolicyV2",
        vec![
            ("PolicyName", s("p")),
            ("PolicyDescription", s("d")),
            ("Rules", rules.to_string()),
        ],
    )
    .await;
    let list = json!([{"SourceType": "OSS", "DataSourceId": "backups"}]).to_string();
    ask(
        "CreatePolicyBindings",
        vec![
            ("PolicyId", text(&policy, "PolicyId")),
            ("PolicyBindingList", list),
        ],
    )
    .await;
    ask("DescribePoliciesV2", vec![]).await;
    ask(
        "GenerateRamPolicy",
        vec![("ActionType", s("BACKUP")), ("VaultId", vault.clone())],
    )
    .await;
    ask("DescribeRegions", vec![]).await;
    let id = text(&snapshot, "SnapshotId");
    ask(
        "DeleteSnapshot",
        vec![
            ("SnapshotId", id.clone()),
            ("VaultId", vault.clone()),
            ("SourceType", s("CONTAINER")),
        ],
    )
    .await;
    assert!(
        search(&stage.raw, &vault)
            .await
            .iter()
            .all(|it| it["SnapshotId"] != id.as_str())
    );
    ask(
        "DeleteContainerCluster",
        vec![("ClusterId", cluster), ("Force", s("true"))],
    )
    .await;
    for plan in stage.call("DescribeBackupPlans", &[]).ok().await["BackupPlans"]["BackupPlan"]
        .as_array()
        .unwrap()
    {
        ask("DeleteBackupPlan", vec![("PlanId", text(plan, "PlanId"))]).await;
    }
    stage.pass(7200);
    ask("DeleteVault", vec![("VaultId", text(&made, "VaultId"))]).await;

    // Rows say all that there is to say, and not only ids.
    for (action, least) in [
        ("DescribeVaults", 60),
        ("DescribeBackupJobs2", 90),
        ("DescribeRestoreJobs2", 50),
        ("SearchHistoricalSnapshots", 60),
        ("ListSnapshots", 20),
        ("DescribeBackupPlans", 40),
    ] {
        assert!(seen[action] >= least, "{action}: {}", seen[action]);
    }
    let facts: Value = serde_json::from_str(FACTS).unwrap();
    let unasked: Vec<_> = facts["actions"]
        .as_object()
        .unwrap()
        .keys()
        .filter(|it| !seen.contains_key(it.as_str()))
        .collect();
    // Opening has no `Success`, roles are for another test, and restores were made by hand.
    assert_eq!(unasked, ["CheckRole", "CreateRestoreJob", "OpenHbrService"]);
}
