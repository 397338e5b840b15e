//! Cloud Backup in a data folder: whole after a restart, wherever it was killed.

use std::path::Path;

use alibaba_local::LocalCloud;
use serde_json::Value;

use super::calls::{NODE, Stage, absolute, call, restore_job, rows, search, text, write};
use super::trees::tree;
use crate::raw::{Raw, start_with};

/// Everything that is listed.
async fn everything(raw: &Raw, vault: &str) -> Vec<Value> {
    let mut all = vec![Value::Array(search(raw, vault).await)];
    for action in [
        "DescribeVaults",
        "DescribeContainerCluster",
        "DescribeContainerResource",
        "DescribeBackupJobs2",
        "DescribeRestoreJobs2",
        "DescribeBackupPlans",
        "DescribePoliciesV2",
    ] {
        let mut found = call(raw, action, &[]).ok().await;
        found["RequestId"] = Value::Null;
        all.push(found);
    }
    all
}

/// A cloud in a folder, whose clock is as far ahead as that of another was.
async fn again(data: &Path, node: &Path, ahead: i64) -> Raw {
    let raw = start_with(LocalCloud::builder().data_folder(data).node(NODE, node)).await;
    raw.cloud.clock().set_offset_seconds(ahead);
    raw
}

/// A data folder after a backup, a restore, a plan and a policy.
async fn filled(data: &Path) -> Stage {
    let stage = Stage::of(LocalCloud::builder().data_folder(data)).await;
    write(&stage.volume("data"), "file", "kept");
    write(&stage.volume("data"), "sub/large", vec![3; 1_500_000]);
    let (_, restore) = stage.round_trip("data", "target").await;
    assert_eq!(restore["Status"], "COMPLETE");
    let plan = stage.call(
        "CreateBackupPlan",
        &[
            ("SourceType", "OSS"),
            ("PlanName", "p"),
            ("VaultId", &stage.vault),
            ("Bucket", "backups"),
            ("Schedule", "I|1767225600|P1W"),
            ("Retention", "1"),
        ],
    );
    plan.ok().await;
    stage
        .call("CreatePolicyV2", &[("PolicyName", "p")])
        .ok()
        .await;
    stage
}

#[tokio::test]
async fn all_of_it_is_there_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let stage = filled(data.path()).await;
    stage.raw.cloud.clock().set_offset_seconds(10_000);
    let before = everything(&stage.raw, &stage.vault).await;
    let (vault, cluster) = (stage.vault.clone(), stage.cluster.clone());
    let Stage { raw, node, .. } = stage;
    drop(raw);
    let raw = again(data.path(), node.path(), 10_000).await;
    assert_eq!(everything(&raw, &vault).await, before);
    let stage = Stage {
        raw,
        node,
        vault,
        cluster,
    };
    let snapshot = search(&stage.raw, &stage.vault).await.remove(0);
    stage.volume("later");
    let restore = stage.restored(stage.restore(&snapshot, "later")).await;
    assert_eq!(restore["Status"], "COMPLETE", "{restore}");
    assert_eq!(tree(&stage.volume("later")), tree(&stage.volume("data")));
    let buckets = stage.raw.service("GET").ok().await.all("Name");
    assert_eq!(buckets, ["backups"], "what is Cloud Backup's is no bucket");
}

/// Copies a folder as it is at this moment.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).unwrap()),
        }
    }
}

