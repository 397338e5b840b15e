//! What a restore would do, found out by dry runs.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::altered::{AlteredField, explain};
use super::apply::Applied;
use super::changes::Change;
use super::outcome::{Outcome, SkipReason};
use super::policy::{self, PowerSwitch, Withheld};
use super::volumes::data::{self, ClaimData};
use crate::archive::Entries;
use crate::format::entries::entry_path;
use crate::format::keys::RECORD;
use crate::kinds::order::Tier;
use crate::powers::{Danger, GrantedPower, Powers};
use crate::printable::Printable;
use crate::{Digest, ObjectId, OpenBackup};

/// What a restore would do with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Action {
    /// Create it.
    Create,
    /// Patch the existing object to what the backup holds.
    Update,
    /// Add what the existing object lacks.
    Merge,
    /// Nothing: the existing object is as it should be.
    Keep,
    /// Nothing: the existing object differs and is left alone, or it is not restored.
    Skip,
    /// Try, and fail.
    Fail,
}

impl Action {
    /// The word in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Merge => "merge",
            Self::Keep => "keep",
            Self::Skip => "skip",
            Self::Fail => "fail",
        }
    }
}

/// One object of a [`RestorePlan`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PlannedItem {
    /// The object, by its name in the backup.
    #[serde(flatten)]
    pub id: ObjectId,
    /// Its namespace in the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_namespace: Option<String>,
    /// The tier it is restored in.
    pub tier: Tier,
    /// What would be done.
    pub action: Action,
    /// Why.
    pub reason: String,
    /// What would be changed in the existing object, as the server says; with
    /// [`Action::Skip`], what an update would change.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// What the server, or its definition of the kind, would not keep as it is sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub altered: Vec<AlteredField>,
    /// What the server warns of, in its own words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Why the server could not be asked; `None` where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unchecked: Option<String>,
    /// What it would let somebody do.
    #[serde(skip_serializing_if = "Powers::is_empty")]
    pub powers: Powers,
    /// What it is not granted; then it is not restored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Withheld>,
}

impl PlannedItem {
    pub(crate) fn new(
        id: ObjectId,
        target_namespace: Option<String>,
        tier: Tier,
        applied: Applied,
        unchecked: Option<String>,
        powers: Powers,
    ) -> Self {
        let withheld = match &applied.outcome {
            Outcome::Skipped(SkipReason::Withheld(withheld)) => Some(withheld.clone()),
            _ => None,
        };
        let (action, reason) = match applied.outcome {
            // Of an earlier run, when the object exists.
            Outcome::Created | Outcome::Updated | Outcome::Merged
                if applied.live.is_some() && applied.changes.is_empty() =>
            {
                (Action::Keep, "it is there".to_owned())
            }
            Outcome::Created => (Action::Create, "it is not in the cluster".to_owned()),
            Outcome::Updated => (Action::Update, "it differs".to_owned()),
            Outcome::Merged => (Action::Merge, "it lacks something".to_owned()),
            Outcome::Unchanged => (Action::Keep, "it is as in the backup".to_owned()),
            Outcome::Skipped(reason) => (Action::Skip, reason.to_string()),
            Outcome::Failed(reason) => (Action::Fail, reason),
        };
        Self {
            id,
            target_namespace,
            tier,
            action,
            reason: match applied.remark {
                Some(remark) => format!("{reason}: {remark}"),
                None => reason,
            },
            changes: applied.changes,
            altered: applied.altered,
            warnings: applied.warnings,
            unchecked,
            powers,
            withheld,
        }
    }
}

impl PlannedItem {
    /// Shows of configuration that it would be changed, and not from what to what.
    pub(crate) fn hide_values(&mut self) {
        let changes = std::mem::take(&mut self.changes).into_iter();
        let hidden = changes.map(|change| change.without_values(&self.id.resource));
        self.changes = hidden.collect();
    }
}

/// A power that an object of a [`RestorePlan`] asks for.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AskedPower<'a> {
    /// The object.
    pub item: &'a PlannedItem,
    /// The power, how much of it, and by what.
    pub granted: &'a GrantedPower,
    /// Whether the object is withheld for it.
    pub is_withheld: bool,
    /// The switch that decides otherwise: to be allowed where it is withheld, to be withheld where it is
    /// granted.
    pub switch: PowerSwitch,
}

/// What a restore would do, object by object, in order.
///
/// It is made by the code that restores, with every write sent as a dry run: the server admits,
/// defaults and checks, and changes nothing. Where it cannot be asked, because the namespace or the
/// definition of an object is itself still to be restored, the item says so.
///
/// It prints as a table; as JSON it holds the same for machines. Values of Secrets are in neither; those of ConfigMaps and
/// environment variables are where they were [asked for](super::Restore::showing_values).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RestorePlan {
    /// The backup.
    pub backup: String,
    /// The restore.
    pub restore: String,
    /// SHA-256 over the bytes that were planned for: those of the record and of each chosen object.
    /// [`Restore::expecting`](super::Restore::expecting) it restores these and no others.
    ///
    /// It is that of a text with a line for the record and one for each object, in the order of [`ObjectId`], as `sha256sum`
    /// would print them in an unpacked backup: `<sha256>  velero-backup.json`,
    /// `<sha256>  resources/pods/namespaces/shop/web-0.json`.
    pub digest: Digest,
    /// One for each chosen object.
    pub items: Vec<PlannedItem>,
    /// What would become of the data of each claim of which the backup says something.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<ClaimData>,
    /// What concerns more than one object.
    pub warnings: Vec<String>,
}

