//! Many entries of an archive, in few bytes each: about a hundred, where an [`Entry`] takes three times that.

use std::sync::Arc;

use super::{Entry, Location, Span};
use crate::roster::{Interned, Key, Roster, push};
use crate::{Digest, GroupResource, ObjectId};

/// Of an entry whose object lies nowhere that an index knows.
const NO_MEMBER: u32 = u32::MAX;
/// Entries that are moved at once from one list to another.
const STEP: usize = 4096;

/// Many entries of an archive.
///
/// What was made of a list by splitting it shares the names with it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entries {
    tables: Arc<Tables>,
    rows: Vec<Row>,
}

/// What several entries have in common, and their names.
#[derive(Debug, Clone, Default)]
struct Tables {
    names: Roster,
    /// `apiVersion` and `kind`, as stored.
    types: Interned<Types>,
    members: Vec<Member>,
}

type Types = (Option<Arc<str>>, Option<Arc<str>>);

/// A gzip member of the archive, and its length once decompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Member {
    span: Span,
    size: u64,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    key: Key,
    size: u64,
    sha256: Digest,
    types: u32,
    member: u32,
    /// In the decompressed member.
    offset: u32,
}

/// One of [`Entries`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct EntryRef<'a> {
    tables: &'a Tables,
    row: &'a Row,
}

impl EntryRef<'_> {
    pub(crate) fn id(self) -> ObjectId {
        self.tables.names.id(self.row.key)
    }

    pub(crate) fn sha256(self) -> Digest {
        self.row.sha256
    }

    pub(crate) fn location(self) -> Option<Location> {
        if self.row.member == NO_MEMBER {
            return None;
        }
        let member = self.tables.members[self.row.member as usize];
        Some(Location {
            member: member.span,
            member_size: member.size,
            object: Span {
                offset: self.row.offset.into(),
                length: self.row.size,
            },
        })
    }

    /// By which entries are put in the order of the archive; those that no index knows come first.
    pub(crate) fn place(self) -> Option<(u64, u64)> {
        let at = self.location()?;
        Some((at.member.offset, at.object.offset))
    }

    pub(crate) fn entry(self) -> Entry {
        let (api_version, kind) = self.tables.types.get(self.row.types).clone();
        Entry {
            id: self.id(),
            api_version,
            kind,
            size: self.row.size,
            sha256: self.row.sha256,
            location: self.location(),
        }
    }
}

impl<'a> EntryRef<'a> {
    pub(crate) fn resource(self) -> &'a GroupResource {
        self.tables.names.resource(self.row.key)
    }

    pub(crate) fn namespace(self) -> Option<&'a str> {
        self.tables.names.namespace_of(self.row.key)
    }

    pub(crate) fn name(self) -> &'a str {
        self.tables.names.name(self.row.key)
    }
}

impl Entries {
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn push(&mut self, entry: &Entry) {
        let tables = Arc::make_mut(&mut self.tables);
        let (member, offset) = match entry.location {
            None => (NO_MEMBER, 0),
            Some(at) => (tables.member(at), at.object.offset),
        };
        let row = Row {
            key: tables.names.add(&entry.id),
            size: entry.size,
            sha256: entry.sha256,
            types: tables
                .types
                .number_of(&(entry.api_version.clone(), entry.kind.clone())),
            member,
            offset: u32::try_from(offset).expect("no member has more bytes than an index may say"),
        };
        push(&mut self.rows, row);
    }

    /// Adds what stands in another list.
    pub(crate) fn append(&mut self, others: &Self) {
        if Arc::ptr_eq(&self.tables, &others.tables) {
            self.rows.extend_from_slice(&others.rows);
        } else {
            self.extend(others.iter().map(EntryRef::entry));
        }
    }

    pub(crate) fn get(&self, at: usize) -> EntryRef<'_> {
        EntryRef {
            tables: &self.tables,
            row: &self.rows[at],
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = EntryRef<'_>> + Clone {
        let tables = &*self.tables;
        self.rows.iter().map(move |row| EntryRef { tables, row })
    }

    pub(crate) fn truncate(&mut self, length: usize) {
        self.rows.truncate(length);
    }

