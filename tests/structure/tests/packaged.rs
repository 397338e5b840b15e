//! What each published crate is packaged with, and what the registry and docs.rs show of it.

use std::collections::BTreeSet;
use std::fs::read_to_string;
use std::path::PathBuf;
use std::process::Command;

use structure::repository;

/// Each published crate with its folder, dependencies first: the order in which they are published.
const PUBLISHED: [(&str, &str); 10] = [
    ("alibaba-sign", "crates/alibaba-sign"),
    ("alibaba-core", "crates/alibaba-core"),
    ("alibaba-ram", "crates/alibaba-ram"),
    ("alibaba-ecs-snapshot", "crates/alibaba-ecs-snapshot"),
    ("alibaba-hbr", "crates/alibaba-hbr"),
    ("alibaba-local", "crates/alibaba-local"),
    ("alibaba-oss", "crates/alibaba-oss"),
    ("kube-local", "crates/kube-local"),
    ("kube-backup-engine", "crates/kube-backup-engine"),
    ("ack-backup-center", "."),
];

/// The registry's own list of categories, as far as they are used: https://crates.io/category_slugs.
const CATEGORIES: [&str; 9] = [
    "api-bindings",
    "asynchronous",
    "authentication",
    "command-line-utilities",
    "cryptography",
    "development-tools::testing",
    "filesystem",
    "network-programming",
    "simulation",
];

fn cargo(arguments: &[&str]) -> String {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let run = Command::new(cargo)
        .args(arguments)
        .current_dir(repository())
        .output()
        .expect("cargo is there");
    let complaint = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "cargo {arguments:?}: {complaint}");
    String::from_utf8(run.stdout).expect("cargo prints text")
}

#[derive(serde::Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(serde::Deserialize)]
struct Package {
    name: String,
    description: Option<String>,
    documentation: Option<String>,
    repository: Option<String>,
    license: Option<String>,
    readme: Option<PathBuf>,
    rust_version: Option<String>,
    keywords: Vec<String>,
    categories: Vec<String>,
    metadata: serde_json::Value,
    publish: Option<Vec<String>>,
    features: std::collections::BTreeMap<String, Vec<String>>,
}

fn packages() -> Vec<Package> {
    let printed = cargo(&["metadata", "--format-version=1", "--no-deps", "--offline"]);
    let metadata: Metadata = serde_json::from_str(&printed).expect("cargo's own format");
    let is_published = |it: &Package| it.publish.is_none();
    metadata.packages.into_iter().filter(is_published).collect()
}

#[test]
fn the_registry_can_show_each_crate() {
    let packages = packages();
    let names: BTreeSet<_> = packages.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, PUBLISHED.map(|(name, _)| name).into_iter().collect());
    for package in &packages {
        let name = &package.name;
        let description = package.description.as_deref().unwrap_or_default();
        assert!(
            (20..=200).contains(&description.len()),
            "{name}: {description}"
        );
        let documentation = package.documentation.as_deref();
        assert_eq!(documentation, Some(&*format!("https://docs.rs/{name}")));
        assert!(
            package.repository.is_some() && package.readme.is_some(),
            "{name}"
        );
        assert_eq!(package.license.as_deref(), Some("Apache-2.0"), "{name}");
        assert_eq!(package.rust_version.as_deref(), Some("1.89"), "{name}");
        // What the registry refuses: https://doc.rust-lang.org/cargo/reference/manifest.html
        assert!((1..=5).contains(&package.keywords.len()), "{name}");
        for keyword in &package.keywords {
            let is_word = keyword
                .bytes()
                .all(|it| it.is_ascii_lowercase() || it == b'-');
            assert!(is_word && keyword.len() <= 20, "{name}: {keyword}");
        }
        assert!((1..=5).contains(&package.categories.len()), "{name}");
        for category in &package.categories {
            assert!(
                CATEGORIES.contains(&category.as_str()),
                "{name}: {category}"
            );
        }
        assert_eq!(
            package.metadata["docs"]["rs"]["all-features"], true,
            "{name}"
        );
    }
}

