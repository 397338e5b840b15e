//! Conversions that cannot be done, and those that the restore does itself.

use serde_json::{Value, json};

use super::stage::{NAS, Stage, cloud};

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_converted_is_said_by_claim_in_acks_words_and_the_rest_is_done() {
    let cloud = cloud(&[]).await;
    let Some((stage, controller)) = Stage::ready(&cloud, "").await else {
        return;
    };
    let world = &stage.world;
    let claims = [("data", &*stage.disk_class), ("files", &*stage.nas_class)];
    let shop = stage.application(&claims).await;
    stage.backed_up("day", &shop, "Completed").await;

    let other = control_plane::unique_name("other");
    let class = json!({"metadata": {"name": other}, "provisioner": "rbd.csi.ceph.com"});
    let classes = "/apis/storage.k8s.io/v1/storageclasses";
    test_support::create(&world.client, classes, class).await;
    let to = |claim: &str, class: &str, rest: Value| {
        let mut arg = json!({"namespace": shop, "persistentVolumeClaim": claim, "convertToStorageClassType": class});
        json_patch::merge(&mut arg, &rest);
        arg
    };
    let many = json!({"convertToAccessModes": ["ReadWriteMany"]});
    let small = json!({"capacity": "1"});
    let args = [
        (
            to("files", "gone", json!({})),
            "storageclass gone not exists",
        ),
        (
            to("files", &other, json!({})),
            "only support convert to storageclass with CSI diskplugin or nasplugin provisioner",
        ),
        (
            to("files", &stage.disk_class, many),
            "multi-node writing is only supported for block volume",
        ),
        (
            to("files", &stage.nas_class, small),
            "is not a size that holds",
        ),
        (
            to("data", &stage.disk_class, json!({})),
            "is a snapshot by `ecs` already",
        ),
        (
            to("none", &stage.disk_class, json!({})),
            "the backup has no data of such a claim",
        ),
        (
            to("files", &stage.nas_class, json!({"capacity": "50Gi"})),
            "",
        ),
    ];
    let asked: Vec<&Value> = args.iter().map(|it| &it.0).collect();
    let spec = json!({"backupName": "day", "convertedarg": asked});
    world.create("ConvertToSnapshot", "day", spec).await;
    let done = world
        .phase("ConvertToSnapshot", "day", "PartiallyFailed")
        .await;
    let volumes = done["status"]["volumes"].as_array().unwrap();
    for (volume, (_, words)) in volumes.iter().zip(&args) {
        let phase = if words.is_empty() {
            "Completed"
        } else {
            "Failed"
        };
        assert_eq!(volume["phase"], phase, "{volume}");
        let message = volume["message"].as_str().unwrap_or_default();
        assert!(message.contains(words), "{volume}");
    }
    let events = world.events("day").await;
    assert!(
        events
            .iter()
            .any(|it| it.0 == "PartiallyFailed" && it.1.contains("storageclass gone not exists")),
        "{events:?}"
    );

    // The last one is done by the restore: another size, on a file system.
    let copy = format!("{shop}-dr");
    stage.plays(&copy);
    let spec = json!({"backupName": "day", "namespaceMapping": {&shop: &copy}, "includedResources": ["persistentvolumeclaims", "pods"]});
    world.create("ApplicationRestore", "day-r1", spec).await;
    let restored = world
        .until("ApplicationRestore", "day-r1", "over", |it| {
            it["status"]["completionTimestamp"].is_string()
        })
        .await;
    let claim = format!("/api/v1/namespaces/{copy}/persistentvolumeclaims/files");
    let claim = world
        .read(&claim)
        .await
        .unwrap_or_else(|| panic!("{restored:#}"));
    assert_eq!(claim["spec"]["resources"]["requests"]["storage"], "50Gi");
    let volume = claim["spec"]["volumeName"].as_str().unwrap();
    let volume = world
        .read(&format!("{}/{volume}", super::stage::VOLUMES))
        .await
        .unwrap();
    assert_eq!(volume["spec"]["csi"]["driver"], NAS);

    // Reset, it can be asked for anew.
    let spec = json!({"deleteObjectName": "day", "deleteObjectType": "Convert"});
    world.create("DeleteRequest", "reset-convert", spec).await;
    world.gone("ConvertToSnapshot", "day").await;
    world
        .create(
            "ConvertToSnapshot",
            "day",
            json!({"backupName": "none", "convertedarg": [asked[0]]}),
        )
        .await;
    let failed = world.phase("ConvertToSnapshot", "day", "Failed").await;
    let message = failed["status"]["message"].as_str().unwrap();
    assert!(
        message.contains("there is no ApplicationBackup `none`"),
        "{message}"
    );
    controller.stop().await;
    stage.clean_up(&[&shop, &copy]).await;
    test_support::delete(&world.client, &format!("{classes}/{other}")).await;
}
