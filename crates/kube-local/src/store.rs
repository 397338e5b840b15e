//! Objects with their history: one counter of revisions over all collections, as etcd has it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;

/// An object as it was written at one revision.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) revision: u64,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// The JSON object without `kind` and `apiVersion`: `{"metadata":...}`.
    pub(crate) body: Bytes,
    /// The version it was written in.
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) uid: String,
    /// The uids of its owners.
    pub(crate) owners: Vec<String>,
    pub(crate) labels: Vec<(String, String)>,
}

impl Stored {
    pub(crate) fn key(&self) -> String {
        key(&self.namespace, &self.name)
    }

    /// The parsed object with `kind` and `apiVersion`.
    pub(crate) fn value(&self) -> Value {
        let mut value: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        if let Some(map) = value.as_object_mut() {
            map.insert("apiVersion".into(), self.api_version.as_str().into());
            map.insert("kind".into(), self.kind.as_str().into());
        }
        value
    }
}

/// The key of an object in its collection; sorts as etcd's keys do.
pub(crate) fn key(namespace: &str, name: &str) -> String {
    if namespace.is_empty() {
        name.to_owned()
    } else {
        format!("{namespace}/{name}")
    }
}

/// What a write did, as watches tell it.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) before: Option<Arc<Stored>>,
    /// None when it was deleted.
    pub(crate) after: Option<Arc<Stored>>,
    /// The last state of a deleted object, with the revision of its deletion.
    pub(crate) tombstone: Option<Arc<Stored>>,
}

/// The states of a key with their revisions, oldest first; `None` is a deletion.
type History = Vec<(u64, Option<Arc<Stored>>)>;

#[derive(Debug, Default)]
struct Collection {
    objects: BTreeMap<String, History>,
    log: VecDeque<Arc<Change>>,
    live: usize,
}

/// History was dropped up to `compacted`.
#[derive(Debug)]
pub(crate) struct Compacted;

/// The objects of the cluster.
#[derive(Debug)]
pub(crate) struct Store {
    revision: u64,
    compacted: u64,
    collections: HashMap<String, Collection>,
    /// When which revision was current, to compact by age.
    marks: VecDeque<(Instant, u64)>,
    keep: Duration,
}

impl Store {
    pub(crate) fn new(keep: Duration) -> Self {
        Self {
            revision: 1,
            compacted: 0,
            collections: HashMap::new(),
            marks: VecDeque::new(),
            keep,
        }
    }

    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    pub(crate) fn compacted(&self) -> u64 {
        self.compacted
    }

    /// The revision the next write gets.
    pub(crate) fn next_revision(&self) -> u64 {
        self.revision + 1
    }

    pub(crate) fn get(&self, collection: &str, key: &str) -> Option<Arc<Stored>> {
        let versions = self.collections.get(collection)?.objects.get(key)?;
        versions.last().and_then(|(_, object)| object.clone())
    }

    /// Writes an object whose body already names [`Store::next_revision`].
    pub(crate) fn put(&mut self, collection: &str, object: Stored) -> Arc<Stored> {
        self.revision += 1;
        debug_assert_eq!(object.revision, self.revision);
        let object = Arc::new(object);
        let collection = self.collections.entry(collection.to_owned()).or_default();
        let versions = collection.objects.entry(object.key()).or_default();
        let before = versions.last().and_then(|(_, object)| object.clone());
        if before.is_none() {
            collection.live += 1;
        }
        versions.push((self.revision, Some(Arc::clone(&object))));
        collection.log.push_back(Arc::new(Change {
            revision: self.revision,
            before,
            after: Some(Arc::clone(&object)),
            tombstone: None,
        }));
        self.mark();
        object
    }

    /// Removes an object; `tombstone` is its last state under the deletion's revision.
    pub(crate) fn remove(&mut self, collection: &str, tombstone: Stored) -> Arc<Stored> {
        self.revision += 1;
        debug_assert_eq!(tombstone.revision, self.revision);
        let tombstone = Arc::new(tombstone);
        let collection = self.collections.entry(collection.to_owned()).or_default();
        let versions = collection.objects.entry(tombstone.key()).or_default();
        let before = versions.last().and_then(|(_, object)| object.clone());
        if before.is_some() {
            collection.live -= 1;
        }
        versions.push((self.revision, None));
        collection.log.push_back(Arc::new(Change {
            revision: self.revision,
            before,
            after: None,
            tombstone: Some(Arc::clone(&tombstone)),
        }));
        self.mark();
        tombstone
    }

    /// Objects of a collection at a revision, from `start` on (exclusive when it is a key that was
    /// read), below a namespace if one is named.
    pub(crate) fn range<'a>(
        &'a self,
        collection: &str,
        namespace: Option<&str>,
        start: Option<&str>,
        revision: u64,
    ) -> impl Iterator<Item = &'a Arc<Stored>> + use<'a> {
        let prefix = namespace.map(|ns| format!("{ns}/")).unwrap_or_default();
        let low = match start {
            Some(start) => Bound::Excluded(start.to_owned()),
            None => Bound::Included(prefix.clone()),
        };
        self.collections
            .get(collection)
            .into_iter()
            .flat_map(move |c| c.objects.range((low.clone(), Bound::Unbounded)))
            .take_while(move |(key, _)| key.starts_with(&prefix))
            .filter_map(move |(_, versions)| {
                let newer = versions.partition_point(|(at, _)| *at <= revision);
                versions[..newer]
                    .last()
                    .and_then(|(_, object)| object.as_ref())
            })
    }

    /// The number of objects now, for `remainingItemCount`.
    pub(crate) fn count(&self, collection: &str) -> usize {
        self.collections.get(collection).map_or(0, |c| c.live)
    }

    /// Changes of a collection after a revision.
    pub(crate) fn changes(
        &self,
        collection: &str,
        after: u64,
    ) -> Result<Vec<Arc<Change>>, Compacted> {
        if after < self.compacted {
            return Err(Compacted);
        }
        let Some(collection) = self.collections.get(collection) else {
            return Ok(Vec::new());
        };
        let first = collection
            .log
            .partition_point(|change| change.revision <= after);
        Ok(collection.log.range(first..).cloned().collect())
    }

    /// Forgets every state that is not needed to read at `revision` and later.
    pub(crate) fn compact(&mut self, revision: u64) {
        let revision = revision.min(self.revision);
        self.compacted = self.compacted.max(revision);
        for collection in self.collections.values_mut() {
            let old = collection
                .log
                .partition_point(|change| change.revision <= revision);
            collection.log.drain(..old);
            collection.objects.retain(|_, versions| {
                let newer = versions.partition_point(|(at, _)| *at <= revision);
                versions.drain(..newer.saturating_sub(1));
                !(versions.len() == 1 && versions[0].1.is_none() && versions[0].0 <= revision)
            });
        }
    }

    /// Notes the time of this revision now and then, and compacts what is older than kept.
    fn mark(&mut self) {
        let now = Instant::now();
        let due = self.keep / 10;
        if self
            .marks
            .back()
            .is_none_or(|(at, _)| now.duration_since(*at) >= due)
        {
            self.marks.push_back((now, self.revision));
        }
        let mut reached = None;
        while let Some((at, revision)) = self.marks.front().copied() {
            if now.duration_since(at) <= self.keep {
                break;
            }
            reached = Some(revision);
            self.marks.pop_front();
        }
        if let Some(revision) = reached {
            self.compact(revision);
        }
    }
}
