//! Restore jobs: what they do with what is there, and how they fail.

use std::path::Path;

use alibaba_local::LocalCloud;
use serde_json::{Value, json};

use super::calls::{ACK_CLUSTER, NODE, Stage, absolute, restore_job, text, write};
use super::trees::tree;

fn content(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap_or_else(|error| format!("{name}: {error}"))
}

/// A stage with the snapshot of a folder.
async fn stage() -> (Stage, Value) {
    let stage = Stage::new().await;
    let source = stage.volume("source");
    for name in ["old", "new", "sub/only", "sub/x.log"] {
        write(&source, name, format!("backed up {name}"));
    }
    let job = stage.backed_up(&["source"]).await;
    let snapshot = stage.snapshots(&text(&job, "JobId")).await.remove(0);
    (stage, snapshot)
}

fn set_modified(folder: &Path, name: &str, seconds_from_now: i64) {
    let now = std::time::SystemTime::now();
    let span = std::time::Duration::from_secs(seconds_from_now.unsigned_abs());
    let time = if seconds_from_now < 0 {
        now - span
    } else {
        now + span
    };
    let file = std::fs::File::options()
        .write(true)
        .open(folder.join(name))
        .unwrap();
    file.set_modified(time).unwrap();
}

#[tokio::test]
async fn files_that_are_there_are_overwritten_kept_or_compared() {
    let (stage, snapshot) = stage().await;
    for (options, old, new) in [
        (json!({}), "backed up old", "backed up new"),
        (
            json!({"conflictPolicy": "OVERWRITE_EXISTING"}),
            "backed up old",
            "backed up new",
        ),
        (json!({"conflictPolicy": "SKIP_THE_FILE"}), "there", "there"),
        (
            json!({"conflictPolicy": "KEEP_LATEST"}),
            "backed up old",
            "there",
        ),
    ] {
        let target = stage.volume("target");
        std::fs::remove_dir_all(&target).unwrap();
        let target = stage.volume("target");
        write(&target, "old", "there");
        write(&target, "new", "there");
        write(&target, "other", "untouched");
        set_modified(&target, "old", -3600);
        set_modified(&target, "new", 3600);
        let call = stage
            .restore(&snapshot, "target")
            .query("Options", &options.to_string());
        let job = stage.restored(call).await;
        assert_eq!(job["Status"], "COMPLETE", "{job}");
        assert_eq!(content(&target, "old"), old, "{options}");
        assert_eq!(content(&target, "new"), new, "{options}");
        assert_eq!(content(&target, "sub/only"), "backed up sub/only");
        assert_eq!(content(&target, "other"), "untouched");
        let skipped = job["Report"]["SkippedFiles"]
            .as_str()
            .unwrap_or_default()
            .lines()
            .count();
        assert_eq!(
            skipped,
            [old, new].iter().filter(|it| **it == "there").count()
        );
    }
}

#[tokio::test]
async fn a_file_with_several_names_is_replaced_under_one() {
    let (stage, snapshot) = stage().await;
    let target = stage.volume("target");
    write(&target, "old", "there");
    std::fs::hard_link(target.join("old"), target.join("also")).unwrap();
    stage.restored(stage.restore(&snapshot, "target")).await;
    assert_eq!(
        (
            content(&target, "old").as_str(),
            content(&target, "also").as_str()
        ),
        ("backed up old", "there")
    );
}

#[tokio::test]
async fn a_folder_is_not_taken_away_for_a_file() {
    let (stage, snapshot) = stage().await;
    let target = stage.volume("target");
    write(&target, "old/precious", "data");
    let job = stage.restored(stage.restore(&snapshot, "target")).await;
    assert_eq!(job["Status"], "PARTIAL_COMPLETE", "{job}");
    assert_eq!(
        job["ErrorFile"],
        "Item\tError Message\nold\ta folder is in its place\n"
    );
    assert_eq!(job["ErrorMessage"], "1 of 6 items could not be restored.");
    assert_eq!(content(&target, "old/precious"), "data");
    assert_eq!(content(&target, "new"), "backed up new");

    // A file in the place of a folder goes, unless it is to stay: then what would be in it fails.
    for (policy, status) in [
        ("OVERWRITE_EXISTING", "COMPLETE"),
        ("SKIP_THE_FILE", "PARTIAL_COMPLETE"),
    ] {
        std::fs::remove_dir_all(&target).unwrap();
        let target = stage.volume("target");
        write(&target, "sub", "a file");
        let options = json!({"conflictPolicy": policy}).to_string();
        let job = stage
            .restored(
                stage
                    .restore(&snapshot, "target")
                    .query("Options", &options),
            )
            .await;
        assert_eq!(job["Status"], status, "{job}");
        assert_eq!(target.join("sub").is_dir(), status == "COMPLETE");
        assert_eq!(content(&target, "new"), "backed up new");
    }
}

