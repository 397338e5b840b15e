//! Journals cut off anywhere.

use std::path::Path;

use super::{Journal, Journaled, Table, Tables};

#[derive(Debug, Default)]
struct Shelf {
    books: Table<String>,
    loans: Table<u32>,
}

impl Tables for Shelf {
    fn tables(&mut self) -> Vec<(&'static str, &mut dyn Journaled)> {
        vec![("books", &mut self.books), ("loans", &mut self.loans)]
    }
}

impl Shelf {
    fn open(path: &Path) -> (Self, Journal) {
        let mut shelf = Self::default();
        let journal = Journal::open(Some(path.to_owned()), &mut shelf).unwrap();
        (shelf, journal)
    }

    fn content(&self) -> (Vec<String>, Vec<u32>) {
        let books = self.books.values().cloned().collect();
        (books, self.loans.values().copied().collect())
    }
}

fn path(name: &str) -> std::path::PathBuf {
    let name = format!("journal-{name}-{:016x}", fastrand::u64(..));
    std::env::temp_dir().join(name)
}

#[test]
fn a_journal_that_ends_anywhere_holds_whole_commits() {
    let (whole, cut) = (path("whole"), path("cut"));
    let (mut shelf, mut journal) = Shelf::open(&whole);
    let mut states = vec![(0, shelf.content())];
    let mut random = fastrand::Rng::with_seed(7);
    for step in 0..40_u32 {
        // Several rows of several tables at once, new, changed and gone.
        for _ in 0..random.usize(1..4) {
            let key = format!("b{}", random.u8(0..6));
            match random.u8(0..3) {
                0 => drop(shelf.books.remove(&key)),
                1 => shelf.loans.insert(key, step),
                _ => match shelf.books.get_mut(&key) {
                    Some(book) => book.push_str("\nö"),
                    None => shelf.books.insert(key, format!("title {step}")),
                },
            }
        }
        journal.commit(&mut shelf).unwrap();
        let len = std::fs::metadata(&whole).unwrap().len();
        if len != states.last().unwrap().0 {
            states.push((len, shelf.content()));
        }
    }
    let bytes = std::fs::read(&whole).unwrap();
    for end in 0..=bytes.len() {
        std::fs::write(&cut, &bytes[..end]).unwrap();
        let expected = states.iter().rfind(|(len, _)| *len <= end as u64).unwrap();
        let (mut found, mut journal) = Shelf::open(&cut);
        assert_eq!(found.content(), expected.1, "cut at {end}");
        // It goes on from there.
        found.books.insert("after", "cut".to_owned());
        journal.commit(&mut found).unwrap();
        assert_eq!(Shelf::open(&cut).0.content(), found.content());
    }
    for path in [whole, cut] {
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_journal_that_has_grown_is_written_anew() {
    let path = path("grown");
    let (mut shelf, mut journal) = Shelf::open(&path);
    for _ in 0..12 {
        shelf.books.insert("b", "x".repeat(1024 * 1024));
        journal.commit(&mut shelf).unwrap();
    }
    let len = std::fs::metadata(&path).unwrap().len();
    assert!(len < 9 * 1024 * 1024, "{len}");
    assert_eq!(Shelf::open(&path).0.content(), shelf.content());
    // What cannot be read is not thrown away.
    let damaged = "{\"books\":{\"b\":7}}\n";
    for damaged in [damaged, "{\"others\":{\"b\":7}}\n", "nonsense\n{}\n"] {
        std::fs::write(&path, damaged).unwrap();
        let error = Journal::open(Some(path.clone()), &mut Shelf::default()).unwrap_err();
        assert!(error.to_string().starts_with("line 1 of"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), damaged);
    }
    std::fs::remove_file(path).unwrap();
}
