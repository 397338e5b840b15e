//! Holds kube-local to the truth: every script runs against it and against a real
//! kube-apiserver with etcd and kube-controller-manager, and the answers must agree: status,
//! content type, warnings, body, and the order of the outermost keys.
//!
//! Skipped, saying so, where there is no real control plane (see `tests/control-plane`).

#![expect(
    clippy::needless_pass_by_value,
    reason = "literals read better by value"
)]

mod cases;
mod compare;
mod run;
mod script;

use std::collections::BTreeMap;

use self::script::Script;
use kube_local::KubeLocal;

/// Runs the scripts against both servers, and fails with all differences.
async fn agree(scripts: Vec<Script>) {
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
            run::run(client, &cases::namespace(), variables(&name, &id)).await;
        }
        let (real_answers, local_answers) = tokio::join!(
            run::run(&real, script, variables(&name, &id)),
            run::run(&local, script, variables(&name, &id)),
        );
        for (number, step) in script.steps.iter().enumerate() {
            let lines = compare::differences(step, &real_answers[number], &local_answers[number]);
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
