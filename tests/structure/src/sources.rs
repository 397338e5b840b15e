//! The sources of this repository.

use std::path::{Path, PathBuf};

use crate::packages::repository;

/// All files below a folder with one of these endings, in order; without what is built or fetched.
///
/// # Panics
///
/// When a folder cannot be read.
#[must_use]
pub fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() {
                if name != "target" && name != "node_modules" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if path
                .extension()
                .is_some_and(|it| endings.iter().any(|ending| it == *ending))
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The sources of all that is published: the root package and the crates.
///
/// # Panics
///
/// When a folder cannot be read.
#[must_use]
pub fn published_sources() -> Vec<PathBuf> {
    let mut found = files(&repository().join("src"), &["rs"]);
    for entry in std::fs::read_dir(repository().join("crates")).expect("crates") {
        let folder = entry.expect("an entry").path().join("src");
        if folder.is_dir() {
            found.extend(files(&folder, &["rs"]));
        }
    }
    found
}
