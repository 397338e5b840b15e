//! What every file does in one way.

use std::path::Path;

use structure::{files, repository};

/// What is found in a file that is not `except`, as `file: line`.
fn lines_with(endings: &[&str], except: &[&str], is_found: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for file in files(&repository(), endings) {
        let name = file.strip_prefix(repository()).unwrap_or(&file);
        if except.iter().any(|it| name == Path::new(it)) {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("a source file");
        let lines = text.lines().filter(|line| is_found(line));
        found.extend(lines.map(|line| format!("{}: {}", name.display(), line.trim())));
    }
    found
}

/// `Config::infer` and `Client::try_default` pass a kubeconfig that cannot be used over for the Pod's own cluster.
#[test]
fn the_cluster_is_found_in_one_way_in_sources_and_in_what_readers_copy() {
    let elsewhere = [
        "infer",
        "try_default",
        "incluster",
        "incluster_env",
        "incluster_dns",
    ];
    let found = lines_with(
        &["rs", "md"],
        &[
            "CHANGELOG.md",
            "crates/kube-backup-engine/src/cluster/config.rs",
            "tests/structure/tests/habits.rs",
        ],
        |line| {
            let calls = |name: &&str| line.contains(&format!("::{name}("));
            elsewhere.iter().any(calls)
        },
    );
    assert_eq!(
        found,
        [] as [String; 0],
        "ask `connect` or `cluster_config`"
    );
}

/// Their processes end when this one does: its servers, or their input, end with it.
const ENDING: [&str; 3] = [
    "crates/kube-backup-engine/tests/it/retention/restic.rs",
    "tests/end_to_end/killed.rs",
    "tests/structure/tests/habits.rs",
];

/// A test that fails leaves no process behind.
#[test]
fn processes_of_tests_end_with_them() {
    let mut seen = 0;
    for file in files(&repository(), &["rs"]) {
        let name = file.strip_prefix(repository()).unwrap_or(&file);
        let is_test = name.components().any(|it| it.as_os_str() == "tests");
        if ENDING.iter().any(|it| name == Path::new(it)) {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let starts =
            |line: &str| line.trim_start().starts_with(".spawn()") || line.contains(").spawn()");
        if !is_test || !text.lines().any(starts) {
            continue;
        }
        seen += 1;
        let is_guarded = ["Running", ".kill_on_drop(true)", "impl Drop for "]
            .iter()
            .any(|guard| text.contains(guard));
        assert!(
            is_guarded,
            "{}: hold it by `test_support::Running`",
            name.display()
        );
    }
    assert!(seen > 4, "only {seen} files start processes");
}
