//! NAS, OSS and the files of instances, which plans back up.

use alibaba_local::LocalCloud;
use serde_json::{Value, json};

use super::calls::{Stage, call, restore_job, rows, text, write};
use super::trees::tree;

const SCHEDULE: &str = "I|1767225600|P1D";

/// A plan of a source, run once: its snapshot.
async fn run(stage: &Stage, kind: &str, source: &[(&str, &str)]) -> (Value, Option<Value>) {
    let plan = stage.call(
        "CreateBackupPlan",
        &[
            ("SourceType", kind),
            ("PlanName", &format!("plan-{:016x}", fastrand::u64(..))),
            ("VaultId", &stage.vault),
            ("BackupType", "COMPLETE"),
            ("Schedule", SCHEDULE),
            ("Retention", "7"),
            ("Disabled", "true"),
        ],
    );
    let plan = source.iter().fold(plan, |plan, (name, value)| match *name {
        "Path.1" | "Path.2" | "Exclude" => plan.form(name, value),
        _ => plan.query(name, value),
    });
    let plan = text(&plan.ok().await, "PlanId");
    let job = stage.call(
        "ExecuteBackupPlan",
        &[("PlanId", &plan), ("VaultId", &stage.vault)],
    );
    let job = text(&job.ok().await, "JobId");
    stage.pass(60);
    let filters = [
        ("Filters.1.Key", "PlanId"),
        ("Filters.1.Values.1", plan.as_str()),
        ("SourceType", kind),
    ];
    let jobs = stage.call("DescribeBackupJobs2", &filters).ok().await;
    let row = rows(&jobs, "BackupJobs", "BackupJob").remove(0);
    assert_eq!(row["JobId"], job.as_str());
    (row, stage.snapshots(&job).await.pop())
}

async fn restore(stage: &Stage, kind: &str, snapshot: &Value, target: &[(&str, &str)]) -> Value {
    let call = call(
        &stage.raw,
        "CreateRestoreJob",
        &[
            ("RestoreType", kind),
            ("SourceType", kind),
            ("VaultId", &stage.vault),
            ("SnapshotId", &text(snapshot, "SnapshotId")),
        ],
    );
    let call = target
        .iter()
        .fold(call, |call, (name, value)| call.form(name, value));
    let id = text(&call.ok().await, "RestoreId");
    stage.pass(60);
    restore_job(&stage.raw, &stage.vault, &id).await
}

