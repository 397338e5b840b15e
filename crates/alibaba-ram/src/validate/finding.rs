//! What checking a document finds.

use std::fmt;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It works, and is worth knowing.
    Note,
    /// RAM takes it, but it will hardly do what it was written for.
    Warning,
    /// RAM refuses the document.
    Error,
}

/// One thing that is wrong with a document, or odd about it.
///
/// Its `Display` names the statement, the value and the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    severity: Severity,
    statement: Option<usize>,
    message: String,
}

impl Finding {
    /// How much it matters.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// The statement it is in, from 0 on; none, if it is the document's. Messages count from 1.
    #[must_use]
    pub fn statement(&self) -> Option<usize> {
        self.statement
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(index) = self.statement {
            write!(f, "statement {}: ", index + 1)?;
        }
        f.write_str(&self.message)
    }
}

/// Collects findings about one place.
pub(super) struct Findings<'a> {
    pub(super) all: &'a mut Vec<Finding>,
    pub(super) statement: Option<usize>,
}

impl Findings<'_> {
    pub(super) fn error(&mut self, message: String) {
        self.add(Severity::Error, message);
    }

    pub(super) fn warning(&mut self, message: String) {
        self.add(Severity::Warning, message);
    }

    pub(super) fn note(&mut self, message: String) {
        self.add(Severity::Note, message);
    }

    fn add(&mut self, severity: Severity, message: String) {
        self.all.push(Finding {
            severity,
            statement: self.statement,
            message,
        });
    }
}
