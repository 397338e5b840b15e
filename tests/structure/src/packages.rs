//! The packages of this repository, as Cargo sees them.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// A package with what it depends on and what is built of it.
#[derive(Debug, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// What it asks for.
    pub dependencies: Vec<Dependency>,
    /// Libraries, programs, tests, examples and benches.
    pub targets: Vec<Target>,
}

/// One line of a `[dependencies]` table.
#[derive(Debug, Deserialize)]
pub struct Dependency {
    /// The package asked for.
    pub name: String,
    /// `None` for ordinary dependencies, else `dev` or `build`.
    pub kind: Option<String>,
    /// Whether a feature turns it on.
    pub optional: bool,
    /// Where it lies, for packages of this repository.
    pub path: Option<PathBuf>,
}

/// Something that is built of a package.
#[derive(Debug, Deserialize)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// The file that its module tree begins with.
    pub src_path: PathBuf,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// The top folder of this repository.
#[must_use]
pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .expect("this package lies two folders below the top")
        .to_owned()
}

/// The packages of the workspace that `manifest` (a path below the repository's top) belongs to.
///
/// # Errors
/// When Cargo refuses, with what it says.
pub fn packages(manifest: &str) -> Result<Vec<Package>, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .arg("--manifest-path")
        .arg(repository().join(manifest))
        .output()
        .map_err(|error| format!("run `cargo metadata`: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("read what `cargo metadata` printed: {error}"))?;
    Ok(metadata.packages)
}
