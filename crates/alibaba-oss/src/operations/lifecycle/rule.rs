//! What a lifecycle rule says.

use chrono::{DateTime, Utc};

use crate::operations::attributes::StorageClass;

/// A lifecycle rule.
///
/// What a rule that was read has beside these fields (filters, access times) is kept as it is
/// written, and goes back with it: reading all rules, changing one and putting them loses nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LifecycleRule {
    /// Its name, unique in the bucket; OSS gives one where none is given.
    pub id: Option<String>,
    /// Only keys that begin so; empty for all.
    pub prefix: String,
    /// Only objects with these tags.
    pub tags: Vec<(String, String)>,
    /// Whether it is carried out.
    pub enabled: bool,
    /// When objects are deleted.
    pub expiration: Option<Expiration>,
    /// When objects change their class.
    pub transitions: Vec<Transition>,
    /// When uploads are aborted that were not completed.
    pub abort_uploads: Option<Due>,
    /// This many days after they were overwritten or deleted, versions are deleted for good.
    pub noncurrent_expiration_days: Option<u32>,
    /// When versions that were overwritten or deleted change their class.
    pub noncurrent_transitions: Vec<NoncurrentTransition>,
    /// Elements that are not known here, as they were read.
    pub(super) other: String,
}

/// When something is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Due {
    /// This many days after the last modification, or the beginning of an upload.
    Days(u32),
    /// At once for what was last modified before this day, which has to begin at midnight UTC.
    CreatedBefore(DateTime<Utc>),
}

/// What is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expiration {
    /// Objects, when they are due.
    Objects(Due),
    /// Delete markers under which no version is left.
    OrphanedDeleteMarkers,
}

/// What changes its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// When.
    pub due: Due,
    /// Into which class.
    pub storage_class: StorageClass,
}

/// Which versions change their class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoncurrentTransition {
    /// This many days after they were overwritten or deleted.
    pub days: u32,
    /// Into which class.
    pub storage_class: StorageClass,
}

impl LifecycleRule {
    /// A rule for keys that begin so, carried out once it says what to do.
    ///
    /// ```
    /// use alibaba_oss::{Due, Expiration, LifecycleRule};
    ///
    /// let mut rule = LifecycleRule::new("nightly/");
    /// rule.id = Some("forget-nightly".to_owned());
    /// rule.expiration = Some(Expiration::Objects(Due::Days(30)));
    /// rule.abort_uploads = Some(Due::Days(7));
    /// ```
    #[must_use]
    pub fn new(prefix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            enabled: true,
            ..Self::default()
        }
    }
}
