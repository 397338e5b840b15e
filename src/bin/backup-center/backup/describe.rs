//! `backup describe`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ack_backup_center::engine::volumes::BackedUpVolume;
use ack_backup_center::engine::{OpenBackup, Record, Results};
use clap::Args;
use serde_json::{Value, json};

use super::get::time;
use crate::exit::{Done, Result};
use crate::location::repository;
use crate::output::Output;
use crate::place::Place;

#[derive(Args, Debug)]
pub(crate) struct Describe {
    /// The backup.
    name: String,
    /// Name every object, too.
    #[arg(long)]
    details: bool,
    #[command(flatten)]
    output: Output,
}

/// What is beside the record.
struct Beside {
    results: Results,
    volumes: Vec<BackedUpVolume>,
    resources: Option<BTreeMap<String, Vec<String>>>,
}

impl Describe {
    pub(crate) async fn run(self, place: &Place) -> Result<Done> {
        let backup = repository(place)?.open(&self.name).await?;
        let beside = Beside {
            results: backup.results().await?.unwrap_or_default(),
            volumes: backup.volumes().await?,
            resources: match self.details {
                true => backup.resource_list().await?,
                false => None,
            },
        };
        self.output
            .print(&value(&backup, &beside), || text(&backup, &beside))?;
        Ok(Done::Whole)
    }
}

fn value(backup: &OpenBackup, beside: &Beside) -> Value {
    let mut value = json!({
        "backup": backup.record(),
        "recordSha256": backup.record_sha256(),
        "seal": backup.seal(),
        "results": beside.results,
        "volumes": beside.volumes,
    });
    if let Some(resources) = &beside.resources {
        value["resources"] = json!(resources);
    }
    value
}

/// In the words and the order of `velero backup describe`.
fn text(backup: &OpenBackup, beside: &Beside) -> String {
    let record = backup.record();
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        // A `String` takes everything.
        let _ = writeln!(text, "{:<28}{value}", format!("{name}:"));
    };
    line("Name", record.name().to_owned());
    let labels = record.metadata.labels.iter();
    let labels: Vec<String> = labels
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    line("Labels", or_none(labels.join(", ")));
    line("Phase", record.status.phase.to_string());
    line("Errors", record.status.errors.to_string());
    line("Warnings", record.status.warnings.to_string());
    for (name, field) in [
        ("Namespaces included", "includedNamespaces"),
        ("Namespaces excluded", "excludedNamespaces"),
        ("Resources included", "includedResources"),
        ("Resources excluded", "excludedResources"),
        ("Cluster-scoped", "includeClusterResources"),
        ("Label selector", "labelSelector"),
        ("Or label selector", "orLabelSelectors"),
    ] {
        line(name, of_spec(record, field));
    }
    line("Started", time(record.status.start_timestamp));
    line("Completed", time(record.status.completion_timestamp));
    let expires = record.expires_at();
    line(
        "Expiration",
        expires.map_or_else(|error| error.chain(), time),
    );
    if let Some(progress) = record.status.progress {
        line("Items backed up", progress.items_backed_up.to_string());
    }
    match record.point_in_time() {
        Ok(Some(point)) if point.is_one() => {
            line(
                "Point in time",
                format!("resourceVersion {}", point.resource_version),
            );
        }
        Ok(Some(point)) => {
            let except: Vec<&str> = point.except.keys().map(String::as_str).collect();
            let except = except.join(", ");
            line(
                "Point in time",
                format!("resourceVersion {}, but {except}", point.resource_version),
            );
        }
        Ok(None) => line("Point in time", "unknown".to_owned()),
        Err(error) => line("Point in time", error.chain()),
    }
    match record.encryption() {
        Ok(None) => line("Encrypted", "no".to_owned()),
        Ok(Some(facts)) => {
            let to: Vec<String> = facts
                .encryption
                .recipients
                .iter()
                .map(ToString::to_string)
                .collect();
            line(
                "Encrypted",
                format!("{}, to {}", facts.encryption.mode, to.join(", ")),
            );
        }
        Err(error) => line("Encrypted", error.chain()),
    }
    line(
        "Seal",
        backup.seal().map_or_else(
            || "it was not held to one; see --trust".to_owned(),
            ToString::to_string,
        ),
    );
    line("Record SHA-256", backup.record_sha256().to_string());
    line("UID", record.uid().to_owned());
    text.push_str(&volumes(&beside.volumes));
    for (name, messages) in [
        ("Error", &beside.results.errors),
        ("Warning", &beside.results.warnings),
    ] {
        for message in messages.messages() {
            let _ = writeln!(text, "{name}: {}", message.escape_debug());
        }
    }
    for (kind, names) in beside.resources.iter().flatten() {
        let _ = writeln!(text, "{}:", kind.escape_debug());
        for name in names {
            let _ = writeln!(text, "  - {}", name.escape_debug());
        }
    }
    text
}

fn volumes(volumes: &[BackedUpVolume]) -> String {
    let mut text = String::new();
    for volume in volumes {
        let state = volume.record.as_ref().map(|record| {
            let restorable = record.state.is_restorable();
            if restorable {
                "can be restored"
            } else {
                "cannot be restored"
            }
        });
        let _ = writeln!(
            text,
            "Volume of claim {}: {}{}",
            volume.claim,
            volume.decision,
            state.map(|state| format!("; {state}")).unwrap_or_default()
        );
    }
    text
}

fn of_spec(record: &Record, field: &str) -> String {
    match record.spec.get(field) {
        None | Some(Value::Null) => or_none(String::new()),
        Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
            let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            or_none(items.join(", "))
        }
        Some(Value::Bool(true)) => "included".to_owned(),
        Some(Value::Bool(false)) => "excluded".to_owned(),
        Some(value) => value.to_string(),
    }
}

fn or_none(text: String) -> String {
    match text.is_empty() {
        true => "<none>".to_owned(),
        false => text,
    }
}
