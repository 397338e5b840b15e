//! The rules and the dashboard under `deploy/monitoring`: unit-tested by Prometheus' own tool, and held to what a controller serves.

use std::path::{Path, PathBuf};
use std::process::Command;

use kube_local::KubeLocal;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::chart;
use crate::world::{BUCKET, Running, World, cloud};

/// Prometheus' own tool, which takes long to build: CONTRIBUTING.md says how.
fn promtool() -> Option<PathBuf> {
    let given = std::env::var_os("PROMTOOL").filter(|path| !path.is_empty());
    if given.is_none() {
        control_plane::say(
            "the unit tests of the alerts are SKIPPED: PROMTOOL names no promtool to run them with",
        );
    }
    given.map(PathBuf::from)
}

#[test]
fn alerts_fire_when_they_are_to_and_at_no_other_time() {
    let Some(promtool) = promtool() else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/monitoring");
    for arguments in [
        ["check", "rules", "--lint=all", "--lint-fatal", "rules.yaml"].as_slice(),
        ["test", "rules", "rules.test.yaml"].as_slice(),
    ] {
        let output = Command::new(&promtool)
            .args(arguments)
            .current_dir(&folder)
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(
            output.status.success(),
            "{arguments:?}\n{}{}",
            text(&output.stdout),
            text(&output.stderr)
        );
    }
}

#[test]
fn the_chart_brings_the_rules_and_the_dashboard_as_they_are() {
    let Some(helm) = chart::helm() else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/monitoring");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let values = ["prometheusRule.enabled=true", "dashboard.enabled=true"];
    let all = chart::rendered(&helm, &values);
    let of = |kind: &str, name: &str| {
        let mut found = all
            .iter()
            .filter(|it| it["kind"] == kind && it["metadata"]["name"] == name);
        found.next().cloned().unwrap_or_default()
    };
    let rules: Value = serde_norway::from_str(&read("rules.yaml")).unwrap();
    assert_eq!(of("PrometheusRule", "migrate-controller")["spec"], rules);
    let dashboard = of("ConfigMap", "migrate-controller-dashboard");
    let text = dashboard["data"]["backup-center.json"].as_str().unwrap();
    let [shown, wanted]: [Value; 2] =
        [text, &read("dashboard.json")].map(|it| serde_json::from_str(it).unwrap());
    assert_eq!(shown, wanted);
    let without = chart::rendered(&helm, &[]);
    assert!(without.iter().all(|it| it["kind"] != "PrometheusRule"));
}

async fn metrics(address: std::net::SocketAddr) -> String {
    let client = test_support::client(&format!("http://{address}"));
    let request = http::Request::get("/metrics").body(Vec::new()).unwrap();
    client.request_text(request).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plan_comes_to_is_in_the_metrics_and_goes_with_it() {
    let cloud = cloud().await;
    let cluster = KubeLocal::start().await.unwrap();
    let world = World::local(&cluster.url(), &cloud).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let controller = Running::start(world.options().alone().serving(listener));
    let spec = json!({"objectStorage": {"bucket": BUCKET}, "verification": "Verify"});
    world.create("BackupLocation", "vault-a", spec).await;
    world.phase("BackupLocation", "vault-a", "Available").await;
    let shop = world.application().await;
    let spec = json!({
        "schedule": "@daily", "runAt": (chrono::Utc::now() + chrono::TimeDelta::seconds(1)).format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "template": {"storageLocation": "vault-a", "includedNamespaces": [shop]},
    });
    world.create("BackupSchedule", "daily", spec).await;
    let lines = [
        "csdr_backup_last_successful_timestamp{schedule=\"daily\"}",
        "csdr_backup_last_verified_timestamp{schedule=\"daily\"}",
        "csdr_backup_last_verification_status{schedule=\"daily\"} 1",
        "csdr_schedule_expected_interval_seconds{schedule=\"daily\"} 86400",
        "csdr_schedule_creation_timestamp{schedule=\"daily\"}",
        "csdr_schedule_verification_expected{schedule=\"daily\"} 1",
        "csdr_backup_tarball_size_bytes{schedule=\"daily\"}",
        "csdr_backup_items{schedule=\"daily\"}",
        "csdr_backup_success_total{schedule=\"daily\"} 1",
        "csdr_backup_verification_success_total{schedule=\"daily\"} 1",
        "csdr_backup_location_status_gauge{backup_location_name=\"vault-a\"} 1",
        "csdr_leader 1",
        "csdr_reconcile_panics_total 0",
    ];
    let mut missing = Vec::new();
    for _ in 0..600 {
        let text = metrics(address).await;
        missing = lines
            .into_iter()
            .filter(|line| !text.contains(*line))
            .collect();
        if missing.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(missing.is_empty(), "{missing:#?}");
    world.delete("BackupSchedule", "daily").await;
    for _ in 0..600 {
        let text = metrics(address).await;
        if !text.contains("csdr_schedule_expected_interval_seconds{") {
            controller.stop().await;
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("it is late for a plan that is gone");
}
