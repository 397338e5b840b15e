//! Running scripts against both servers.

use std::collections::BTreeMap;

use kube_local::KubeLocal;
use serde_json::json;

use super::script::{Script, Until};
use super::{compare, run};

/// Runs the scripts against both servers, and fails with all differences.
pub(crate) async fn agree(scripts: Vec<Script>) {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let local_cluster = KubeLocal::start().await.unwrap();
    let client = |mut config: kube::Config| {
        config.default_retry = false;
        kube::Client::try_from(config).unwrap()
    };
    let real = client(plane.config());
    let local = client(kube::Config::new(local_cluster.url().parse().unwrap()));
    let only = std::env::var("SCRIPT").unwrap_or_default();
    let mut report = String::new();
    for script in scripts.iter().filter(|s| s.title.contains(&only)) {
        let name = control_plane::unique_name("diff");
        let id = name.trim_start_matches("diff-").to_owned();
        for client in [&real, &local] {
            run::run(client, &namespace(), variables(&name, &id)).await;
        }
        let (real_responses, local_responses) = tokio::join!(
            run::run(&real, script, variables(&name, &id)),
            run::run(&local, script, variables(&name, &id)),
        );
        for (number, step) in script.steps.iter().enumerate() {
            let lines =
                compare::differences(step, &real_responses[number], &local_responses[number]);
            if !lines.is_empty() {
                report.push_str(&format!(
                    "\n* {}, step {}: {} {}\n    {}\n",
                    script.title,
                    number + 1,
                    step.method,
                    step.path,
                    lines.join("\n    ")
                ));
            }
        }
    }
    assert!(
        report.is_empty(),
        "kube-local differs from the real server:\n{report}"
    );
}

fn variables(namespace: &str, id: &str) -> BTreeMap<String, String> {
    [("ns", namespace), ("id", id)]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The script's namespace, with what controllers put into it.
fn namespace() -> Script {
    Script::new("set up")
        .post("/api/v1/namespaces", json!({"metadata": {"name": "$ns"}}))
        .get("/api/v1/namespaces/$ns/serviceaccounts/default")
        .until(Until::Status(200))
        .get("/api/v1/namespaces/$ns/configmaps/kube-root-ca.crt")
        .until(Until::Status(200))
}
