//! Where the three programs lie, and how they are built where they are not.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::told::say;

const PROGRAMS: [&str; 3] = ["etcd", "kube-apiserver", "kube-controller-manager"];
const GO_MOD: &str = include_str!("../go/go.mod");

/// The programs are not on this machine and could not be built.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct NotFound {
    why: String,
    #[source]
    source: Option<std::io::Error>,
}

impl NotFound {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            source: None,
        }
    }

    pub(crate) fn io(why: String, source: std::io::Error) -> Self {
        Self {
            why,
            source: Some(source),
        }
    }
}

/// A folder that holds `etcd`, `kube-apiserver` and `kube-controller-manager`.
#[derive(Debug, Clone)]
pub struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// Finds the programs, or builds them; the order is in the crate's documentation.
    ///
    /// # Errors
    /// When they are not found and cannot be built here, with the reason.
    pub fn find() -> Result<Self, NotFound> {
        if let Some(assets) = std::env::var_os("KUBEBUILDER_ASSETS").filter(|v| !v.is_empty()) {
            return Self::within(Path::new(&assets)).ok_or_else(|| {
                NotFound::new(format!(
                    "KUBEBUILDER_ASSETS is `{}`, which lacks one of {}",
                    assets.display(),
                    PROGRAMS.join(", ")
                ))
            });
        }
        let cache = target_folder().join("control-plane");
        let built = cache.join(recipe()?.folder_name());
        match Self::within(&built) {
            Some(found) => Ok(found),
            None => build(&cache, &built),
        }
    }

    /// The programs in this folder, if all are there.
    #[must_use]
    pub fn within(folder: &Path) -> Option<Self> {
        let complete = PROGRAMS.iter().all(|name| folder.join(name).is_file());
        complete.then(|| Self {
            folder: folder.to_owned(),
        })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// The versions that go.mod pins; they name the cache folder, so that a new pin is a new build.
struct Recipe {
    kubernetes: &'static str,
    etcd: &'static str,
}

fn recipe() -> Result<Recipe, NotFound> {
    let version = |module: &str| {
        let mut lines = GO_MOD.lines().map(str::trim);
        lines
            .find_map(|line| line.strip_prefix(module)?.split_whitespace().next())
            .ok_or_else(|| NotFound::new(format!("go.mod does not require `{module}`")))
    };
    Ok(Recipe {
        kubernetes: version("k8s.io/kubernetes ")?,
        etcd: version("go.etcd.io/etcd/server/v3 ")?,
    })
}

impl Recipe {
    fn folder_name(&self) -> String {
        format!("kubernetes-{}-etcd-{}", self.kubernetes, self.etcd)
    }

    /// What makes `/version` tell the truth; without it the server calls itself v0.0.0-master.
    fn linker_flags(&self) -> String {
        let mut parts = self.kubernetes.trim_start_matches('v').split('.');
        let (major, minor) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        let set =
            |name: &str, value: &str| format!("-X k8s.io/component-base/version.{name}={value}");
        format!(
            "-s -w {} {} {}",
            set("gitVersion", self.kubernetes),
            set("gitMajor", major),
            set("gitMinor", minor)
        )
    }
}

/// Cargo's target folder: the one this program was built into, known by its CACHEDIR.TAG.
pub(crate) fn target_folder() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    program
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").is_file())
        .map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
            Path::to_owned,
        )
}

/// Held by whoever builds into `cache`. It goes with the file, or the process.
pub(crate) fn build_lock(cache: &Path) -> Result<File, NotFound> {
    fs::create_dir_all(cache)
        .map_err(|e| NotFound::io(format!("create `{}`", cache.display()), e))?;
    let lock_path = cache.join("lock");
    let lock = File::create(&lock_path)
        .map_err(|e| NotFound::io(format!("create `{}`", lock_path.display()), e))?;
    if lock.try_lock().is_err() {
        say("waiting for another program that builds parts of a Kubernetes cluster");
        lock.lock()
            .map_err(|e| NotFound::io(format!("lock `{}`", lock_path.display()), e))?;
    }
    Ok(lock)
}

