//! What of a tier is left to be restored.
//!
//! Objects are taken out piece by piece, in the order of the archive: what is known of one for reading it goes as
//! its outcome comes, so that a restore does not hold both of all of them.

use std::collections::{HashSet, VecDeque};

use crate::{Entry, ObjectId};

/// Objects of one piece: so many that reading ahead has something to do, and a small part of many.
const PIECE: usize = 1024;

/// Objects of a tier whose turn is not over.
#[derive(Debug, Default)]
pub(crate) struct Left {
    pieces: VecDeque<Vec<Entry>>,
    /// Of the pieces that were taken out.
    under_way: HashSet<ObjectId>,
}

impl Left {
    pub(crate) fn new(mut entries: Vec<Entry>) -> Self {
        let place = |entry: &Entry| {
            let at = entry.location?;
            Some((at.member.offset, at.object.offset))
        };
        entries.sort_unstable_by_key(place);
        // Without an index, each piece would be a pass over all of the archive.
        let first_located = entries.partition_point(|entry| place(entry).is_none());
        let mut pieces = VecDeque::new();
        // From the end, so that what was taken over is given back.
        while entries.len() > first_located {
            let start = entries.len().saturating_sub(PIECE).max(first_located);
            pieces.push_front(entries.split_off(start));
            entries.shrink_to_fit();
        }
        if !entries.is_empty() {
            pieces.push_front(entries);
        }
        Self {
            pieces,
            under_way: HashSet::new(),
        }
    }

    /// The next objects to be read.
    pub(crate) fn next_piece(&mut self) -> Option<Vec<Entry>> {
        let piece = self.pieces.pop_front()?;
        self.under_way
            .extend(piece.iter().map(|entry| entry.id.clone()));
        Some(piece)
    }

    /// The turn of an object is over.
    pub(crate) fn remove(&mut self, id: &ObjectId) {
        self.under_way.remove(id);
    }

    /// All whose turn is not over.
    pub(crate) fn into_ids(self) -> impl Iterator<Item = ObjectId> {
        let to_come = self.pieces.into_iter().flatten().map(|entry| entry.id);
        self.under_way.into_iter().chain(to_come)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::archive::{Location, Span};
    use crate::{Digest, GroupResource};

    fn entry(number: usize, is_located: bool) -> Entry {
        let span = |offset| Span { offset, length: 1 };
        Entry {
            id: ObjectId {
                resource: GroupResource::core("configmaps"),
                namespace: Some("shop".into()),
                name: number.to_string(),
            },
            api_version: None,
            kind: None,
            size: 1,
            sha256: Digest::of(b""),
            location: is_located.then(|| Location {
                member: span(number as u64 / 10),
                member_size: 10,
                object: span(number as u64 % 10),
            }),
        }
    }

    #[test]
    fn every_object_has_its_turn_in_the_order_of_the_archive() {
        let many = 2 * PIECE + 7;
        let entries = (0..many).rev().map(|number| entry(number, number >= 5));
        let mut left = Left::new(entries.collect());
        let mut sizes = Vec::new();
        let mut names = Vec::new();
        while let Some(piece) = left.next_piece() {
            sizes.push(piece.len());
            names.extend(piece.into_iter().map(|entry| entry.id.name));
        }
        assert_eq!(sizes, [5, 2, PIECE, PIECE]);
        let located: Vec<String> = (5..many).map(|number| number.to_string()).collect();
        assert_eq!(names[5..], located);
    }

    #[test]
    fn whatever_has_not_finished_is_left() {
        let many = 3 * PIECE;
        let mut left = Left::new((0..many).map(|number| entry(number, true)).collect());
        for entry in left.next_piece().unwrap().into_iter().skip(2) {
            left.remove(&entry.id);
        }
        left.next_piece().unwrap();
        let ids: Vec<ObjectId> = left.into_ids().collect();
        let names: BTreeSet<usize> = ids.iter().map(|id| id.name.parse().unwrap()).collect();
        assert_eq!(ids.len(), names.len());
        assert_eq!(names, [0, 1].into_iter().chain(PIECE..many).collect());
    }
}
