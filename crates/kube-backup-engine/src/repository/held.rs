//! What of an archive is fetched at once, and what stays in memory.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// Most compressed bytes kept in memory between reads. What a restore selects is read twice, so that it
/// is checked before it is applied; for a small selection the second read costs no request.
const MAX_HELD: u64 = 4 << 20;
/// Requests under way at once.
pub(super) const PARALLEL_FETCHES: usize = 3;

/// The first few megabytes that were fetched, by their offset.
#[derive(Debug, Default)]
pub(super) struct Held(Mutex<BTreeMap<u64, Bytes>>);

impl Held {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Bytes>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, range: &Range<u64>) -> Option<Bytes> {
        let pieces = self.lock();
        let (begin, bytes) = pieces.range(..=range.start).next_back()?;
        let (start, end) = (range.start - begin, range.end - begin);
        (end <= bytes.len() as u64).then(|| bytes.slice(start as usize..end as usize))
    }

    pub(super) fn put(&self, range: &Range<u64>, bytes: &Bytes) {
        let mut pieces = self.lock();
        let length: usize = pieces.values().map(Bytes::len).sum();
        if (length + bytes.len()) as u64 <= MAX_HELD {
            pieces.insert(range.start, bytes.clone());
        }
    }
}
