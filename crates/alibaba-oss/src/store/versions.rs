//! What OSS says of the versions of a bucket and of a key: as much as a true create needs.

use std::sync::atomic::Ordering;

use futures::TryStreamExt;

use super::known::State;
use super::oss_store::OssStore;
use crate::error::{ErrorKind, Result};
use crate::operations::versions::{ObjectVersion, Versioning};

impl OssStore {
    /// Whether the bucket keeps versions; asked for once in a while.
    pub(super) async fn versioning(&self) -> Result<State> {
        if let Some(known) = self.versioning.known(self.client.clock().local().now()) {
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
        self.versioning
            .learn(state, self.client.clock().local().now());
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
        let list = self.client.list_objects(&*self.bucket).page_size(1);
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
        let mut pages = std::pin::pin!(list.prefix(key).page_size(page).pages());
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
