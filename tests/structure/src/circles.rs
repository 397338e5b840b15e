//! Files that take names from each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::crate_tree::Imports;

/// The largest sets of files in which each reaches every other; none is the wish.
#[must_use]
pub fn circles(imports: &Imports) -> Vec<BTreeSet<PathBuf>> {
    let reached: BTreeMap<&Path, BTreeSet<&Path>> = imports
        .keys()
        .map(|file| (file.as_path(), reachable(imports, file)))
        .collect();
    let mut found: Vec<BTreeSet<PathBuf>> = Vec::new();
    for (file, reaches) in &reached {
        if !reaches.contains(file) || found.iter().any(|circle| circle.contains(*file)) {
            continue;
        }
        let circle = reaches
            .iter()
            .filter(|other| reached.get(*other).is_some_and(|back| back.contains(file)))
            .map(|other| (*other).to_owned())
            .collect();
        found.push(circle);
    }
    found
}

fn reachable<'a>(imports: &'a Imports, from: &Path) -> BTreeSet<&'a Path> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![from];
    while let Some(file) = waiting.pop() {
        for next in imports.get(file).into_iter().flatten() {
            if reached.insert(next.as_path()) {
                waiting.push(next);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(arrows: &[(&str, &str)]) -> Imports {
        let mut imports = Imports::new();
        for (from, to) in arrows {
            imports.entry(from.into()).or_default().insert(to.into());
        }
        imports
    }

    #[test]
    fn a_chain_has_no_circle() {
        assert_eq!(circles(&imports(&[("a", "b"), ("b", "c"), ("a", "c")])), []);
    }

    #[test]
    fn each_circle_is_found_once_with_all_its_files_and_no_others() {
        let arrows = [
            ("a", "b"),
            ("b", "c"),
            ("c", "a"),
            ("c", "d"),
            ("d", "e"),
            ("e", "d"),
            ("f", "a"),
        ];
        let expected: Vec<BTreeSet<PathBuf>> = vec![
            ["a", "b", "c"].map(PathBuf::from).into(),
            ["d", "e"].map(PathBuf::from).into(),
        ];
        assert_eq!(circles(&imports(&arrows)), expected);
    }
}