#[tokio::test]
async fn a_file_system_comes_back_elsewhere() {
    let (nas, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let builder = LocalCloud::builder().file_system("0a1b2c", nas.path());
    let stage = Stage::of(builder.file_system("3d4e5f", other.path())).await;
    for name in ["data/a", "data/b/c", "logs/x", "top"] {
        write(nas.path(), name, name);
    }
    let source = [("FileSystemId", "0a1b2c"), ("CreateTime", "1700000000")];
    let (job, snapshot) = run(&stage, "NAS", &source).await;
    assert_eq!(
        (&job["Status"], &job["FileSystemId"], &job["CreateTime"]),
        (&"COMPLETE".into(), &"0a1b2c".into(), &1_700_000_000.into())
    );
    let target = [
        ("TargetFileSystemId", "3d4e5f"),
        ("TargetCreateTime", "1700000001"),
        ("TargetPath", "/back/up"),
    ];
    let restored = restore(&stage, "NAS", &snapshot.unwrap(), &target).await;
    assert_eq!(restored["Status"], "COMPLETE", "{restored}");
    assert_eq!(tree(&other.path().join("back/up")), tree(nas.path()));

    // Paths of it, one of which is missing.
    let paths = [
        source[0],
        source[1],
        ("Path.1", "/data/"),
        ("Path.2", "/gone"),
    ];
    let (job, snapshot) = run(&stage, "NAS", &paths).await;
    assert_eq!(job["Status"], "PARTIAL_COMPLETE", "{job}");
    assert_eq!(
        job["Report"]["FailedFiles"],
        "Item\tError Message\n/gone\tSOURCE_NOT_EXIST\n"
    );
    let target = [target[0], target[1], ("TargetPath", "/part")];
    restore(&stage, "NAS", &snapshot.unwrap(), &target).await;
    let names: Vec<_> = tree(&other.path().join("part")).into_keys().collect();
    assert_eq!(
        names,
        [&b""[..], b"data", b"data/a", b"data/b", b"data/b/c"]
    );
    let (job, snapshot) = run(&stage, "NAS", &[source[0], source[1], ("Path.1", "/gone")]).await;
    assert_eq!(
        (&job["ErrorMessage"], snapshot),
        (&"SOURCE_NOT_EXIST".into(), None)
    );
    let (job, _) = run(&stage, "NAS", &[("FileSystemId", "unknown"), source[1]]).await;
    assert_eq!(job["ErrorMessage"], "SOURCE_NOT_EXIST");

    // Searched for as the page says.
    let query = json!([
        {"field": "VaultId", "operation": "MATCH_TERM", "value": stage.vault},
        {"field": "FileSystemId", "operation": "MATCH_TERM", "value": "0a1b2c"},
        {"field": "CreateTime", "operation": "MATCH_TERM", "value": 1_700_000_000},
    ]);
    let found = stage.call(
        "SearchHistoricalSnapshots",
        &[("Query", &query.to_string()), ("SourceType", "NAS")],
    );
    assert_eq!(found.ok().await["TotalCount"], 2);
    let listed = stage.call(
        "ListSnapshots",
        &[("ProtectedResourceId", "0a1b2c"), ("SourceType", "NAS")],
    );
    assert_eq!(listed.ok().await["TotalCount"], 2);
}

#[tokio::test]
async fn the_files_of_an_instance_come_back() {
    let instance = "i-bp1fake0000000000001";
    let root = tempfile::tempdir().unwrap();
    let stage = Stage::of(LocalCloud::builder().node(instance, root.path())).await;
    write(root.path(), "srv/data", "x");
    write(root.path(), "etc/hosts", "y");
    let (job, snapshot) = run(
        &stage,
        "ECS_FILE",
        &[("InstanceId", instance), ("Path.1", "/srv")],
    )
    .await;
    assert_eq!(
        (&job["Status"], &job["ItemsTotal"]),
        (&"COMPLETE".into(), &3.into()),
        "{job}"
    );
    let target = [("TargetInstanceId", instance), ("TargetPath", "/restored")];
    let restored = restore(&stage, "ECS_FILE", &snapshot.unwrap(), &target).await;
    assert_eq!(restored["Status"], "COMPLETE");
    assert_eq!(
        std::fs::read_to_string(root.path().join("restored/srv/data")).unwrap(),
        "x"
    );
    let (job, _) = run(&stage, "ECS_FILE", &[("InstanceId", "i-nobody")]).await;
    assert_eq!(
        (&job["Status"], &job["ErrorMessage"]),
        (&"FAILED".into(), &"ClientNotExist".into())
    );

    // By a job alone, too.
    let job = stage.call(
        "CreateBackupJob",
        &[
            ("SourceType", "ECS_FILE"),
            ("VaultId", &stage.vault),
            ("Retention", "1"),
            ("InstanceId", instance),
            ("Include", r#"["/etc"]"#),
        ],
    );
    let job = text(&job.ok().await, "JobId");
    stage.pass(60);
    assert_eq!(stage.snapshots(&job).await[0]["InstanceId"], instance);
}

#[tokio::test]
async fn objects_come_back_under_another_prefix() {
    let folder = tempfile::tempdir().unwrap();
    for data in [None, Some(folder.path())] {
        let builder = LocalCloud::builder().bucket("other");
        let stage = Stage::of(match data {
            Some(folder) => builder.data_folder(folder),
            None => builder,
        })
        .await;
        let raw = &stage.raw;
        let large = "ab".repeat(800_000);
        raw.object("PUT", "data/large")
            .header("x-oss-meta-a", "b")
            .header("content-type", "text/x")
            .body(large.clone())
            .ok()
            .await;
        raw.put("data/日本/../x", "odd").await;
        raw.put("else", "not this").await;
        raw.put("data/gone", "x").await;
        raw.object("DELETE", "data/gone").ok().await;
        raw.object("PUT", "data/cold")
            .header("x-oss-storage-class", "Archive")
            .body("frozen")
            .ok()
            .await;
        let source = [("Bucket", "backups"), ("Prefix", "data/")];
        let (job, snapshot) = run(&stage, "OSS", &source).await;
        assert_eq!(
            (&job["Status"], &job["ItemsTotal"]),
            (&"PARTIAL_COMPLETE".into(), &3.into()),
            "{job}"
        );
        let failed = text(&job["Report"], "FailedFiles");
        assert!(failed.contains("data/cold\tit is archived"), "{failed}");
        let snapshot = snapshot.unwrap();
        assert_eq!(
            (&snapshot["Bucket"], &snapshot["Prefix"]),
            (&"backups".into(), &"data/".into())
        );
        let target = [("TargetBucket", "other"), ("TargetPrefix", "back/")];
        let restored = restore(&stage, "OSS", &snapshot, &target).await;
        assert_eq!(restored["Status"], "COMPLETE", "{restored}");
        let got = raw
            .object("GET", "back/data/large")
            .bucket("other")
            .ok()
            .await;
        assert_eq!(
            (
                got.text() == large,
                got.header("x-oss-meta-a"),
                got.header("content-type")
            ),
            (true, "b".to_owned(), "text/x".to_owned())
        );
        let odd = raw
            .object("GET", "back/data/日本/../x")
            .bucket("other")
            .ok()
            .await;
        assert_eq!(
            (odd.text().as_str(), odd.header("etag")),
            (
                "odd",
                raw.object("GET", "data/日本/../x")
                    .ok()
                    .await
                    .header("etag")
            )
        );

        let missing = [("TargetBucket", "nobodys"), ("TargetPrefix", "")];
        let failed = restore(&stage, "OSS", &snapshot, &missing).await;
        assert_eq!(failed["ErrorMessage"], "TARGET_NOT_EXIST");
        let (job, _) = run(&stage, "OSS", &[("Bucket", "nobodys")]).await;
        assert_eq!(job["ErrorMessage"], "SOURCE_NOT_EXIST");
    }
}
