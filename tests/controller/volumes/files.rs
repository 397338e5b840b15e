//! Files of volumes: what is missing is said by name and in ACK's words.

use serde_json::{Value, json};

use super::stage::{Stage, cloud};

fn message(object: &Value, condition: &str) -> String {
    let all = object["status"]["conditions"].as_array().unwrap();
    let found = all.iter().find(|it| it["type"] == condition).unwrap();
    found["message"].as_str().unwrap().to_owned()
}

fn told<'s>(events: &'s [(String, String)], reason: &str) -> &'s str {
    let found = events.iter().find(|it| it.0 == reason);
    &found.unwrap_or_else(|| panic!("no {reason}: {events:?}")).1
}

#[tokio::test(flavor = "multi_thread")]
async fn without_what_copies_files_volumes_say_so_and_the_application_is_backed_up() {
    let cloud = cloud(&[]).await;
    let Some(stage) = Stage::real(&cloud).await else {
        return;
    };
    let world = &stage.world;
    let controller = world.controller();
    world.vault("vault-a", "").await;
    let shop = stage.application(&[("files", &stage.nas_class)]).await;
    let backup = stage.backed_up("without", &shop, "PartiallyFailed").await;
    let why = message(&backup, "VolumesBackedUp");
    for words in [
        &*format!("{shop}/files: "),
        "addon status is abnormal: there is no DaemonSet",
        "/hbr-client`",
        "HBR_TOKEN",
    ] {
        assert!(why.contains(words), "{why}");
    }
    // Nothing was made for nothing.
    let calls = cloud.requests().all();
    assert!(!calls.iter().any(|it| it.operation == "CreateBackupJob"));

    // Once it is there, the next backup has the files.
    stage.with_client().await;
    let backup = stage.backed_up("with", &shop, "Completed").await;
    let volume = &backup["status"]["volumes"][0];
    assert_eq!(volume["method"], "hbr", "{volume}");
    assert!(!volume["snapshotId"].as_str().unwrap().is_empty());
    assert_eq!(
        message(&backup, "VolumesBackedUp"),
        "the data of all claims is in it"
    );
    controller.stop().await;
    stage.clean_up(&[&shop]).await;
}

/// E19 and E22, from their cause: the kubelet has moved.
#[tokio::test(flavor = "multi_thread")]
async fn a_volume_whose_files_are_not_found_fails_by_name_and_no_other_does() {
    let cloud = cloud(&[]).await;
    let Some((stage, controller)) = Stage::ready(&cloud, "").await else {
        return;
    };
    let world = &stage.world;
    let claims = [("data", &*stage.disk_class), ("files", &*stage.nas_class)];
    let shop = stage.application(&claims).await;
    let moved = "/data/kubelet/pods";
    cloud.backup_clients().set_pods_folder(&stage.node, moved);
    let backup = stage.backed_up("moved", &shop, "PartiallyFailed").await;
    let volumes = backup["status"]["volumes"].as_array().unwrap();
    let phases: Vec<_> = volumes.iter().map(|it| &it["phase"]).collect();
    assert_eq!(json!(phases), json!(["Completed", "Failed"]));
    let events = world.events("moved").await;
    let note = told(&events, "VolumesNotBackedUp");
    for words in [
        "PROCESS hbr partially completed",
        &*format!(
            "{shop}/files: hbr task finished with unexpected status: FAILED, errMsg SOURCE_NOT_EXIST"
        ),
        "KUBELET_ROOT_PATH",
    ] {
        assert!(note.contains(words), "{note}");
    }
    assert!(!note.contains(&format!("{shop}/data")), "{note}");
    controller.stop().await;
    stage.clean_up(&[&shop]).await;
}
