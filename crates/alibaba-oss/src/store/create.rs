//! Writing only where the key is free, on every kind of bucket.
//!
//! The oldest version wins because OSS orders the versions of a key, and a listing shows every put whose
//! response came before. The writer of the oldest version finds none older than its own, however many
//! are added later; every other writer finds one. So no two can both conclude that they won.

use std::future::Future;

use super::known::State;
use super::oss_store::OssStore;
use crate::error::{Error, ErrorKind, Result};
use crate::operations::outcome::PutOutcome;
use crate::operations::versions::ObjectVersion;

/// How many versions are read at once: more than a race has.
const PAGE: u32 = 100;

/// The one version of a bucket that keeps no others.
const NULL: &str = "null";

/// What the caller needs on a bucket with versions.
const RIGHTS: &str = "on a bucket with versions this needs the actions `oss:GetBucketVersioning`, `oss:ListObjectVersions` and `oss:DeleteObjectVersion`";

/// Why nothing was created.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Versioning is suspended: nothing can be promised.
    Suspended,
    /// Anything else, [`ErrorKind::AlreadyExists`] among it.
    Failed(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl OssStore {
    /// Runs a write that forbids overwriting, and makes sure that it did not overwrite.
    pub(super) async fn create(
        &self,
        key: &str,
        write: impl Future<Output = Result<PutOutcome>>,
    ) -> Result<PutOutcome, Refusal> {
        self.expect_free(key).await?;
        let written = write.await?;
        self.decide(key, written).await
    }

    /// Fails where the key is taken, and where creating cannot be promised, before anything is written.
    pub(super) async fn expect_free(&self, key: &str) -> Result<(), Refusal> {
        match self.versioning().await? {
            State::Never => Ok(()),
            State::Suspended => Err(Refusal::Suspended),
            State::Hidden => Err(self.denied(key).into()),
            State::Enabled => {
                let newest = self
                    .versions(key, 1, |found| !found.is_empty())
                    .await
                    .map_err(|error| match error.kind() {
                        ErrorKind::Denied => self.denied(key).with_source(error),
                        _ => error,
                    })?;
                match newest.first() {
                    Some(version) if !version.is_delete_marker => Err(self.taken(key).into()),
                    _ => Ok(()),
                }
            }
            // A put into a bucket that turns out to have versions cannot be taken back silently, so
            // it is not tried in vain.
            State::Unknown => match self.client.head_object(&self.bucket, key).await {
                Ok(_) => Err(self.taken(key).into()),
                Err(error) => match error.kind() {
                    ErrorKind::NotFound | ErrorKind::Denied => Ok(()),
                    _ => Err(error.into()),
                },
            },
        }
    }

    /// Decides, after the write, whether it was the first.
    async fn decide(&self, key: &str, written: PutOutcome) -> Result<PutOutcome, Refusal> {
        let id = match written.version_id.clone() {
            None => {
                self.learn(State::Never);
                return Ok(written);
            }
            Some(id) if id == NULL => {
                self.learn(State::Suspended);
                self.take_back_null(key, &written).await?;
                return Err(Refusal::Suspended);
            }
            Some(id) => id,
        };
        self.learn(State::Enabled);
        let enough = |found: &[ObjectVersion]| beneath(found, &id).is_some_and(|(_, whole)| whole);
        let found = match self.versions(key, PAGE, enough).await {
            Ok(found) => found,
            Err(error) => {
                self.remove_own(key, &id).await?;
                return Err(match error.kind() {
                    ErrorKind::Denied => self.denied(key).with_source(error),
                    _ => error,
                }
                .into());
            }
        };
        let Some((older, _)) = beneath(&found, &id) else {
            let text = format!(
                "create `{key}` in `{}`: its version `{id}` was removed meanwhile",
                self.bucket
            );
            return Err(Error::new(ErrorKind::Conflict, text).into());
        };
        let Some(oldest) = older.last() else {
            return Ok(written);
        };
        let mut own = vec![&id];
        let mut won = None;
        if written.attempts > 1 {
            for version in older {
                match self.is_same(key, version, &written).await {
                    Ok(false) => {}
                    Ok(true) if version.version_id == oldest.version_id => {
                        won = Some(version.version_id.clone());
                    }
                    Ok(true) => own.push(&version.version_id),
                    Err(unknown) => {
                        self.remove_own(key, &id).await?;
                        return Err(unknown.into());
                    }
                }
            }
        }
        for id in own {
            self.remove_own(key, id).await?;
        }
        match won {
            Some(id) => Ok(PutOutcome {
                version_id: Some(id),
                ..written
            }),
            None => Err(self.taken(key).into()),
        }
    }

    /// The version of a key that has these bytes: what a completion left whose response was lost.
    pub(super) async fn find_version(
        &self,
        key: &str,
        len: u64,
        crc: Option<u64>,
    ) -> Result<Option<PutOutcome>> {
        for version in self.versions(key, PAGE, |_| true).await? {
            if version.is_delete_marker || version.size != len {
                continue;
            }
            let get = self.client.get_object(&*self.bucket, key);
            let info = get.version_id(&version.version_id).info().await?;
            if info.crc.is_some() && info.crc == crc {
                return Ok(Some(PutOutcome {
                    etag: info.etag,
                    crc: info.crc,
                    version_id: Some(version.version_id),
                    verdict: crate::Verdict::Verified,
                    attempts: 1,
                }));
            }
        }
        Ok(None)
    }

    /// Whether an earlier attempt of this very write left the version: by its entity tag, or where that
    /// is no hash of the bytes, by its CRC-64.
    async fn is_same(
        &self,
        key: &str,
        version: &ObjectVersion,
        written: &PutOutcome,
    ) -> Result<bool> {
        if version.etag.is_some() && version.etag == written.etag {
            return Ok(true);
        }
        let get = self.client.get_object(&*self.bucket, key);
        match get.version_id(&version.version_id).info().await {
            Ok(info) => Ok(info.crc.is_some() && info.crc == written.crc),
            Err(error) => match error.kind() {
                ErrorKind::NotFound | ErrorKind::Denied => Ok(false),
                _ => Err(error),
            },
        }
    }

    async fn remove_own(&self, key: &str, id: &str) -> Result<()> {
        let own = self.client.delete_object(&*self.bucket, key).version_id(id);
        own.send().await.map(drop).map_err(|error| {
            let text = format!(
                "create `{key}` in `{}`: take back version `{id}`, which stays on top of another's; {RIGHTS}",
                self.bucket
            );
            Error::new(error.kind(), text).with_source(error)
        })
    }

    /// Deletes what was written before the bucket said that its versioning is suspended, unless somebody
    /// has replaced it. A marker takes the place of the version, so that no older one comes to light.
    async fn take_back_null(&self, key: &str, written: &PutOutcome) -> Result<()> {
        let current = match self.client.head_object(&self.bucket, key).await {
            Ok(current) => current,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        if current.version_id.as_deref() == Some(NULL) && current.etag == written.etag {
            self.client.delete_object(&*self.bucket, key).send().await?;
        }
        Ok(())
    }

    fn taken(&self, key: &str) -> Error {
        let text = format!("create `{key}` in `{}`: the key is taken", self.bucket);
        Error::new(ErrorKind::AlreadyExists, text)
    }

    fn denied(&self, key: &str) -> Error {
        let text = format!("create `{key}` in `{}`: {RIGHTS}", self.bucket);
        Error::new(ErrorKind::Denied, text)
    }
}

/// The versions next older than `id`, down to where the key was last deleted, and whether that place is
/// among those found; `None` where `id` is not.
fn beneath<'v>(found: &'v [ObjectVersion], id: &str) -> Option<(&'v [ObjectVersion], bool)> {
    let at = found.iter().position(|version| version.version_id == id)?;
    let older = &found[at + 1..];
    let end = older.iter().position(|version| version.is_delete_marker);
    Some((&older[..end.unwrap_or(older.len())], end.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_between_a_version_and_the_last_deletion_counts() {
        let found: Vec<_> = ["e", "d", "-c", "b", "a"]
            .iter()
            .map(|id| ObjectVersion {
                key: "k".to_owned(),
                version_id: (*id).to_owned(),
                is_latest: false,
                is_delete_marker: id.starts_with('-'),
                size: 0,
                etag: None,
                last_modified: chrono::DateTime::UNIX_EPOCH,
                storage_class: None,
            })
            .collect();
        let ids = |id| {
            let (older, whole) = beneath(&found, id)?;
            let ids: Vec<_> = older.iter().map(|version| &*version.version_id).collect();
            Some((ids.concat(), whole))
        };
        assert_eq!(ids("e"), Some(("d".to_owned(), true)));
        assert_eq!(ids("d"), Some((String::new(), true)), "the first");
        assert_eq!(ids("b"), Some(("a".to_owned(), false)));
        assert_eq!(ids("a"), Some((String::new(), false)), "the first of all");
        assert_eq!(ids("x"), None);
    }
}
