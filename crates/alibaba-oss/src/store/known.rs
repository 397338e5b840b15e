//! What is known of a bucket's versioning, for a while.

use std::sync::atomic::AtomicBool;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;

/// How long what is known of a bucket's versioning is believed. It changes once or twice in the life of
/// a bucket, if at all, and every response to a create corrects it.
const BELIEVED: TimeDelta = TimeDelta::minutes(5);

/// Whether a bucket keeps versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It never did: `x-oss-forbid-overwrite` holds.
    Never,
    /// It does.
    Enabled,
    /// It did, and now has one version, `null`, that each put replaces.
    Suspended,
    /// It does or did, and the caller may not ask which.
    Hidden,
    /// The caller may not ask, and there is no object to tell.
    Unknown,
}

/// What is known of a bucket's versioning, and since when.
#[derive(Debug, Default)]
pub(super) struct Known {
    state: Mutex<Option<(State, DateTime<Utc>)>>,
    /// Whether the caller may not ask: it is not asked again then.
    pub(super) denied: AtomicBool,
}

impl Known {
    pub(super) fn known(&self, now: DateTime<Utc>) -> Option<State> {
        let known = *self.state.lock();
        known
            .filter(|(_, since)| now - *since < BELIEVED)
            .map(|(state, _)| state)
    }

    pub(super) fn learn(&self, state: State, now: DateTime<Utc>) {
        *self.state.lock() = Some((state, now));
    }
}
