//! Other people's programs that tests hold ours against.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::binaries::{NotFound, build_lock, target_folder};
use crate::told::{chain, say};

/// A program of a Go module, built once into the target folder: `helm.sh/helm/v3/cmd/helm@v3.22.0`.
///
/// Where it cannot be built, the one of that name in `PATH` serves. `None` where there is none either: the test
/// should return, after this has said (once, past the capture of test output) that tests with it are skipped,
/// and why. Unlike the parts of a cluster it is never required: what it is a witness to is held by other tests
/// as well.
#[must_use]
pub fn go_tool(package: &'static str) -> Option<PathBuf> {
    static BUILT: Mutex<BTreeMap<&str, Option<PathBuf>>> = Mutex::new(BTreeMap::new());
    let mut all = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let tool = all.entry(package).or_insert_with(|| {
        let why = match build(package) {
            Ok(built) => return Some(built),
            Err(why) => why,
        };
        let installed = installed(program_and_version(package).0);
        if installed.is_none() {
            say(&format!(
                "tests with `{package}` are SKIPPED: {}",
                chain(&why)
            ));
        }
        installed
    });
    tool.clone()
}

/// `helm` and `v3.22.0` of `helm.sh/helm/v3/cmd/helm@v3.22.0`.
fn program_and_version(package: &str) -> (&str, &str) {
    let (path, version) = package.rsplit_once('@').unwrap_or((package, "latest"));
    (path.rsplit('/').next().unwrap_or(path), version)
}

fn installed(program: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

fn build(package: &str) -> Result<PathBuf, NotFound> {
    let (name, version) = program_and_version(package);
    let cache = target_folder().join("go-tools");
    let folder = cache.join(format!("{name}-{version}"));
    let program = folder.join(name);
    let _lock = build_lock(&cache)?;
    if program.is_file() {
        return Ok(program);
    }
    // Built beside and renamed when whole, so that an interrupted build is never taken for one.
    let partial = folder.join("partial");
    fs::create_dir_all(&partial)
        .map_err(|e| NotFound::io(format!("create `{}`", partial.display()), e))?;
    let output = Command::new("go")
        .args(["install", "-ldflags=-s -w", package])
        .env("GOBIN", &partial)
        .current_dir(&partial)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| NotFound::io("there is no Go".to_owned(), e))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(NotFound::new(format!(
            "`go install {package}` failed: {}",
            errors.trim()
        )));
    }
    fs::rename(partial.join(name), &program)
        .map_err(|e| NotFound::io(format!("rename to `{}`", program.display()), e))?;
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_names_its_program_and_version() {
        assert_eq!(
            program_and_version("filippo.io/age/cmd/age@v1.2.1"),
            ("age", "v1.2.1")
        );
    }

    #[test]
    fn what_cannot_be_built_and_is_not_installed_is_not_there() {
        assert_eq!(go_tool("example.invalid/no/such-program@v0.0.0"), None);
    }
}