#[tokio::test]
async fn a_kill_between_any_two_writes_leaves_whole_snapshots_and_nothing_else() {
    let data = tempfile::tempdir().unwrap();
    let stage = filled(data.path()).await;
    let hbr = data.path().join(".hbr");
    let journal = std::fs::read(hbr.join("journal")).unwrap();
    let first = search(&stage.raw, &stage.vault).await;
    write(&stage.volume("data"), "file", "second");
    stage.backed_up(&["data"]).await;
    let second = search(&stage.raw, &stage.vault).await;
    assert_eq!((first.len(), second.len()), (1, 2));
    let after = std::fs::read(hbr.join("journal")).unwrap();
    assert!(after.starts_with(&journal));
    // The pieces and the list of a snapshot are written before the line of the journal that makes it
    // one: killed anywhere before, the pieces are there and the line is not, or only some of it.
    for cut in [
        journal.len(),
        journal.len() + 1,
        (journal.len() + after.len()) / 2,
        after.len() - 1,
        after.len(),
    ] {
        let killed = tempfile::tempdir().unwrap();
        copy(data.path(), killed.path());
        std::fs::write(killed.path().join(".hbr/journal"), &after[..cut]).unwrap();
        std::fs::write(killed.path().join(".hbr/vaults/stray.0123"), "half").unwrap();
        let raw = again(killed.path(), stage.node.path(), 20_000).await;
        let found = search(&raw, &stage.vault).await;
        let expected = if cut == after.len() { &second } else { &first };
        assert_eq!(&found, expected, "cut at {cut}");
        let lists = killed
            .path()
            .join(format!(".hbr/vaults/{}/snapshots", stage.vault));
        assert_eq!(std::fs::read_dir(lists).unwrap().count(), expected.len());
        assert!(!killed.path().join(".hbr/vaults/stray.0123").exists());
        // What is listed can be restored.
        for snapshot in &found {
            let target =
                serde_json::json!({"host": NODE, "hostPrefix": absolute("again"), "pvPath": "/"});
            std::fs::create_dir_all(stage.volume("again")).unwrap();
            let parameters = [
                ("RestoreType", "CONTAINER"),
                ("SourceType", "CONTAINER"),
                ("VaultId", stage.vault.as_str()),
                ("SnapshotId", &text(snapshot, "SnapshotId")),
                ("TargetContainerClusterId", stage.cluster.as_str()),
                ("TargetContainer", &target.to_string()),
            ];
            let id = text(
                &call(&raw, "CreateRestoreJob", &parameters).ok().await,
                "RestoreId",
            );
            raw.pass(chrono::TimeDelta::seconds(60));
            let job = restore_job(&raw, &stage.vault, &id).await;
            assert_eq!(job["Status"], "COMPLETE", "{job}");
        }
        let expected = if cut == after.len() { "second" } else { "kept" };
        assert_eq!(
            std::fs::read_to_string(stage.volume("again").join("file")).unwrap(),
            expected
        );
    }
}

#[tokio::test]
async fn bytes_that_no_snapshot_needs_are_removed() {
    let data = tempfile::tempdir().unwrap();
    let stage = filled(data.path()).await;
    let vaults = data.path().join(".hbr/vaults");
    assert!(vaults.join(&stage.vault).is_dir());
    let snapshot = search(&stage.raw, &stage.vault).await.remove(0);
    stage
        .call(
            "DeleteSnapshot",
            &[("SnapshotId", &text(&snapshot, "SnapshotId"))],
        )
        .ok()
        .await;
    assert!(!vaults.join(&stage.vault).exists());
    // Nor does a cancelled job leave any, or one whose time is over.
    let job = text(&stage.back_up(&["data"]).ok().await, "JobId");
    assert!(vaults.join(&stage.vault).is_dir());
    stage
        .call(
            "CancelBackupJob",
            &[("JobId", &job), ("VaultId", &stage.vault)],
        )
        .ok()
        .await;
    assert!(!vaults.join(&stage.vault).exists());
    stage.backed_up(&["data"]).await;
    stage.pass(40 * 86_400);
    let jobs = stage
        .call("DescribeBackupJobs2", &[("SourceType", "CONTAINER")])
        .ok()
        .await;
    assert_eq!(rows(&jobs, "BackupJobs", "BackupJob").len(), 3);
    assert!(!vaults.join(&stage.vault).exists());
}

#[tokio::test]
async fn a_damaged_piece_fails_by_name() {
    let data = tempfile::tempdir().unwrap();
    let stage = filled(data.path()).await;
    let snapshot = search(&stage.raw, &stage.vault).await.remove(0);
    let mut pieces: Vec<_> = tree(
        &data
            .path()
            .join(".hbr/vaults")
            .join(&stage.vault)
            .join("pieces"),
    )
    .into_keys()
    .collect();
    pieces.retain(|it| it.len() > 60);
    assert_eq!(pieces.len(), 3);
    for piece in pieces {
        let path = data
            .path()
            .join(".hbr/vaults")
            .join(&stage.vault)
            .join("pieces")
            .join(String::from_utf8(piece).unwrap());
        if std::fs::metadata(&path).unwrap().len() > 4 {
            std::fs::write(path, "damaged").unwrap();
        }
    }
    stage.volume("later");
    let restore = stage.restored(stage.restore(&snapshot, "later")).await;
    assert_eq!(restore["Status"], "PARTIAL_COMPLETE", "{restore}");
    let errors = text(&restore, "ErrorFile");
    assert!(
        errors.contains("sub/large\tpiece `") && errors.contains("is damaged"),
        "{errors}"
    );
    let names: Vec<_> = tree(&stage.volume("later")).into_keys().collect();
    assert_eq!(names, [&b""[..], b"file", b"sub"], "nothing half is left");
}
