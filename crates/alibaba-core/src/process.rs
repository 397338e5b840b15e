//! The process port: how a profile's external command is run.

use std::fmt::Debug;
use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;

/// No credential program prints more.
const MAX_BYTES: u64 = 1 << 20;

/// Runs a program and takes what it prints.
pub trait Processes: Debug + Send + Sync {
    /// Runs `program` with `arguments` and returns its standard output once it ended well.
    ///
    /// # Errors
    ///
    /// If it cannot be started, fails, prints too much, or runs longer than `limit`.
    fn run<'a>(
        &'a self,
        program: &'a str,
        arguments: &'a [&'a str],
        limit: Duration,
    ) -> BoxFuture<'a, io::Result<Vec<u8>>>;
}

/// Processes shared between providers.
pub type SharedProcesses = Arc<dyn Processes>;

/// The machine's own processes. One that runs too long is killed.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemProcesses;

impl Processes for SystemProcesses {
    fn run<'a>(
        &'a self,
        program: &'a str,
        arguments: &'a [&'a str],
        limit: Duration,
    ) -> BoxFuture<'a, io::Result<Vec<u8>>> {
        use tokio::io::AsyncReadExt as _;
        let run = async move {
            let mut child = tokio::process::Command::new(program)
                .args(arguments)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                // Error output may quote secrets, so it is not read.
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .spawn()?;
            let mut printed = Vec::new();
            if let Some(stdout) = child.stdout.take() {
                stdout.take(MAX_BYTES + 1).read_to_end(&mut printed).await?;
            }
            if printed.len() as u64 > MAX_BYTES {
                return Err(io::Error::other("it printed more than 1 MiB"));
            }
            let status = child.wait().await?;
            if !status.success() {
                return Err(io::Error::other(format!("it ended with {status}")));
            }
            Ok(printed)
        };
        async move {
            let late = |_| io::Error::new(io::ErrorKind::TimedOut, "it ran for too long");
            tokio::time::timeout(limit, run).await.map_err(late)?
        }
        .boxed()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn what_a_program_prints_is_taken() {
        let printed = SystemProcesses.run("echo", &["a b"], LONG).await.unwrap();
        assert_eq!(printed, b"a b\n");
    }

    #[tokio::test]
    async fn failing_missing_endless_and_talkative_programs_are_errors() {
        assert!(SystemProcesses.run("false", &[], LONG).await.is_err());
        assert!(
            SystemProcesses
                .run("/no/such/program", &[], LONG)
                .await
                .is_err()
        );
        assert!(
            SystemProcesses
                .run("cat", &["/dev/zero"], LONG)
                .await
                .is_err()
        );
        let error = SystemProcesses
            .run("sleep", &["600"], Duration::from_millis(20))
            .await;
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
