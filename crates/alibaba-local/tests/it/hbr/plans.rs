//! Plans and policies that run by the clock.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::calls::{Stage, rows, search, text, write};

/// A stage whose NAS file system has a file.
async fn stage() -> (Stage, tempfile::TempDir) {
    let nas = tempfile::tempdir().unwrap();
    write(nas.path(), "file", "1");
    let builder = alibaba_local::LocalCloud::builder().file_system("0a1b2c", nas.path());
    (Stage::of(builder).await, nas)
}

/// A schedule of days from an hour after now on.
fn daily(stage: &Stage) -> (String, DateTime<Utc>) {
    let start = stage.raw.now() + TimeDelta::hours(1);
    (format!("I|{}|P1D", start.timestamp()), start)
}

async fn create(stage: &Stage, schedule: &str, more: &[(&str, &str)]) -> String {
    let call = stage.call(
        "CreateBackupPlan",
        &[
            ("SourceType", "NAS"),
            ("PlanName", "nightly"),
            ("VaultId", &stage.vault),
            ("FileSystemId", "0a1b2c"),
            ("CreateTime", "1700000000"),
            ("Schedule", schedule),
            ("Retention", "3"),
        ],
    );
    let call = more
        .iter()
        .fold(call, |call, (name, value)| call.form(name, value));
    text(&call.ok().await, "PlanId")
}

async fn plan(stage: &Stage, id: &str) -> Value {
    let filters = [("Filters.1.Key", "PlanId"), ("Filters.1.Values.1", id)];
    let found = stage.call("DescribeBackupPlans", &filters).ok().await;
    rows(&found, "BackupPlans", "BackupPlan").remove(0)
}

async fn jobs(stage: &Stage, plan: &str) -> Vec<Value> {
    let filters = [("Filters.1.Key", "PlanId"), ("Filters.1.Values.1", plan)];
    let found = stage
        .call("DescribeBackupJobs2", &filters)
        .query("PageSize", "99")
        .query("SortDirection", "ASCEND");
    rows(&found.ok().await, "BackupJobs", "BackupJob")
}

#[tokio::test]
async fn a_plan_runs_when_it_is_due_and_its_snapshots_expire() {
    let (stage, nas) = stage().await;
    let (schedule, start) = daily(&stage);
    let id = create(&stage, &schedule, &[]).await;
    assert!(id.starts_with("plan-000"), "{id}");
    assert!(jobs(&stage, &id).await.is_empty());
    stage.pass(3601);
    let first = jobs(&stage, &id).await;
    assert_eq!(first.len(), 1);
    assert_eq!(
        (&first[0]["CreatedTime"], &first[0]["TriggerMode"]),
        (&start.timestamp().into(), &"AUTO".into())
    );
    stage.pass(60);
    let shown = plan(&stage, &id).await;
    assert_eq!(
        (
            &shown["LatestFinishJobId"],
            &shown["Schedule"],
            &shown["Disabled"]
        ),
        (&first[0]["JobId"], &schedule.as_str().into(), &false.into())
    );
    assert_eq!(search(&stage.raw, &stage.vault).await.len(), 1);
    // Two days at once: what was due then is done then, and is there.
    write(nas.path(), "file", "2");
    stage.pass(2 * 86_400);
    assert_eq!(jobs(&stage, &id).await.len(), 3);
    assert_eq!(search(&stage.raw, &stage.vault).await.len(), 3);
    // The oldest of them goes after three days.
    stage.pass(86_400);
    let left = search(&stage.raw, &stage.vault).await;
    assert_eq!((jobs(&stage, &id).await.len(), left.len()), (4, 3));

    let listed = stage.call(
        "ListSnapshots",
        &[
            ("ProtectedResourceId", "0a1b2c"),
            ("SourceType", "NAS"),
            ("PlanId", &id),
            ("MaxResults", "2"),
        ],
    );
    let listed = listed.ok().await;
    assert_eq!(
        (
            listed["TotalCount"].as_u64(),
            &listed["Snapshots"][0]["PlanId"]
        ),
        (Some(3), &id.as_str().into())
    );
    let token = text(&listed, "NextToken");
    let call = || {
        stage.call(
            "ListSnapshots",
            &[
                ("ProtectedResourceId", "0a1b2c"),
                ("SourceType", "NAS"),
                ("MaxResults", "2"),
                ("NextToken", &token),
            ],
        )
    };
    let rest = call().query("PlanId", &id).ok().await;
    assert_eq!(
        (
            rest["Snapshots"].as_array().unwrap().len(),
            &rest["NextToken"]
        ),
        (1, &Value::Null)
    );
    call().fails(400, "InvalidParameter.NextToken").await;

    // What it has made stays when it goes.
    stage
        .call(
            "DeleteBackupPlan",
            &[("PlanId", &id), ("SourceType", "NAS")],
        )
        .ok()
        .await;
    stage.pass(86_400);
    assert_eq!(search(&stage.raw, &stage.vault).await.len(), 2);
    stage
        .call("DeleteBackupPlan", &[("PlanId", &id)])
        .fails(404, "PlanNotExist")
        .await;
}

