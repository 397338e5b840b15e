//! The processes: a server, and clients for one job each.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use measure::Outcome;

use crate::job::{ENDPOINT, Job, Sample};

/// A local cloud in a process of its own, which ends with this value.
pub(crate) struct Server {
    child: Child,
    pub(crate) endpoint: String,
}

impl Server {
    pub(crate) fn start(snapshots: u64) -> Outcome<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", &snapshots.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let mut endpoint = String::new();
        BufReader::new(output).read_line(&mut endpoint)?;
        let endpoint = endpoint.trim().to_owned();
        if endpoint.is_empty() {
            return Err(format!("the server ended: {}", child.wait()?).into());
        }
        Ok(Self { child, endpoint })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of its input is the end of its work.
        self.child.stdin = None;
        let _ = self.child.wait();
    }
}

/// A program that does a job and prints its sample.
pub(crate) struct Client(PathBuf, &'static [&'static str]);

impl Client {
    /// This program in another role.
    pub(crate) fn ours() -> Outcome<Self> {
        Ok(Self(std::env::current_exe()?, &["client"]))
    }

    /// The vendor's SDK for Go, built beside this program. The error says why it is not available here.
    pub(crate) fn go() -> Outcome<Self> {
        let beside = std::env::current_exe()?;
        let program = beside.parent().ok_or("no folder")?.join("bench-openapi-go");
        let built = Command::new("go")
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("go"))
            // A compiler that is not there is not fetched, and the lock file is not touched.
            .envs([("GOTOOLCHAIN", "local"), ("GOFLAGS", "-mod=readonly")])
            .args(["build", "-o"])
            .arg(&program)
            .arg(".")
            .output()
            .map_err(|error| format!("build the Go client: {error}"))?;
        if !built.status.success() {
            let text = String::from_utf8_lossy(&built.stderr);
            let last = text.trim().lines().last().unwrap_or_default();
            return Err(format!("build the Go client: {last}").into());
        }
        Ok(Self(program, &[]))
    }

    pub(crate) fn run(&self, endpoint: &str, job: Job, times: u64) -> Outcome<Sample> {
        let output = Command::new(&self.0)
            .args(self.1)
            .args([job.to_string(), times.to_string()])
            .env(ENDPOINT, endpoint)
            // A proxy is not for this machine.
            .env("NO_PROXY", "127.0.0.1,localhost")
            .env("no_proxy", "127.0.0.1,localhost")
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err(format!("{} at {job}: {}", self.0.display(), output.status).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}
