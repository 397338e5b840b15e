//! Every line of the page has a test, and every test that is named is there.

use std::collections::BTreeSet;
use std::path::Path;

const TABLE: &str = include_str!("page.tsv");

#[test]
fn every_line_of_the_page_has_its_test() {
    let mut held = BTreeSet::new();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<_> = line.split('\t').collect();
        let [number, what, file, test] = columns[..] else {
            panic!("`{line}` has not four columns");
        };
        assert!(!what.is_empty(), "{line}");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(is_test(&text, test), "{number}: no test `{test}` in {file}");
        held.insert(number);
    }
    let missing: Vec<_> = (1..=54)
        .map(|number| format!("R{number}"))
        .filter(|number| !held.contains(number.as_str()))
        .collect();
    assert!(missing.is_empty(), "{missing:?} are held by no test");
}

/// Whether there is a function of the name that the test harness runs.
fn is_test(text: &str, name: &str) -> bool {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let heads = [format!("fn {name}("), format!("async fn {name}(")];
    let Some(at) = lines
        .iter()
        .position(|line| heads.iter().any(|head| line.starts_with(head.as_str())))
    else {
        return false;
    };
    let mut above = lines[..at]
        .iter()
        .rev()
        .take_while(|line| line.starts_with("#["));
    above.any(|line| ["#[test]", "#[tokio::test]"].contains(line))
}

#[test]
fn a_test_that_is_not_there_is_found_out() {
    assert!(is_test("#[test]\nfn here() {}", "here"));
    assert!(!is_test("fn here() {}", "here"));
    assert!(!is_test("#[test]\nfn here() {}", "there"));
}