#[tokio::test]
async fn rules_say_which_paths_come_back() {
    let (stage, snapshot) = stage().await;
    for (options, include, expected) in [
        (
            json!({"includes": ["/sub"], "excludes": ["*.log"]}),
            "",
            &["sub", "sub/only"][..],
        ),
        (json!({}), r#"["/old"]"#, &["old"]),
    ] {
        std::fs::remove_dir_all(stage.volume("target")).unwrap();
        let target = stage.volume("target");
        let call = stage
            .restore(&snapshot, "target")
            .query("Options", &options.to_string());
        let job = stage.restored(call.form("Include", include)).await;
        assert_eq!(job["Status"], "COMPLETE");
        let mut names: Vec<_> = tree(&target)
            .into_keys()
            .map(|it| String::from_utf8(it).unwrap())
            .collect();
        names.remove(0);
        assert_eq!(names, expected);
    }
}

#[tokio::test]
async fn a_restore_has_a_course_and_can_be_cancelled() {
    let stage = Stage::of(LocalCloud::builder().backup_speed(1024)).await;
    write(&stage.volume("source"), "file", vec![b'x'; 10 * 1024]);
    let job = stage.backed_up(&["source"]).await;
    let snapshot = stage.snapshots(&text(&job, "JobId")).await.remove(0);
    stage.volume("target");
    let id = text(&stage.restore(&snapshot, "target").ok().await, "RestoreId");
    assert!(id.starts_with("r-000"), "{id}");
    let row = async || restore_job(&stage.raw, &stage.vault, &id).await;
    assert_eq!(row().await["Status"], "CREATED");
    stage.pass(7);
    let half = row().await;
    assert_eq!(
        (&half["Status"], half["Progress"].as_u64().unwrap() / 100),
        (&"RUNNING".into(), 50)
    );
    assert_eq!(half["TargetPath"], absolute("target"));
    let cancel = || {
        stage.call(
            "CancelRestoreJob",
            &[("VaultId", &stage.vault), ("RestoreId", &id)],
        )
    };
    cancel().ok().await;
    stage.pass(60);
    assert_eq!(row().await["Status"], "CANCELED");
    assert_eq!(
        cancel().ok().await["Success"],
        true,
        "the same effect again"
    );

    let done = stage.restored(stage.restore(&snapshot, "target")).await;
    assert_eq!(
        (&done["Status"], &done["BytesDone"]),
        (&"COMPLETE".into(), &10_240.into())
    );
    assert_eq!(done["SnapshotId"], snapshot["SnapshotId"]);
    let finished = stage.call(
        "CancelRestoreJob",
        &[
            ("VaultId", &stage.vault),
            ("RestoreId", &text(&done, "RestoreId")),
        ],
    );
    assert_eq!(finished.ok().await["Success"], false);
    stage
        .call("CancelRestoreJob", &[("RestoreId", "r-000x")])
        .fails(404, "JobNotExist")
        .await;
}

#[tokio::test]
async fn restores_without_target_or_client_fail_by_name() {
    let (stage, snapshot) = stage().await;
    let job = stage.restored(stage.restore(&snapshot, "nowhere")).await;
    assert_eq!(
        (&job["Status"], &job["ErrorMessage"]),
        (&"FAILED".into(), &"TARGET_NOT_EXIST".into())
    );
    stage.volume("target");
    stage.raw.cloud.backup_clients().stop(ACK_CLUSTER);
    let job = stage.restored(stage.restore(&snapshot, "target")).await;
    assert_eq!(
        (&job["Status"], &job["ErrorMessage"]),
        (&"FAILED".into(), &"ClientNotExist".into())
    );
    assert_eq!(tree(&stage.volume("target")).len(), 1);
    stage.raw.cloud.backup_clients().start(ACK_CLUSTER);
    let elsewhere =
        json!({"host": "nobody", "hostPrefix": absolute("target"), "pvPath": "/"}).to_string();
    let job = stage.restored(
        stage
            .restore(&snapshot, "target")
            .query("TargetContainer", &elsewhere),
    );
    // The last of two parameters of a name counts.
    assert_eq!(job.await["ErrorMessage"], "ClientNotExist");
    let part =
        json!({"host": NODE, "hostPrefix": absolute("target"), "pvPath": "/deeper"}).to_string();
    std::fs::create_dir(stage.volume("target").join("deeper")).unwrap();
    let job = stage
        .restored(
            stage
                .restore(&snapshot, "target")
                .query("TargetContainer", &part),
        )
        .await;
    assert_eq!(job["Status"], "COMPLETE");
    assert_eq!(
        content(&stage.volume("target"), "deeper/old"),
        "backed up old"
    );
}
