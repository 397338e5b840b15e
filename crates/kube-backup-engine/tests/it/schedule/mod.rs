//! When backups are made.

mod days;
mod decisions;
mod zones;

use chrono::{DateTime, Utc};

fn at(text: &str) -> DateTime<Utc> {
    let full = format!("{text}:00Z");
    full.parse()
        .unwrap_or_else(|error| panic!("{full}: {error}"))
}
