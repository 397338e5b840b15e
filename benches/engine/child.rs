//! Processes that do one thing and say what it came to.

use std::process::{Command, Stdio};

use clap::ValueEnum as _;
use measure::Outcome;

use crate::measured::{Measured, Role};
use crate::plan::{Plan, VARIABLE};

/// Runs this program in another role, to its end.
pub(crate) fn run(role: Role, plan: &Plan) -> Outcome<Measured> {
    let word = role.to_possible_value().ok_or("no name")?;
    let output = Command::new(std::env::current_exe()?)
        .args(["--role", word.get_name()])
        .env(VARIABLE, serde_json::to_string(plan)?)
        // A proxy is not for this machine.
        .env("NO_PROXY", "127.0.0.1,localhost")
        .env("no_proxy", "127.0.0.1,localhost")
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("`{}` failed: {}", word.get_name(), output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
