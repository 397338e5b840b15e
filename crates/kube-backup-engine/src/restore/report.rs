//! The report of a restore.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::health::{self, HealthIssue};
use super::items::Items;
use super::outcome::{Item, Outcome, SkipReason};
use super::policy::{self, Withheld};
use super::volumes::data::{self, ClaimData, DataOutcome};
use crate::printable::Printable;
use crate::{HookStatus, ObjectId};

/// The result of a restore: one outcome for each object, with warnings and health issues.
///
/// It prints as a table of counts followed by everything that needs attention; as JSON it holds
/// every object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RestoreReport {
    /// The backup.
    pub backup: String,
    /// The restore.
    pub restore: String,
    /// One for each chosen object, in the order of their names.
    pub items: Items,
    /// What became of the data of each claim of which the backup says something.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<ClaimData>,
    /// How many commands hooks were to run, as Velero's Restore says it; `None` where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook_status: Option<HookStatus>,
    /// What concerns more than one object.
    pub warnings: Vec<String>,
    /// What is in the cluster and not healthy, or not yet.
    pub health_issues: Vec<HealthIssue>,
}

impl RestoreReport {
    /// How many objects had each outcome.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        self.items.counts()
    }

    /// The objects that could not be restored.
    pub fn failed(&self) -> impl Iterator<Item = Item> {
        self.items
            .told()
            .filter(|item| matches!(item.outcome, Outcome::Failed(_)))
    }

    /// The objects of which the server did not keep everything.
    pub fn altered(&self) -> impl Iterator<Item = Item> {
        self.items.told().filter(|item| !item.altered.is_empty())
    }

    /// The server's warnings, and of how many objects each was.
    fn warnings_of_objects(&self) -> BTreeMap<String, (ObjectId, usize)> {
        let mut found = BTreeMap::new();
        for Item { id, warnings, .. } in self.items.told() {
            for warning in warnings {
                let first = || (id.clone(), 0);
                found.entry(warning).or_insert_with(first).1 += 1;
            }
        }
        found
    }

    /// The objects that were withheld for the powers that they would grant.
    pub fn withheld(&self) -> impl Iterator<Item = (Item, Withheld)> {
        self.items.told().filter_map(|item| match &item.outcome {
            Outcome::Skipped(SkipReason::Withheld(withheld)) => {
                let withheld = withheld.clone();
                Some((item, withheld))
            }
            _ => None,
        })
    }

    /// The claims whose data did not come back.
    pub fn without_data(&self) -> impl Iterator<Item = &ClaimData> {
        self.volumes
            .iter()
            .filter(|volume| matches!(volume.outcome, DataOutcome::Failed(_)))
    }

    /// Whether every chosen object is in the cluster or was skipped for a reason, and all claims have their data; it
    /// may still not be [whole](Self::altered) or [healthy](Self::health_issues).
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed().next().is_none() && self.without_data().next().is_none()
    }
}

impl fmt::Display for RestoreReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Restore `{}` of backup `{}`: {} objects",
            self.restore,
            self.backup,
            self.items.len()
        )?;
        for (name, count) in self.counts() {
            writeln!(f, "  {name:<10} {count:>7}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "  warning: {}", Printable(warning))?;
        }
        for (warning, (first, count)) in self.warnings_of_objects() {
            let warning = Printable(&warning);
            match count {
                1 => writeln!(f, "  warning: {first}: {warning}")?,
                _ => writeln!(f, "  warning: {first} and {} more: {warning}", count - 1)?,
            }
        }
        let own = self.withheld().filter(|(_, it)| it.is_of_cluster_itself);
        policy::print_own(own.count(), f)?;
        data::print(&self.volumes, f)?;
        for item in self.items.told() {
            if let Some(concern) = item.concern() {
                let (outcome, concern) = (item.outcome.name(), Printable(&concern));
                writeln!(f, "  {outcome:<10} {}: {concern}", item.id)?;
            }
        }
        health::print(&self.health_issues, f)
    }
}
