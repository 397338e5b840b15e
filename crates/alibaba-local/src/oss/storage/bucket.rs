//! A bucket: the versions of its objects, and the rules of writing and deleting.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::oss::error::OssError;
use crate::oss::refusal::Refusal;
use crate::oss::storage::content::Content;
use crate::oss::storage::object::{Kind, NULL_VERSION, Object, ObjectMeta, Retention};
use crate::oss::storage::settings::{Settings, Versioning};
use crate::oss::storage::upload::Upload;

/// What a delete did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Deleted {
    /// Of the version removed or the marker added, in buckets with versions.
    pub(crate) version: Option<String>,
    /// A marker was added, or the version removed was one.
    pub(crate) marker: bool,
}

/// What has to happen on disk after a change.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) stored: Option<Arc<Object>>,
    pub(crate) removed: Option<Arc<Object>>,
}

#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) settings: Settings,
    /// Versions of each key, the newest last; never empty.
    pub(crate) objects: BTreeMap<String, Vec<Arc<Object>>>,
    pub(crate) uploads: BTreeMap<String, Upload>,
    pub(crate) next_sequence: u64,
}

impl Bucket {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            objects: BTreeMap::new(),
            uploads: BTreeMap::new(),
            next_sequence: 1,
        }
    }

    /// The current version, which may be a delete marker.
    pub(crate) fn newest(&self, key: &str) -> Option<&Arc<Object>> {
        self.objects.get(key).and_then(|versions| versions.last())
    }

    /// The version asked for, or the current one.
    pub(crate) fn find(&self, key: &str, version: Option<&str>) -> Result<&Arc<Object>, OssError> {
        let Some(version) = version else {
            return match self.newest(key) {
                Some(object) if object.meta.is_marker() => Err(OssError::no_such_key(key)
                    .header("x-oss-delete-marker", "true")
                    .header("x-oss-version-id", &object.meta.version)),
                Some(object) => Ok(object),
                None => Err(OssError::no_such_key(key)),
            };
        };
        let found = self
            .objects
            .get(key)
            .and_then(|versions| versions.iter().find(|o| o.meta.version == version))
            .ok_or_else(|| OssError::no_such_version(key, version))?;
        if found.meta.is_marker() {
            return Err(OssError::refuse(
                Refusal::METHOD_NOT_ALLOWED,
                "The specified method is not allowed against this resource.",
            )
            .with("ResourceType", "DeleteMarker")
            .header("allow", "DELETE")
            .header("x-oss-delete-marker", "true")
            .header("x-oss-version-id", version));
        }
        Ok(found)
    }

    /// The id to name in responses about an object: buckets without versions name none.
    pub(crate) fn version_of(&self, meta: &ObjectMeta) -> Option<String> {
        self.settings
            .versioning
            .is_some()
            .then(|| meta.version.clone())
    }

    /// Whether a key may be written now: forbid-overwrite, overwrite rules, retention.
    pub(crate) fn check_write(
        &self,
        key: &str,
        create: bool,
        now: DateTime<Utc>,
    ) -> Result<(), OssError> {
        let Some(newest) = self.newest(key).filter(|newest| !newest.meta.is_marker()) else {
            return Ok(());
        };
        // "When versioning is enabled or suspended for the destination bucket, the
        // x-oss-forbid-overwrite header is invalid" (PutObject).
        if create && self.settings.versioning.is_none() {
            return Err(OssError::already_exists());
        }
        let forbidden = self
            .settings
            .overwrite
            .iter()
            .flat_map(|rules| &rules.forbidden)
            .any(|(prefix, suffix)| {
                key.starts_with(prefix.as_str()) && key.ends_with(suffix.as_str())
            });
        if forbidden {
            return Err(OssError::already_exists());
        }
        let replaced = match self.settings.versioning {
            Some(Versioning::Enabled) => None,
            Some(Versioning::Suspended) => self.null_version(key),
            None => Some(newest),
        };
        match replaced {
            Some(object) if self.is_kept(&object.meta, now, false) => Err(OssError::immutable()),
            _ => Ok(()),
        }
    }

    /// Makes an object the current version of its key.
    pub(crate) fn insert(
        &mut self,
        mut object: Object,
        create: bool,
        now: DateTime<Utc>,
    ) -> Result<Change, OssError> {
        self.check_write(&object.meta.key, create, now)?;
        if let Some((mode, span)) = self.settings.object_worm.and_then(|worm| worm.default)
            && !object.meta.is_marker()
        {
            object.meta.retention = Some(Retention {
                mode,
                until: span.after(now),
            });
        }
        Ok(self.push(object))
    }

    /// Puts a version on top, in the place of the null version where versions are not kept.
    fn push(&mut self, mut object: Object) -> Change {
        object.meta.sequence = self.next_sequence;
        self.next_sequence += 1;
        let keeps_versions = self.settings.versioning == Some(Versioning::Enabled);
        object.meta.version = if keeps_versions {
            new_version_id(object.meta.sequence)
        } else {
            NULL_VERSION.to_owned()
        };
        let key = object.meta.key.clone();
        let removed = if keeps_versions {
            None
        } else {
            self.take(&key, NULL_VERSION)
        };
        let object = Arc::new(object);
        self.objects.entry(key).or_default().push(object.clone());
        Change {
            stored: Some(object),
            removed,
        }
    }

    /// Deletes: by removing the object, by a marker, or by removing the named version.
    pub(crate) fn delete(
        &mut self,
        key: &str,
        version: Option<&str>,
        bypass: bool,
        now: DateTime<Utc>,
    ) -> Result<(Deleted, Change), OssError> {
        let version = match (version, self.settings.versioning) {
            (Some(version), _) => version,
            (None, None) => NULL_VERSION,
            (None, Some(_)) => return self.mark_deleted(key, now),
        };
        let Some(object) = self
            .objects
            .get(key)
            .and_then(|versions| versions.iter().find(|o| o.meta.version == version))
        else {
            // Deleting what is not there succeeds.
            let deleted = Deleted {
                version: self.settings.versioning.map(|_| version.to_owned()),
                marker: false,
            };
            return Ok((deleted, Change::default()));
        };
        if self.is_kept(&object.meta, now, bypass) {
            return Err(OssError::immutable());
        }
        let deleted = Deleted {
            version: self.version_of(&object.meta),
            marker: object.meta.is_marker(),
        };
        let removed = self.take(key, version);
        Ok((
            deleted,
            Change {
                stored: None,
                removed,
            },
        ))
    }

    fn mark_deleted(
        &mut self,
        key: &str,
        now: DateTime<Utc>,
    ) -> Result<(Deleted, Change), OssError> {
        if self.settings.versioning == Some(Versioning::Suspended)
            && self
                .null_version(key)
                .is_some_and(|object| self.is_kept(&object.meta, now, false))
        {
            return Err(OssError::immutable());
        }
        let received = crate::oss::storage::sink::Received {
            content: Content::default(),
            len: 0,
            crc: 0,
            md5: None,
        };
        let meta = crate::oss::storage::object::Attributes::default().object(
            key,
            Kind::DeleteMarker,
            &received,
            now,
        );
        let change = self.push(Object {
            content: received.content,
            meta,
        });
        let version = change.stored.as_ref().map(|o| o.meta.version.clone());
        Ok((
            Deleted {
                version,
                marker: true,
            },
            change,
        ))
    }

    /// Changes the meta of one version, its bytes untouched.
    pub(crate) fn update<T>(
        &mut self,
        key: &str,
        version: Option<&str>,
        change: impl FnOnce(&mut ObjectMeta, &Settings) -> Result<T, OssError>,
    ) -> Result<(T, Arc<Object>), OssError> {
        let id = self.find(key, version)?.meta.version.clone();
        let object = self
            .objects
            .get_mut(key)
            .and_then(|versions| versions.iter_mut().find(|o| o.meta.version == id))
            .ok_or_else(|| OssError::no_such_key(key))?;
        let mut changed = Object::clone(object);
        let done = change(&mut changed.meta, &self.settings)?;
        *object = Arc::new(changed);
        Ok((done, object.clone()))
    }

    /// Puts other bytes and meta in the place of the current version.
    pub(crate) fn replace_newest(&mut self, key: &str, object: Object) {
        if let Some(newest) = self.objects.get_mut(key).and_then(|list| list.last_mut()) {
            *newest = Arc::new(object);
        }
    }

    /// Whether anything keeps this version from being removed.
    pub(crate) fn is_kept(&self, meta: &ObjectMeta, now: DateTime<Utc>, bypass: bool) -> bool {
        meta.is_retained(now, bypass)
            || self.settings.worm.as_ref().is_some_and(|worm| {
                worm.is_in_force(now) && now < meta.modified_plus_days(worm.days)
            })
    }

    fn null_version(&self, key: &str) -> Option<&Arc<Object>> {
        self.objects
            .get(key)?
            .iter()
            .find(|object| object.meta.version == NULL_VERSION)
    }

    fn take(&mut self, key: &str, version: &str) -> Option<Arc<Object>> {
        let versions = self.objects.get_mut(key)?;
        let at = versions.iter().position(|o| o.meta.version == version)?;
        let removed = versions.remove(at);
        if versions.is_empty() {
            self.objects.remove(key);
        }
        Some(removed)
    }
}

/// Opaque, and like OSS's in its letters.
fn new_version_id(sequence: u64) -> String {
    format!(
        "CAEQ{sequence:08X}{:016x}{:016x}",
        fastrand::u64(..),
        fastrand::u64(..)
    )
}