fn build(cache: &Path, built: &Path) -> Result<Binaries, NotFound> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("go");
    let go = Go::find(&source)?;
    let _lock = build_lock(cache)?;
    // Whoever held the lock before may have built it.
    if let Some(found) = Binaries::within(built) {
        return Ok(found);
    }
    let recipe = recipe()?;
    say(&format!(
        "building etcd {} and Kubernetes {} with Go {}.{} into {}: once, about six minutes",
        recipe.etcd,
        recipe.kubernetes,
        go.version.0,
        go.version.1,
        built.display()
    ));
    // Built beside and renamed when whole, so that an interrupted build is never taken for one.
    let partial = built.with_extension("partial");
    fs::create_dir_all(&partial)
        .map_err(|e| NotFound::io(format!("create `{}`", partial.display()), e))?;
    let mut flags = OsString::from("-ldflags=");
    flags.push(recipe.linker_flags());
    go.build(&[
        flags,
        "-o".into(),
        partial.clone().into(),
        "k8s.io/kubernetes/cmd/kube-apiserver".into(),
        "k8s.io/kubernetes/cmd/kube-controller-manager".into(),
    ])?;
    go.build(&[
        "-ldflags=-s -w".into(),
        "-o".into(),
        partial.join("etcd").into(),
        "go.etcd.io/etcd/server/v3".into(),
    ])?;
    fs::rename(&partial, built)
        .map_err(|e| NotFound::io(format!("rename `{}`", partial.display()), e))?;
    say("built the Kubernetes control plane");
    Binaries::within(built).ok_or_else(|| {
        NotFound::new(format!(
            "the build left no programs in `{}`",
            built.display()
        ))
    })
}

/// A Go that can build the module.
pub(crate) struct Go {
    source: PathBuf,
    version: (u32, u32),
}

impl Go {
    const OLDEST: (u32, u32) = (1, 26);

    /// Whether there is one at all.
    pub(crate) fn is_there() -> bool {
        Command::new("go").arg("version").output().is_ok()
    }

    pub(crate) fn find(source: &Path) -> Result<Self, NotFound> {
        let (oldest, absent) = (
            Self::OLDEST,
            "not in KUBEBUILDER_ASSETS, not built before, and",
        );
        // Asked where go.mod lies, `go version` speaks of the toolchain that would build it,
        // which an older Go downloads first.
        let output = Self::command(source)
            .arg("version")
            .output()
            .map_err(|e| NotFound::io(format!("{absent} no Go"), e))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text
            .split_whitespace()
            .find_map(|word| parse_go_version(word.strip_prefix("go")?));
        match version {
            Some(version) if output.status.success() && version >= oldest => Ok(Self {
                source: source.to_owned(),
                version,
            }),
            _ => Err(NotFound::new(format!(
                "{absent} Go is not {}.{} or newer: {}{}",
                oldest.0,
                oldest.1,
                text.trim(),
                String::from_utf8_lossy(&output.stderr).trim()
            ))),
        }
    }

    fn command(source: &Path) -> Command {
        let mut command = Command::new("go");
        command.current_dir(source).stdin(Stdio::null());
        // Some distributions pin `local`; what the user has set stands.
        if std::env::var_os("GOTOOLCHAIN").is_none() {
            command.env("GOTOOLCHAIN", "auto");
        }
        command
    }

    pub(crate) fn build(&self, arguments: &[OsString]) -> Result<(), NotFound> {
        let output = Self::command(&self.source)
            .env("CGO_ENABLED", "0")
            .args(["build", "-mod=readonly", "-trimpath"])
            .args(arguments)
            .output()
            .map_err(|e| NotFound::io("run `go build`".to_owned(), e))?;
        if output.status.success() {
            return Ok(());
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = errors.lines().collect();
        let tail = lines[lines.len().saturating_sub(20)..].join("\n");
        Err(NotFound::new(format!(
            "`go build` in `{}` failed:\n{tail}",
            self.source.display()
        )))
    }
}

fn parse_go_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split(['.', 'r', 'b']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_versions_are_read() {
        assert_eq!(parse_go_version("1.26.8"), Some((1, 26)));
        assert_eq!(parse_go_version("1.27rc1"), Some((1, 27)));
        assert_eq!(parse_go_version("1.26"), Some((1, 26)));
        assert_eq!(parse_go_version("lang"), None);
    }

    #[test]
    fn the_recipe_names_what_go_mod_pins() {
        let recipe = recipe().unwrap();
        assert!(
            recipe.kubernetes.starts_with("v1."),
            "{}",
            recipe.kubernetes
        );
        assert!(recipe.etcd.starts_with("v3."), "{}", recipe.etcd);
        let flags = recipe.linker_flags();
        assert!(flags.contains("gitMajor=1 "), "{flags}");
        assert!(flags.contains(&format!("gitVersion={}", recipe.kubernetes)));
    }

    #[test]
    fn a_folder_without_all_programs_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        for name in &PROGRAMS[..2] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert!(Binaries::within(folder.path()).is_none());
        fs::write(folder.path().join(PROGRAMS[2]), "").unwrap();
        assert!(Binaries::within(folder.path()).is_some());
    }
}
