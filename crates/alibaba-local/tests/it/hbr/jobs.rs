//! Backup jobs: their course, and what becomes of them.

use alibaba_local::LocalCloud;
use serde_json::{Value, json};

use super::calls::{
    ACK_CLUSTER, NODE, Stage, absolute, prefix, resource, rows, search, text, write,
};

#[tokio::test]
async fn a_job_goes_from_created_to_complete_by_the_clock() {
    let stage = Stage::of(LocalCloud::builder().backup_speed(1024)).await;
    write(&stage.volume("data"), "file", vec![b'x'; 10 * 1024]);
    let job = text(&stage.back_up(&["data"]).ok().await, "JobId");
    assert!(job.starts_with("job-000"), "{job}");
    let mut seen = Vec::new();
    for _ in 0..15 {
        let row = stage.job(&job).await;
        assert_eq!(
            search(&stage.raw, &stage.vault).await.is_empty(),
            row["Status"] != "COMPLETE"
        );
        seen.push((text(&row, "Status"), row["Progress"].as_u64().unwrap()));
        stage.pass(1);
    }
    seen.dedup_by(|a, b| a.0 == b.0);
    let statuses: Vec<_> = seen.iter().map(|(status, _)| status.as_str()).collect();
    assert_eq!(statuses, ["CREATED", "QUEUED", "RUNNING", "COMPLETE"]);
    let row = stage.job(&job).await;
    assert_eq!(row["Progress"], 10_000);
    let time = |name: &str| row[name].as_i64().unwrap();
    assert_eq!(
        (
            time("StartTime") - time("CreatedTime"),
            time("CompleteTime") - time("StartTime")
        ),
        (2, 10)
    );
    for (name, value) in [
        ("JobName", json!("demo-backup-hbr")),
        ("SourceType", json!("CONTAINER")),
        ("BackupType", json!("INCREMENTAL")),
        ("Identifier", json!(ACK_CLUSTER)),
        ("BytesTotal", json!(10_240)),
        ("BytesDone", json!(10_240)),
        ("ActualBytes", json!(10_240)),
        ("ItemsTotal", json!(2)),
        ("ErrorMessage", json!("")),
        ("Speed", json!(1)),
    ] {
        assert_eq!(row[name], value, "{name}");
    }
    // Only those who ask for containers are told which cluster it is.
    let all = rows(
        &stage.call("DescribeBackupJobs2", &[]).ok().await,
        "BackupJobs",
        "BackupJob",
    );
    assert_eq!(all[0]["Identifier"], Value::Null);

    // A job's own limit, where that is slower.
    let limited = stage.back_up(&["data"]).query("SpeedLimit", "0:24:1").ok();
    let job = text(&limited.await, "JobId");
    stage.pass(11);
    assert_eq!(stage.job(&job).await["Status"], "RUNNING");
}

#[tokio::test]
async fn a_cancelled_job_leaves_no_snapshot() {
    let stage = Stage::of(LocalCloud::builder().backup_speed(1024)).await;
    write(&stage.volume("data"), "file", vec![b'x'; 100 * 1024]);
    let job = text(&stage.back_up(&["data"]).ok().await, "JobId");
    let cancel = || {
        stage.call(
            "CancelBackupJob",
            &[("VaultId", &stage.vault), ("JobId", &job)],
        )
    };
    stage.pass(52);
    assert_eq!(cancel().ok().await["Success"], true);
    assert_eq!(stage.job(&job).await["Status"], "CANCELING");
    // The same effect again.
    assert_eq!(cancel().ok().await["Success"], true);
    stage.pass(3600);
    let row = stage.job(&job).await;
    assert_eq!(
        (&row["Status"], row["Progress"].as_u64().unwrap() / 100),
        (&"CANCELED".into(), 50)
    );
    assert!(search(&stage.raw, &stage.vault).await.is_empty());

    // One that has finished is finished: a refusal within a 200.
    let job = stage.backed_up(&["data"]).await;
    let refused = stage.call(
        "CancelBackupJob",
        &[("VaultId", &stage.vault), ("JobId", &text(&job, "JobId"))],
    );
    let refused = refused.ok().await;
    assert_eq!(
        (&refused["Success"], &refused["Code"]),
        (&false.into(), &"JobHasFinished".into())
    );
    assert_eq!(search(&stage.raw, &stage.vault).await.len(), 1);
    stage
        .call(
            "CancelBackupJob",
            &[("JobId", "job-000fake"), ("VaultId", &stage.vault)],
        )
        .fails(404, "JobNotExist")
        .await;
}

