//! How far it is: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// No more than a plain line in this time.
const BETWEEN: Duration = Duration::from_secs(5);

/// How far something is, on standard error.
pub(crate) struct Progress(Shown);

enum Shown {
    Bar(ProgressBar),
    Lines {
        what: String,
        unit: &'static str,
        began: Instant,
        told: Mutex<Instant>,
    },
    Nothing,
}

impl Progress {
    /// Of `what`, counted in `unit`.
    pub(crate) fn new(what: &str, unit: &'static str, quiet: bool) -> Self {
        if quiet {
            return Self(Shown::Nothing);
        }
        if !std::io::stderr().is_terminal() {
            eprintln!("{what}: begun");
            return Self(Shown::Lines {
                what: what.to_owned(),
                unit,
                began: Instant::now(),
                told: Mutex::new(Instant::now()),
            });
        }
        let bar = ProgressBar::new(0).with_prefix(what.to_owned());
        let template = format!(
            "{{prefix}} [{{bar:30}}] {{pos}}/{{len}} {unit} ({{per_sec}}, {{eta}} left) {{msg}}"
        );
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self(Shown::Bar(bar))
    }

    pub(crate) fn at(&self, done: u64, total: u64, message: &str) {
        match &self.0 {
            Shown::Bar(bar) => {
                bar.set_length(total);
                bar.set_position(done);
                bar.set_message(message.to_owned());
            }
            Shown::Lines {
                what,
                unit,
                began,
                told,
            } => {
                let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                if told.elapsed() < BETWEEN {
                    return;
                }
                *told = Instant::now();
                let seconds = began.elapsed().as_secs_f64();
                let left = match done {
                    0 => String::new(),
                    _ => {
                        let left = seconds / done as f64 * total.saturating_sub(done) as f64;
                        format!(", {left:.0} s left")
                    }
                };
                eprintln!("{what}: {done} of {total} {unit} after {seconds:.0} s{left} {message}");
            }
            Shown::Nothing => {}
        }
    }

    /// What is said meanwhile, such as that a server does not respond.
    pub(crate) fn say(&self, line: &str) {
        match &self.0 {
            Shown::Bar(bar) => bar.println(line),
            Shown::Lines { .. } => eprintln!("{line}"),
            Shown::Nothing => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Shown::Bar(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
