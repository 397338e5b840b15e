//! What a service keeps, as tables in memory and, with a data folder, as a journal in a file.
//!
//! Each commit appends one line with every row that it changed, so a process that is killed leaves
//! either all of a change or nothing of it: a last line without its end is none. The journal is
//! written anew, beside the old one and then in its place, when it is opened and when it has grown.

mod table;
#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

pub(crate) use table::{Journaled, Table};

/// How many bytes may be appended before the journal is written anew, at least.
const GROWTH: u64 = 4 * 1024 * 1024;

/// The tables of a service, each with the name that it has in the journal for ever.
pub(crate) trait Tables {
    fn tables(&mut self) -> Vec<(&'static str, &mut dyn Journaled)>;
}

/// Where commits go: to a file, or nowhere.
#[derive(Debug, Default)]
pub(crate) struct Journal(Option<JournalFile>);

#[derive(Debug)]
struct JournalFile {
    path: PathBuf,
    file: File,
    /// Bytes that are good.
    len: u64,
    /// Bytes it had when it was last written anew.
    compact_len: u64,
}

impl Journal {
    /// Reads what an earlier process committed into the tables, which are empty. Without a file they last
    /// as long as the process.
    pub(crate) fn open(path: Option<PathBuf>, tables: &mut impl Tables) -> io::Result<Self> {
        let file = path.map(|path| JournalFile::open(path, tables));
        Ok(Self(file.transpose()?))
    }

    /// Keeps what has changed since the last commit, all of it or nothing.
    pub(crate) fn commit(&mut self, tables: &mut impl Tables) -> io::Result<()> {
        match &mut self.0 {
            Some(file) => file.commit(tables),
            // Nothing is written down, and nothing need be remembered for it.
            None => {
                settle(tables);
                Ok(())
            }
        }
    }
}

impl JournalFile {
    fn open(path: PathBuf, tables: &mut impl Tables) -> io::Result<Self> {
        match std::fs::read(&path) {
            Ok(bytes) => restore(&path, &bytes, tables)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let (file, len) = rewrite(&path, tables)?;
        Ok(Self {
            path,
            file,
            len,
            compact_len: len,
        })
    }

    fn commit(&mut self, tables: &mut impl Tables) -> io::Result<()> {
        let line = line(tables, |table| table.changes())?;
        if line.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            // A piece of a line would spoil the one after it. Should this fail too, the next
            // commit fails as well.
            self.file.set_len(self.len)?;
            return Err(error);
        }
        self.len += line.len() as u64;
        settle(tables);
        if self.len > self.compact_len * 2 + GROWTH {
            (self.file, self.len) = rewrite(&self.path, tables)?;
            self.compact_len = self.len;
        }
        Ok(())
    }
}

fn settle(tables: &mut impl Tables) {
    let tables = tables.tables().into_iter();
    tables.for_each(|(_, table)| table.settle());
}

fn restore(path: &Path, bytes: &[u8], tables: &mut impl Tables) -> io::Result<()> {
    for (number, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if !line.ends_with(b"\n") {
            tracing::debug!(path = %path.display(), "a commit was cut off, and does not count");
            break;
        }
        apply(line, tables).map_err(|error| {
            let place = format!("line {} of `{}`", number + 1, path.display());
            io::Error::new(error.kind(), format!("{place}: {error}"))
        })?;
    }
    Ok(())
}

fn apply(line: &[u8], tables: &mut impl Tables) -> io::Result<()> {
    let mut changes: Map<String, Value> = serde_json::from_slice(line)?;
    for (name, table) in tables.tables() {
        let Some(Value::Object(rows)) = changes.remove(name) else {
            continue;
        };
        for (key, row) in rows {
            table.restore(key, row)?;
        }
    }
    match changes.keys().next() {
        None => Ok(()),
        // Of a later version, as a rule: it must not be lost when the journal is written anew.
        Some(name) => Err(io::Error::other(format!("unknown table `{name}`"))),
    }
}

/// The file with the tables as they are, ready to be appended to.
fn rewrite(path: &Path, tables: &mut impl Tables) -> io::Result<(File, u64)> {
    let line = line(tables, |table| table.all())?;
    let temporary = path.with_extension("new");
    std::fs::write(&temporary, &line)?;
    std::fs::rename(&temporary, path)?;
    let file = OpenOptions::new().append(true).open(path)?;
    Ok((file, line.len() as u64))
}

/// A commit as text; empty where there is nothing in it.
fn line(
    tables: &mut impl Tables,
    rows: impl Fn(&dyn Journaled) -> io::Result<Map<String, Value>>,
) -> io::Result<String> {
    let mut line = Map::new();
    for (name, table) in tables.tables() {
        let rows = rows(table)?;
        if !rows.is_empty() {
            line.insert(name.to_owned(), Value::Object(rows));
        }
    }
    if line.is_empty() {
        return Ok(String::new());
    }
    let mut text = serde_json::to_string(&line)?;
    text.push('\n');
    Ok(text)
}