#[tokio::test]
async fn each_volume_has_a_snapshot_and_one_that_fails_fails_alone() {
    let stage = Stage::new().await;
    for volume in ["one", "two"] {
        write(&stage.volume(volume), "name", volume);
    }
    let job = stage.backed_up(&["one", "gone", "two"]).await;
    assert_eq!(
        (&job["Status"], &job["ErrorMessage"]),
        (&"PARTIAL_COMPLETE".into(), &"SOURCE_NOT_EXIST".into())
    );
    let snapshots = stage.snapshots(&text(&job, "JobId")).await;
    let paths: Vec<_> = snapshots
        .iter()
        .map(|it| it["Paths"]["Path"][0].as_str().unwrap())
        .collect();
    assert_eq!(paths, [prefix("one"), prefix("two")]);
    assert!(snapshots.iter().all(|it| it["Status"] == "COMPLETE"));
    for (snapshot, name) in snapshots.iter().zip(["one", "two"]) {
        let target = stage.volume(&format!("restored-{name}"));
        let restore = stage
            .restored(stage.restore(snapshot, &format!("restored-{name}")))
            .await;
        assert_eq!(restore["Status"], "COMPLETE");
        assert_eq!(std::fs::read_to_string(target.join("name")).unwrap(), name);
    }
    // Volumes that jobs have named are the cluster's.
    let found = stage
        .call(
            "DescribeContainerResource",
            &[("ClusterId", &stage.cluster)],
        )
        .ok()
        .await;
    assert_eq!(found["TotalCount"], 3);
    assert_eq!(found["Resources"][0]["ClusterIdentifier"], ACK_CLUSTER);
    assert!(text(&found["Resources"][0], "ResourceInfo").contains("pvc_name"));
}

#[tokio::test]
async fn jobs_without_source_or_client_fail_by_name() {
    let stage = Stage::new().await;
    write(&stage.volume("data"), "file", "x");
    let fails = async |resources: Value, error: &str| {
        let job = stage.back_up_resources(&resources).ok().await;
        stage.pass(60);
        let row = stage.job(&text(&job, "JobId")).await;
        assert_eq!(
            (&row["Status"], &row["ErrorMessage"]),
            (&"FAILED".into(), &error.into()),
            "{row}"
        );
    };
    fails(json!([resource(NODE, &prefix("gone"))]), "SOURCE_NOT_EXIST").await;
    fails(
        json!([resource("cn-hangzhou.10.0.0.1", &prefix("data"))]),
        "ClientNotExist",
    )
    .await;
    // A path from the root on is one on the node.
    let job = stage
        .back_up_resources(&json!([resource(NODE, &absolute("data"))]))
        .ok()
        .await;
    stage.pass(60);
    assert_eq!(stage.job(&text(&job, "JobId")).await["Status"], "COMPLETE");
    stage.raw.cloud.backup_clients().stop(ACK_CLUSTER);
    fails(json!([resource(NODE, &prefix("data"))]), "ClientNotExist").await;
    stage.raw.cloud.backup_clients().start(ACK_CLUSTER);
    assert!(stage.raw.cloud.backup_clients().remove_node(NODE));
    fails(json!([resource(NODE, &prefix("data"))]), "ClientNotExist").await;
    stage
        .raw
        .cloud
        .backup_clients()
        .add_node(NODE, stage.node.path());
    assert_eq!(stage.backed_up(&["data"]).await["Status"], "COMPLETE");
}

