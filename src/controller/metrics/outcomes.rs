//! How much was begun, and how it ended.

use prometheus_client::registry::Registry;

use super::families::{Count, Plan, register};
use crate::crds::phase;

/// How something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::controller) enum Ended {
    Success,
    Partly,
    Not,
}

impl Ended {
    pub(in crate::controller) fn of(phase: &str) -> Self {
        match phase {
            phase::COMPLETED => Self::Success,
            phase::PARTIALLY_FAILED => Self::Partly,
            _ => Self::Not,
        }
    }
}

#[derive(Debug)]
pub(super) struct Outcomes {
    attempt: Count,
    success: Count,
    partial: Count,
    failure: Count,
}

impl Outcomes {
    /// `help` says what is begun, what ended whole, in part, and not at all.
    pub(super) fn new(registry: &mut Registry, of: &str, help: [&str; 4]) -> Self {
        let mut count = |name: &str, help: &str| {
            register(registry, format!("{of}_{name}"), help, Count::default())
        };
        let [attempt, success, partial, failure] = help;
        Self {
            attempt: count("attempt", attempt),
            success: count("success", success),
            partial: count("partial_failure", partial),
            failure: count("failure", failure),
        }
    }

    pub(super) fn begins(&self, plan: &Plan) {
        self.attempt.get_or_create(plan).inc();
    }

    pub(super) fn ended(&self, plan: &Plan, ended: Ended) {
        let family = match ended {
            Ended::Success => &self.success,
            Ended::Partly => &self.partial,
            Ended::Not => &self.failure,
        };
        family.get_or_create(plan).inc();
    }

    /// Has them say 0 before anything was counted: an increment from nothing to 1 is none to who asks for increments.
    pub(super) fn begin_at_zero(&self, plan: &Plan) {
        for family in [&self.attempt, &self.success, &self.partial, &self.failure] {
            drop(family.get_or_create(plan));
        }
    }

    pub(super) fn forget(&self, plan: &Plan) {
        for family in [&self.attempt, &self.success, &self.partial, &self.failure] {
            family.remove(plan);
        }
    }
}
