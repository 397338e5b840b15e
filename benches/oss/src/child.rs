//! Processes that are asked and reply line by line.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use measure::Outcome;
use serde::de::DeserializeOwned;

use crate::setup::{Setup, VARIABLE};

pub(crate) struct Asked {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// What it said first.
    pub(crate) greeting: String,
}

impl Asked {
    /// Starts a process, and waits for its first line.
    pub(crate) fn start(name: &str, mut command: Command, setup: &Setup) -> Outcome<Self> {
        let mut child = command
            .env(VARIABLE, serde_json::to_string(setup)?)
            // A proxy is not for this machine.
            .env("NO_PROXY", "127.0.0.1,localhost")
            .env("no_proxy", "127.0.0.1,localhost")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("start `{name}`: {error}"))?;
        let output = child.stdout.take().ok_or("no output")?;
        let mut asked = Self {
            name: name.to_owned(),
            input: child.stdin.take(),
            output: BufReader::new(output),
            child,
            greeting: String::new(),
        };
        asked.greeting = asked.line()?;
        Ok(asked)
    }

    /// This program in another role.
    pub(crate) fn ourselves(role: &[&str], setup: &Setup) -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(role);
        Self::start(&role.join(" "), command, setup)
    }

    pub(crate) fn ask<T: DeserializeOwned>(&mut self, question: &str) -> Outcome<T> {
        let input = self.input.as_mut().ok_or("no input")?;
        writeln!(input, "{question}")
            .and_then(|()| input.flush())
            .map_err(|error| format!("ask `{}`: {error}", self.name))?;
        let line = self.line()?;
        serde_json::from_str(&line)
            .map_err(|error| format!("reply of `{}` `{line}`: {error}", self.name).into())
    }

    fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            let status = self.child.wait()?;
            return Err(format!("`{}` ended: {status}", self.name).into());
        }
        Ok(line.trim().to_owned())
    }

    /// Its highest resident memory so far, in bytes.
    pub(crate) fn peak_memory(&self) -> Outcome<u64> {
        Ok(measure::process::peak_memory(self.child.id())?)
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        // The end of its input is the end of its work.
        self.input = None;
        let _ = self.child.wait();
    }
}
