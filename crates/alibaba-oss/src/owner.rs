//! Whose buckets have to be.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;

/// How long an owner is believed that was found right. Buckets do not change hands, but a name does once
/// its bucket was deleted.
const BELIEVED: TimeDelta = TimeDelta::minutes(5);

/// Whose the buckets have to be, and which were found to be.
#[derive(Debug)]
pub(crate) struct ExpectedOwner {
    id: String,
    checked: Mutex<HashMap<String, DateTime<Utc>>>,
}

impl ExpectedOwner {
    pub(crate) fn new(id: String) -> Self {
        Self {
            id,
            checked: Mutex::default(),
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Whether the bucket was found to be this account's a while ago.
    pub(crate) fn is_known(&self, bucket: &str, now: DateTime<Utc>) -> bool {
        let since = self.checked.lock().get(bucket).copied();
        since.is_some_and(|since| (now - since).abs() < BELIEVED)
    }

    pub(crate) fn learn(&self, bucket: &str, now: DateTime<Utc>) {
        self.checked.lock().insert(bucket.to_owned(), now);
    }
}
