//! The process port: how a profile's external command is run.

use std::collections::BTreeSet;
use std::fmt::{self, Debug};
use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use zeroize::Zeroizing;

/// No credential program prints more.
const MAX_BYTES: u64 = 1 << 20;

/// Runs a program and takes what it prints.
pub trait Processes: Debug + Send + Sync {
    /// Runs `program` with `arguments` until it ends.
    ///
    /// # Errors
    ///
    /// If it cannot be started, prints too much, or runs longer than `limit`. A program that ends
    /// badly is no error here: what it said about that comes back.
    fn run<'a>(
        &'a self,
        program: &'a str,
        arguments: &'a [&'a str],
        limit: Duration,
    ) -> BoxFuture<'a, io::Result<Ended>>;
}

/// Processes shared between providers.
pub type SharedProcesses = Arc<dyn Processes>;

/// A program that has ended, and what it printed. Its `Debug` form shows nothing of that: it holds
/// credentials.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Ended {
    /// How it ended, where that was not well: "exit status: 3".
    pub failure: Option<String>,
    /// Its standard output.
    pub stdout: Zeroizing<Vec<u8>>,
    /// Its error output.
    pub stderr: Zeroizing<Vec<u8>>,
}

impl Ended {
    /// A program that ended well and printed this.
    #[must_use]
    pub fn well(stdout: impl Into<Vec<u8>>) -> Self {
        Self {
            stdout: Zeroizing::new(stdout.into()),
            ..Self::default()
        }
    }

    /// A program that ended badly, for instance with "exit status: 3", and wrote this to its error
    /// output.
    #[must_use]
    pub fn badly(failure: impl Into<String>, stderr: impl Into<Vec<u8>>) -> Self {
        Self {
            failure: Some(failure.into()),
            stderr: Zeroizing::new(stderr.into()),
            ..Self::default()
        }
    }
}

impl Debug for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Ended");
        shown
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}

/// The machine's own processes. One that runs too long is killed.
///
/// A program inherits the environment without the variables whose names end with `_SECRET` or
/// `_TOKEN`: it is there to fetch credentials, and not to be handed others. One that needs such a
/// variable gets it by [`passing`](Self::passing).
///
/// ```
/// use std::sync::Arc;
/// use alibaba_core::Context;
/// use alibaba_core::process::SystemProcesses;
///
/// # fn example(context: Context) {
/// // `vault read` logs in by this variable.
/// let processes = SystemProcesses::default().passing(["VAULT_TOKEN"]);
/// let context = context.with_processes(Arc::new(processes));
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct SystemProcesses {
    passed: BTreeSet<String>,
}

impl SystemProcesses {
    /// Also hands these variables to programs.
    #[must_use]
    pub fn passing<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.passed.extend(names.into_iter().map(Into::into));
        self
    }

    /// The variables of this process that a program does not see.
    fn withheld(&self) -> impl Iterator<Item = std::ffi::OsString> {
        // Names only. Programs inherit the process's own environment, and nothing else can tell it.
        std::env::vars_os().map(|(name, _)| name).filter(|name| {
            let shown = name.to_string_lossy();
            is_secret(&shown) && !self.passed.contains(&*shown)
        })
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name.ends_with("_SECRET") || name.ends_with("_TOKEN")
}

impl Processes for SystemProcesses {
    fn run<'a>(
        &'a self,
        program: &'a str,
        arguments: &'a [&'a str],
        limit: Duration,
    ) -> BoxFuture<'a, io::Result<Ended>> {
        let run = async move {
            let mut command = tokio::process::Command::new(program);
            for name in self.withheld() {
                command.env_remove(name);
            }
            let mut child = command
                .args(arguments)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .kill_on_drop(true)
                .spawn()?;
            let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
            // Together: a program that waits for room in one pipe would never close the other.
            let (stdout, stderr) = futures::try_join!(read(stdout), read(stderr))?;
            let status = child.wait().await?;
            Ok(Ended {
                failure: (!status.success()).then(|| status.to_string()),
                stdout,
                stderr,
            })
        };
        async move {
            let late = |_| io::Error::new(io::ErrorKind::TimedOut, "it ran for too long");
            tokio::time::timeout(limit, run).await.map_err(late)?
        }
        .boxed()
    }
}