#[tokio::test]
async fn a_plan_that_is_off_does_not_run_and_one_that_keeps_its_latest_does() {
    let (stage, _nas) = stage().await;
    let (schedule, _) = daily(&stage);
    let off = create(&stage, &schedule, &[("Disabled", "true")]).await;
    let long = format!(
        "I|{}|P1M",
        (stage.raw.now() + TimeDelta::hours(1)).timestamp()
    );
    let keeps = create(
        &stage,
        &long,
        &[("KeepLatestSnapshots", "1"), ("PlanName", "monthly")],
    )
    .await;
    // A name twice in one request: the last one counts, and so the plans have different ones.
    assert_ne!(
        plan(&stage, &off).await["PlanName"],
        plan(&stage, &keeps).await["PlanName"]
    );
    stage.pass(20 * 86_400);
    assert!(jobs(&stage, &off).await.is_empty());
    let kept = search(&stage.raw, &stage.vault).await;
    assert_eq!(kept.len(), 1, "17 days after its time, as it is the latest");
    stage.pass(20 * 86_400);
    let newer = search(&stage.raw, &stage.vault).await;
    assert_eq!(newer.len(), 1);
    assert_ne!(newer[0]["SnapshotId"], kept[0]["SnapshotId"]);
}

#[tokio::test]
async fn rules_of_a_plan_run_by_themselves_and_by_name() {
    let (stage, _nas) = stage().await;
    let start = (stage.raw.now() + TimeDelta::hours(1)).timestamp();
    let (hourly, weekly) = (format!("I|{start}|PT1H"), format!("I|{start}|P1W"));
    let id = create(
        &stage,
        "I|1|P1D",
        &[
            ("Rule.1.RuleName", "hourly"),
            ("Rule.1.Schedule", &hourly),
            ("Rule.1.Retention", "1"),
            ("Rule.1.BackupType", "COMPLETE"),
            ("Rule.2.RuleName", "weekly"),
            ("Rule.2.Schedule", &weekly),
            ("Rule.2.Retention", "30"),
            ("Rule.2.Disabled", "true"),
        ],
    )
    .await;
    let shown = plan(&stage, &id).await;
    let rules = rows(&shown, "Rules", "Rule");
    assert_eq!(
        (rules.len(), &rules[1]["RuleName"], &rules[1]["Disabled"]),
        (2, &"weekly".into(), &true.into())
    );
    stage.pass(3 * 3600 + 60);
    assert_eq!(jobs(&stage, &id).await.len(), 3);
    let weekly = text(&rules[1], "RuleId");
    let job = stage
        .call("ExecuteBackupPlan", &[("PlanId", &id), ("RuleId", &weekly)])
        .ok()
        .await;
    let require = [("PlanId", id.as_str()), ("RequireNoRunningJobs", "true")];
    stage
        .call("DeleteBackupPlan", &require)
        .fails(400, "PlanHasRunningJobs")
        .await;
    stage.pass(60);
    let snapshot = stage.snapshots(&text(&job, "JobId")).await.remove(0);
    assert_eq!(snapshot["Retention"], 30);
    stage
        .call(
            "ExecuteBackupPlan",
            &[("PlanId", &id), ("RuleId", "rule-x")],
        )
        .fails(400, "InvalidParameter.RuleId")
        .await;
    stage.call("DeleteBackupPlan", &require).ok().await;
}