    pub(crate) fn retain(&mut self, mut stays: impl FnMut(EntryRef<'_>) -> bool) {
        let tables = &*self.tables;
        self.rows.retain(|row| stays(EntryRef { tables, row }));
    }

    /// Takes out those that are `wanted`.
    pub(crate) fn take_out(&mut self, mut wanted: impl FnMut(EntryRef<'_>) -> bool) -> Vec<Entry> {
        let mut taken = Vec::new();
        self.retain(|listed| {
            let is_wanted = wanted(listed);
            if is_wanted {
                taken.push(listed.entry());
            }
            !is_wanted
        });
        taken
    }

    pub(crate) fn sort_by_key<K: Ord>(&mut self, mut key: impl FnMut(EntryRef<'_>) -> K) {
        let tables = &*self.tables;
        self.rows
            .sort_by_cached_key(|row| key(EntryRef { tables, row }));
    }

    pub(crate) fn sort_by_id(&mut self) {
        let names = &self.tables.names;
        self.rows
            .sort_unstable_by(|a, b| names.compare(a.key, b.key));
    }

    /// Where each of them is, in the order of their names.
    pub(crate) fn by_id(&self) -> Vec<u32> {
        let names = &self.tables.names;
        let mut order: Vec<u32> = (0..).take(self.rows.len()).collect();
        let key = |at: u32| self.rows[at as usize].key;
        order.sort_unstable_by(|a, b| names.compare(key(*a), key(*b)));
        order
    }

    /// Where in `order`, which is [by names](Self::by_id), `id` is.
    pub(crate) fn find(&self, order: &[u32], id: &ObjectId) -> Option<usize> {
        let names = &self.tables.names;
        let with = |at: &u32| names.compare_with(self.rows[*at as usize].key, id);
        order.binary_search_by(with).ok()
    }

    /// The last of them, at most so many, as long as they are `wanted`, in no order.
    pub(crate) fn take_last(
        &mut self,
        most: usize,
        mut wanted: impl FnMut(EntryRef<'_>) -> bool,
    ) -> Self {
        let mut taken = Self {
            tables: Arc::clone(&self.tables),
            rows: Vec::new(),
        };
        while let Some(row) = self.rows.last()
            && taken.len() < most
            && wanted(EntryRef {
                tables: &taken.tables,
                row,
            })
        {
            push(&mut taken.rows, *row);
            self.rows.pop();
            // What was taken over is given back, so that both lists are never there as a whole.
            if self.rows.capacity() - self.rows.len() > 2 * STEP {
                self.rows.shrink_to(self.rows.len() + STEP);
            }
        }
        taken
    }
}

impl Tables {
    fn member(&mut self, at: Location) -> u32 {
        let member = Member {
            span: at.member,
            size: at.member_size,
        };
        // An index lists member by member.
        if self.members.last() != Some(&member) {
            push(&mut self.members, member);
        }
        u32::try_from(self.members.len() - 1).expect("fewer members than fit into memory")
    }
}

impl Extend<Entry> for Entries {
    fn extend<I: IntoIterator<Item = Entry>>(&mut self, entries: I) {
        entries.into_iter().for_each(|entry| self.push(&entry));
    }
}

impl FromIterator<Entry> for Entries {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut all = Self::default();
        all.extend(entries);
        all
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries() -> impl Strategy<Value = Vec<Entry>> {
        let location = (0_u64..3, 0_u64..100).prop_map(|(member, offset)| Location {
            member: Span {
                offset: member * 100,
                length: 100,
            },
            member_size: 1000 + member,
            object: Span { offset, length: 7 },
        });
        let types = || prop::option::of(prop_oneof!["v1", "apps/v1"]);
        let entry = (
            "[ab]{1,2}",
            prop::option::of("[ab]{1,2}"),
            "[ab]{1,3}",
            (types(), types()),
            prop::option::of(location),
        );
        let entry = entry.prop_map(|(kind, namespace, name, (version, of), location)| Entry {
            sha256: Digest::of(name.as_bytes()),
            id: ObjectId {
                resource: GroupResource::core(kind),
                namespace,
                name,
            },
            api_version: version.map(Into::into),
            kind: of.map(Into::into),
            size: 7,
            location,
        });
        prop::collection::vec(entry, 0..30)
    }

    fn all(entries: &Entries) -> Vec<Entry> {
        entries.iter().map(EntryRef::entry).collect()
    }

    proptest! {
        #[test]
        fn a_list_in_few_bytes_is_the_list(mut list in entries()) {
            let mut entries: Entries = list.iter().cloned().collect();
            prop_assert_eq!(&all(&entries), &list);
            let order = entries.by_id();
            for entry in &list {
                let at = order[entries.find(&order, &entry.id).unwrap()];
                prop_assert_eq!(entries.get(at as usize).id(), entry.id.clone());
            }
            // What is split off is gone from the rest, and can be added to.
            let mut others = entries.clone();
            let mut last = others.take_last(4, |_| true);
            prop_assert_eq!(others.len() + last.len(), list.len());
            last.extend(list.first().cloned());
            prop_assert_eq!(all(&others), &list[..others.len()]);
            let out = entries.take_out(|listed| listed.namespace().is_none());
            let (without, within): (Vec<_>, Vec<_>) =
                list.iter().cloned().partition(|entry| entry.id.namespace.is_none());
            prop_assert_eq!(out, without);
            prop_assert_eq!(all(&entries), within);
            entries = list.iter().cloned().collect();
            entries.sort_by_id();
            list.sort_by(|a, b| a.id.cmp(&b.id));
            let ids = |list: &[Entry]| list.iter().map(|it| it.id.clone()).collect::<Vec<_>>();
            prop_assert_eq!(ids(&all(&entries)), ids(&list));
        }
    }
}
