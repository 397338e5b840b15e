//! What OSS says of the versions of a bucket and of a key: as much as a true create needs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt;

use super::OssStore;
use crate::error::{ErrorKind, Result};
use crate::operations::versions::{ObjectVersion, Versioning};

/// How long what is known of a bucket's versioning is believed. It changes once or twice in the life of
/// a bucket, if at all, and every answer to a create corrects it.
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
    denied: AtomicBool,
}

impl Known {
    fn known(&self, now: DateTime<Utc>) -> Option<State> {
        let known = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .filter(|(_, since)| now - *since < BELIEVED)
            .map(|(state, _)| state)
    }

    fn learn(&self, state: State, now: DateTime<Utc>) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = Some((state, now));
    }
}

impl OssStore {
    /// Whether the bucket keeps versions; asked for once in a while.
    pub(super) async fn versioning(&self) -> Result<State> {
        if let Some(known) = self.versioning.known(self.client.clock().now()) {
            return Ok(known);
        }
        let state = match self.ask_versioning().await? {
            Some(state) => state,
            None => self.read_versioning_off().await,
        };
        if state != State::Unknown {
            self.learn(state);
        }
        Ok(state)
    }

    pub(super) fn learn(&self, state: State) {
        self.versioning.learn(state, self.client.clock().now());
    }

    /// What GetBucketVersioning says, where the caller may ask.
    async fn ask_versioning(&self) -> Result<Option<State>> {
        let denied = &self.versioning.denied;
        if denied.load(Ordering::Relaxed) {
            return Ok(None);
        }
        match self.client.bucket_versioning(&self.bucket).await {
            Ok(None) => Ok(Some(State::Never)),
            Ok(Some(Versioning::Enabled)) => Ok(Some(State::Enabled)),
            Ok(Some(Versioning::Suspended)) => Ok(Some(State::Suspended)),
            Err(error) if error.kind() == ErrorKind::Denied => {
                denied.store(true, Ordering::Relaxed);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// What the headers of any object say: they name a version where the bucket has or had any.
    async fn read_versioning_off(&self) -> State {
        let list = self.client.list_objects(&*self.bucket).max_keys(1);
        let Ok(page) = list.send().await else {
            return State::Unknown;
        };
        let Some(object) = page.objects.first() else {
            return State::Unknown;
        };
        match self.client.head_object(&self.bucket, &object.key).await {
            Ok(info) if info.version_id.is_none() => State::Never,
            Ok(_) => State::Hidden,
            Err(_) => State::Unknown,
        }
    }

    /// The versions of a key, the newest first, page by page until there are enough.
    pub(super) async fn versions(
        &self,
        key: &str,
        page: u32,
        enough: impl Fn(&[ObjectVersion]) -> bool,
    ) -> Result<Vec<ObjectVersion>> {
        let list = self.client.list_versions(&*self.bucket);
        let mut pages = std::pin::pin!(list.prefix(key).max_keys(page).pages());
        let mut found = Vec::new();
        while let Some(page) = pages.try_next().await? {
            // Of all keys that begin so, the key itself comes first.
            let others = page.versions.iter().any(|version| version.key != key);
            found.extend(page.versions.into_iter().filter(|v| v.key == key));
            if others || enough(&found) {
                break;
            }
        }
        Ok(found)
    }
}