#[tokio::test]
async fn names_of_plans_are_unique_in_a_vault() {
    let (stage, _nas) = stage().await;
    create(&stage, "I|1|P1D", &[]).await;
    let call = stage.call(
        "CreateBackupPlan",
        &[
            ("SourceType", "NAS"),
            ("PlanName", "nightly"),
            ("VaultId", &stage.vault),
            ("FileSystemId", "other"),
            ("CreateTime", "1"),
            ("Schedule", "I|1|P1D"),
            ("Retention", "3"),
        ],
    );
    call.fails(400, "PlanNameAlreadyExist").await;
    // Of another kind of data, the name is free.
    let call = stage.call(
        "CreateBackupPlan",
        &[
            ("SourceType", "OSS"),
            ("PlanName", "nightly"),
            ("VaultId", &stage.vault),
            ("Bucket", "backups"),
            ("Schedule", "I|1|P1D"),
            ("Retention", "3"),
        ],
    );
    call.ok().await;
}

#[tokio::test]
async fn a_policy_backs_up_what_is_bound_to_it() {
    let (stage, _nas) = stage().await;
    let (schedule, start) = daily(&stage);
    stage.raw.put("data/x", "x").await;
    let rules = json!([
        {"RuleType": "BACKUP", "BackupType": "COMPLETE", "Schedule": schedule, "VaultId": stage.vault},
        {"RuleType": "TRANSITION", "Retention": 5},
    ]);
    let made = stage
        .raw
        .api(super::calls::HBR, "CreatePolicyV2")
        .form("PolicyName", "p-demo")
        .form("Rules", &rules.to_string());
    let id = text(&made.ok().await, "PolicyId");
    let describe = async || {
        stage
            .call("DescribePoliciesV2", &[("PolicyId", &id)])
            .ok()
            .await["Policies"][0]
            .clone()
    };
    let shown = describe().await;
    assert_eq!(
        (&shown["PolicyBindingCount"], &shown["Rules"][0]["Schedule"]),
        (&0.into(), &schedule.as_str().into())
    );
    assert!(text(&shown["Rules"][1], "RuleId").starts_with("rule-000"));
    let bind = |list: &Value| {
        let call = stage.call(
            "CreatePolicyBindings",
            &[("PolicyBindingList", &list.to_string())],
        );
        call.form("PolicyId", &id)
    };
    let list = json!([
        {"SourceType": "OSS", "DataSourceId": "backups", "Source": "data/"},
        {"SourceType": "NAS", "DataSourceId": "0a1b2c", "Source": "[\"/\"]"},
        {"SourceType": "NAS", "DataSourceId": "unused", "Disabled": "true"},
    ]);
    bind(&list).ok().await;
    bind(&list).ok().await;
    assert_eq!(
        describe().await["PolicyBindingCount"],
        3,
        "bound twice is bound once"
    );
    stage.pass(3700);
    let jobs = jobs(&stage, &id).await;
    assert_eq!(jobs.len(), 2);
    assert!(
        jobs.iter()
            .all(|it| it["Status"] == "COMPLETE" && it["CreatedTime"] == start.timestamp())
    );
    let snapshots = search(&stage.raw, &stage.vault).await;
    assert!(snapshots.len() == 2 && snapshots.iter().all(|it| it["Retention"] == 5));
    // A vault that policies back up to stays.
    stage.pass(3 * 3600);
    stage
        .call("DeleteVault", &[("VaultId", &stage.vault)])
        .fails(400, "VaultBoundPolicyCannotBeDeleted")
        .await;
    stage
        .call(
            "CreatePolicyBindings",
            &[
                ("PolicyBindingList", &list.to_string()),
                ("PolicyId", "po-x"),
            ],
        )
        .fails(404, "PolicyNotExist")
        .await;
}
