//! What is remembered of the objects, and which of their references lead nowhere.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use super::references::{severity, severity_in_cluster};
use super::report::{Check, Finding, Severity, VerifyReport};
use super::summary::ObjectSummary;
use crate::kinds::Strength;
use crate::{GroupResource, ObjectId};

/// Distinct missing objects that are named; others are counted.
const MAX_MISSING: usize = 500;

/// A few hashes for each object: enough to know that something is missing, not what.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    hasher: RandomState,
    ids: HashSet<u64>,
    uids: HashSet<u64>,
    wanted_ids: HashSet<u64>,
    wanted_uids: HashSet<u64>,
    /// Kinds, the versions they are stored in, and whether in a namespace.
    pub(super) kinds: BTreeMap<(GroupResource, String, bool), KindUse>,
    /// Places that the cluster to restore to would not keep, by kind.
    pub(super) unknown: BTreeMap<(GroupResource, String), Use>,
    /// How many more of them there are.
    pub(super) more_unknown: u64,
    /// Kinds that the backup itself defines, and the versions it serves.
    pub(super) defined: BTreeMap<GroupResource, BTreeSet<String>>,
    pub(super) objects: u64,
}

/// How often something occurs, and where first.
#[derive(Debug)]
pub(super) struct Use {
    pub(super) count: u64,
    pub(super) first: ObjectId,
}

/// How many objects of a kind there are, and the first few.
#[derive(Debug, Default)]
pub(super) struct KindUse {
    pub(super) count: u64,
    pub(super) named: Vec<ObjectId>,
}

/// Objects of one kind that are named.
const MAX_NAMED: usize = 50;

impl Inventory {
    /// Notes an object of which only the name is known.
    pub(super) fn note_locked(&mut self, id: &ObjectId) {
        self.ids.insert(self.hasher.hash_one(id));
    }

    /// Notes an object; a finding when one of its name was there before.
    pub(super) fn note(&mut self, id: &ObjectId, summary: &ObjectSummary) -> Option<Finding> {
        self.objects += 1;
        if !self.ids.insert(self.hasher.hash_one(id)) {
            return Some(
                Finding::new(Severity::Error, Check::Object, "it is in the archive twice").of(id),
            );
        }
        if let Some(uid) = &summary.uid {
            self.uids.insert(self.hasher.hash_one(uid.as_str()));
        }
        for owner in &summary.owners {
            self.wanted_uids
                .insert(self.hasher.hash_one(owner.uid.as_str()));
        }
        for reference in &summary.references {
            self.wanted_ids.insert(self.hasher.hash_one(&reference.to));
        }
        if let Some((kind, versions)) = &summary.defines {
            self.defined
                .entry(kind.clone())
                .or_default()
                .extend(versions.iter().cloned());
        }
        let key = (
            id.resource.clone(),
            summary.api_version.clone(),
            id.namespace.is_some(),
        );
        let kind = self.kinds.entry(key).or_default();
        kind.count += 1;
        if kind.named.len() < MAX_NAMED {
            kind.named.push(id.clone());
        }
        for place in &summary.unknown {
            let is_full = self.unknown.len() >= MAX_MISSING;
            match self.unknown.entry((id.resource.clone(), place.clone())) {
                Entry::Occupied(mut known) => known.get_mut().count += 1,
                Entry::Vacant(_) if is_full => self.more_unknown += 1,
                Entry::Vacant(new) => {
                    let first = id.clone();
                    new.insert(Use { count: 1, first });
                }
            }
        }
        None
    }

    /// Whether every owner and every reference is in the backup; if not, a second pass finds out which.
    pub(super) fn is_closed(&self) -> bool {
        self.wanted_ids.is_subset(&self.ids) && self.wanted_uids.is_subset(&self.uids)
    }

    fn has(&self, id: &ObjectId) -> bool {
        self.ids.contains(&self.hasher.hash_one(id))
    }

