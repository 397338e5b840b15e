//! Signature nonces, each good for one request.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;

/// Twice as long as a signature may be off, so that none is forgotten before it is too old.
const KEPT: TimeDelta = TimeDelta::minutes(31);

/// The nonces seen lately, with the key they were used with.
#[derive(Debug, Default)]
pub(crate) struct Nonces(Mutex<HashMap<(String, String), DateTime<Utc>>>);

impl Nonces {
    /// Uses a nonce up. Whether it was unused.
    pub(crate) fn use_up(&self, access_key_id: &str, nonce: &str, now: DateTime<Utc>) -> bool {
        let mut seen = self.0.lock();
        seen.retain(|_, when| (now - *when).abs() < KEPT);
        seen.insert((access_key_id.to_owned(), nonce.to_owned()), now)
            .is_none()
    }
}
