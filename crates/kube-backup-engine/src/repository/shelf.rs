//! Objects of an archive without index that stay in memory once it was listed.
//!
//! Such an archive can only be read from its beginning to its end, and a restore reads it tier by tier. Most tiers are
//! of a few objects, whose kinds fit into memory together; then only those of the large kinds take another pass.

use std::collections::HashMap;
use std::fmt;

use bytes::Bytes;

use crate::{Digest, Entry, GroupResource};

/// Most bytes that stay.
const MOST: usize = 2 << 20;
/// What an object takes besides its bytes.
const BESIDES: usize = 128;

/// Objects of the smallest kinds, by their digests.
#[derive(Default)]
pub(crate) struct Shelf {
    /// Of each kind, its objects, or `None` where they are too many.
    kinds: HashMap<GroupResource, Option<OfKind>>,
    size: usize,
}

#[derive(Default)]
struct OfKind {
    objects: HashMap<Digest, Bytes>,
    size: usize,
}

/// Without the objects, of which some are Secrets.
impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shelf")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl Shelf {
    /// Keeps an object, or of the kinds that are kept drops the largest.
    pub(crate) fn put(&mut self, entry: &Entry, bytes: Bytes) {
        let kind = &entry.id.resource;
        if !self.kinds.contains_key(kind) {
            self.kinds.insert(kind.clone(), Some(OfKind::default()));
        }
        let Some(Some(of_kind)) = self.kinds.get_mut(kind) else {
            return;
        };
        let size = bytes.len() + BESIDES;
        of_kind.objects.insert(entry.sha256, bytes);
        of_kind.size += size;
        self.size += size;
        while self.size > MOST {
            let kept = self.kinds.values_mut();
            let largest = kept.max_by_key(|kind| kind.as_ref().map_or(0, |kind| kind.size));
            let Some(dropped) = largest.and_then(Option::take) else {
                return;
            };
            self.size -= dropped.size;
        }
    }

    /// The object of this kind with this digest, if it is kept.
    pub(super) fn get(&self, kind: &GroupResource, sha256: &Digest) -> Option<Bytes> {
        let of_kind = self.kinds.get(kind)?.as_ref()?;
        of_kind.objects.get(sha256).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ObjectId;

    fn object(kind: &str, number: usize) -> (Entry, Bytes) {
        let bytes = Bytes::from(format!("{kind} {number:0>9000}"));
        let entry = Entry {
            id: ObjectId {
                resource: GroupResource::core(kind),
                namespace: None,
                name: number.to_string(),
            },
            api_version: None,
            kind: None,
            size: bytes.len() as u64,
            sha256: Digest::of(&bytes),
            location: None,
        };
        (entry, bytes)
    }

    #[test]
    fn the_largest_kinds_make_room_for_the_others() {
        let mut shelf = Shelf::default();
        let kinds = [
            ("roles", 10),
            ("pods", 1000),
            ("secrets", 300),
            ("nodes", 20),
        ];
        let all: Vec<_> = kinds
            .into_iter()
            .flat_map(|(kind, count)| (0..count).map(move |number| object(kind, number)))
            .collect();
        for (entry, bytes) in &all {
            shelf.put(entry, bytes.clone());
            assert!(shelf.size <= MOST);
        }
        for (entry, bytes) in &all {
            let found = shelf.get(&entry.id.resource, &entry.sha256);
            let is_kept = ["roles", "nodes"].contains(&entry.id.resource.resource.as_str());
            assert_eq!(found, is_kept.then(|| bytes.clone()), "{}", entry.id);
        }
    }
}