/// What a plan's digest covers.
pub(crate) fn digest(backup: &OpenBackup, chosen: &Entries) -> Digest {
    let mut all = Sha256::new();
    all.update(format!("{}  {RECORD}\n", backup.record_sha256()));
    for at in chosen.by_id() {
        let listed = chosen.get(at as usize);
        let (sha256, path) = (listed.sha256(), entry_path(&listed.id()));
        all.update(format!("{sha256}  {path}\n"));
    }
    all.into()
}

impl RestorePlan {
    /// The powers that the objects ask for, the most dangerous first.
    #[must_use]
    pub fn powers_asked_for(&self) -> Vec<AskedPower<'_>> {
        let asked = self.items.iter().flat_map(|item| {
            item.powers.iter().map(move |granted| AskedPower {
                item,
                granted,
                is_withheld: item
                    .withheld
                    .as_ref()
                    .is_some_and(|withheld| withheld.powers.contains(granted)),
                switch: PowerSwitch::Power(granted.power),
            })
        });
        let mut asked: Vec<AskedPower<'_>> = asked.collect();
        asked.sort_by(|a, b| {
            let of = |it: &AskedPower<'_>| (it.granted.power, it.item.id.clone());
            (b.granted.danger.cmp(&a.granted.danger)).then_with(|| of(a).cmp(&of(b)))
        });
        asked
    }

    /// The objects that are withheld for the powers that they would grant.
    pub fn withheld(&self) -> impl Iterator<Item = (&PlannedItem, &Withheld)> {
        self.items
            .iter()
            .filter_map(|item| Some((item, item.withheld.as_ref()?)))
    }

    /// What it asks for, but for the cluster's own and for what is worth little, of which there is a count.
    fn print_powers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = self.powers_asked_for();
        let is_own = |asked: &AskedPower<'_>| {
            let withheld = asked.item.withheld.as_ref();
            withheld.is_some_and(|withheld| withheld.is_of_cluster_itself)
        };
        let (shown, little): (Vec<_>, Vec<_>) = asked
            .iter()
            .filter(|asked| !is_own(asked))
            .partition(|asked| asked.granted.danger > Danger::Low);
        if shown.is_empty() && little.is_empty() {
            return Ok(());
        }
        writeln!(f, "Powers asked for:")?;
        for asked in shown {
            let verb = if asked.is_withheld {
                "withheld, allow"
            } else if asked.item.action == Action::Skip {
                "not restored, withhold"
            } else {
                "granted, withhold"
            };
            writeln!(
                f,
                "  {:<8} {:<12} {}: {} ({verb} `{}`)",
                asked.granted.danger.name(),
                asked.granted.power.name(),
                asked.item.id,
                asked.granted.reason,
                asked.switch,
            )?;
        }
        if !little.is_empty() {
            writeln!(f, "  and {} of danger low", little.len())?;
        }
        Ok(())
    }

    /// How many objects each action is planned for.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Action, usize> {
        let mut counts = BTreeMap::new();
        for item in &self.items {
            *counts.entry(item.action).or_insert(0) += 1;
        }
        counts
    }
}

impl fmt::Display for RestorePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Plan of restore `{}` of backup `{}`: {} objects, nothing is changed yet",
            self.restore,
            self.backup,
            self.items.len()
        )?;
        writeln!(f, "  digest {}", self.digest)?;
        self.print_powers(f)?;
        data::print(&self.volumes, f)?;
        for (action, count) in self.counts() {
            writeln!(f, "  {:<10} {count:>7}", action.name())?;
        }
        let own = self.withheld().filter(|(_, it)| it.is_of_cluster_itself);
        policy::print_own(own.count(), f)?;
        for warning in &self.warnings {
            writeln!(f, "  warning: {}", Printable(warning))?;
        }
        let unchecked = self
            .items
            .iter()
            .filter(|item| item.unchecked.is_some())
            .count();
        if unchecked > 0 {
            writeln!(
                f,
                "  the server could not be asked about {unchecked} of them, marked with *"
            )?;
        }
        let object = |item: &PlannedItem| match (&item.target_namespace, &item.id.namespace) {
            (Some(target), Some(namespace)) if target != namespace => {
                format!("{} -> {}", item.id, Printable(target))
            }
            _ => item.id.to_string(),
        };
        let width = self.items.iter().map(|item| object(item).len()).max();
        let width = width.unwrap_or_default().min(80);
        for item in &self.items {
            let mark = if item.unchecked.is_some() { "*" } else { " " };
            let reason = Printable(item.unchecked.as_ref().unwrap_or(&item.reason));
            writeln!(
                f,
                "{:<18} {:<6}{mark} {:<width$}  {reason}",
                item.tier.name(),
                item.action.name(),
                object(item),
            )?;
            for change in &item.changes {
                writeln!(f, "{:<28}{change}", "")?;
            }
            if !item.altered.is_empty() {
                let altered = explain(&item.id.resource, &item.altered);
                writeln!(f, "{:<28}! {}: {}", "", item.id, Printable(&altered))?;
            }
            for warning in &item.warnings {
                writeln!(f, "{:<28}! the server warns: {}", "", Printable(warning))?;
            }
        }
        Ok(())
    }
}