async fn read(pipe: Option<impl tokio::io::AsyncRead + Unpin>) -> io::Result<Zeroizing<Vec<u8>>> {
    use tokio::io::AsyncReadExt as _;
    let mut printed = Zeroizing::new(Vec::new());
    if let Some(pipe) = pipe {
        pipe.take(MAX_BYTES + 1).read_to_end(&mut printed).await?;
    }
    if printed.len() as u64 > MAX_BYTES {
        return Err(io::Error::other("it printed more than 1 MiB"));
    }
    Ok(printed)
}

/// Runs nothing: for programs whose configuration must not name others to run.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProcesses;

impl Processes for NoProcesses {
    fn run<'a>(
        &'a self,
        _: &'a str,
        _: &'a [&'a str],
        _: Duration,
    ) -> BoxFuture<'a, io::Result<Ended>> {
        let refused = "this program runs no others to get credentials";
        ready(Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            refused,
        )))
        .boxed()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    async fn run(program: &str, arguments: &[&str]) -> io::Result<Ended> {
        SystemProcesses::default()
            .run(program, arguments, LONG)
            .await
    }

    #[tokio::test]
    async fn what_a_program_prints_is_taken() {
        let ended = run("echo", &["a b"]).await.unwrap();
        assert_eq!(*ended.stdout, b"a b\n");
        assert_eq!(ended.failure, None);
    }

    #[tokio::test]
    async fn a_program_that_fails_is_heard() {
        let script = "echo out; echo why >&2; exit 3";
        let ended = run("sh", &["-c", script]).await.unwrap();
        assert_eq!(ended.failure.as_deref(), Some("exit status: 3"));
        assert_eq!(*ended.stdout, b"out\n");
        assert_eq!(*ended.stderr, b"why\n");
        assert!(!format!("{ended:?}").contains("why"));
    }

    #[tokio::test]
    async fn missing_endless_and_talkative_programs_are_errors() {
        assert!(run("false", &[]).await.unwrap().failure.is_some());
        assert!(run("/no/such/program", &[]).await.is_err());
        assert!(run("cat", &["/dev/zero"]).await.is_err());
        assert!(run("sh", &["-c", "cat /dev/zero >&2"]).await.is_err());
        let error = SystemProcesses::default()
            .run("sleep", &["600"], Duration::from_millis(20))
            .await;
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(NoProcesses.run("true", &[], LONG).await.is_err());
    }

    /// Both pipes filled beyond what the system buffers.
    #[tokio::test]
    async fn a_program_that_prints_much_on_both_sides_ends() {
        let script = "head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero";
        let ended = run("sh", &["-c", script]).await.unwrap();
        assert_eq!((ended.stdout.len(), ended.stderr.len()), (300_000, 300_000));
    }

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in ["ALIBABA_CLOUD_ACCESS_KEY_SECRET", "GITHUB_TOKEN", "x_token"] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "PATH",
            "ALIBABA_CLOUD_ACCESS_KEY_ID",
            "TOKEN_FILE",
            "SECRETS",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    /// In a process of its own, whose environment is known.
    #[test]
    fn a_program_sees_no_secret_that_is_not_passed() {
        let test = std::env::current_exe().unwrap();
        let ended = std::process::Command::new(test)
            .args(["process::tests::show_what_a_program_sees", "--exact"])
            .args(["--ignored", "--nocapture"])
            .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "withheld-1")
            .env("CI_JOB_TOKEN", "withheld-2")
            .env("PASSED_TOKEN", "passed")
            .env("PLAIN", "plain")
            .output()
            .unwrap();
        let seen = String::from_utf8_lossy(&ended.stdout);
        assert!(
            seen.contains("PASSED_TOKEN=passed") && seen.contains("PLAIN=plain"),
            "{seen}"
        );
        assert!(!seen.contains("withheld"), "{seen}");
    }

    #[tokio::test]
    #[ignore = "run by the test above, which sets its environment"]
    async fn show_what_a_program_sees() {
        let processes = SystemProcesses::default().passing(["PASSED_TOKEN"]);
        let ended = processes.run("env", &[], LONG).await.unwrap();
        println!("{}", String::from_utf8_lossy(&ended.stdout));
    }
}
