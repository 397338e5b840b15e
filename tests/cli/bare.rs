//! A container's bare environment: no variables but those that are given, and a root that cannot be written to. That takes
//! a mount namespace, which not every machine lets everybody have.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Makes everything that `$1` is not in read-only, and becomes the program.
const SEALED: &str = r#"
set -e
mount --bind "$1" "$1"
mount -o remount,bind,ro /
cd /
shift
exec "$@"
"#;

/// The same in a Pod: `$1` has the files of its service account, too, and they lie where a kubelet puts them.
const POD: &str = r#"
set -e
mount --bind "$1" "$1"
mount -t tmpfs tmpfs /var/run
mkdir -p /var/run/secrets/kubernetes.io/serviceaccount
cp "$1"/serviceaccount/* /var/run/secrets/kubernetes.io/serviceaccount/
mount -o remount,bind,ro /
cd /
shift
exec "$@"
"#;

/// Where a program runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// A container that can write only to the folder.
    Container,
    /// The same with the files of a service account, which are in the folder's `serviceaccount`.
    Pod,
}

/// A command that runs `program` there.
fn inside(place: Place, writable: &Path, program: &Path) -> Command {
    let script = match place {
        Place::Container => SEALED,
        Place::Pod => POD,
    };
    let mut command = Command::new("unshare");
    command
        .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .arg(writable)
        .arg(program)
        .env_clear();
    command
}

/// Whether there are such places on this machine; tried by writing where nobody may.
#[expect(
    clippy::print_stderr,
    reason = "whoever runs the tests is to know what was skipped"
)]
fn is_possible() -> bool {
    static POSSIBLE: OnceLock<bool> = OnceLock::new();
    *POSSIBLE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let account = folder.path().join("serviceaccount");
        std::fs::create_dir(&account).unwrap();
        std::fs::write(account.join("token"), "none").unwrap();
        let try_it = r#"test -e /var/run/secrets/kubernetes.io/serviceaccount/token && touch "$0/here" && ! touch "$1/there""#;
        let mut command = inside(Place::Pod, folder.path(), Path::new("/bin/sh"));
        command.args(["-c", try_it]).arg(folder.path());
        let tried = command
            .arg(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::null())
            .output();
        let is_possible = tried.as_ref().is_ok_and(|it| it.status.success());
        if !is_possible {
            eprintln!(
                "skipped: programs run with a root that can be written to, and none in a Pod, since this machine makes no mount \
                 namespaces (`unshare --map-root-user --mount`): {tried:?}"
            );
        }
        is_possible
    })
}

/// The program in a container, or with no more than an empty environment where there are none.
pub(crate) fn container(writable: &Path, program: &str) -> Command {
    if is_possible() {
        return inside(Place::Container, writable, Path::new(program));
    }
    let mut command = Command::new(program);
    // Nobody can write there, whoever it is.
    command.env_clear().current_dir("/proc");
    command
}

/// The program in a Pod; nothing where there are none.
pub(crate) fn pod(writable: &Path, program: &str) -> Option<Command> {
    is_possible().then(|| inside(Place::Pod, writable, Path::new(program)))
}
