//! THREATS.md names tests, and they exist.

use std::collections::BTreeSet;

use structure::repository;

/// `path/to/file.rs::name`, in a row's last column.
fn tests_of(row: &str) -> BTreeSet<(String, String)> {
    let last = row.trim_end().trim_end_matches('|').rsplit(" | ").next();
    let spans = last.unwrap_or_default().split('`').skip(1).step_by(2);
    let named = spans.filter_map(|span| span.split_once(".rs::"));
    named
        .map(|(file, name)| (format!("{file}.rs"), name.to_owned()))
        .collect()
}

/// Whether the text of a file has a test of this name that is run.
fn has_test(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let begins = [format!("fn {name}("), format!("async fn {name}(")];
    lines.iter().enumerate().any(|(at, line)| {
        let is_it = begins.iter().any(|begin| line.starts_with(begin));
        let mut before = lines[..at]
            .iter()
            .rev()
            .take_while(|line| line.starts_with("#["));
        let is_ignored = before.clone().any(|line| line.contains("ignore"));
        is_it && !is_ignored && before.any(|line| line.contains("test"))
    })
}

#[test]
fn every_row_names_tests_that_exist() {
    let text = std::fs::read_to_string(repository().join("THREATS.md")).unwrap();
    let rows = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.ends_with("shown by |"));
    let (mut count, mut missing) = (0, Vec::new());
    for row in rows {
        let tests = tests_of(row);
        assert!(!tests.is_empty(), "no test shows what this row says: {row}");
        for (file, name) in tests {
            count += 1;
            let text = std::fs::read_to_string(repository().join(&file)).unwrap_or_default();
            if !has_test(&text, &name) {
                missing.push(format!("{file}::{name}"));
            }
        }
    }
    assert!(count > 20, "{count} tests");
    assert!(
        missing.is_empty(),
        "THREATS.md names tests that are not there:\n{}",
        missing.join("\n")
    );
}

#[test]
fn a_row_is_told_from_its_tests_and_a_test_from_a_function() {
    let row = "| they `do` | that | `a/b.rs::one`, `c.rs::two_three` |";
    let found: Vec<String> = tests_of(row)
        .into_iter()
        .map(|(file, name)| format!("{file} {name}"))
        .collect();
    assert_eq!(found, ["a/b.rs one", "c.rs two_three"]);
    let text = "#[test]\nfn one() {}\n#[tokio::test(flavor = \"multi_thread\")]\nasync fn two() {}\nfn three() {}\n\
        #[test]\n#[ignore = \"slow\"]\nfn four() {}\n";
    assert!(has_test(text, "one") && has_test(text, "two"));
    assert!(!has_test(text, "three") && !has_test(text, "four") && !has_test(text, "on"));
}
