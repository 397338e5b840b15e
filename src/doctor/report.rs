//! All checks.

use std::fmt;

use serde::Serialize;

use super::check::{Check, Status};

/// What a doctor found. `Display` is a table, `Serialize` the same for machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Report {
    /// The checks, in the order in which they are to be read.
    pub checks: Vec<Check>,
}

impl Report {
    /// Whether nothing failed. What is unknown is not taken for a failure: a machine outside of the
    /// cluster's network cannot see everything.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.with(Status::Fail).next().is_none()
    }

    /// The checks that came out so.
    pub fn with(&self, status: Status) -> impl Iterator<Item = &Check> {
        self.checks
            .iter()
            .filter(move |check| check.status == status)
    }

    /// The check of this name.
    #[must_use]
    pub fn check(&self, name: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.name == name)
    }
}

impl fmt::Display for Report {
    /// A line for each check and remedy, and a sum.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self
            .checks
            .iter()
            .map(|check| check.name.chars().count())
            .max();
        let width = width.unwrap_or(0);
        for check in &self.checks {
            writeln!(
                f,
                "{:<7}  {:<width$}  {}",
                check.status, check.name, check.detail
            )?;
            if let Some(remedy) = &check.remedy {
                writeln!(f, "{:<7}  {:<width$}  -> {remedy}", "", "")?;
            }
        }
        let count = |status| self.with(status).count();
        writeln!(
            f,
            "{} passed, {} failed, {} unknown",
            count(Status::Pass),
            count(Status::Fail),
            count(Status::Unknown)
        )
    }
}