    fn has_uid(&self, uid: &str) -> bool {
        self.uids.contains(&self.hasher.hash_one(uid))
    }
}

/// Something that is not in the backup, and who refers to it.
#[derive(Debug)]
pub(super) struct Need {
    strength: Strength,
    at: &'static str,
    by: Use,
}

/// What objects of the backup name and the backup lacks.
#[derive(Debug, Default)]
pub(super) struct Missing {
    pub(super) objects: BTreeMap<ObjectId, Need>,
    /// By kind and name of the owner.
    owners: BTreeMap<(String, String, String), Need>,
    /// How many more there are.
    more: u64,
}

impl Missing {
    /// Notes which of an object's owners and references are not in `inventory`.
    pub(super) fn note(&mut self, inventory: &Inventory, id: &ObjectId, summary: &ObjectSummary) {
        for reference in summary
            .references
            .iter()
            .filter(|reference| !inventory.has(&reference.to))
        {
            let need = (reference.strength, reference.field);
            self.more += u64::from(!add(&mut self.objects, &reference.to, need, id));
        }
        for owner in summary
            .owners
            .iter()
            .filter(|owner| !inventory.has_uid(&owner.uid))
        {
            let strength = if owner.adopts {
                Strength::Useful
            } else {
                Strength::Needed
            };
            let key = (owner.uid.clone(), owner.kind.clone(), owner.name.clone());
            let need = (strength, "ownerReferences");
            self.more += u64::from(!add(&mut self.owners, &key, need, id));
        }
    }

    /// Adds one finding for each missing object, however many refer to it.
    pub(super) fn tell(self, report: &mut VerifyReport) {
        for ((_, kind, name), need) in self.owners {
            let severity = severity(need.strength);
            let remedy = match severity {
                Severity::Note => "its controller adopts it again, or leaves it alone",
                _ => {
                    "it is restored without this owner, and nobody collects it: back up the owner too"
                }
            };
            let message = format!(
                "its owner {kind} `{name}` is not in the backup{}",
                others(&need)
            );
            let finding = Finding::new(severity, Check::Owner, message);
            report.add(finding.of(&need.by.first).remedy(remedy));
        }
        for (id, need) in self.objects {
            let (place, check, severity) = match report.against_cluster {
                true => (
                    "neither in the backup nor in the cluster",
                    Check::Target,
                    severity_in_cluster(need.strength),
                ),
                false => (
                    "not in the backup",
                    Check::Reference,
                    severity(need.strength),
                ),
            };
            let message = format!(
                "needs {id} ({}), which is {place}{}",
                need.at,
                others(&need)
            );
            let remedy = match severity {
                Severity::Note => "",
                _ => "create it before restoring, or back it up too",
            };
            report.add(
                Finding::new(severity, check, message)
                    .of(&need.by.first)
                    .remedy(remedy),
            );
        }
        if self.more > 0 {
            let message = format!("{} more owners and references lead nowhere", self.more);
            report.add(Finding::new(Severity::Warning, Check::Reference, message));
        }
    }
}

/// Counts one more referrer; `false` when there are too many missing objects to name this one.
fn add<K: Ord + Clone>(
    needs: &mut BTreeMap<K, Need>,
    key: &K,
    (strength, at): (Strength, &'static str),
    by: &ObjectId,
) -> bool {
    if let Some(need) = needs.get_mut(key) {
        need.by.count += 1;
        if strength < need.strength {
            (need.strength, need.at) = (strength, at);
        }
        return true;
    }
    if needs.len() >= MAX_MISSING {
        return false;
    }
    let by = Use {
        count: 1,
        first: by.clone(),
    };
    needs.insert(key.clone(), Need { strength, at, by });
    true
}

fn others(need: &Need) -> String {
    match need.by.count {
        1 => String::new(),
        2 => "; so does one other".to_owned(),
        count => format!("; so do {} others", count - 1),
    }
}
