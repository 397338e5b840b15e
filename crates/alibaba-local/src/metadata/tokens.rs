//! Tokens of the metadata service.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;

use crate::directory::session::random_text;

/// How long a token may live, in seconds.
const LIFETIME: std::ops::RangeInclusive<i64> = 1..=21_600;

/// Tokens handed out, and when they end.
#[derive(Debug, Default)]
pub(crate) struct Tokens(Mutex<HashMap<String, DateTime<Utc>>>);

impl Tokens {
    /// A new token of this many seconds; `None` where that is no lifetime for one.
    pub(crate) fn issue(&self, seconds: &str, now: DateTime<Utc>) -> Option<String> {
        let seconds = seconds.parse().ok().filter(|s| LIFETIME.contains(s))?;
        let token = random_text(56);
        let mut tokens = self.0.lock();
        tokens.retain(|_, end| *end > now);
        tokens.insert(token.clone(), now + TimeDelta::seconds(seconds));
        Some(token)
    }

    /// Whether a token was handed out here and has not ended.
    pub(crate) fn is_good(&self, token: &str, now: DateTime<Utc>) -> bool {
        self.0.lock().get(token).is_some_and(|end| *end > now)
    }
}
