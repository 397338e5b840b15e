//! Printing: tables for people, JSON and YAML for programs.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write as _};

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::exit::{Failure, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    /// A table with more columns.
    Wide,
    Json,
    Yaml,
}

#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Output {
    /// How to print.
    #[arg(long, short, value_enum, default_value_t = Format::Table)]
    pub(crate) output: Format,
}

impl Output {
    pub(crate) fn is_wide(self) -> bool {
        self.output == Format::Wide
    }

    /// Prints `value`, or `text` for people.
    pub(crate) fn print<T: Serialize>(
        self,
        value: &T,
        text: impl FnOnce() -> String,
    ) -> Result<()> {
        let failed = |error: Box<dyn std::error::Error>| Failure::failed("print", error);
        let text = match self.output {
            Format::Table | Format::Wide => text(),
            Format::Json => return print_json(value),
            Format::Yaml => serde_norway::to_string(value).map_err(|it| failed(it.into()))?,
        };
        print_bytes(text.as_bytes())
    }
}

/// As it is made: a report of many objects is never there as a whole.
fn print_json<T: Serialize>(value: &T) -> Result<()> {
    to_stdout(|out| {
        serde_json::to_writer_pretty(&mut *out, value)?;
        out.write_all(b"\n")
    })
}

pub(crate) fn print_bytes(bytes: &[u8]) -> Result<()> {
    to_stdout(|out| out.write_all(bytes))
}

/// Whoever reads may have seen enough.
fn to_stdout(write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::failed("print", error)),
        _ => Ok(()),
    }
}

/// Columns under their names, three spaces apart.
pub(crate) fn table(names: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells
            .chain([names[column].chars().count()])
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..names.len()).map(width).collect();
    let mut text = String::new();
    let head: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    for row in std::iter::once(&head).chain(rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            // A `String` takes everything.
            let _ = write!(line, "{cell:<width$}   ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let rows = [
            vec!["größe".to_owned(), "1".to_owned()],
            vec!["b".to_owned(), String::new()],
        ];
        assert_eq!(table(&["NAME", "N"], &rows), "NAME    N\ngröße   1\nb\n");
    }
}
