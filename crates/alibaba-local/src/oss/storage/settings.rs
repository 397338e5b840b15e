//! What is set for a whole bucket.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::oss::storage::object::RetentionMode;
use crate::oss::storage::object::{Acl, StorageClass};

/// Everything about a bucket that is not an object.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) created: DateTime<Utc>,
    pub(crate) acl: Acl,
    pub(crate) storage_class: StorageClass,
    /// `LRS` or `ZRS`.
    pub(crate) redundancy: String,
    /// `None` where versioning was never switched on.
    pub(crate) versioning: Option<Versioning>,
    /// The document, as it was put.
    pub(crate) lifecycle: Option<String>,
    pub(crate) worm: Option<BucketWorm>,
    pub(crate) object_worm: Option<ObjectWorm>,
    pub(crate) overwrite: Option<OverwriteRules>,
}

impl Settings {
    pub(crate) fn new(created: DateTime<Utc>) -> Self {
        Self {
            created,
            acl: Acl::Private,
            storage_class: StorageClass::Standard,
            redundancy: "LRS".to_owned(),
            versioning: None,
            lifecycle: None,
            worm: None,
            object_worm: None,
            overwrite: None,
        }
    }
}

/// What a bucket is from the start.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BucketPreset {
    Plain,
    Versioned,
    /// Under a locked retention policy.
    Locked {
        days: u32,
    },
}

impl BucketPreset {
    pub(crate) fn settings(self, now: DateTime<Utc>) -> Settings {
        let mut settings = Settings::new(now);
        match self {
            Self::Plain => {}
            Self::Versioned => settings.versioning = Some(Versioning::Enabled),
            Self::Locked { days } => settings.worm = Some(BucketWorm::new(now, days, true)),
        }
        settings
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Versioning {
    Enabled,
    Suspended,
}

impl Versioning {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Suspended => "Suspended",
        }
    }
}

/// A retention policy of the whole bucket.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct BucketWorm {
    pub(crate) id: String,
    pub(crate) created: DateTime<Utc>,
    pub(crate) days: u32,
    pub(crate) locked: bool,
}

impl BucketWorm {
    pub(crate) fn new(now: DateTime<Utc>, days: u32, locked: bool) -> Self {
        Self {
            id: format!("{:016X}{:016X}", fastrand::u64(..), fastrand::u64(..)),
            created: now,
            days,
            locked,
        }
    }

    /// An unlocked policy lapses after a day.
    pub(crate) fn is_in_force(&self, now: DateTime<Utc>) -> bool {
        self.locked || now < self.created + TimeDelta::hours(24)
    }
}

/// Retention by object is switched on, perhaps with a default for new ones. Never off again.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct ObjectWorm {
    pub(crate) default: Option<(RetentionMode, RetentionSpan)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RetentionSpan {
    Days(u32),
    Years(u32),
}

impl RetentionSpan {
    pub(crate) fn after(self, time: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Days(days) => time + TimeDelta::days(i64::from(days)),
            Self::Years(years) => time
                .checked_add_months(chrono::Months::new(years.saturating_mul(12)))
                .unwrap_or(DateTime::<Utc>::MAX_UTC),
        }
    }
}

/// Which keys may not be written twice, and the document that said so.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OverwriteRules {
    pub(crate) document: String,
    /// Prefix and suffix.
    pub(crate) forbidden: Vec<(String, String)>,
}
