//! The end of a backup with volumes: by retention, by a request, while it is being made, and when files cannot be copied.

use std::time::{Duration, Instant};

use ack_backup_center::grants::Feature;
use ack_backup_center::hbr::{BackupJob, JobStatus, SnapshotQuery, Vault};
use alibaba_local::{Fault, LocalCloud, Rule};
use futures::TryStreamExt as _;
use serde_json::{Value, json};

use crate::volumes::stage::{Stage, cloud, soon, with_volumes};
use crate::world::World;

async fn delete(world: &World, backup: &str) {
    let spec = json!({"deleteObjectName": backup, "deleteObjectType": "Backup"});
    let request = format!("{backup}-dbr");
    world.create("DeleteRequest", &request, spec).await;
    world.gone("DeleteRequest", &request).await;
    assert_eq!(world.get("ApplicationBackup", backup).await, None);
}

async fn jobs(world: &World) -> Vec<BackupJob> {
    let hbr = world.account().hbr().unwrap();
    hbr.describe_backup_jobs()
        .items()
        .try_collect()
        .await
        .unwrap()
}

/// How many copies of files Cloud Backup has.
async fn copies(world: &World) -> usize {
    let hbr = world.account().hbr().unwrap();
    let vaults: Vec<Vault> = hbr.describe_vaults().items().try_collect().await.unwrap();
    let mut count = 0;
    for vault in &vaults {
        let found = hbr.search_historical_snapshots(SnapshotQuery::in_vault(&vault.id));
        count += found.items().try_collect::<Vec<_>>().await.unwrap().len();
    }
    count
}

/// Whether what a service keeps was deleted, and nothing of the backup in its vault before that, since requests were last cleared.
fn is_deleted_first(cloud: &LocalCloud, service: &str) -> bool {
    let all = cloud.requests().all();
    let is_kept = |key: &str| !key.contains("lease") && !key.contains("probe");
    let deletes = all.iter().filter(|it| it.operation.starts_with("Delete"));
    let mut of_backup = deletes.filter(|it| {
        let is_of_vault = it.service == "oss" && it.key.as_deref().is_none_or(is_kept);
        is_of_vault || (it.service, it.operation) == (service, "DeleteSnapshot")
    });
    let first = of_backup.next().map(|it| it.service);
    first == Some(service) && of_backup.any(|it| it.service == "oss")
}

/// The end of an ACK user's day, under the page's policy for one bucket and nothing beyond it.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_keeps_one_backup_and_a_request_deletes_it_with_its_snapshots() {
    let cloud = cloud(&[]).await;
    let Some((stage, controller)) = Stage::ready(&cloud, "team1").await else {
        return;
    };
    let world = &stage.world;
    let claims = [("data", &*stage.disk_class), ("files", &*stage.nas_class)];
    let shop = stage.application(&claims).await;
    let spec = json!({"schedule": "1 4 * * *", "runAt": soon(), "retention": {"keepLast": 1}, "template": with_volumes(&shop)});
    world.create("BackupSchedule", "daily", spec).await;
    let first = stage.next_backup("").await;
    let snapshot = disk_of(&world.phase("ApplicationBackup", &first, "Completed").await);

    // The plan has made another one, and the first goes with its snapshot.
    let patch = json!({"spec": {"runAt": soon()}});
    let path = world.path("BackupSchedule", "daily");
    test_support::patch(&world.client, &path, &patch).await;
    let second = stage.next_backup(&first).await;
    let kept = disk_of(&world.phase("ApplicationBackup", &second, "Completed").await);
    world.gone("ApplicationBackup", &first).await;
    assert!(cloud.ecs().snapshot(&snapshot).read(0, 1).is_err());
    assert!(cloud.ecs().snapshot(&kept).read(0, 1).is_ok());

    // Without its plan, a request deletes the last one.
    world.delete("BackupSchedule", "daily").await;
    cloud.requests().clear();
    delete(world, &second).await;
    assert!(cloud.ecs().snapshot(&kept).read(0, 1).is_err());
    assert!(is_deleted_first(&cloud, "ecs"), "{:?}", cloud.requests());
    // The page does not grant to delete copies of files: they go when their retention is over.
    assert_eq!(copies(world).await, 2);
    assert_eq!(world.keys().await, [] as [String; 0]);
    controller.stop().await;
    stage.clean_up(&[&shop]).await;
}

