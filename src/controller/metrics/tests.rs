use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::crds::{VerificationStatus, to_time};

fn status(phase: &str, seconds: i64, schedule: Option<&str>) -> ApplicationBackupStatus {
    ApplicationBackupStatus {
        phase: Some(phase.to_owned()),
        completion_timestamp: DateTime::from_timestamp(seconds, 0).map(to_time),
        from_schedule: schedule.map(str::to_owned),
        objects: Some(seconds),
        ..ApplicationBackupStatus::default()
    }
}

fn verified(phase: &str, seconds: i64) -> ApplicationBackupStatus {
    ApplicationBackupStatus {
        verification: Some(VerificationStatus {
            phase: Some(phase.to_owned()),
            completion_timestamp: DateTime::from_timestamp(seconds, 0).map(to_time),
            ..VerificationStatus::default()
        }),
        ..status(phase::COMPLETED, 10, Some("daily"))
    }
}

fn assert_says(metrics: &Metrics, lines: &[&str]) {
    let text = metrics.text();
    for line in lines {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn gauges_are_of_the_newest_backup_in_whatever_order_they_are_seen() {
    let metrics = Metrics::new();
    for backup in [
        status(phase::COMPLETED, 200, Some("daily")),
        status(phase::COMPLETED, 100, Some("daily")),
        status(phase::FAILED, 50, Some("daily")),
    ] {
        metrics.backup_is(&backup);
    }
    assert_says(
        &metrics,
        &[
            "csdr_backup_last_successful_timestamp{schedule=\"daily\"} 200.0",
            "csdr_backup_last_status{schedule=\"daily\"} 1",
            "csdr_backup_items{schedule=\"daily\"} 200",
        ],
    );
    metrics.backup_ended(&status(phase::FAILED, 300, Some("daily")), 1.0);
    assert_says(
        &metrics,
        &[
            "csdr_backup_last_successful_timestamp{schedule=\"daily\"} 200.0",
            "csdr_backup_last_status{schedule=\"daily\"} 0",
            "csdr_backup_failure_total{schedule=\"daily\"} 1",
        ],
    );
}

#[test]
fn verifications_are_told_by_plan_and_running_ones_are_not() {
    let metrics = Metrics::new();
    for (phase, at) in [
        (phase::PASSED, 100),
        (phase::FAILED, 300),
        (phase::PASSED, 200),
        (phase::IN_PROGRESS, 400),
    ] {
        metrics.backup_is(&verified(phase, at));
    }
    metrics.verification_begins(Some("daily"));
    metrics.verification_ended(&verified(phase::FAILED, 300), 2.0);
    assert_says(
        &metrics,
        &[
            "csdr_backup_last_verified_timestamp{schedule=\"daily\"} 200.0",
            "csdr_backup_last_verification_status{schedule=\"daily\"} 0",
            "csdr_backup_verification_attempt_total{schedule=\"daily\"} 1",
            "csdr_backup_verification_failure_total{schedule=\"daily\"} 1",
            "csdr_backup_verification_duration_seconds_count{schedule=\"daily\"} 1",
        ],
    );
}

fn every_kind() -> Metrics {
    let metrics = Metrics::new();
    let facts = PlanFacts {
        interval: Some(Duration::from_secs(86_400)),
        since: DateTime::from_timestamp(1, 0),
        verifies: true,
    };
    metrics.plan("daily", facts);
    metrics.backup_ended(&verified(phase::PASSED, 100), 1.0);
    metrics.verification_ended(&verified(phase::PASSED, 100), 1.0);
    metrics.vault("vault-a", true);
    metrics.work("backup", 1, 1);
    metrics.leads(true);
    metrics
}

#[test]
fn counters_begin_at_zero_and_nothing_is_said_of_what_is_gone_or_of_another_leader() {
    let metrics = every_kind();
    assert_says(
        &metrics,
        &[
            "csdr_backup_failure_total{schedule=\"daily\"} 0",
            "csdr_restore_failure_total{schedule=\"\"} 0",
            "csdr_schedule_creation_timestamp{schedule=\"daily\"} 1.0",
            "csdr_schedule_verification_expected{schedule=\"daily\"} 1",
        ],
    );
    metrics.plan_is_gone("daily");
    let text = metrics.text();
    assert!(!text.contains("daily"), "{text}");
    let metrics = every_kind();
    metrics.leads_no_more();
    let text = metrics.text();
    for line in text
        .lines()
        .filter(|line| line.contains("daily") || line.contains("vault-a"))
    {
        // What this process counted stays counted.
        assert!(
            line.contains("_total") || line.contains("_seconds_"),
            "{line}"
        );
    }
}

/// Names of metrics and their labels, as they are served.
fn served() -> BTreeMap<String, BTreeSet<String>> {
    let text = every_kind().text();
    let mut served = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let labels = line
            .split_once('{')
            .map_or("", |(_, rest)| rest.split('}').next().unwrap());
        let labels = labels
            .split(',')
            .filter_map(|it| Some(it.split_once('=')?.0.to_owned()));
        served
            .entry(name.to_owned())
            .or_insert_with(BTreeSet::new)
            .extend(labels);
    }
    served
}

/// What an expression of PromQL names: metrics, each with the labels that select it, and labels that are grouped by.
fn named(expression: &str) -> (Vec<(String, Vec<String>)>, Vec<String>) {
    let names = regex_lite::Regex::new(r"(csdr_[a-z_]+)(?:\{([^}]*)\})?").unwrap();
    let label = regex_lite::Regex::new(r"([a-zA-Z_]+)\s*(?:=~|!~|!=|=)").unwrap();
    let groups =
        regex_lite::Regex::new(r"\b(?:by|on|without|ignoring|group_left)\s*\(([^)]*)\)").unwrap();
    let metrics = names.captures_iter(expression).map(|found| {
        let selectors = found.get(2).map_or("", |it| it.as_str());
        let labels = label.captures_iter(selectors).map(|it| it[1].to_owned());
        (found[1].to_owned(), labels.collect())
    });
    let grouped = groups.captures_iter(expression).flat_map(|it| {
        let labels: Vec<_> = it[1]
            .split(',')
            .map(|it| it.trim().to_owned())
            .filter(|it| !it.is_empty())
            .collect();
        labels
    });
    (metrics.collect(), grouped.collect())
}

fn expressions() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/monitoring");
    let read = |name: &str| std::fs::read_to_string(format!("{folder}/{name}")).unwrap();
    let rules: serde_json::Value = serde_norway::from_str(&read("rules.yaml")).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&read("dashboard.json")).unwrap();
    let mut found = Vec::new();
    for rule in rules["groups"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|it| it["rules"].as_array().unwrap())
    {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        found.push((text(&rule["alert"]), text(&rule["expr"])));
    }
    let alerts = found.len();
    assert!(alerts >= 12, "{alerts} rules");
    let panels = dashboard["panels"].as_array().unwrap();
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        for target in panel["targets"].as_array().into_iter().flatten() {
            found.push((
                title.to_owned(),
                target["expr"].as_str().unwrap().to_owned(),
            ));
        }
    }
    assert!(
        found.len() >= alerts + 10,
        "{} queries",
        found.len() - alerts
    );
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        let query = variable["query"]["query"]
            .as_str()
            .or(variable["query"].as_str());
        found.push(("variable".to_owned(), query.unwrap_or_default().to_owned()));
    }
    found
}

