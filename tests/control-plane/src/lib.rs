#![doc = include_str!("../README.md")]

mod binaries;
mod csi;
mod folder;
mod kwok;
mod module;
mod parts;
mod plane;
mod process;
mod scheduler;
mod snapshots;
mod told;
mod tool;

use std::sync::OnceLock;

pub use binaries::{Binaries, NotFound};
pub use csi::{CsiDriver, CsiSidecars, Ecs};
pub use kwok::{Kwok, shared_kwok};
pub use parts::Part;
pub use plane::{ControlPlane, StartError};
pub use scheduler::KubeScheduler;
pub use snapshots::{SnapshotController, serve_snapshots, shared_snapshot_controller};
use told::chain;
pub use told::say;
pub use tool::go_tool;

/// The control plane that all tests of this program share, started by the first call. It blocks
/// for about three seconds then, or minutes while the programs are built.
///
/// `None` when the programs are not available here: the test should return, after this has printed
/// (once, past the capture of test output) that tests are skipped, why, and how to run them.
///
/// # Panics
/// When the server does not start, or is missing although `CONTROL_PLANE=required`.
#[must_use]
pub fn shared() -> Option<&'static ControlPlane> {
    static SHARED: OnceLock<Result<Option<ControlPlane>, String>> = OnceLock::new();
    // A failure is kept too: every test fails with it, and none waits for another start.
    match SHARED.get_or_init(start_or_skip) {
        Ok(plane) => plane.as_ref(),
        Err(failure) => panic!("{failure}"),
    }
}

fn start_or_skip() -> Result<Option<ControlPlane>, String> {
    let wish = std::env::var("CONTROL_PLANE").unwrap_or_default();
    let found = match wish.as_str() {
        "skip" => Err(NotFound::new("CONTROL_PLANE is `skip`")),
        _ => Binaries::find(),
    };
    match found {
        Ok(binaries) => ControlPlane::start_with(&binaries)
            .map(Some)
            .map_err(|error| chain(&error)),
        Err(why) if wish == "required" => {
            Err(format!("CONTROL_PLANE is `required`, but {}", chain(&why)))
        }
        Err(why) => {
            say(&format!(
                "tests on a real Kubernetes control plane are SKIPPED: {}.\n\
                 To run them, set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and \
                 kube-controller-manager, or install Go 1.26 or newer: they are then built once, \
                 in about six minutes.",
                chain(&why)
            ));
            Ok(None)
        }
    }
}

/// A name that no other test uses: `prefix-` and ten letters and digits.
#[must_use]
pub fn unique_name(prefix: &str) -> String {
    let random: String = std::iter::repeat_with(fastrand::alphanumeric)
        .take(10)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    format!("{prefix}-{random}")
}
