//! The names of many objects, in few bytes each.
//!
//! A cluster has hundreds of thousands of objects, some dozens of kinds and some hundreds of namespaces: a kind and
//! a namespace are kept once, and the names of objects stand in one text, one after the other.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use crate::{GroupResource, ObjectId};

/// Values that many have, each kept once and known by its number.
#[derive(Debug)]
pub(crate) struct Interned<T: ?Sized> {
    values: Vec<Arc<T>>,
    numbers: HashMap<Arc<T>, u32>,
}

impl<T: ?Sized> Default for Interned<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            numbers: HashMap::new(),
        }
    }
}

impl<T: ?Sized> Clone for Interned<T> {
    fn clone(&self) -> Self {
        Self {
            values: self.values.clone(),
            numbers: self.numbers.clone(),
        }
    }
}

impl<T: ?Sized + Eq + Hash> Interned<T> {
    /// The number of `value`.
    pub(crate) fn number<'a>(&mut self, value: &'a T) -> u32
    where
        Arc<T>: From<&'a T>,
    {
        self.find(value).unwrap_or_else(|| self.add(value.into()))
    }

    /// The number of `value`, if it is known.
    fn find(&self, value: &T) -> Option<u32> {
        // What comes next is mostly like what was new last.
        let last = self.values.len().checked_sub(1)?;
        if *self.values[last] == *value {
            return u32::try_from(last).ok();
        }
        self.numbers.get(value).copied()
    }

    fn add(&mut self, value: Arc<T>) -> u32 {
        let number = u32::try_from(self.values.len()).expect("fewer values than fit into memory");
        self.values.push(Arc::clone(&value));
        self.numbers.insert(value, number);
        number
    }
}

impl<T: Clone + Eq + Hash> Interned<T> {
    /// The number of `value`, of which a copy is made where it is new.
    pub(crate) fn number_of(&mut self, value: &T) -> u32 {
        match self.find(value) {
            Some(number) => number,
            None => self.add(Arc::new(value.clone())),
        }
    }
}

impl<T: ?Sized> Interned<T> {
    pub(crate) fn get(&self, number: u32) -> &T {
        &self.values[number as usize]
    }
}

/// An object of a [`Roster`], in no namespace where that is [`NOWHERE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    at: u64,
    length: u32,
    kind: u32,
    namespace: u32,
}

/// No namespace.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// The names of many objects.
#[derive(Debug, Clone, Default)]
pub(crate) struct Roster {
    kinds: Interned<GroupResource>,
    namespaces: Interned<str>,
    names: String,
}

impl Roster {
    pub(crate) fn add(&mut self, id: &ObjectId) -> Key {
        let at = self.names.len();
        let length =
            u32::try_from(id.name.len()).expect("a name is shorter than an archive's entry");
        // By eighths: doubling would have a third of it empty.
        if self.names.capacity() - at < id.name.len() {
            self.names.reserve_exact(id.name.len() + at / 8 + 1024);
        }
        self.names.push_str(&id.name);
        Key {
            at: at as u64,
            length,
            kind: self.kinds.number_of(&id.resource),
            namespace: self.namespace(id.namespace.as_deref()),
        }
    }

    /// The number of a namespace.
    pub(crate) fn namespace(&mut self, name: Option<&str>) -> u32 {
        name.map_or(NOWHERE, |name| self.namespaces.number(name))
    }

    pub(crate) fn name_of_namespace(&self, number: u32) -> Option<&str> {
        (number != NOWHERE).then(|| self.namespaces.get(number))
    }

    pub(crate) fn resource(&self, key: Key) -> &GroupResource {
        self.kinds.get(key.kind)
    }

    pub(crate) fn namespace_of(&self, key: Key) -> Option<&str> {
        self.name_of_namespace(key.namespace)
    }

    pub(crate) fn name(&self, key: Key) -> &str {
        let at = key.at as usize;
        &self.names[at..at + key.length as usize]
    }

    pub(crate) fn id(&self, key: Key) -> ObjectId {
        ObjectId {
            resource: self.resource(key).clone(),
            namespace: self.namespace_of(key).map(str::to_owned),
            name: self.name(key).to_owned(),
        }
    }

    /// As [`ObjectId`]s compare.
    pub(crate) fn compare(&self, one: Key, other: Key) -> Ordering {
        let kinds = match one.kind == other.kind {
            true => Ordering::Equal,
            false => self.resource(one).cmp(self.resource(other)),
        };
        let namespaces = || match one.namespace == other.namespace {
            true => Ordering::Equal,
            false => self.namespace_of(one).cmp(&self.namespace_of(other)),
        };
        let names = || self.name(one).cmp(self.name(other));
        kinds.then_with(namespaces).then_with(names)
    }

    /// As [`ObjectId`]s compare.
    pub(crate) fn compare_with(&self, key: Key, id: &ObjectId) -> Ordering {
        let names = || self.name(key).cmp(&id.name);
        let namespaces = || self.namespace_of(key).cmp(&id.namespace.as_deref());
        (self.resource(key).cmp(&id.resource))
            .then_with(namespaces)
            .then_with(names)
    }
}

/// Adds to a long list, which grows by eighths: doubling would have a third of it empty.
pub(crate) fn push<T>(list: &mut Vec<T>, value: T) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len() / 8 + 64);
    }
    list.push(value);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ids() -> impl Strategy<Value = Vec<ObjectId>> {
        let id = (
            "[ab]?",
            "[ab]{1,2}",
            prop::option::of("[ab]{0,2}"),
            "[ab.é]{0,3}",
        );
        let id = id.prop_map(|(group, resource, namespace, name)| ObjectId {
            resource: GroupResource { group, resource },
            namespace,
            name,
        });
        prop::collection::vec(id, 0..20)
    }

    proptest! {
        #[test]
        fn names_are_given_back_and_compare_as_they_do(ids in ids()) {
            let mut roster = Roster::default();
            let keys: Vec<Key> = ids.iter().map(|id| roster.add(id)).collect();
            for (key, id) in keys.iter().zip(&ids) {
                prop_assert_eq!(&roster.id(*key), id);
                for (other, with) in keys.iter().zip(&ids) {
                    prop_assert_eq!(roster.compare(*key, *other), id.cmp(with));
                    prop_assert_eq!(roster.compare_with(*key, with), id.cmp(with));
                }
            }
        }
    }
}