/// docs.rs builds a crate alone, without its dev-dependencies: some feature has to choose the version of
/// Kubernetes.
#[test]
fn what_needs_kubernetes_can_be_documented_alone() {
    for package in packages() {
        let latest = match package.name.as_str() {
            "kube-backup-engine" => "k8s-openapi/v1_36",
            "ack-backup-center" => "kube-backup-engine/latest",
            _ => continue,
        };
        assert_eq!(package.features["latest"], [latest], "{}", package.name);
    }
}

#[test]
fn each_package_has_what_it_needs_and_nothing_of_the_repository() {
    let licence = read_to_string(repository().join("LICENSE")).expect("there is one");
    for (name, folder) in PUBLISHED {
        let read = |file: &str| read_to_string(repository().join(folder).join(file));
        assert_eq!(read("LICENSE").unwrap_or_default(), licence, "{name}");
        let printed = cargo(&[
            "package",
            "--list",
            "--offline",
            "--allow-dirty",
            "-p",
            name,
        ]);
        let files: BTreeSet<&str> = printed.lines().collect();
        for needed in [
            "CHANGELOG.md",
            "Cargo.toml",
            "LICENSE",
            "README.md",
            "src/lib.rs",
        ] {
            assert!(files.contains(needed), "{name}: {needed}");
        }
        for file in &files {
            let is_written = file.starts_with("Cargo.") || *file == ".cargo_vcs_info.json";
            let is_hidden = file.starts_with('.') && !is_written;
            let is_tested = file.starts_with("tests/") && !file.starts_with("tests/policies/");
            let is_of_repository = name == "ack-backup-center"
                && (is_tested
                    || file.starts_with("benches/")
                    || file.starts_with("deploy/chart")
                    || ["deny.toml", "clippy.toml", "rustfmt.toml"].contains(file));
            assert!(
                !is_hidden && !is_tested && !is_of_repository,
                "{name}: {file}"
            );
        }
    }
}

#[test]
fn each_readme_says_what_to_depend_on_and_links_to_nothing_outside_of_its_package() {
    for (name, folder) in PUBLISHED {
        let text =
            read_to_string(repository().join(folder).join("README.md")).expect("it is there");
        let block = text
            .split("```toml\n[dependencies]\n")
            .nth(1)
            .and_then(|rest| rest.split("```").next());
        let block = block.unwrap_or_else(|| panic!("{name}: no `[dependencies]`"));
        let own = block
            .lines()
            .find(|line| line.starts_with(&format!("{name} = ")));
        assert!(
            own.is_some_and(|line| line.contains("\"0.1\"")),
            "{name}: {block}"
        );
        let needs_kubernetes = ["ack-backup-center", "kube-backup-engine"].contains(&name);
        assert_eq!(
            block.contains("\"latest\""),
            needs_kubernetes,
            "{name}: {block}"
        );
        for target in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            // An item of the crate, as rustdoc finds it, a place in the page, or an address.
            let is_item = target.contains("::") || target.starts_with("Client::");
            let is_whole = target.starts_with("https://") || target.starts_with('#');
            assert!(is_item || is_whole, "{name}: `{target}`");
        }
    }
}

/// The order in which they can be published: nothing comes before what it depends on.
#[test]
fn crates_are_published_after_what_they_depend_on() {
    let mut published = BTreeSet::new();
    for (name, folder) in PUBLISHED {
        let manifest = read_to_string(repository().join(folder).join("Cargo.toml")).expect("read");
        let own = manifest
            .split("\n[dependencies]\n")
            .nth(1)
            .unwrap_or_default();
        let own = own.split("\n[").next().unwrap_or_default();
        for (other, _) in PUBLISHED {
            let uses = own.lines().any(|line| {
                line.strip_prefix(other)
                    .is_some_and(|rest| rest.starts_with([' ', '.']))
            });
            assert!(!uses || published.contains(other), "{name} before {other}");
        }
        published.insert(name);
    }
    let documented = read_to_string(repository().join("CONTRIBUTING.md")).expect("it is there");
    let order = PUBLISHED.map(|(name, _)| name).join(" ");
    assert!(
        documented.contains(&order),
        "CONTRIBUTING.md lacks `{order}`"
    );
}
