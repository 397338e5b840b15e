//! What became of each object, in few bytes each: most were created, and of those there is nothing else to say.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use super::altered::AlteredField;
use super::outcome::{Item, Outcome};
use crate::roster::{Key, Roster, push};
use crate::{GroupResource, ObjectId};

/// What became of each object of a restore, in the order of their names.
///
/// They may be hundreds of thousands: what is kept of most is little more than the name, and an [`Item`] is made of each as it is asked for:
///
/// ```
/// # fn example(report: &kube_backup_engine::restore::RestoreReport) {
/// use kube_backup_engine::restore::Outcome;
///
/// for item in &report.items {
///     if let Outcome::Skipped(reason) = &item.outcome {
///         println!("{}: {reason}", item.id);
///     }
/// }
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Items {
    names: Roster,
    rows: Vec<Row>,
}

#[derive(Clone)]
struct Row {
    key: Key,
    target_namespace: u32,
    what: What,
}

/// What became of an object.
#[derive(Clone)]
enum What {
    Created,
    Unchanged,
    Updated,
    Merged,
    /// There is more to say.
    Told(Box<Told>),
}

#[derive(Clone)]
struct Told {
    outcome: Outcome,
    altered: Vec<AlteredField>,
    warnings: Vec<String>,
}

impl What {
    fn of(told: Told) -> Self {
        if told.altered.is_empty() && told.warnings.is_empty() {
            match told.outcome {
                Outcome::Created => return Self::Created,
                Outcome::Unchanged => return Self::Unchanged,
                Outcome::Updated => return Self::Updated,
                Outcome::Merged => return Self::Merged,
                Outcome::Skipped(_) | Outcome::Failed(_) => {}
            }
        }
        Self::Told(Box::new(told))
    }

    fn outcome(&self) -> &Outcome {
        match self {
            Self::Created => &Outcome::Created,
            Self::Unchanged => &Outcome::Unchanged,
            Self::Updated => &Outcome::Updated,
            Self::Merged => &Outcome::Merged,
            Self::Told(told) => &told.outcome,
        }
    }

    fn to_told(&self) -> Told {
        match self {
            Self::Told(told) => (**told).clone(),
            _ => Told {
                outcome: self.outcome().clone(),
                altered: Vec::new(),
                warnings: Vec::new(),
            },
        }
    }
}

impl Items {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Item> + Clone + '_ {
        self.rows.iter().map(|row| self.item(row))
    }

    /// Those with this outcome, altered fields or warnings worth a word: all but what was done as it was asked for.
    pub(super) fn told(&self) -> impl Iterator<Item = Item> + '_ {
        let told = self.rows.iter();
        let told = told.filter(|row| matches!(row.what, What::Told(_)));
        told.map(|row| self.item(row))
    }

    /// How many have each outcome.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for row in &self.rows {
            *counts.entry(row.what.outcome().name()).or_insert(0) += 1;
        }
        counts
    }

    /// Kind, namespace in the cluster, if any, and name of what is in the cluster.
    pub(super) fn in_cluster(&self) -> impl Iterator<Item = (&GroupResource, &str, &str)> {
        let there = self.rows.iter();
        let there = there.filter(|row| row.what.outcome().is_in_cluster());
        there.filter_map(|row| {
            let namespace = self.names.name_of_namespace(row.target_namespace)?;
            Some((
                self.names.resource(row.key),
                namespace,
                self.names.name(row.key),
            ))
        })
    }

    pub(super) fn push(&mut self, item: Item) {
        let row = Row {
            key: self.names.add(&item.id),
            target_namespace: self.names.namespace(item.target_namespace.as_deref()),
            what: What::of(Told {
                outcome: item.outcome,
                altered: item.altered,
                warnings: item.warnings,
            }),
        };
        push(&mut self.rows, row);
    }

    pub(super) fn sort(&mut self) {
        let names = &self.names;
        self.rows
            .sort_unstable_by(|a, b| names.compare(a.key, b.key));
    }

    /// Says more of an object; whether it is among these.
    pub(super) fn tell(
        &mut self,
        id: &ObjectId,
        more: impl FnOnce(&mut Outcome, &mut Vec<String>),
    ) -> bool {
        let names = &self.names;
        let is_it = |row: &&mut Row| names.compare_with(row.key, id).is_eq();
        let Some(row) = self.rows.iter_mut().find(is_it) else {
            return false;
        };
        let mut told = row.what.to_told();
        more(&mut told.outcome, &mut told.warnings);
        row.what = What::of(told);
        true
    }

    fn item(&self, row: &Row) -> Item {
        let Told {
            outcome,
            altered,
            warnings,
        } = row.what.to_told();
        Item {
            id: self.names.id(row.key),
            target_namespace: self
                .names
                .name_of_namespace(row.target_namespace)
                .map(str::to_owned),
            outcome,
            altered,
            warnings,
        }
    }
}

