//! Writing the odd forms of Cloud Backup's parameters.

use alibaba_core::openapi::{Json, bounded};
use chrono::{DateTime, Utc};
use serde::ser::Error;
use serde::{Serialize, Serializer};

/// A time in UNIX seconds.
pub(crate) fn unix(time: DateTime<Utc>) -> i64 {
    time.timestamp()
}

/// Paths as JSON in a text of up to 255 characters.
pub(crate) fn paths(paths: Vec<String>) -> impl Serialize {
    Paths(paths)
}

/// Volumes as JSON in a text: one at least.
pub(crate) fn volumes<T: Serialize>(volumes: Vec<T>) -> Json<impl Serialize> {
    Json(bounded(volumes, 1..=u64::MAX))
}

struct Paths(Vec<String>);

impl Serialize for Paths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = serde_json::to_string(&self.0).map_err(S::Error::custom)?;
        bounded(text, 0..=255).serialize(serializer)
    }
}
