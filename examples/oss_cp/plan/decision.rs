//! What is decided.

use std::fmt;

use chrono::{DateTime, Utc};

use super::super::job::{End, Job};
use super::super::options::Options;
use super::names::is_match;

/// What is to be copied, and what is not, with the reasons.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) jobs: Vec<Job>,
    pub(crate) skipped: Vec<(String, &'static str)>,
    pub(crate) problems: Vec<String>,
}

/// A file or an object, as far as the decision needs it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stat {
    pub(super) len: u64,
    pub(super) modified: Option<DateTime<Utc>>,
}

/// A source with its name relative to what was asked for, with `/` between the parts. That of a folder
/// ends with one.
pub(super) struct Found {
    pub(super) name: String,
    pub(super) stat: Stat,
}

impl Plan {
    /// Whether standard output is what is copied to, and not for messages.
    pub(crate) fn is_to_standard_output(&self) -> bool {
        self.jobs.iter().any(|job| job.to == End::Standard)
    }

    pub(super) fn decide(
        &mut self,
        options: &Options,
        job: Job,
        source: &Found,
        there: Option<&Stat>,
    ) {
        match reason_to_skip(options, source, there) {
            None => self.jobs.push(job),
            Some(reason) => self.skipped.push((job.from.to_string(), reason)),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for job in &self.jobs {
            writeln!(f, "copy  {job}")?;
        }
        for (name, reason) in &self.skipped {
            writeln!(f, "skip  {name}: {reason}")?;
        }
        for problem in &self.problems {
            writeln!(f, "fail  {problem}")?;
        }
        Ok(())
    }
}

pub(super) const EXISTS: &str = "exists; add -f or -u";

fn reason_to_skip(options: &Options, source: &Found, there: Option<&Stat>) -> Option<&'static str> {
    let matches = |patterns: &[String]| patterns.iter().any(|p| is_match(p, &source.name));
    if !options.include.is_empty() && !matches(&options.include) {
        return Some("not included");
    }
    if matches(&options.exclude) {
        return Some("excluded");
    }
    let there = there?;
    if source.name.ends_with('/') {
        return Some("the folder is there");
    }
    if options.update {
        // OSS tells times in whole seconds.
        let seconds = |stat: &Stat| stat.modified.map(|time| time.timestamp());
        let newer = seconds(&source.stat) > seconds(there);
        return (!newer && source.stat.len == there.len).then_some("not newer");
    }
    (!options.force).then_some(EXISTS)
}
