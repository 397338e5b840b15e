//! The oldest Rust that is promised: `incompatible_msrv` (clippy.toml) holds our own code to it, and this holds what we use.

use std::process::Command;

use serde::Deserialize;
use structure::repository;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    rust_version: Option<String>,
}

/// `1.89` and `1.89.0` are the same.
fn parts(version: &str) -> Vec<u32> {
    let mut parts: Vec<u32> = version
        .split('.')
        .map(|it| it.parse().expect("a number"))
        .collect();
    parts.resize(3, 0);
    parts
}

#[test]
fn no_dependency_asks_for_a_newer_rust_than_we_do() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--locked", "--offline", "--format-version=1"])
        .current_dir(repository())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let all: Metadata = serde_json::from_slice(&output.stdout).unwrap();
    let ours = all
        .packages
        .iter()
        .find(|it| it.name == "kube-backup-engine");
    let promised = ours.unwrap().rust_version.clone().unwrap();
    let asked = |package: &&Package| {
        let asked = package.rust_version.as_deref();
        asked.is_some_and(|it| parts(it) > parts(&promised))
    };
    let newer: Vec<String> = all
        .packages
        .iter()
        .filter(asked)
        .map(|it| format!("{} {}: Rust {:?}", it.name, it.version, it.rust_version))
        .collect();
    assert_eq!(newer, [] as [String; 0], "Rust {promised} is promised");
    let text = std::fs::read_to_string(repository().join("clippy.toml")).unwrap();
    assert!(text.contains(&format!("msrv = \"{promised}\"")), "{text}");
}
