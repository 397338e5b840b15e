//! More real parts of a cluster: where their programs lie, and how they are built.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::binaries::{Go, NotFound, build_lock, target_folder};
use crate::module::Module;
use crate::told::{chain, say};

/// A part of a cluster that is not of its control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Part {
    /// Plays nodes: Pods become ready there, and `exec` runs commands on this machine.
    Kwok,
    /// Binds VolumeSnapshots and their contents.
    SnapshotController,
    /// Asks a CSI driver for snapshots.
    CsiSnapshotter,
    /// Asks a CSI driver for volumes.
    CsiProvisioner,
    /// Finds nodes for Pods, and so says where volumes are to be.
    KubeScheduler,
    /// Plays the CSI driver of disks of ECS.
    CsiDriver,
    /// Holds a CSI driver to what CSI asks of all.
    CsiSanity,
}

impl Part {
    /// The name of its program.
    #[must_use]
    pub fn program(self) -> &'static str {
        match self {
            Self::Kwok => "kwok",
            Self::SnapshotController => "snapshot-controller",
            Self::CsiSnapshotter => "csi-snapshotter",
            Self::CsiProvisioner => "csi-provisioner",
            Self::KubeScheduler => "kube-scheduler",
            Self::CsiDriver => "csi-driver",
            Self::CsiSanity => "csi-sanity",
        }
    }

    fn package(self) -> &'static str {
        match self {
            Self::Kwok => "sigs.k8s.io/kwok/cmd/kwok",
            Self::SnapshotController => {
                "github.com/kubernetes-csi/external-snapshotter/v8/cmd/snapshot-controller"
            }
            Self::CsiSnapshotter => {
                "github.com/kubernetes-csi/external-snapshotter/v8/cmd/csi-snapshotter"
            }
            Self::CsiProvisioner => {
                "github.com/kubernetes-csi/external-provisioner/v6/cmd/csi-provisioner"
            }
            Self::KubeScheduler => "k8s.io/kubernetes/cmd/kube-scheduler",
            Self::CsiDriver => "csi-driver",
            Self::CsiSanity => "github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity",
        }
    }

    fn module(self) -> Module {
        match self {
            Self::Kwok | Self::SnapshotController | Self::CsiSnapshotter | Self::CsiProvisioner => {
                Module::Parts
            }
            Self::KubeScheduler => Module::ControlPlane,
            Self::CsiDriver | Self::CsiSanity => Module::Driver,
        }
    }

    /// Finds the program, or builds it: in `KUBEBUILDER_ASSETS`, among what was built before, or with Go. The
    /// first call may take minutes.
    ///
    /// `None` when it is not available here: the test should return, after this has printed (once) that tests
    /// are skipped, and why.
    ///
    /// # Panics
    /// When it is missing although `CONTROL_PLANE=required` and there is a Go to build it.
    #[must_use]
    pub fn find(self) -> Option<PathBuf> {
        static FOUND: Mutex<BTreeMap<Part, Result<PathBuf, String>>> = Mutex::new(BTreeMap::new());
        let mut all = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.entry(self).or_insert_with(|| {
            let found = self.locate().map_err(|why| chain(&why));
            if let Err(why) = &found {
                say(&format!(
                    "tests with a real {} are SKIPPED: {why}",
                    self.program()
                ));
            }
            found
        });
        match found {
            Ok(program) => Some(program.clone()),
            // Where the control plane was given and there is no Go, nothing can be built that was not given.
            Err(_) if assets().is_some() && !Go::is_there() => None,
            Err(why) if std::env::var("CONTROL_PLANE").is_ok_and(|wish| wish == "required") => {
                panic!("CONTROL_PLANE is `required`, but {why}")
            }
            Err(_) => None,
        }
    }

    fn locate(self) -> Result<PathBuf, NotFound> {
        if std::env::var("CONTROL_PLANE").is_ok_and(|wish| wish == "skip") {
            return Err(NotFound::new("CONTROL_PLANE is `skip`"));
        }
        let given = assets().map(|assets| assets.join(self.program()));
        if let Some(given) = given.filter(|given| given.is_file()) {
            return Ok(given);
        }
        // What is pinned names the folder, so that a new pin is a new build.
        let cache = target_folder().join("control-plane");
        let folder = cache.join(format!("parts-{:016x}", self.module().pins()));
        let program = folder.join(self.program());
        if program.is_file() {
            return Ok(program);
        }
        let go = Go::find(&self.module().folder())?;
        let _lock = build_lock(&cache)?;
        // Whoever held the lock before may have built it.
        if program.is_file() {
            return Ok(program);
        }
        say(&format!(
            "building {} into {}: once, some minutes",
            self.program(),
            folder.display()
        ));
        // Built beside and renamed when whole, so that an interrupted build is never taken for one.
        let partial = program.with_extension("partial");
        go.build(&[
            "-ldflags=-s -w".into(),
            "-o".into(),
            partial.clone().into(),
            self.package().into(),
        ])?;
        fs::rename(&partial, &program)
            .map_err(|e| NotFound::io(format!("rename `{}`", partial.display()), e))?;
        Ok(program)
    }
}

/// The folder that the three programs of the control plane are given in.
fn assets() -> Option<PathBuf> {
    let folder = std::env::var_os("KUBEBUILDER_ASSETS");
    folder.filter(|it| !it.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_pinned() {
        for part in [
            Part::Kwok,
            Part::SnapshotController,
            Part::CsiSnapshotter,
            Part::CsiProvisioner,
            Part::KubeScheduler,
            Part::CsiDriver,
            Part::CsiSanity,
        ] {
            assert!(part.package().ends_with(part.program()));
            assert!(part.module().pins_program(part.package()), "{part:?}");
        }
    }
}
