//! The rules, held against restic's own.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chrono::{DateTime, FixedOffset, Utc};
use kube_backup_engine::retention::{Reason, RetentionPolicy};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::at;
use super::rules::{candidates, policies, times};

const MODULE: &str = "github.com/restic/restic@v0.18.1";
const SOURCE: &str = include_str!("../../foreign/restic_policy.go");
const CASES: usize = 2000;

/// restic's policy as a program, built once into the target folder; why not, where it cannot be.
fn program() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("restic-0.18.1");
    let built = folder.join("policy");
    let source = folder.join("cmd/policy/main.go");
    if built.is_file() && std::fs::read_to_string(&source).is_ok_and(|text| text == SOURCE) {
        return Ok(built);
    }
    let text = |error: std::io::Error| error.to_string();
    std::fs::create_dir_all(folder.join("cmd/policy")).map_err(text)?;
    let download = go(&folder, &["mod", "download", "-json", MODULE])?;
    let module: Value = serde_json::from_slice(&download).map_err(|error| error.to_string())?;
    let module = Path::new(module["Dir"].as_str().ok_or("the module has no folder")?);
    // Go lets nobody build something else among the modules that it keeps.
    for part in ["go.mod", "go.sum", "internal"] {
        copy(&module.join(part), &folder.join(part)).map_err(text)?;
    }
    std::fs::write(&source, SOURCE).map_err(text)?;
    go(
        &folder,
        &["build", "-buildvcs=false", "-o", "policy", "./cmd/policy"],
    )?;
    Ok(built)
}

fn go(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let output = Command::new("go")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output();
    let output = output.map_err(|error| format!("there is no Go: {error}"))?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if from.is_file() {
        // Those that Go keeps are read-only, and so is a copy of them.
        return std::fs::write(to, std::fs::read(from)?);
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let name = entry?.file_name();
        copy(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}

/// restic takes the offset of each snapshot, and we the zone of the policy.
fn in_zone(policy: &RetentionPolicy, time: DateTime<Utc>) -> String {
    let hours = match policy.time_zone.as_deref() {
        None => 0,
        Some("Asia/Shanghai") => 8,
        Some("Etc/GMT+5") => -5,
        Some(other) => panic!("{other}"),
    };
    time.with_timezone(&FixedOffset::east_opt(hours * 3600).unwrap())
        .to_rfc3339()
}

fn case(policy: &RetentionPolicy, times: &[DateTime<Utc>]) -> Value {
    json!({"times": times.iter().map(|time| in_zone(policy, *time)).collect::<Vec<_>>(),
        "last": policy.keep_last.unwrap_or(0), "hourly": policy.keep_hourly.unwrap_or(0),
        "daily": policy.keep_daily.unwrap_or(0), "weekly": policy.keep_weekly.unwrap_or(0),
        "monthly": policy.keep_monthly.unwrap_or(0), "yearly": policy.keep_yearly.unwrap_or(0),
        "within": policy.keep_within.map(|within| within.to_string()).unwrap_or_default()})
}

/// Our reasons in restic's words.
fn ours(policy: &RetentionPolicy, times: &[DateTime<Utc>]) -> BTreeMap<String, Vec<String>> {
    let plan = policy.apply(&candidates(times), at("2024-03-01")).unwrap();
    let word = |reason: &Reason| match reason {
        Reason::Rule { left, .. } => {
            let text = reason.to_string();
            let counter = left
                .map(|left| format!(" ({left} left)"))
                .unwrap_or_default();
            Some(format!(
                "{} snapshot",
                text.strip_suffix(&counter).unwrap_or(&text)
            ))
        }
        Reason::Within { span } => Some(format!("within {span}")),
        _ => None,
    };
    let words = plan.backups.iter().map(|it| {
        (
            it.name.clone(),
            it.reasons.iter().filter_map(word).collect::<Vec<_>>(),
        )
    });
    words.filter(|(_, words)| !words.is_empty()).collect()
}

#[test]
fn the_rules_are_those_of_restic_itself() {
    let program = match program() {
        Ok(program) => program,
        Err(why) => {
            control_plane::say(&format!("tests with restic's rules are SKIPPED: {why}"));
            return;
        }
    };
    let mut runner = TestRunner::default();
    let cases: Vec<(RetentionPolicy, Vec<DateTime<Utc>>)> = (0..CASES)
        .map(|_| {
            (policies(), times())
                .new_tree(&mut runner)
                .unwrap()
                .current()
        })
        .filter(|(policy, _)| policy.has_rules())
        .collect();
    let mut child = Command::new(program)
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let texts: Vec<String> = cases
        .iter()
        .map(|(policy, times)| case(policy, times).to_string())
        .collect();
    let writer = std::thread::spawn(move || {
        for text in texts {
            writeln!(input, "{text}").unwrap();
        }
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let theirs: Vec<BTreeMap<String, Vec<String>>> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(theirs.len(), cases.len());
    for ((policy, times), theirs) in cases.iter().zip(theirs) {
        let mut ours = ours(policy, times);
        let mut theirs = theirs;
        // They say `within` first, too, and the order of the others is the same.
        ours.values_mut()
            .chain(theirs.values_mut())
            .for_each(|words| words.sort());
        assert_eq!(ours, theirs, "{policy:?} {times:?}");
    }
}
