//! What of a list was seen, and whether it gets anywhere. The server decides how many pages it has; a server that never ends one must
//! not keep whoever reads it for ever, nor fill what is made of it.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use crate::{Error, Result};

/// Pages in a row without anything new, beyond as many as had something: a list that is read from its
/// beginning once more has to get past those.
const BARREN: u32 = 100;
/// Most objects of one list. Clusters are said to hold up to 300 000 of all kinds together.
const MAX_OBJECTS: usize = 4_000_000;
/// Most bytes of one list: etcd recommends a database of up to 8 GiB.
const MAX_BYTES: u64 = 16 << 30;

/// The pages of one list so far.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    hasher: RandomState,
    /// Hashes of the tokens that pages ended with.
    tokens: HashSet<u64>,
    /// Hashes of the objects' keys. Not all servers list in the order of keys, so that the last one does
    /// not tell which objects came before it.
    keys: HashSet<u64>,
    fruitful: u32,
    barren: u32,
    is_fruitful: bool,
    bytes: u64,
}

impl Pages {
    /// Notes an object of `length` bytes by its key; whether it is new. A page that is read again begins
    /// with what was there before.
    ///
    /// # Errors
    /// When the list has more than any cluster has.
    pub(crate) fn note(&mut self, key: &(String, String), length: usize) -> Result<bool> {
        if !self.keys.insert(self.hasher.hash_one(key)) {
            return Ok(false);
        }
        self.is_fruitful = true;
        self.bytes = self.bytes.saturating_add(length as u64);
        if self.keys.len() > MAX_OBJECTS || self.bytes > MAX_BYTES {
            return Err(Error::corrupt(format!(
                "it has no end: {} objects and {} bytes came so far",
                self.keys.len(),
                self.bytes
            )));
        }
        Ok(true)
    }

    /// A page is over, and the list goes on with `token`.
    ///
    /// # Errors
    /// When it leads nowhere.
    pub(crate) fn turn(&mut self, token: &str) -> Result<()> {
        if std::mem::take(&mut self.is_fruitful) {
            self.fruitful = self.fruitful.saturating_add(1);
            self.barren = 0;
        } else {
            self.barren += 1;
        }
        if !self.tokens.insert(self.hasher.hash_one(token)) {
            return Err(Error::corrupt(
                "it has no end: it continues with the same page as before",
            ));
        }
        if self.barren > self.fruitful.saturating_add(BARREN) {
            return Err(Error::corrupt(format!(
                "it has no end: its last {} pages hold nothing new",
                self.barren
            )));
        }
        Ok(())
    }

    /// The list is read from its beginning once more, where other tokens may be the same.
    pub(crate) fn begin_again(&mut self) {
        self.tokens.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u64) -> (String, String) {
        ("a".into(), n.to_string())
    }

    #[test]
    fn a_list_that_leads_nowhere_ends_in_an_error() {
        let mut pages = Pages::default();
        for (n, token) in [(1, "a"), (2, "b")] {
            assert!(pages.note(&key(n), 1).unwrap());
            pages.turn(token).unwrap();
        }
        // Round in circles, with something new each time.
        assert!(pages.note(&key(3), 1).unwrap());
        let error = pages.turn("a").unwrap_err().to_string();
        assert!(error.contains("the same page as before"), "{error}");

        let mut pages = Pages::default();
        let barren = (0..1000).find(|n: &u32| pages.turn(&n.to_string()).is_err());
        assert_eq!(barren, Some(BARREN));

        let mut pages = Pages::default();
        let full = (0..).find(|n| pages.note(&key(*n), 1 << 30).is_err());
        assert_eq!(full, Some(MAX_BYTES >> 30));
    }

    #[test]
    fn a_long_list_that_is_read_from_its_beginning_gets_past_what_was_there() {
        let mut pages = Pages::default();
        for n in 0..1000 {
            assert!(pages.note(&key(n), 1).unwrap());
            pages.turn(&n.to_string()).unwrap();
        }
        pages.begin_again();
        for n in 0..1000 {
            assert!(!pages.note(&key(n), 1).unwrap());
            pages.turn(&n.to_string()).unwrap();
        }
        assert!(pages.note(&key(1000), 1).unwrap());
        pages.turn("on").unwrap();
    }
}
