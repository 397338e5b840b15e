//! `backup get`.

use ack_backup_center::engine::{Record, label_selector};
use chrono::{DateTime, Utc};
use clap::Args;
use kube::core::SelectorExt as _;
use serde_json::json;

use crate::exit::{Done, Failure, Result};
use crate::location::repository;
use crate::output::{Output, table};
use crate::place::Place;

#[derive(Args, Debug)]
pub(crate) struct Get {
    /// Only these; all, if none is given.
    names: Vec<String>,
    /// Only backups with these labels.
    #[arg(long, short = 'l', value_name = "SELECTOR")]
    selector: Option<String>,
    #[command(flatten)]
    output: Output,
}

impl Get {
    pub(crate) async fn run(self, place: &Place) -> Result<Done> {
        let repository = repository(place)?;
        let mut records = Vec::new();
        let mut unreadable = 0;
        if self.names.is_empty() {
            let list = repository.list().await?;
            for bad in &list.unreadable {
                eprintln!("backup-center: cannot be read: {bad}");
                unreadable += 1;
            }
            for issue in &list.seal_issues {
                eprintln!("backup-center: {issue}");
                unreadable += 1;
            }
            records = list.records;
        }
        for name in &self.names {
            let record = repository.record(name).await?;
            records.push(record.ok_or_else(|| missing(name))?);
        }
        if let Some(text) = &self.selector {
            let selector = label_selector(text)?;
            records.retain(|record| selector.matches(&record.metadata.labels));
        }
        self.print(&records)?;
        Ok(if unreadable > 0 {
            Done::Partly
        } else {
            Done::Whole
        })
    }

    /// As Velero prints it: one that was named is the object itself.
    fn print(&self, records: &[Record]) -> Result<()> {
        if let ([record], [_]) = (records, self.names.as_slice()) {
            return self.output.print(record, || self.table(records));
        }
        let list = json!({"apiVersion": "velero.io/v1", "kind": "BackupList", "items": records});
        self.output.print(&list, || self.table(records))
    }

    fn table(&self, records: &[Record]) -> String {
        let mut names = vec!["NAME", "STATUS", "ERRORS", "WARNINGS", "CREATED", "EXPIRES"];
        if self.output.is_wide() {
            names.extend(["OBJECTS", "BYTES", "ENCRYPTED", "UID"]);
        }
        let rows: Vec<Vec<String>> = records
            .iter()
            .map(|record| row(record, self.output.is_wide()))
            .collect();
        table(&names, &rows)
    }
}

fn row(record: &Record, wide: bool) -> Vec<String> {
    let status = &record.status;
    let mut row = vec![
        record.name().to_owned(),
        status.phase.to_string(),
        status.errors.to_string(),
        status.warnings.to_string(),
        time(record.metadata.creation_timestamp),
        // What cannot be read is not taken for none.
        record.expires_at().map_or_else(|_| "?".to_owned(), time),
    ];
    if wide {
        let objects = status.progress.map(|progress| progress.items_backed_up);
        let bytes = record.archive().ok().flatten().map(|facts| facts.size);
        let number =
            |number: Option<u64>| number.map_or_else(|| "?".to_owned(), |it| it.to_string());
        let encrypted = match record.encryption() {
            Ok(None) => "no".to_owned(),
            Ok(Some(facts)) => facts.encryption.mode.to_string(),
            Err(_) => "?".to_owned(),
        };
        row.extend([
            number(objects),
            number(bytes),
            encrypted,
            record.uid().to_owned(),
        ]);
    }
    row
}

pub(super) fn time(time: Option<DateTime<Utc>>) -> String {
    time.map_or_else(
        || "n/a".to_owned(),
        |time| time.format("%Y-%m-%d %H:%M:%S +0000 UTC").to_string(),
    )
}

pub(super) fn missing(name: &str) -> Failure {
    Failure::missing(format!(
        "find backup `{name}`: there is no backup of that name"
    ))
}
