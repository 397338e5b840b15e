//! What a copy came to.

use std::fmt::Write as _;
use std::io;

use crate::hbr::contents::name::Name;

/// What was copied, and what could not be.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// All items, those that failed included.
    pub(crate) items: u64,
    pub(crate) items_done: u64,
    pub(crate) bytes: u64,
    pub(crate) bytes_done: u64,
    /// Of these, what the vault did not have before.
    pub(crate) new_bytes: u64,
    pub(crate) new_items: u64,
    pub(crate) failures: Vec<(String, String)>,
    /// What was there already, and stays.
    pub(crate) skipped: Vec<String>,
}

impl Report {
    pub(super) fn done(&mut self, bytes: u64) {
        self.items += 1;
        self.items_done += 1;
        self.bytes += bytes;
        self.bytes_done += bytes;
    }

    pub(super) fn failed(&mut self, name: &Name, bytes: u64, error: &io::Error) {
        self.items += 1;
        self.bytes += bytes;
        let name = match name.is_root() {
            true => ".".to_owned(),
            false => name.to_string(),
        };
        self.failures.push((name, error.to_string()));
    }

    /// As `ErrorFile` has it in the samples of SearchHistoricalSnapshots: a line for each item, with
    /// a tab before what went wrong.
    pub(crate) fn error_file(&self) -> String {
        if self.failures.is_empty() {
            return String::new();
        }
        let mut text = "Item\tError Message\n".to_owned();
        for (name, error) in &self.failures {
            // Writing to a text does not fail.
            let _ = writeln!(text, "{name}\t{error}");
        }
        text
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.items += other.items;
        self.items_done += other.items_done;
        self.bytes += other.bytes;
        self.bytes_done += other.bytes_done;
        self.new_bytes += other.new_bytes;
        self.new_items += other.new_items;
        self.failures.extend(other.failures);
        self.skipped.extend(other.skipped);
    }
}
