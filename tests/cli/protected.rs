//! Seals and encryption, by files.

use crate::program::World;

#[tokio::test(flavor = "multi_thread")]
async fn sealed_and_encrypted_backups_are_read_by_whom_they_are_for() {
    let world = World::new().await;
    let file = |name: &str| world.path(name).to_str().unwrap().to_owned();
    let (key, trust, identity) = (file("key.pem"), file("trust.json"), file("identity.txt"));
    let make = ["key", "seal", "--signing-key", &key, "--new-trust", &trust];
    world.done(&make).await;
    // The only key there is is not written over.
    assert_eq!(world.run(&make).await.code, 1);
    let recipient = world
        .done(&["key", "age", "--new-identity", &identity])
        .await;
    let recipient = recipient.trim();
    for secret in [&key, &identity] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(secret).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }

    let create = ["backup", "create", "safe", "--include-namespaces", "shop"];
    let sealed = ["--signing-key", &key, "--trust", &trust];
    let encrypted = ["--encrypt", "all", "--recipient", recipient];
    world
        .done(&[&create[..], &sealed, &encrypted].concat())
        .await;

    let believed = ["--trust", trust.as_str()];
    let reading = ["--identity", identity.as_str()];
    let locked = world
        .run(&[&["backup", "describe", "safe"][..], &believed].concat())
        .await;
    assert_eq!(locked.code, 1, "{locked:?}");
    let both = [&believed[..], &reading].concat();
    let described = world
        .done(&[&["backup", "describe", "safe"][..], &both].concat())
        .await;
    assert!(
        described.contains(&format!("Encrypted:                  all, to {recipient}")),
        "{described}"
    );
    let logs = world
        .done(&[&["backup", "logs", "safe"][..], &both].concat())
        .await;
    assert!(logs.contains("level=info"), "{logs}");
    world
        .done(&[&["backup", "verify", "safe"][..], &both].concat())
        .await;
    let restore = [
        "restore",
        "create",
        "--from-backup",
        "safe",
        "--namespace-mappings",
        "shop:copy",
    ];
    world.done(&[&restore[..], &both].concat()).await;

    // A backup that nobody has sealed is not believed.
    world
        .done(&["backup", "create", "plain", "--include-namespaces", "shop"])
        .await;
    let ran = world
        .run(&[&["backup", "get"][..], &believed].concat())
        .await;
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(
        ran.said.contains("safe") && !ran.said.contains("plain"),
        "{ran:?}"
    );
    assert!(ran.complained.contains("`plain`"), "{ran:?}");
    let refused = [
        &["restore", "create", "--from-backup", "plain"][..],
        &believed,
    ]
    .concat();
    assert_eq!(world.run(&refused).await.code, 1);
}
