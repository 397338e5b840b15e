//! The store: a client, a bucket, and what is known of it.

use std::fmt;
use std::sync::Arc;

use super::known::Known;
use crate::client::Client;
use crate::operations::list::ListObjects;

/// What errors of `object_store` call this store.
pub(super) const STORE: &str = "OSS";

/// One bucket as an `object_store::ObjectStore`: of version 0.14 with the feature `object_store`, of
/// version 0.13 with `object_store_013`, of both with both.
///
/// ```no_run
/// # #[cfg(feature = "object_store")] mod example {
/// # use std::sync::Arc;
/// # async fn run(client: alibaba_oss::Client) -> object_store::Result<()> {
/// use object_store::{ObjectStore, ObjectStoreExt, path::Path};
///
/// let store: Arc<dyn ObjectStore> = Arc::new(alibaba_oss::OssStore::new(client, "backups"));
/// store.put(&Path::from("notes/today.txt"), "hello".into()).await?;
/// # Ok(())
/// # }
/// # }
/// ```
///
/// # Creating
///
/// `PutMode::Create`, `CopyMode::Create`, [`ForbidOverwrite`] and
/// [`OssStoreBuilder::forbid_overwrite`](crate::OssStoreBuilder::forbid_overwrite) write only where
/// the key is free: of any number of writers of one key, at most one is told that it succeeded, and
/// what it wrote stays.
///
/// - On a bucket that never had versioning, OSS ensures it (`x-oss-forbid-overwrite`).
/// - On a bucket **with versioning enabled** OSS ignores that header. There the oldest version since the
///   key was last deleted wins: each writer checks whether the key is free, writes, lists the versions
///   of the key, and removes its own again if it is not the oldest. Until then a reader may see
///   the bytes of the loser, and for good if the loser dies in between. This needs the
///   actions `oss:GetBucketVersioning`, `oss:ListObjectVersions` and `oss:DeleteObjectVersion`;
///   without them it is refused with `PermissionDenied` before anything is written.
/// - On a bucket **with versioning suspended** it is refused with `NotImplemented`: a put replaces the one
///   version there is, for good, and leaves no trace of a race.
///
/// The state of the bucket is queried once every five minutes. Callers without the action
/// `oss:GetBucketVersioning` are not refused on buckets that never had versioning: the headers of an
/// existing object tell, and in an empty bucket the response to the first write does.
///
/// # Not promised
///
/// - `PutMode::Update` is not implemented: OSS has no conditional put.
/// - Keys that `object_store::path::Path` cannot express, such as `a//b`, are left out of listings with
///   a warning.
#[derive(Clone, Debug)]
pub struct OssStore {
    pub(super) client: Client,
    pub(super) bucket: Arc<str>,
    pub(super) forbid_overwrite: bool,
    pub(super) versioning: Arc<Known>,
}

/// Put into the extensions of `object_store::PutMultipartOptions`: the upload completes only where the
/// key is free.
#[derive(Clone, Copy, Debug)]
pub struct ForbidOverwrite;

impl OssStore {
    /// A store over a bucket in the client's region. [`Self::builder`] has options.
    pub fn new(client: Client, bucket: impl Into<Arc<str>>) -> Self {
        Self {
            client,
            bucket: bucket.into(),
            forbid_overwrite: false,
            versioning: Arc::new(Known::default()),
        }
    }

    /// The client it uses.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The bucket.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    pub(super) fn listing(&self, prefix: Option<&str>) -> ListObjects {
        let list = self.client.list_objects(&*self.bucket);
        match prefix.filter(|prefix| !prefix.is_empty()) {
            Some(prefix) => list.prefix(format!("{prefix}/")),
            None => list,
        }
    }
}

impl fmt::Display for OssStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oss://{} at {}", self.bucket, self.client.endpoint())
    }
}