impl<'a> IntoIterator for &'a Items {
    type Item = Item;
    type IntoIter = Box<dyn Iterator<Item = Item> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter())
    }
}

impl PartialEq for Items {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Items {}

impl fmt::Debug for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// As a list of items, each made as it is written.
impl Serialize for Items {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::altered::Alteration;
    use super::super::outcome::SkipReason;
    use super::*;

    fn items() -> Vec<Item> {
        let outcomes = [
            Outcome::Created,
            Outcome::Unchanged,
            Outcome::Updated,
            Outcome::Merged,
            Outcome::Failed("because".into()),
            Outcome::Skipped(SkipReason::Exists(vec!["/data/a".into()])),
        ];
        let mut items = Vec::new();
        for (at, outcome) in outcomes.into_iter().enumerate() {
            for told in 0..3 {
                let altered = AlteredField {
                    pointer: "/spec/a".into(),
                    alteration: Alteration::Dropped,
                };
                items.push(Item {
                    id: ObjectId {
                        resource: GroupResource::new("apps", format!("kind{at}")),
                        namespace: (told > 0).then(|| "shop".to_owned()),
                        name: format!("{at}{told}"),
                    },
                    target_namespace: (told > 1).then(|| "copy".to_owned()),
                    outcome: outcome.clone(),
                    altered: (told == 1).then_some(altered).into_iter().collect(),
                    warnings: (told == 2).then(|| "old".to_owned()).into_iter().collect(),
                });
            }
        }
        items
    }

    fn of(list: &[Item]) -> Items {
        let mut items = Items::default();
        list.iter().cloned().for_each(|item| items.push(item));
        items
    }

    #[test]
    fn items_in_few_bytes_are_the_items() {
        let list = items();
        let mut reversed = of(&list.iter().rev().cloned().collect::<Vec<_>>());
        reversed.sort();
        assert!(reversed.iter().eq(list.iter().cloned()));
        assert_eq!(reversed, of(&list));
        assert_eq!(json!(reversed), json!(list));
        assert_eq!(format!("{reversed:?}"), format!("{list:?}"));
        assert_eq!(reversed.counts().values().sum::<usize>(), list.len());
        let told: Vec<Item> = reversed.told().collect();
        let worth_a_word = |item: &&Item| {
            let plain = matches!(
                item.outcome.name(),
                "created" | "unchanged" | "updated" | "merged"
            );
            !(plain && item.altered.is_empty() && item.warnings.is_empty())
        };
        let expected: Vec<Item> = list.iter().filter(worth_a_word).cloned().collect();
        assert_eq!(told, expected);
        assert!(size_of::<Row>() <= 48);
    }

    #[test]
    fn more_can_be_said_of_an_object() {
        let list = items();
        let mut items = of(&list);
        assert!(items.tell(&list[0].id, |outcome, _| *outcome =
            Outcome::Failed("late".into())));
        assert!(items.tell(&list[4].id, |_, warnings| warnings.push("hm".into())));
        let mut other = list[0].id.clone();
        other.name.push('x');
        assert!(!items.tell(&other, |_, _| {}));
        let mut expected = list;
        expected[0].outcome = Outcome::Failed("late".into());
        expected[4].warnings.push("hm".into());
        assert!(items.iter().eq(expected));
    }
}
