//! One process that cannot outlive this one.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

/// The shell becomes the program. Before, it leaves a watcher behind that waits for its stdin, a
/// pipe whose only writer is this process, to close: then this process is gone, however it ended,
/// and the watcher kills the program and removes the folder. The program's id cannot have passed
/// to a stranger by then, because it names the process group in which the watcher lives. The wait
/// for its end is bounded, as it stays a zombie where process 1 collects none.
const WATCHED: &str = r#"
folder=$1; shift
exec 3<&0 </dev/null
(
  cat <&3 >/dev/null
  kill -KILL $$
  for wait in 1 2 3 4 5 6 7 8 9 10; do kill -0 $$ && sleep 0.1; done
  rm -rf -- "$folder"
) >/dev/null 2>&1 &
exec 3<&-
exec "$@"
"#;

/// A running program, killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
    // Held, never written: its end is what the watcher waits for.
    _alive: Option<ChildStdin>,
}

impl Process {
    /// Starts `program`, with its output in `<folder>/<name>.log`. The folder is removed should
    /// this process die.
    pub(crate) fn spawn(
        name: &'static str,
        program: &Path,
        arguments: &[String],
        folder: &Path,
    ) -> io::Result<Self> {
        Self::spawn_with(name, program, arguments, &[], folder)
    }

    /// Starts it with more variables in its environment, where what is secret belongs.
    pub(crate) fn spawn_with(
        name: &'static str,
        program: &Path,
        arguments: &[String],
        environment: &[(&str, &str)],
        folder: &Path,
    ) -> io::Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let output = File::create(&log)?;
        let mut words: Vec<OsString> = vec![folder.into(), program.into()];
        words.extend(arguments.iter().map(OsString::from));
        let mut child = Command::new("/bin/sh")
            .args(["-c", WATCHED, "control-plane"])
            .args(words)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            // A group of its own, so that Ctrl-C at the terminal reaches the test program alone
            // and the watcher does the rest.
            .process_group(0)
            .spawn()?;
        let alive = child.stdin.take();
        Ok(Self {
            name,
            child,
            log,
            _alive: alive,
        })
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// The last lines of its output.
    pub(crate) fn log_tail(&self) -> String {
        const LINES: usize = 25;
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
