//! What came of hooks.

use std::fmt;

use super::planned::HookPhase;
use crate::spec::hooks::HookErrorMode;
use crate::volumes::ObjectRef;
use crate::{HookStatus, Results};

/// A hook that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HookFailure {
    pub(crate) pod: ObjectRef,
    pub(crate) phase: HookPhase,
    /// The hook's name.
    pub(crate) hook: String,
    pub(crate) mode: HookErrorMode,
    pub(crate) why: String,
}

impl fmt::Display for HookFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = self.phase.word();
        write!(
            f,
            "the {phase}-hook `{}` of Pod `{}` failed: {}",
            self.hook, self.pod, self.why
        )?;
        match self.phase {
            HookPhase::Pre => Ok(()),
            HookPhase::Post => write!(
                f,
                "; look whether its application goes on, and run the command there if not"
            ),
        }
    }
}

/// What came of hooks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HookResults {
    /// Commands that were to be run.
    pub(crate) attempted: u64,
    /// Those that failed, Pod by Pod.
    pub(crate) failures: Vec<HookFailure>,
}

impl HookResults {
    pub(super) fn extend(&mut self, other: Self) {
        self.attempted += other.attempted;
        self.failures.extend(other.failures);
    }

    /// The pre-hooks that failed and were to have consequences.
    pub(crate) fn consequences(&self) -> impl Iterator<Item = &HookFailure> {
        let failures = self.failures.iter();
        failures.filter(|failure| failure.mode == HookErrorMode::Fail)
    }

    pub(super) fn counts(&self) -> HookStatus {
        HookStatus {
            hooks_attempted: self.attempted,
            hooks_failed: self.failures.len() as u64,
        }
    }

    /// Notes the failures among a backup's errors, or its warnings where they are to have no consequence.
    pub(crate) fn note(&self, results: &mut Results) {
        for failure in &self.failures {
            let messages = match failure.mode {
                HookErrorMode::Fail => &mut results.errors,
                HookErrorMode::Continue => &mut results.warnings,
            };
            messages.push(&failure.pod.namespace, failure.to_string());
        }
    }
}
