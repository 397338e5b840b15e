//! What each action refuses.

mod case;
mod clusters;
mod jobs;
mod plans;
mod snapshots;
mod vaults;

use serde_json::json;

use super::calls::{Stage, prefix, resource};

#[tokio::test]
async fn every_action_refuses_what_is_wrong_by_name() {
    let stage = Stage::new().await;
    let mut escaping = resource("node", &prefix("data"));
    escaping["hostPrefix"] = "../../etc".into();
    let mut blocks = resource("node", &prefix("data"));
    blocks["backupMethod"] = "BLOCK".into();
    let good = json!([resource("node", &prefix("data"))]);
    let real = |value: &str| match value {
        "<vault>" => stage.vault.clone(),
        "<cluster>" => stage.cluster.clone(),
        "<resources>" => good.to_string(),
        "<escaping>" => json!([escaping]).to_string(),
        "<blocks>" => json!([blocks]).to_string(),
        other => other.to_owned(),
    };
    let mut actions = std::collections::BTreeSet::new();
    let all = [
        vaults::CASES,
        clusters::CASES,
        jobs::CASES,
        snapshots::CASES,
        plans::CASES,
    ];
    for (action, parameters, wrong) in all.into_iter().flatten() {
        actions.insert(*action);
        for (name, value, status, code) in *wrong {
            let mut sent: Vec<(&str, String)> = parameters
                .iter()
                .map(|(name, value)| (*name, real(value)))
                .collect();
            sent.retain(|(it, _)| it != name);
            sent.push((name, real(value)));
            let sent: Vec<_> = sent
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let reply = stage.call(action, &sent).send().await;
            let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
            assert_eq!(
                (reply.status, body["Code"].as_str().unwrap_or_default()),
                (*status, *code),
                "{action} {name}={value}: {body}"
            );
        }
        // What every action needs is missed by name.
        for (name, _) in *parameters {
            let left: Vec<(&str, String)> = parameters
                .iter()
                .filter(|(it, _)| it != name)
                .map(|(name, value)| (*name, real(value)))
                .collect();
            let left: Vec<_> = left
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let reply = stage.call(action, &left).send().await;
            let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
            let code = body["Code"].as_str().unwrap_or_default();
            let is_optional = ["Filters.1.Key", "Filters.1.Values.1"].contains(name);
            assert!(
                is_optional || code == format!("MissingParameter.{name}"),
                "{action} without {name}: {body}"
            );
        }
    }
    // Those that take nothing cannot be asked wrongly, and the listings of restores and plans are
    // asked as those of backups.
    assert_eq!(actions.len(), 25);
    // Nothing of all that has left anything.
    for (action, list) in [
        ("DescribeBackupJobs2", "TotalCount"),
        ("DescribeRestoreJobs2", "TotalCount"),
        ("DescribeBackupPlans", "TotalCount"),
        ("DescribePoliciesV2", "TotalCount"),
    ] {
        assert_eq!(stage.call(action, &[]).ok().await[list], 0, "{action}");
    }
}
