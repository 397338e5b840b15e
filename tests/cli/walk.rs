//! An operator's first hour.

use std::io::Read as _;

use serde_json::json;
use test_support::{delete, get};

use crate::program::World;

const SHOP: [&str; 2] = ["--include-namespaces", "shop"];

#[tokio::test(flavor = "multi_thread")]
async fn backups_are_made_looked_at_restored_and_deleted() {
    let world = World::new().await;
    let client = test_support::client(&world.cluster.url());

    let checked = world.done(&["location", "check"]).await;
    assert!(
        checked.contains("written, read, listed and deleted"),
        "{checked}"
    );
    assert_eq!(world.stored().await, Vec::<String>::new());

    let plan = world
        .json(&[&["backup", "create", "one", "--dry-run"][..], &SHOP].concat())
        .await;
    assert!(
        plan["objectsByKind"]["v1/Secret"].as_u64() >= Some(1),
        "{plan}"
    );
    assert_eq!(world.stored().await, Vec::<String>::new());

    let create = [
        "backup", "create", "one", "--ttl", "720h", "--labels", "team=a", "--wait",
    ];
    let create = [&create[..], &SHOP].concat();
    let ran = world.run(&create).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.said.starts_with("Backup `one`: Completed, "), "{ran:?}");
    // No terminal: plain lines.
    assert_eq!(ran.complained, "backup `one`: begun\n");
    let again = world.run(&create).await;
    assert_eq!(again.code, 1);
    assert!(
        again.complained.contains("choose another name"),
        "{again:?}"
    );

    let table = world.done(&["backup", "get"]).await;
    let rows: Vec<&str> = table.lines().collect();
    assert!(
        rows[0].starts_with("NAME   STATUS") && rows[0].ends_with("EXPIRES"),
        "{table}"
    );
    assert!(rows[1].starts_with("one    Completed"), "{table}");
    assert!(
        world
            .done(&["backup", "get", "-o", "wide"])
            .await
            .contains("ENCRYPTED")
    );
    assert!(
        world
            .done(&["backup", "get", "-l", "team!=a", "-o", "yaml"])
            .await
            .contains("items: []")
    );
    let listed = world.json(&["backup", "get"]).await;
    assert_eq!(listed["items"][0]["metadata"]["name"], "one");
    let one = world.json(&["backup", "get", "one"]).await;
    assert_eq!(one["metadata"]["labels"], json!({"team": "a"}));

    let described = world
        .done(&["backup", "describe", "one", "--details"])
        .await;
    for line in ["Phase:                      Completed", "  - shop/password"] {
        assert!(described.contains(line), "{described}");
    }
    let logs = world.done(&["backup", "logs", "one"]).await;
    assert!(
        logs.contains("level=info") && logs.contains("backup=velero/one"),
        "{logs}"
    );
    let verified = world
        .done(&["backup", "verify", "one", "--against-cluster"])
        .await;
    assert!(
        verified.starts_with("Verification of backup `one`: restorable"),
        "{verified}"
    );

    let archive = world.path("one.tar.gz");
    let to = archive.to_str().unwrap();
    world.done(&["backup", "download", "one", "-o", to]).await;
    let archive = std::fs::read(&archive).unwrap();
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(&archive[..])
        .read_to_end(&mut text)
        .unwrap();
    assert!(
        String::from_utf8_lossy(&text).contains("resources/secrets/namespaces/shop/password.json")
    );
    let again = world.run(&["backup", "download", "one", "-o", to]).await;
    assert!(
        again.code == 1 && again.complained.contains("--force"),
        "{again:?}"
    );

    // A restore is planned, and changes nothing; then it is done, in another namespace.
    let restore = ["--from-backup", "one", "--namespace-mappings", "shop:copy"];
    let planned = world
        .done(&[&["restore", "plan", "try"][..], &restore].concat())
        .await;
    assert!(planned.contains("create"), "{planned}");
    assert!(get(&client, "/api/v1/namespaces/copy").await.is_none());
    let done = world
        .done(&[&["restore", "create", "try"][..], &restore].concat())
        .await;
    assert!(done.starts_with("Restore `try` of backup `one`"), "{done}");
    let secret = get(&client, "/api/v1/namespaces/copy/secrets/password")
        .await
        .unwrap();
    assert_eq!(secret["data"]["word"], "bWFkZSB1cA==");
    let described = world.json(&["restore", "describe", "try"]).await;
    let objects = described["objects"].as_array().unwrap();
    assert!(
        objects
            .iter()
            .any(|it| it["namespace"] == "copy" && it["name"] == "password"),
        "{described}"
    );

    // In its own place, once that is gone.
    delete(&client, "/api/v1/namespaces/shop").await;
    world
        .done(&[
            "restore",
            "create",
            "--from-backup",
            "one",
            "--existing-resource-policy",
            "update",
        ])
        .await;
    assert!(
        get(&client, "/api/v1/namespaces/shop/configmaps/settings")
            .await
            .is_some()
    );

    let refused = world.run(&["backup", "delete", "one"]).await;
    assert!(
        refused.code == 1 && refused.complained.contains("nothing was deleted"),
        "{refused:?}"
    );
    world.done(&["backup", "delete", "one", "--confirm"]).await;
    assert_eq!(world.stored().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_told_from_what_failed() {
    let world = World::new().await;
    for arguments in [
        &["backup", "get", "gone"][..],
        &["backup", "describe", "gone"],
        &["backup", "verify", "gone"],
        &["backup", "logs", "gone"],
        &["backup", "download", "gone", "-o", "/tmp/gone"],
        &["backup", "delete", "gone", "--confirm"],
        &["restore", "plan", "--from-backup", "gone"],
        &["restore", "create", "--from-backup", "gone"],
        &["restore", "describe", "gone"],
    ] {
        let ran = world.run(arguments).await;
        assert_eq!(ran.code, 4, "{arguments:?}: {ran:?}");
        assert!(ran.complained.contains("gone"), "{ran:?}");
    }
    for arguments in [
        &["backup", "create"][..],
        &["backup", "create", "a", "--ttl", "soon"],
        &["backup", "get", "--location", "s3://a"],
        &["backup", "create", "a", "--recipient", "age1"],
    ] {
        assert_eq!(world.run(arguments).await.code, 2, "{arguments:?}");
    }
    for (arguments, says) in [
        (
            &["backup", "get", "--location", "oss://another-bucket"][..],
            "another-bucket",
        ),
        (
            &["backup", "get", "--location", "file:///gone"],
            "create it first",
        ),
        (&["backup", "create", "Big"], "`Big`"),
        (
            &["backup", "get", "--region", "oss-cn-hangzhou"],
            "oss-cn-hangzhou",
        ),
        (
            &["backup", "create", "a", "--kubeconfig", "/gone"],
            "read the kubeconfig",
        ),
        (&["backup", "create", "a", "-l", "a in b"], "`a in b`"),
        (&["schedule", "get"], "BackupSchedules"),
    ] {
        let ran = world.run(arguments).await;
        assert_eq!(ran.code, 1, "{arguments:?}: {ran:?}");
        assert!(ran.complained.contains(says), "{arguments:?}: {ran:?}");
    }
    let completion = world.done(&["completion", "bash"]).await;
    assert!(completion.contains("location"), "{completion}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_a_place_as_good_as_a_bucket_and_one_bad_record_hides_no_other() {
    let world = World::new().await;
    let folder = world.path("backups");
    std::fs::create_dir(&folder).unwrap();
    let location = format!("file://{}", folder.display());
    let at = ["--location", location.as_str()];
    for name in ["good", "damaged", "renamed"] {
        world
            .done(&[&["backup", "create", name][..], &SHOP, &at].concat())
            .await;
    }
    world
        .done(&[&["location", "check"][..], &at].concat())
        .await;
    let backups = folder.join("backups");
    std::fs::write(backups.join("damaged/velero-backup.json"), "{").unwrap();
    std::fs::rename(backups.join("renamed"), backups.join("other")).unwrap();
    let ran = world.run(&[&["backup", "get"][..], &at].concat()).await;
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(ran.said.lines().count(), 2, "{ran:?}");
    assert!(ran.said.contains("good"), "{ran:?}");
    for name in ["`damaged`", "`other`"] {
        assert!(ran.complained.contains(name), "{ran:?}");
    }
    let checked = world.run(&[&["location", "check"][..], &at].concat()).await;
    assert_eq!(checked.code, 1, "{checked:?}");
    // What cannot be read can be deleted all the same.
    for name in ["damaged", "other", "good"] {
        let delete = ["backup", "delete", name, "--confirm", "--keep-volume-data"];
        world.done(&[&delete[..], &at].concat()).await;
    }
    let left = world.run(&[&["backup", "get"][..], &at].concat()).await;
    assert_eq!((left.code, left.said.lines().count()), (0, 1), "{left:?}");
}

/// What was killed while it made snapshots has left a note of who makes them, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_finished_is_deleted_with_the_snapshots_that_it_may_have_begun() {
    let world = World::new().await;
    let folder = world.path("backups");
    let half = folder.join("backups/half");
    std::fs::create_dir_all(&half).unwrap();
    let note = json!({"uid": "37e99eaf-b9c3-4ba3-a9fe-537f1b59f012", "snapshotters": ["ecs"]});
    let file = half.join("half-begun-37e99eaf-b9c3-4ba3-a9fe-537f1b59f012.json");
    std::fs::write(&file, note.to_string()).unwrap();
    let location = format!("file://{}", folder.display());
    let delete = [
        "backup",
        "delete",
        "half",
        "--confirm",
        "--location",
        &location,
    ];
    // Without a cluster nobody can be asked for its snapshots, and nothing is deleted.
    let ran = world
        .run(&[&delete[..], &["--kubeconfig", "/gone"]].concat())
        .await;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(file.exists(), "{ran:?}");
    world.done(&delete).await;
    assert!(!file.exists());
    let asked = world.cloud.requests().by_operation();
    assert!(asked.contains_key("DescribeSnapshots"), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_are_made_paused_run_and_deleted() {
    let world = World::new().await;
    let client = test_support::client(&world.cluster.url());
    for definition in ack_backup_center::crds::definitions() {
        let definition = serde_json::to_value(definition).unwrap();
        let list = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        test_support::create(&client, list, definition).await;
    }
    let csdr = json!({"metadata": {"name": "csdr"}});
    test_support::create(&client, "/api/v1/namespaces", csdr).await;
    let create = [
        "schedule",
        "create",
        "nightly",
        "--schedule",
        "0 1 * * *",
        "--storage-location",
        "vault",
    ];
    world.done(&[&create[..], &SHOP].concat()).await;
    let plan = "/apis/csdr.alibabacloud.com/v1beta1/namespaces/csdr/backupschedules/nightly";
    for (command, pointer, expected) in [
        ("pause", "/spec/paused", json!(true)),
        ("unpause", "/spec/paused", json!(false)),
        ("pause", "/spec/paused", json!(true)),
        ("resume", "/spec/paused", json!(false)),
    ] {
        world.done(&["schedule", command, "nightly"]).await;
        let found = get(&client, plan).await.unwrap();
        // What is false is left out.
        let value = found.pointer(pointer).cloned().unwrap_or(json!(false));
        assert_eq!(value, expected, "{command}");
    }
    world.done(&["schedule", "run", "nightly"]).await;
    let found = get(&client, plan).await.unwrap();
    assert!(found["spec"]["runAt"].is_string(), "{found}");
    assert_eq!(
        found["spec"]["template"]["includedNamespaces"],
        json!(["shop"])
    );
    assert!(world.done(&["schedule", "get"]).await.contains("0 1 * * *"));
    let described = world.done(&["schedule", "describe", "nightly"]).await;
    assert!(
        described.contains("Vault:              vault"),
        "{described}"
    );
    assert_eq!(world.run(&["schedule", "pause", "gone"]).await.code, 4);
    world.done(&["schedule", "delete", "nightly"]).await;
    assert_eq!(
        world.run(&["schedule", "describe", "nightly"]).await.code,
        4
    );
}