fn disk_of(backup: &Value) -> String {
    let volumes = backup["status"]["volumes"].as_array().unwrap();
    let disk = volumes.iter().find(|it| it["method"] == "ecs").unwrap();
    disk["snapshotId"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_files_go_before_the_record_where_the_account_may_delete_them() {
    let cloud = cloud(&[Feature::DeleteFileBackups]).await;
    let Some((stage, controller)) = Stage::ready(&cloud, "").await else {
        return;
    };
    let world = &stage.world;
    let shop = stage.application(&[("files", &stage.nas_class)]).await;
    stage.backed_up("day", &shop, "Completed").await;
    assert_eq!(copies(world).await, 1);
    cloud.requests().clear();
    delete(world, "day").await;
    assert_eq!(copies(world).await, 0);
    assert!(is_deleted_first(&cloud, "hbr"), "{:?}", cloud.requests());
    controller.stop().await;
    stage.clean_up(&[&shop]).await;
}

/// Where the account may, the job is cancelled, and with the page's rights alone it is asked for and ends by itself; nothing is left
/// either way.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_deleted_while_files_are_copied_cancels_the_job() {
    let both = [Feature::CancelFileJobs, Feature::DeleteFileBackups];
    for extras in [&both[..], &[]] {
        let cloud = cloud(extras).await;
        let Some((stage, controller)) = Stage::ready(&cloud, "").await else {
            return;
        };
        let world = &stage.world;
        let shop = stage.application(&[("files", &stage.nas_class)]).await;
        world
            .create("ApplicationBackup", "day", with_volumes(&shop))
            .await;
        let began = || {
            let all = cloud.requests().all();
            let mut made = all.iter().filter(|it| it.operation == "CreateBackupJob");
            made.any(|it| it.status == Some(200))
        };
        let started = Instant::now();
        while !began() {
            assert!(started.elapsed() < Duration::from_secs(90));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        delete(world, "day").await;
        assert_eq!(world.keys().await, [] as [String; 0]);
        let all = cloud.requests().all();
        let cancelled: Vec<_> = all
            .iter()
            .filter(|it| it.operation == "CancelBackupJob")
            .map(|it| it.status == Some(200))
            .collect();
        assert!(!cancelled.is_empty(), "{extras:?}");
        if !extras.is_empty() {
            assert!(cancelled.contains(&true), "{cancelled:?}");
            let left = jobs(world).await;
            let is_over =
                |it: &BackupJob| it.status == JobStatus::Canceling || it.status.is_final();
            assert!(left.iter().all(is_over), "{left:#?}");
            assert_eq!(copies(world).await, 0);
        }
        controller.stop().await;
        stage.clean_up(&[&shop]).await;
    }
}

/// E18, from its causes: Cloud Backup refuses the job, and a volume has no files to copy.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_files_that_is_refused_is_told_in_acks_words_and_the_application_is_backed_up()
 {
    let cloud = cloud(&[]).await;
    let Some((stage, controller)) = Stage::ready(&cloud, "").await else {
        return;
    };
    let world = &stage.world;
    let claims = [("data", &*stage.disk_class), ("files", &*stage.nas_class)];
    let shop = stage.application(&claims).await;
    let refused = Rule::new(Fault::Status(400, "InvalidParameter")).service("hbr");
    cloud.faults().add(refused.operation("CreateBackupJob"));
    let backup = stage.backed_up("refused", &shop, "PartiallyFailed").await;
    let volumes = backup["status"]["volumes"].as_array().unwrap();
    let of = |claim: &str| {
        let mut all = volumes.iter();
        all.find(|it| it["persistentVolumeClaim"] == claim).unwrap()
    };
    assert_eq!(of("data")["phase"], "Completed", "{volumes:#?}");
    assert_eq!(of("files")["phase"], "Failed", "{volumes:#?}");
    let words = "HBR backup request failed";
    let message = of("files")["message"].as_str().unwrap();
    assert!(message.contains(words), "{message}");
    let events = world.events("refused").await;
    let told = events.iter().find(|it| it.0 == "VolumesNotBackedUp");
    let note = &told.unwrap_or_else(|| panic!("{events:?}")).1;
    for words in [
        words,
        "PROCESS hbr partially completed",
        &*format!("{shop}/files: "),
    ] {
        assert!(note.contains(words), "{note}");
    }
    cloud.faults().clear();
    controller.stop().await;
    stage.clean_up(&[&shop]).await;
}
