//! Clients in other languages, made ready where their tools are installed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use measure::Outcome;

use crate::options::Peer;

/// How to start a client; its job is the one argument to add.
pub(crate) enum Program {
    Ourselves(&'static str),
    Other {
        program: PathBuf,
        arguments: Vec<PathBuf>,
    },
}

impl Program {
    /// Makes a client ready. The error says why it is not available here.
    pub(crate) fn of(peer: Peer) -> Outcome<Self> {
        match peer {
            Peer::Limit => Ok(Self::Ourselves("limit")),
            Peer::Opendal => Ok(Self::Ourselves("opendal")),
            Peer::OpendalCrc => Ok(Self::Ourselves("opendal-crc")),
            Peer::Go => go(),
            Peer::Python => python(),
        }
    }
}

fn source(language: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(language)
}

/// Where what is built goes: beside this program.
fn built() -> Outcome<PathBuf> {
    let program = std::env::current_exe()?;
    Ok(program.parent().ok_or("no folder")?.to_owned())
}

fn go() -> Outcome<Program> {
    let program = built()?.join("bench-oss-go");
    let mut command = Command::new("go");
    command
        .current_dir(source("go"))
        // A compiler that is not there is not fetched, and the lock file is not touched.
        .envs([("GOTOOLCHAIN", "local"), ("GOFLAGS", "-mod=readonly")])
        .args(["build", "-o"])
        .arg(&program)
        .arg(".");
    succeed("build the Go client", command)?;
    Ok(Program::Other {
        program,
        arguments: Vec::new(),
    })
}

fn python() -> Outcome<Program> {
    let folder = built()?.join("bench-oss-python");
    let program = folder.join("bin/python");
    let source = source("python");
    let is_there = |python: &Path| {
        let mut command = Command::new(python);
        command.args(["-W", "ignore", "-c", "import alibabacloud_oss_v2"]);
        succeed("import alibabacloud_oss_v2", command).is_ok()
    };
    if !is_there(&program) {
        let mut command = Command::new("python3");
        command.args(["-m", "venv", "--clear"]).arg(&folder);
        succeed("make a virtual environment", command)?;
        let mut command = Command::new(&program);
        command
            .args(["-m", "pip", "install", "--quiet", "--requirement"])
            .arg(source.join("requirements.txt"));
        succeed("install alibabacloud-oss-v2", command)?;
    }
    let arguments = vec!["-W".into(), "ignore".into(), source.join("peer.py")];
    Ok(Program::Other { program, arguments })
}

fn succeed(step: &str, mut command: Command) -> Outcome<()> {
    let output = command
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{step}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.trim().lines().last().unwrap_or_default();
    Err(format!("{step}: {last}").into())
}
