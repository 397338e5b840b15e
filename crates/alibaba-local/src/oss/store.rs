//! Buckets, objects and uploads under way.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use alibaba_sign::percent;

use super::content::Content;
use super::error::OssError;

/// An object, immutable once stored.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) content: Content,
    pub(crate) facts: ObjectFacts,
}

/// What is known of an object beside its bytes. On disk, a JSON file next to them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ObjectFacts {
    pub(crate) key: String,
    pub(crate) len: u64,
    /// Upper-case, without quotes.
    pub(crate) etag: String,
    pub(crate) crc: u64,
    pub(crate) modified: DateTime<Utc>,
    /// `Normal` or `Multipart`.
    pub(crate) kind: String,
    /// `content-type`, `x-oss-meta-*` and the like, to be sent back.
    pub(crate) headers: Vec<(String, String)>,
}

/// A multipart upload under way.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) key: String,
    pub(crate) initiated: DateTime<Utc>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) parts: BTreeMap<u32, Part>,
}

/// One stored part.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) content: Content,
    pub(crate) len: u64,
    pub(crate) etag: String,
    pub(crate) crc: u64,
    pub(crate) modified: DateTime<Utc>,
}

#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) created: DateTime<Utc>,
    pub(crate) objects: BTreeMap<String, Arc<Object>>,
    pub(crate) uploads: BTreeMap<String, Upload>,
}

impl Bucket {
    fn new(created: DateTime<Utc>) -> Self {
        Self {
            created,
            objects: BTreeMap::new(),
            uploads: BTreeMap::new(),
        }
    }
}

/// Everything stored, in memory, and with a folder also on disk: `<folder>/<bucket>/<encoded key>`
/// holds an object's bytes, the same name with `.facts.json` the rest.
#[derive(Debug)]
pub(crate) struct Store {
    folder: Option<PathBuf>,
    buckets: Mutex<BTreeMap<String, Bucket>>,
}

const FACTS: &str = ".facts.json";

impl Store {
    /// Opens the folder and reads what an earlier process left there, or starts empty in memory.
    pub(crate) fn open(folder: Option<PathBuf>, now: DateTime<Utc>) -> io::Result<Self> {
        let mut buckets = BTreeMap::new();
        if let Some(folder) = &folder {
            std::fs::create_dir_all(folder)?;
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    let name = entry.file_name().to_string_lossy().into_owned();
                    buckets.insert(name, load_bucket(&entry.path(), now)?);
                }
            }
        }
        Ok(Self {
            folder,
            buckets: Mutex::new(buckets),
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
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

    pub(crate) fn create_bucket(&self, name: &str, now: DateTime<Utc>) -> io::Result<()> {
        if let Some(folder) = &self.folder {
            std::fs::create_dir_all(folder.join(name))?;
        }
        self.lock()
            .entry(name.to_owned())
            .or_insert_with(|| Bucket::new(now));
        Ok(())
    }

    pub(crate) fn remove_bucket(&self, name: &str) -> io::Result<()> {
        if let Some(folder) = &self.folder {
            std::fs::remove_dir_all(folder.join(name))?;
        }
        self.lock().remove(name);
        Ok(())
    }

    /// Where to receive a body, before anybody can see it; `None` in memory.
    pub(crate) fn incoming_file(&self, bucket: &str) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        Some(
            folder
                .join(bucket)
                .join(format!(".incoming-{:016x}", fastrand::u64(..))),
        )
    }

    /// Makes an object visible. With `create` only where the key is free.
    pub(crate) fn commit(
        &self,
        bucket: &str,
        mut object: Object,
        create: bool,
    ) -> Result<(), OssError> {
        let folder = self.folder.clone();
        self.with_bucket(bucket, |stored| {
            if create && stored.objects.contains_key(&object.facts.key) {
                discard(&object.content);
                return Err(OssError::already_exists());
            }
            if let (Some(folder), Content::File(incoming)) = (&folder, &object.content) {
                let path = folder.join(bucket).join(file_name(&object.facts.key));
                std::fs::rename(incoming, &path)
                    .and_then(|()| {
                        let facts = serde_json::to_vec(&object.facts).map_err(io::Error::other)?;
                        std::fs::write(with_suffix(&path), facts)
                    })
                    .map_err(|error| OssError::internal(&error))?;
                object.content = Content::File(path);
            }
            stored
                .objects
                .insert(object.facts.key.clone(), Arc::new(object));
            Ok(())
        })
    }

    pub(crate) fn object(&self, bucket: &str, key: &str) -> Result<Arc<Object>, OssError> {
        self.with_bucket(bucket, |stored| {
            stored
                .objects
                .get(key)
                .cloned()
                .ok_or_else(|| OssError::no_such_key(key))
        })
    }

    /// Removes an object; whether there was one does not matter to OSS.
    pub(crate) fn delete(&self, bucket: &str, key: &str) -> Result<(), OssError> {
        self.with_bucket(bucket, |stored| {
            if let Some(object) = stored.objects.remove(key) {
                discard(&object.content);
                if let Content::File(path) = &object.content {
                    // A leftover would only be read back after a restart, and then be incomplete.
                    let _ = std::fs::remove_file(with_suffix(path));
                }
            }
            Ok(())
        })
    }
}

/// Removes the file behind a content, if there is one. A reader that has it open goes on.
pub(crate) fn discard(content: &Content) {
    if let Content::File(path) = content {
        let _ = std::fs::remove_file(path);
    }
}

fn load_bucket(folder: &Path, now: DateTime<Utc>) -> io::Result<Bucket> {
    let mut bucket = Bucket::new(now);
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with(".incoming-") {
            std::fs::remove_file(&path)?;
        } else if let Some(content) = name.strip_suffix(FACTS) {
            let facts: ObjectFacts =
                serde_json::from_slice(&std::fs::read(&path)?).map_err(io::Error::other)?;
            let content = Content::File(folder.join(content));
            bucket
                .objects
                .insert(facts.key.clone(), Arc::new(Object { content, facts }));
        }
    }
    Ok(bucket)
}

/// The encoded key; where that is too long for a file name, its beginning and a hash.
fn file_name(key: &str) -> String {
    let encoded = percent::encode(key);
    if encoded.len() <= 200 && !encoded.starts_with('.') {
        return encoded;
    }
    let hash = Sha256::digest(key.as_bytes());
    let hash: String = hash
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("%{}%{hash}", encoded.chars().take(150).collect::<String>())
}

fn with_suffix(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(FACTS);
    path.with_file_name(name)
}
