//! What a bench has to say: tables, budgets and the machine, for people and for programs.

use std::fmt::{self, Write as _};
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::Outcome;

/// The machine a bench ran on.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// Processors that this process may use.
    pub processors: usize,
    /// Memory, in GiB.
    pub memory_gib: f64,
    /// The kernel.
    pub kernel: String,
    /// Processes that were ready to run when the bench began, over the last minute: what else the
    /// machine was doing.
    pub load: f64,
}

impl Machine {
    /// This machine, now. What cannot be found out is left empty.
    #[must_use]
    pub fn here() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let field = |path: &str, name: &str| {
            let text = read(path);
            let line = text.lines().find(|line| line.starts_with(name));
            let value = line.and_then(|line| line.split_once(':'));
            value.map_or_else(String::new, |(_, value)| value.trim().to_owned())
        };
        let memory = field("/proc/meminfo", "MemTotal");
        let kib: f64 = memory
            .trim_end_matches("kB")
            .trim()
            .parse()
            .unwrap_or_default();
        let load = read("/proc/loadavg");
        Self {
            processor: field("/proc/cpuinfo", "model name"),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gib: (kib / 1024.0 / 1024.0).round(),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load: load
                .split(' ')
                .next()
                .and_then(|text| text.parse().ok())
                .unwrap_or_default(),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} x {}, {} GiB, Linux {}, load {:.2} at the start",
            self.processors, self.processor, self.memory_gib, self.kernel, self.load
        )
    }
}

/// Rows of text under headings.
#[derive(Clone, Debug, Default)]
pub struct Table {
    heading: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new<'c>(heading: impl Into<String>, columns: impl IntoIterator<Item = &'c str>) -> Self {
        Self {
            heading: heading.into(),
            columns: columns.into_iter().map(str::to_owned).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row<C: Into<String>>(&mut self, cells: impl IntoIterator<Item = C>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }
}

impl fmt::Display for Table {
    /// As Markdown, its columns aligned.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.heading.is_empty() {
            writeln!(f, "{}\n", self.heading)?;
        }
        let lines = || std::iter::once(&self.columns).chain(&self.rows);
        let width = |at: usize| {
            let cells = lines().filter_map(|line| line.get(at));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        for (number, line) in lines().enumerate() {
            for (at, width) in widths.iter().enumerate() {
                let cell = line.get(at).map_or("", String::as_str);
                write!(f, "| {cell:<width$} ")?;
            }
            writeln!(f, "|")?;
            if number == 0 {
                for width in &widths {
                    write!(f, "|{}", "-".repeat(width + 2))?;
                }
                writeln!(f, "|")?;
            }
        }
        Ok(())
    }
}

/// A promise, and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Budget {
    /// What is promised of what.
    pub what: String,
    /// The limit, in words.
    pub limit: String,
    /// What was measured.
    pub found: f64,
    /// By how much the limit is missed, in percent of it; 0 where it is kept.
    pub missed_by: f64,
}

impl Budget {
    /// `found` must be at least `limit`.
    pub fn at_least(what: impl Into<String>, found: f64, limit: f64, unit: &str) -> Self {
        Self::new(
            what,
            found,
            format!("at least {limit}{unit}"),
            1.0 - found / limit,
        )
    }

    /// `found` must be at most `limit`.
    pub fn at_most(what: impl Into<String>, found: f64, limit: f64, unit: &str) -> Self {
        Self::new(
            what,
            found,
            format!("at most {limit}{unit}"),
            found / limit - 1.0,
        )
    }

    fn new(what: impl Into<String>, found: f64, limit: String, excess: f64) -> Self {
        Self {
            what: what.into(),
            limit,
            found,
            // What was not measured is not kept.
            missed_by: if excess.is_nan() {
                100.0
            } else {
                excess.max(0.0) * 100.0
            },
        }
    }

    /// Whether it is kept.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.missed_by == 0.0
    }
}

/// All that a bench has to say.
#[derive(Clone, Debug)]
pub struct Report {
    heading: String,
    machine: Machine,
    notes: Vec<String>,
    tables: Vec<Table>,
    budgets: Vec<Budget>,
    measurements: Value,
}

impl Report {
    /// A report on this machine. Begun before anything is measured, it knows what else went on.
    #[must_use]
    pub fn new(heading: impl Into<String>) -> Self {
        Self {
            heading: heading.into(),
            machine: Machine::here(),
            notes: Vec::new(),
            tables: Vec::new(),
            budgets: Vec::new(),
            measurements: Value::Null,
        }
    }

    /// Adds a line on how things were measured.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Adds a table.
    pub fn table(&mut self, table: Table) {
        self.tables.push(table);
    }

    /// Adds a promise.
    pub fn budget(&mut self, budget: Budget) {
        self.budgets.push(budget);
    }

    /// Keeps single measurements for the JSON form.
    pub fn measurements(&mut self, measurements: Value) {
        self.measurements = measurements;
    }

    /// Whether every budget is kept.
    #[must_use]
    pub fn keeps_budgets(&self) -> bool {
        self.budgets.iter().all(Budget::is_kept)
    }

    /// The report for programs: every measurement, not only what is in the tables.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::json!({
            "bench": self.heading,
            "machine": self.machine,
            "notes": self.notes,
            "budgets": self.budgets,
            "measurements": self.measurements,
        })
    }

    /// Prints it, and writes it to these files. Returns whether all is well: the budgets are kept, or not to be checked.
    ///
    /// # Errors
    /// Which file cannot be written, and why.
    #[expect(clippy::print_stdout, reason = "this is what a bench says to its user")]
    pub fn finish(&self, files: &[PathBuf], check: bool) -> Outcome<bool> {
        println!("{self}");
        for path in files {
            self.write(path)
                .map_err(|error| format!("write `{}`: {error}", path.display()))?;
        }
        Ok(!check || self.keeps_budgets())
    }

    /// Writes it to a file: JSON where the name ends in `.json`, otherwise Markdown.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let text = if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            format!("{:#}\n", self.to_json())
        } else {
            self.to_string()
        };
        std::fs::write(path, text)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## {}\n\n{}.", self.heading, self.machine)?;
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        for table in &self.tables {
            write!(f, "\n{table}")?;
        }
        if self.budgets.is_empty() {
            return Ok(());
        }
        let mut table = Table::new("### Budgets", ["what", "limit", "found", ""]);
        for budget in &self.budgets {
            let mut verdict = String::from("kept");
            if !budget.is_kept() {
                verdict.clear();
                write!(verdict, "MISSED by {:.1} %", budget.missed_by)?;
            }
            let found = format!("{:.2}", budget.found);
            table.row([&budget.what, &budget.limit, &found, &verdict]);
        }
        write!(f, "\n{table}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_say_by_how_much_they_are_missed() {
        let kept = [
            Budget::at_least("a", 0.95, 0.95, "x"),
            Budget::at_most("b", 48.0, 48.0, " MiB"),
        ];
        assert!(kept.iter().all(Budget::is_kept));
        let missed = [
            Budget::at_least("a", 1.5, 3.0, "x"),
            Budget::at_most("b", 1.5, 1.0, ""),
        ];
        assert_eq!(missed.map(|budget| budget.missed_by), [50.0, 50.0]);
        assert!(!Budget::at_least("not measured", f64::NAN, 1.0, "").is_kept());
    }

    #[test]
    fn tables_are_markdown_with_aligned_columns() {
        let mut table = Table::new("", ["what", "x"]);
        table.row(["put", "1.02"]);
        assert_eq!(
            table.to_string(),
            "| what | x    |\n|------|------|\n| put  | 1.02 |\n"
        );
    }
}
