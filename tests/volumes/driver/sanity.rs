//! The driver is one, by CSI's own measure: what is found with it is not found with a fake.

use std::process::Command;

use control_plane::Part;

use super::stage::{Cloud, driver};

#[tokio::test(flavor = "multi_thread")]
async fn the_driver_passes_the_suite_of_csi() {
    let Some(suite) = Part::CsiSanity.find() else {
        return;
    };
    let (cloud, folder) = Cloud::new().await;
    let Some(driver) = driver(&cloud) else { return };
    let path = |name: &str| folder.path().join(name).display().to_string();
    let arguments = [
        format!("--csi.endpoint=unix:{}", driver.socket().display()),
        format!("--csi.mountdir={}", path("mount")),
        format!("--csi.stagingdir={}", path("staging")),
        // The least that an ESSD has.
        format!("--csi.testvolumesize={}", 20_u64 << 30),
        "--ginkgo.no-color".to_owned(),
        "--ginkgo.seed=1".to_owned(),
    ];
    let run = move || Command::new(suite).args(arguments).output();
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", driver.log());
    // Those of what the driver says that it can do were run, and not skipped.
    let ran = text.lines().find(|line| line.starts_with("Ran "));
    let count = ran.and_then(|line| line.split(' ').nth(1)?.parse::<usize>().ok());
    assert!(count.is_some_and(|count| count >= 50), "{text}");
    // It removes what it makes.
    assert!(cloud.is_empty().await, "{}", driver.log());
}
