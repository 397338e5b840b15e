//! Everything stored, in memory, and with a folder also on disk.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use parking_lot::{Mutex, MutexGuard};

use crate::oss::error::OssError;
use crate::oss::refusal::Refusal;
use crate::oss::storage::bucket::{Bucket, Change, Deleted};
use crate::oss::storage::content::Content;
use crate::oss::storage::disk::Disk;
use crate::oss::storage::object::{Object, ObjectMeta};
use crate::oss::storage::settings::Settings;

/// The buckets of one region.
#[derive(Debug)]
pub(crate) struct Store {
    disk: Option<Disk>,
    buckets: Mutex<BTreeMap<String, Bucket>>,
}

impl Store {
    /// Opens the folder and reads what an earlier process left there, or starts empty in memory.
    pub(crate) fn open(folder: Option<PathBuf>) -> io::Result<Self> {
        let disk = folder.map(Disk::open).transpose()?;
        let buckets = match &disk {
            Some(disk) => disk.load()?,
            None => BTreeMap::new(),
        };
        Ok(Self {
            disk,
            buckets: Mutex::new(buckets),
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Bucket>> {
        self.buckets.lock()
    }

    /// Runs `f` on a bucket that must exist.
    pub(crate) fn with_bucket<T>(
        &self,
        name: &str,
        f: impl FnOnce(&mut Bucket) -> Result<T, OssError>,
    ) -> Result<T, OssError> {
        f(self
            .lock()
            .get_mut(name)
            .ok_or_else(|| OssError::no_such_bucket(name))?)
    }

    /// As [`Self::with_bucket`], its settings changed.
    pub(crate) fn change_settings<T>(
        &self,
        name: &str,
        f: impl FnOnce(&mut Bucket) -> Result<T, OssError>,
    ) -> Result<T, OssError> {
        self.with_bucket(name, |bucket| {
            let done = f(bucket)?;
            self.to_disk(|disk| disk.save_settings(name, &bucket.settings))?;
            Ok(done)
        })
    }

    /// Makes a bucket, or leaves the one that is there as it is. Whether it is new.
    pub(crate) fn create_bucket(&self, name: &str, settings: Settings) -> io::Result<bool> {
        let mut buckets = self.lock();
        if buckets.contains_key(name) {
            return Ok(false);
        }
        if let Some(disk) = &self.disk {
            disk.create_bucket(name, &settings)?;
        }
        buckets.insert(name.to_owned(), Bucket::new(settings));
        Ok(true)
    }

    pub(crate) fn remove_bucket(&self, name: &str) -> Result<(), OssError> {
        let mut buckets = self.lock();
        let bucket = buckets
            .get(name)
            .ok_or_else(|| OssError::no_such_bucket(name))?;
        if !bucket.objects.is_empty() || !bucket.uploads.is_empty() {
            return Err(OssError::refuse(
                Refusal::BUCKET_NOT_EMPTY,
                "The bucket has objects. Please delete them first.",
            )
            .with("BucketName", name));
        }
        buckets.remove(name);
        self.to_disk(|disk| disk.remove_bucket(name))
    }

    /// Where to receive a body, before anybody can see it; `None` in memory.
    pub(crate) fn incoming_file(&self, bucket: &str) -> Option<PathBuf> {
        self.disk.as_ref().map(|disk| disk.incoming_file(bucket))
    }

    /// A content of another object, to be stored a second time.
    pub(crate) fn share(&self, bucket: &str, content: &Content) -> Result<Content, OssError> {
        match &self.disk {
            Some(disk) => disk
                .link(bucket, content)
                .map_err(|error| OssError::internal(&error)),
            None => Ok(content.clone()),
        }
    }

    /// Makes an object visible. With `create` only where the key is free. The version id to
    /// response with.
    pub(crate) fn commit(
        &self,
        bucket: &str,
        object: Object,
        create: bool,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, OssError> {
        self.with_bucket(bucket, |stored| {
            let change = stored.insert(object, create, now)?;
            self.apply(bucket, &change)?;
            Ok(change
                .stored
                .and_then(|object| stored.version_of(&object.meta)))
        })
    }

    pub(crate) fn object(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> Result<Found, OssError> {
        self.with_bucket(bucket, |stored| {
            let object = stored.find(key, version)?.clone();
            Ok(Found {
                version: stored.version_of(&object.meta),
                object,
            })
        })
    }

    pub(crate) fn delete(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        bypass: bool,
        now: DateTime<Utc>,
    ) -> Result<Deleted, OssError> {
        self.with_bucket(bucket, |stored| {
            let (deleted, change) = stored.delete(key, version, bypass, now)?;
            self.apply(bucket, &change)?;
            Ok(deleted)
        })
    }

    /// Changes what is known of a version. The version id to response with.
    pub(crate) fn update<T>(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        change: impl FnOnce(&mut ObjectMeta, &Settings) -> Result<T, OssError>,
    ) -> Result<(T, Option<String>), OssError> {
        self.with_bucket(bucket, |stored| {
            let (done, object) = stored.update(key, version, change)?;
            self.to_disk(|disk| disk.save(bucket, &object))?;
            Ok((done, stored.version_of(&object.meta)))
        })
    }

    /// Carries a change of a bucket to the disk: what is new first, so that a crash in between
    /// loses nothing.
    pub(crate) fn apply(&self, bucket: &str, change: &Change) -> Result<(), OssError> {
        self.to_disk(|disk| {
            if let Some(object) = &change.stored {
                disk.save(bucket, object)?;
            }
            match (&change.removed, &change.stored) {
                // Its record has been written over.
                (Some(removed), Some(stored)) if removed.meta.version == stored.meta.version => {
                    removed.content.release();
                    // A content that both have, as an append's beginning, stays.
                    stored.content.keep();
                    Ok(())
                }
                (Some(removed), _) => disk.forget(bucket, removed),
                (None, _) => Ok(()),
            }
        })
    }

    fn to_disk(&self, f: impl FnOnce(&Disk) -> io::Result<()>) -> Result<(), OssError> {
        match &self.disk {
            Some(disk) => f(disk).map_err(|error| OssError::internal(&error)),
            None => Ok(()),
        }
    }
}

/// An object, and the version id to response with.
pub(crate) struct Found {
    pub(crate) object: Arc<Object>,
    pub(crate) version: Option<String>,
}
