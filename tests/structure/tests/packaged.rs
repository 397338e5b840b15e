//! What each published crate is packaged with.

use std::fs::read_to_string;

use structure::repository;

#[test]
fn each_crate_has_its_licence_its_readme_and_what_a_registry_shows() {
    let licence = read_to_string(repository().join("LICENSE")).expect("there is one");
    let crates = std::fs::read_dir(repository().join("crates")).expect("there are some");
    let mut seen = 0;
    for folder in crates.map(|it| it.expect("it can be read").path()) {
        let Ok(manifest) = read_to_string(folder.join("Cargo.toml")) else {
            continue;
        };
        seen += 1;
        let read = |name: &str| read_to_string(folder.join(name)).unwrap_or_default();
        assert_eq!(read("LICENSE"), licence, "{}", folder.display());
        assert!(!read("README.md").is_empty(), "{}", folder.display());
        for member in [
            "description = ",
            "rust-version.workspace = true",
            "license.workspace = true",
            "repository.workspace = true",
            "keywords.workspace = true",
            "readme = \"README.md\"",
        ] {
            let is_there = manifest.lines().any(|line| line.starts_with(member));
            assert!(is_there, "{}: no `{member}`", folder.display());
        }
    }
    assert_eq!(seen, 9);
}
