//! Rows by their key, with a note of those that have changed.

use std::collections::btree_map::{Iter, Values};
use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The rows of one kind. What is changed in them is written down at the next commit.
#[derive(Debug)]
pub(crate) struct Table<R> {
    rows: BTreeMap<String, R>,
    changed: BTreeSet<String>,
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            changed: BTreeSet::new(),
        }
    }
}

impl<R> Table<R> {
    pub(crate) fn get(&self, key: &str) -> Option<&R> {
        self.rows.get(key)
    }

    /// A row that is about to change.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut R> {
        let row = self.rows.get_mut(key)?;
        self.changed.insert(key.to_owned());
        Some(row)
    }

    /// Adds a row, or puts it in the place of the one there was.
    pub(crate) fn insert(&mut self, key: impl Into<String>, row: R) {
        let key = key.into();
        self.changed.insert(key.clone());
        self.rows.insert(key, row);
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<R> {
        let row = self.rows.remove(key)?;
        self.changed.insert(key.to_owned());
        Some(row)
    }

    pub(crate) fn contains(&self, key: &str) -> bool {
        self.rows.contains_key(key)
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// All rows with their keys, in the order of these.
    pub(crate) fn iter(&self) -> Iter<'_, String, R> {
        self.rows.iter()
    }

    /// All rows, in the order of their keys.
    pub(crate) fn values(&self) -> Values<'_, String, R> {
        self.rows.values()
    }

    /// The keys of the rows that something holds for.
    pub(crate) fn keys_of(&self, holds: impl Fn(&R) -> bool) -> Vec<String> {
        let rows = self.rows.iter().filter(|(_, row)| holds(row));
        rows.map(|(key, _)| key.clone()).collect()
    }
}

/// A table as the journal sees it.
pub(crate) trait Journaled {
    /// Every row.
    fn all(&self) -> io::Result<Map<String, Value>>;
    /// The rows that have changed, with null for those that are gone.
    fn changes(&self) -> io::Result<Map<String, Value>>;
    /// The changes are written down.
    fn settle(&mut self);
    /// Reads a change back.
    fn restore(&mut self, key: String, row: Value) -> io::Result<()>;
}

impl<R: Serialize + DeserializeOwned> Journaled for Table<R> {
    fn all(&self) -> io::Result<Map<String, Value>> {
        let rows = self.rows.iter();
        rows.map(|(key, row)| Ok((key.clone(), serde_json::to_value(row)?)))
            .collect()
    }

    fn changes(&self) -> io::Result<Map<String, Value>> {
        let keys = self.changed.iter();
        keys.map(|key| Ok((key.clone(), serde_json::to_value(self.rows.get(key))?)))
            .collect()
    }

    fn settle(&mut self) {
        self.changed.clear();
    }

    fn restore(&mut self, key: String, row: Value) -> io::Result<()> {
        if row.is_null() {
            self.rows.remove(&key);
        } else {
            self.rows.insert(key, serde_json::from_value(row)?);
        }
        Ok(())
    }
}
