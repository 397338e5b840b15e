//! The Go modules that parts are built by.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

/// Sources of a module: the name of each, and its text.
macro_rules! sources {
    ($folder:literal: $($name:literal)*) => {
        &[$(($name, include_str!(concat!($folder, "/", $name)))),*]
    };
}

/// A Go module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Module {
    /// That of the control plane itself.
    ControlPlane,
    /// That of other people's parts.
    Parts,
    /// That of the driver, which is in this workspace.
    Driver,
}

impl Module {
    pub(crate) fn folder(self) -> PathBuf {
        let folder = match self {
            Self::ControlPlane => "go",
            Self::Parts => "parts",
            Self::Driver => "../csi-driver",
        };
        Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
    }

    /// All that decides what is built.
    fn sources(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::ControlPlane => sources!("../go": "go.mod" "go.sum"),
            Self::Parts => sources!("../parts": "go.mod" "go.sum"),
            Self::Driver => sources!("../../csi-driver":
                "go.mod" "go.sum" "attach.go" "cloud.go" "groups.go" "identity.go" "logged.go" "main.go" "node.go"
                "snapshots.go" "volumes.go"),
        }
    }

    /// A number that changes with what is built.
    pub(crate) fn pins(self) -> u64 {
        let mut pins = DefaultHasher::new();
        for (_, text) in self.sources() {
            text.hash(&mut pins);
        }
        pins.finish()
    }

    /// Whether a program is of it, or of a module that it pins.
    #[cfg(test)]
    pub(crate) fn pins_program(self, package: &str) -> bool {
        let [(_, go_mod), ..] = self.sources() else {
            return false;
        };
        let mut lines = go_mod.lines().map(str::trim);
        lines.any(|line| {
            let line = line
                .trim_start_matches("tool ")
                .trim_start_matches("module ");
            line == package
        }) || (package.starts_with("k8s.io/kubernetes/cmd/")
            && go_mod.contains("k8s.io/kubernetes v"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_of_the_driver_is_in_its_pins() {
        let all = Module::Driver.sources();
        let named = all.iter().map(|(name, _)| (*name).to_owned());
        let mut named: Vec<String> = named.collect();
        named.sort();
        let entries = std::fs::read_dir(Module::Driver.folder()).unwrap();
        let mut there: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("go.") || name.ends_with(".go"))
            .collect();
        there.sort();
        assert_eq!(named, there);
    }
}