#[test]
fn every_metric_and_label_of_the_dashboard_and_the_rules_is_served() {
    let served = served();
    // What Prometheus itself puts on: where it was scraped from.
    let of_target = ["instance", "job", "namespace", "pod", "le"];
    let mut used = BTreeSet::new();
    for (of, expression) in expressions() {
        let (metrics, grouped) = named(&expression);
        assert!(
            !metrics.is_empty() || expression == "prometheus",
            "{of}: {expression}"
        );
        let mut labels_there: BTreeSet<&str> = of_target.into();
        for (name, labels) in &metrics {
            let there = served.get(name);
            let there = there.unwrap_or_else(|| panic!("{of}: there is no metric {name}"));
            for label in labels {
                assert!(
                    there.contains(label) || of_target.contains(&label.as_str()),
                    "{of}: {name} has no label {label}"
                );
            }
            labels_there.extend(there.iter().map(String::as_str));
            used.insert(name.clone());
        }
        for label in &grouped {
            assert!(
                labels_there.contains(label.as_str()),
                "{of}: nothing in {expression} has label {label}"
            );
        }
    }
    // And what is served is shown or watched.
    let unused: Vec<_> = served
        .keys()
        .filter(|name| {
            !used.contains(*name) && !name.ends_with("_sum") && !name.ends_with("_count")
        })
        .collect();
    assert!(unused.is_empty(), "nobody looks at {unused:?}");
}
