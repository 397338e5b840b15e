//! Buckets in a folder: `bucket.json`, one file of meta a version in `objects`, bytes in `data`.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use alibaba_sign::percent;

use crate::oss::storage::bucket::Bucket;
use crate::oss::storage::content::{Content, DataFile, Segment};
use crate::oss::storage::object::{Object, ObjectMeta};
use crate::oss::storage::settings::Settings;

const SETTINGS: &str = "bucket.json";
const OBJECTS: &str = "objects";
const DATA: &str = "data";

/// A version as it is written down.
#[derive(Serialize, Deserialize)]
struct Saved {
    #[serde(rename = "facts")]
    meta: ObjectMeta,
    segments: Vec<SavedSegment>,
}

/// A stretch of a file in `data`.
#[derive(Serialize, Deserialize)]
struct SavedSegment {
    file: String,
    from: u64,
    len: u64,
}

/// The folder that buckets are kept in.
#[derive(Debug)]
pub(crate) struct Disk(PathBuf);

impl Disk {
    pub(crate) fn open(folder: PathBuf) -> io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    /// Reads what an earlier process left here. Bytes that nothing stored needs are removed.
    pub(crate) fn load(&self) -> io::Result<BTreeMap<String, Bucket>> {
        let mut buckets = BTreeMap::new();
        for entry in std::fs::read_dir(&self.0)? {
            let folder = entry?.path();
            if folder.join(SETTINGS).is_file() {
                let name = file_name(&folder);
                buckets.insert(name, load_bucket(&folder)?);
            }
        }
        Ok(buckets)
    }

    pub(crate) fn create_bucket(&self, name: &str, settings: &Settings) -> io::Result<()> {
        std::fs::create_dir_all(self.0.join(name).join(OBJECTS))?;
        std::fs::create_dir_all(self.0.join(name).join(DATA))?;
        self.save_settings(name, settings)
    }

    pub(crate) fn remove_bucket(&self, name: &str) -> io::Result<()> {
        std::fs::remove_dir_all(self.0.join(name))
    }

    pub(crate) fn save_settings(&self, bucket: &str, settings: &Settings) -> io::Result<()> {
        write_json(&self.0.join(bucket).join(SETTINGS), settings)
    }

    /// Where to receive a body.
    pub(crate) fn incoming_file(&self, bucket: &str) -> PathBuf {
        let name = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
        self.0.join(bucket).join(DATA).join(name)
    }

    /// Writes a version down and keeps its bytes.
    pub(crate) fn save(&self, bucket: &str, object: &Object) -> io::Result<()> {
        let segments = object
            .content
            .segments()
            .iter()
            .filter_map(|segment| match segment {
                Segment::File { file, from, len } => Some(SavedSegment {
                    file: file_name(file.path()),
                    from: *from,
                    len: *len,
                }),
                Segment::Memory(_) | Segment::Repeated { .. } => None,
            })
            .collect();
        let saved = Saved {
            meta: object.meta.clone(),
            segments,
        };
        write_json(&self.meta_file(bucket, &object.meta), &saved)?;
        object.content.keep();
        Ok(())
    }

    /// Forgets a version. Its bytes go when the last reader is done.
    pub(crate) fn forget(&self, bucket: &str, object: &Object) -> io::Result<()> {
        object.content.release();
        std::fs::remove_file(self.meta_file(bucket, &object.meta))
    }

    /// A second name for the files of a content, so that each owner can remove its own.
    pub(crate) fn link(&self, bucket: &str, content: &Content) -> io::Result<Content> {
        let mut linked: HashMap<PathBuf, Arc<DataFile>> = HashMap::new();
        let mut segments = Vec::with_capacity(content.segments().len());
        for segment in content.segments() {
            segments.push(match segment {
                Segment::File { file, from, len } => {
                    let link = match linked.get(file.path()) {
                        Some(link) => link.clone(),
                        None => {
                            let path = self.incoming_file(bucket);
                            std::fs::hard_link(file.path(), &path)
                                .or_else(|_| std::fs::copy(file.path(), &path).map(drop))?;
                            let link = Arc::new(DataFile::new(path, false));
                            linked.insert(file.path().to_owned(), link.clone());
                            link
                        }
                    };
                    Segment::File {
                        file: link,
                        from: *from,
                        len: *len,
                    }
                }
                other => other.clone(),
            });
        }
        Ok(Content::new(segments))
    }

    fn meta_file(&self, bucket: &str, meta: &ObjectMeta) -> PathBuf {
        let name = format!("{},{}.json", key_name(&meta.key), meta.version);
        self.0.join(bucket).join(OBJECTS).join(name)
    }
}

fn load_bucket(folder: &Path) -> io::Result<Bucket> {
    let mut bucket = Bucket::new(read_json(&folder.join(SETTINGS))?);
    let mut files: HashMap<String, Arc<DataFile>> = HashMap::new();
    let mut objects = Vec::new();
    for entry in std::fs::read_dir(folder.join(OBJECTS))? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            // The write of a record that was never finished.
            std::fs::remove_file(&path)?;
            continue;
        }
        let saved: Saved = read_json(&path)?;
        let segments = saved
            .segments
            .into_iter()
            .map(|segment| Segment::File {
                file: files
                    .entry(segment.file.clone())
                    .or_insert_with(|| {
                        Arc::new(DataFile::new(folder.join(DATA).join(&segment.file), true))
                    })
                    .clone(),
                from: segment.from,
                len: segment.len,
            })
            .collect();
        objects.push(Object {
            content: Content::new(segments),
            meta: saved.meta,
        });
    }
    for entry in std::fs::read_dir(folder.join(DATA))? {
        let path = entry?.path();
        if !files.contains_key(&file_name(&path)) {
            std::fs::remove_file(&path)?;
        }
    }
    objects.sort_by_key(|object| object.meta.sequence);
    for object in objects {
        bucket.next_sequence = object.meta.sequence + 1;
        bucket
            .objects
            .entry(object.meta.key.clone())
            .or_default()
            .push(Arc::new(object));
    }
    Ok(bucket)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<T> {
    serde_json::from_slice(&std::fs::read(path)?).map_err(io::Error::other)
}

/// Whole or not at all: a killed process leaves the old file or the new one.
fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let json = serde_json::to_vec(value).map_err(io::Error::other)?;
    let temporary = path.with_extension(format!("{:016x}", fastrand::u64(..)));
    std::fs::write(&temporary, json)?;
    std::fs::rename(temporary, path)
}

/// The encoded key; where that is too long for a file name, its beginning and a hash.
fn key_name(key: &str) -> String {
    let encoded = percent::encode(key);
    if encoded.len() <= 150 {
        return encoded;
    }
    let hash = Sha256::digest(key.as_bytes());
    let hash: String = hash
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{},{hash}", encoded.chars().take(100).collect::<String>())
}
