//! What of a tier is left to be restored.
//!
//! Objects are taken out piece by piece, in the order of the archive: what is known of one for reading it goes as
//! its outcome comes, so that a restore does not hold both of all of them.

use std::sync::Arc;

use crate::archive::Entries;
use crate::{Entry, ObjectId};

/// Objects of one piece: so many that reading ahead has something to do, and a small part of many.
const PIECE: usize = 1024;

/// Objects of a tier whose turn is not over.
#[derive(Debug, Default)]
pub(crate) struct Left {
    /// Those to come, the first of the archive last.
    to_come: Vec<Entries>,
    under_way: Vec<Piece>,
}

/// Objects that are being read and restored.
#[derive(Debug)]
struct Piece {
    entries: Arc<Entries>,
    /// Where they are, in the order of their names.
    order: Vec<u32>,
    /// Whose turn is over, in that order.
    is_over: Vec<bool>,
    left: usize,
}

impl Piece {
    fn new(entries: Arc<Entries>) -> Self {
        Self {
            order: entries.by_id(),
            is_over: vec![false; entries.len()],
            left: entries.len(),
            entries,
        }
    }

    /// Whether the object is one of these, and its turn was not over.
    fn remove(&mut self, id: &ObjectId) -> bool {
        let at = self.entries.find(&self.order, id);
        let was_left = at.is_some_and(|at| !std::mem::replace(&mut self.is_over[at], true));
        self.left -= usize::from(was_left);
        was_left
    }
}

impl Left {
    /// Of a tier, and of what was put off until its turn.
    pub(crate) fn new(entries: Entries, deferred: Vec<Entry>) -> Self {
        let deferred: Entries = deferred.into_iter().collect();
        let mut to_come = vec![deferred, entries];
        for entries in &mut to_come {
            entries.sort_by_key(|listed| std::cmp::Reverse(listed.place()));
        }
        Self {
            to_come,
            under_way: Vec::new(),
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        let to_come = self.to_come.iter().map(Entries::len);
        let under_way = self.under_way.iter().map(|piece| piece.left);
        to_come.chain(under_way).sum()
    }

    /// The next objects to be read.
    pub(crate) fn next_piece(&mut self) -> Option<Arc<Entries>> {
        self.to_come.retain(|entries| !entries.is_empty());
        let entries = self.to_come.last_mut()?;
        // Without an index, each piece would be a pass over all of the archive.
        let mut piece = entries.take_last(usize::MAX, |listed| listed.place().is_none());
        if piece.is_empty() {
            piece = entries.take_last(PIECE, |listed| listed.place().is_some());
        }
        let piece = Arc::new(piece);
        self.under_way.push(Piece::new(Arc::clone(&piece)));
        Some(piece)
    }

    /// The turn of an object is over.
    pub(crate) fn remove(&mut self, id: &ObjectId) {
        for (at, piece) in self.under_way.iter_mut().enumerate() {
            if piece.remove(id) {
                if piece.left == 0 {
                    self.under_way.swap_remove(at);
                }
                return;
            }
        }
    }

    /// All whose turn is not over.
    pub(crate) fn into_ids(self) -> impl Iterator<Item = ObjectId> {
        let to_come = self
            .to_come
            .into_iter()
            .flat_map(|entries| (0..entries.len()).map(move |at| entries.get(at).id()));
        let under_way = self.under_way.into_iter().flat_map(|piece| {
            let left = piece.order.into_iter().zip(piece.is_over);
            let left = left.filter(|(_, is_over)| !is_over);
            left.map(move |(at, _)| piece.entries.get(at as usize).id())
        });
        under_way.chain(to_come)
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
        let deferred = vec![entry(many, true)];
        let mut left = Left::new(entries.collect(), deferred);
        let mut sizes = Vec::new();
        let mut names = Vec::new();
        while let Some(piece) = left.next_piece() {
            sizes.push(piece.len());
            names.extend(piece.iter().map(|listed| listed.name().to_owned()));
        }
        assert_eq!(sizes, [5, PIECE, PIECE, 2, 1]);
        let located: Vec<String> = (5..=many).map(|number| number.to_string()).collect();
        assert_eq!(names[5..], located);
        assert_eq!(left.len(), many + 1);
    }

    #[test]
    fn whatever_has_not_finished_is_left() {
        let many = 3 * PIECE;
        let entries = (0..many).map(|number| entry(number, true)).collect();
        let mut left = Left::new(entries, Vec::new());
        for listed in left.next_piece().unwrap().iter().skip(2) {
            left.remove(&listed.id());
            left.remove(&listed.id());
        }
        left.next_piece().unwrap();
        let ids: Vec<ObjectId> = left.into_ids().collect();
        let names: BTreeSet<usize> = ids.iter().map(|id| id.name.parse().unwrap()).collect();
        assert_eq!(ids.len(), names.len());
        assert_eq!(names, [0, 1].into_iter().chain(PIECE..many).collect());
    }
}