#[tokio::test]
async fn rules_say_which_paths_are_copied() {
    let stage = Stage::new().await;
    for name in ["a/1.txt", "a/2.log", "b/c/3.txt", "b/d/4.txt", "5.txt"] {
        write(&stage.volume("data"), name, name);
    }
    for (include, exclude, expected) in [
        (
            "",
            r#"["*.log"]"#,
            &["5.txt", "a/1.txt", "b/c/3.txt", "b/d/4.txt"][..],
        ),
        (r#"["/b"]"#, "", &["b/c/3.txt", "b/d/4.txt"]),
        (
            r#"["/a","/b/c"]"#,
            r#"["/a/2.log"]"#,
            &["a/1.txt", "b/c/3.txt"],
        ),
    ] {
        let job = stage
            .back_up(&["data"])
            .query("Include", include)
            .query("Exclude", exclude);
        let job = text(&job.ok().await, "JobId");
        stage.pass(60);
        let row = stage.job(&job).await;
        assert_eq!(row["Include"].as_str().unwrap_or_default(), include);
        let snapshot = stage.snapshots(&job).await.remove(0);
        let target = stage.volume("target");
        std::fs::remove_dir_all(&target).unwrap();
        stage
            .restored(stage.restore(&snapshot, &{
                stage.volume("target");
                "target".to_owned()
            }))
            .await;
        let mut found = Vec::new();
        for (path, _) in super::trees::tree(&target) {
            let path = String::from_utf8(path).unwrap();
            if path.contains('.') {
                found.push(path);
            }
        }
        assert_eq!(found, expected, "{include} {exclude}");
    }
}

#[tokio::test]
async fn jobs_are_filtered_and_sorted() {
    let stage = Stage::new().await;
    write(&stage.volume("data"), "file", "x");
    let mut ids = Vec::new();
    for volume in ["data", "gone", "data"] {
        ids.push(text(&stage.back_up(&[volume]).ok().await, "JobId"));
        stage.pass(10);
    }
    let created: Vec<i64> = {
        let mut times = Vec::new();
        for id in &ids {
            times.push(stage.job(id).await["CreatedTime"].as_i64().unwrap());
        }
        times
    };
    let find = async |parameters: &[(&str, &str)]| -> Vec<String> {
        let found = stage.call("DescribeBackupJobs2", parameters).ok().await;
        rows(&found, "BackupJobs", "BackupJob")
            .iter()
            .map(|it| text(it, "JobId"))
            .collect()
    };
    let newest_first: Vec<_> = ids.iter().rev().cloned().collect();
    assert_eq!(find(&[]).await, newest_first);
    assert_eq!(find(&[("SortDirection", "ASCEND")]).await, ids);
    assert_eq!(
        find(&[("PageNumber", "2"), ("PageSize", "2")]).await,
        [ids[0].clone()]
    );
    assert_eq!(find(&[("SourceType", "OSS")]).await, [""; 0]);
    let second = created[1].to_string();
    for (key, operator, values, expected) in [
        ("Status", "", vec!["FAILED"], vec![1]),
        ("Status", "NOT_EQUAL", vec!["FAILED"], vec![2, 0]),
        ("Status", "IN", vec!["FAILED", "COMPLETE"], vec![2, 1, 0]),
        ("JobId", "EQUAL", vec![ids[2].as_str()], vec![2]),
        (
            "CreatedTime",
            "GREATER_THAN_OR_EQUAL",
            vec![second.as_str()],
            vec![2, 1],
        ),
        ("CreatedTime", "LESS_THAN", vec![second.as_str()], vec![0]),
        (
            "CreatedTime",
            "BETWEEN",
            vec!["0", second.as_str()],
            vec![1, 0],
        ),
        ("RegionId", "", vec!["cn-hangzhou"], vec![2, 1, 0]),
        ("RegionId", "", vec!["cn-shanghai"], vec![]),
        ("PlanId", "", vec!["plan-1"], vec![]),
    ] {
        let mut parameters = vec![("Filters.1.Key", key)];
        if !operator.is_empty() {
            parameters.push(("Filters.1.Operator", operator));
        }
        for (name, value) in ["Filters.1.Values.1", "Filters.1.Values.2"]
            .iter()
            .zip(&values)
        {
            parameters.push((name, value));
        }
        let expected: Vec<_> = expected
            .into_iter()
            .map(|at: usize| ids[at].clone())
            .collect();
        assert_eq!(
            find(&parameters).await,
            expected,
            "{key} {operator} {values:?}"
        );
    }
}

#[tokio::test]
async fn snapshots_go_when_their_retention_is_over() {
    let stage = Stage::new().await;
    write(&stage.volume("data"), "file", "x");
    stage.backed_up(&["data"]).await;
    let snapshot = search(&stage.raw, &stage.vault).await.remove(0);
    let day = 24 * 3600;
    let time = |name: &str| snapshot[name].as_i64().unwrap();
    assert_eq!(time("ExpireTime"), time("CompleteTime") + 30 * day);
    stage.pass(29 * day);
    assert_eq!(search(&stage.raw, &stage.vault).await.len(), 1);
    stage.pass(day);
    assert!(search(&stage.raw, &stage.vault).await.is_empty());
    stage
        .restore(&snapshot, "target")
        .fails(404, "SnapshotNotExist")
        .await;
}
