//! What is printed. No secret is among it: reports have none.

use std::io::Write as _;

use ack_backup_center::component::{ADDON, ComponentVersion};
use ack_backup_center::doctor;
use ack_backup_center::grants::{Plan, Report, Requirements};
use ack_backup_center::install::{self, Decision};
use serde_json::{Value, json};

use super::arguments::Output;

pub(crate) struct Printer {
    output: Output,
}

impl Printer {
    pub(crate) fn new(output: Output) -> Self {
        Self { output }
    }

    pub(crate) fn plan(&self, plan: &Plan) {
        self.print(|| plan.to_string(), || json!(plan));
    }

    pub(crate) fn report(&self, report: &Report) {
        self.print(|| report.to_string(), || in_json(report));
    }

    /// The line that `onectl` prints, and what else there is to say.
    pub(crate) fn granted(&self, report: &Report, is_needed: bool) {
        let line = format!(
            "Ram policy {} granted to ram user {} successfully.\n",
            report.names.policy, report.names.user
        );
        let text = || {
            format!(
                "{}{}",
                if is_needed { line.as_str() } else { "" },
                lines(&report.notes)
            )
        };
        self.print(text, || in_json(report));
    }

    pub(crate) fn revoked(&self, report: &Report) {
        let line = format!(
            "Ram policy {} revoked from ram user {} successfully.\n",
            report.names.policy, report.names.user
        );
        self.print(
            || format!("{line}{}", lines(&report.notes)),
            || in_json(report),
        );
    }

    pub(crate) fn change(&self, plan: &install::Plan) {
        self.print(|| plan.to_string(), || json!(plan));
    }

    /// The line that `onectl` prints, and what else there is to say.
    pub(crate) fn installed(&self, report: &install::Report, version: &ComponentVersion) {
        let line = match &report.decision {
            Decision::Upgrade { from, .. } => {
                format!("Addon {ADDON}, version {version} installed, upgraded from {from}.\n")
            }
            _ => format!("Addon {ADDON}, version {version} installed.\n"),
        };
        self.print(
            || format!("{line}{}", lines(&report.notes)),
            || changes(report),
        );
    }

    pub(crate) fn uninstalled(&self, report: &install::Report) {
        self.print(
            || format!("Addon {ADDON} uninstalled.\n{}", lines(&report.notes)),
            || changes(report),
        );
    }

    pub(crate) fn policy(&self, requirements: &Requirements) {
        match requirements.policy() {
            Some(document) => {
                // In the order in which the page writes it, for people and machines alike.
                let text = serde_json::to_string_pretty(&document).unwrap_or_default();
                say(&format!("{text}\n"));
            }
            None => self.print(
                || {
                    "nothing has to be granted: the role of managed clusters has the rights\n"
                        .to_owned()
                },
                || Value::Null,
            ),
        }
    }

    pub(crate) fn doctor(&self, report: &doctor::Report) {
        self.print(|| report.to_string(), || json!(report));
    }

    fn print(&self, text: impl FnOnce() -> String, machine: impl FnOnce() -> Value) {
        match self.output {
            Output::Text => say(&text()),
            Output::Json => say(&format!("{:#}\n", machine())),
        }
    }
}

/// Prints it. Whoever stops reading has seen enough.
fn say(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

fn lines(notes: &[String]) -> String {
    notes.iter().map(|note| format!("note: {note}\n")).collect()
}

fn changes(report: &install::Report) -> Value {
    json!({"decision": report.decision, "done": report.done, "notes": report.notes})
}

fn in_json(report: &Report) -> Value {
    json!({
        "user": report.names.user,
        "policy": report.names.policy,
        "done": report.done,
        "notes": report.notes,
    })
}
