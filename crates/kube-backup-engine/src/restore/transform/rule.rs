//! What a rule is given, and what it decides.

use std::collections::HashSet;

use serde_json::Value;

use crate::restore::spec::RestoreSpec;

/// What a rule may use.
pub(crate) struct TransformContext<'a> {
    pub(crate) spec: &'a RestoreSpec,
    /// The backup's name.
    pub(crate) backup: &'a str,
    /// PersistentVolumes that a claim may be bound to again.
    pub(crate) volumes: &'a HashSet<String>,
}

/// Whether an object is restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Restore,
    /// For a reason that the report gives.
    Skip(&'static str),
}

/// Changes an object of its kind.
pub(super) type Rule = fn(&mut Value, &TransformContext<'_>) -> Verdict;
