//! The shape of this repository.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use structure::{CrateTree, Imports, Package, circles, packages, repository};

/// The workspace, and those with lock files of their own.
const MANIFESTS: [&str; 7] = [
    "Cargo.toml",
    "benches/openapi/Cargo.toml",
    "benches/oss/Cargo.toml",
    "benches/signing/Cargo.toml",
    "examples/parquet/Cargo.toml",
    "fuzz/Cargo.toml",
    "tests/clients/rust/Cargo.toml",
];

/// What each published crate may use of ours (ARCHITECTURE.md says why). Features and tests included:
/// only dev-dependencies are free.
const ARROWS: [(&str, &[&str]); 9] = [
    ("alibaba-sign", &[]),
    ("alibaba-core", &["alibaba-sign"]),
    // Its client; its policies use none.
    ("alibaba-ram", &["alibaba-core"]),
    ("alibaba-oss", &["alibaba-core", "alibaba-sign"]),
    ("alibaba-ecs-snapshot", &["alibaba-core"]),
    ("alibaba-hbr", &["alibaba-core"]),
    ("alibaba-local", &["alibaba-ram", "alibaba-sign"]),
    ("kube-backup-engine", &[]),
    ("kube-local", &[]),
];

fn all_packages() -> Vec<Package> {
    let read = |manifest: &&str| packages(manifest).unwrap_or_else(|error| panic!("{error}"));
    MANIFESTS.iter().flat_map(read).collect()
}

fn relative(path: &Path) -> PathBuf {
    path.strip_prefix(repository()).unwrap_or(path).to_owned()
}

#[test]
fn arrows_between_crates_run_one_way() {
    let packages = packages("Cargo.toml").unwrap();
    for (name, allowed) in ARROWS {
        let package = packages.iter().find(|it| it.name == name);
        let package = package.unwrap_or_else(|| panic!("there is no package `{name}`"));
        let ours = package.dependencies.iter().filter(|it| it.path.is_some());
        let used: BTreeSet<&str> = ours
            .filter(|it| it.kind.is_none())
            .map(|it| it.name.as_str())
            .collect();
        assert_eq!(used, allowed.iter().copied().collect(), "{name}");
    }
    let published: BTreeSet<_> = packages
        .iter()
        .filter(|it| {
            it.targets
                .iter()
                .any(|it| relative(&it.src_path).starts_with("crates"))
        })
        .map(|it| it.name.as_str())
        .collect();
    let held: BTreeSet<_> = ARROWS.iter().map(|(name, _)| *name).collect();
    assert_eq!(published, held, "a crate without a row of its own");
}

#[test]
fn no_files_take_names_from_each_other() {
    let mut imports = Imports::new();
    for package in all_packages() {
        for target in package.targets {
            let tree =
                CrateTree::read(&target.src_path, &|path| std::fs::read_to_string(path).ok());
            let tree = tree.unwrap_or_else(|error| panic!("{error}"));
            for (from, to) in tree.imports() {
                let to = to.iter().map(|it| relative(it));
                imports.entry(relative(&from)).or_default().extend(to);
            }
        }
    }
    assert!(
        imports.len() > 300,
        "only {} files were read",
        imports.len()
    );
    let mut found = String::new();
    for circle in circles(&imports) {
        found.push_str("\ncircle:\n");
        for file in &circle {
            let to = imports[file].intersection(&circle);
            let to: Vec<_> = to.map(|it| it.display().to_string()).collect();
            found.push_str(&format!("  {} -> {}\n", file.display(), to.join(", ")));
        }
    }
    assert!(
        found.is_empty(),
        "files that take names from each other:\n{found}"
    );
}

/// A module with children is `name/mod.rs`, one without is `name.rs`.
#[test]
fn modules_with_children_are_mod_rs() {
    let mut stale = Vec::new();
    let mut folders = vec![repository()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() && name != "target" && !name.starts_with('.') && name != "node_modules"
            {
                if path.with_extension("rs").is_file() && path.parent().is_some_and(is_of_modules) {
                    stale.push(relative(&path.with_extension("rs")));
                }
                folders.push(path);
            }
        }
    }
    assert_eq!(
        stale,
        [] as [PathBuf; 0],
        "move each to `mod.rs` in the folder of its name"
    );
}

/// Whether files in it are modules, and not programs or tests each of its own.
fn is_of_modules(folder: &Path) -> bool {
    !folder.join("Cargo.toml").is_file()
        && !["examples", "tests", "benches"]
            .iter()
            .any(|it| folder.ends_with(it))
}
