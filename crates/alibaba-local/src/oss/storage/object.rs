//! Objects and their versions.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::oss::storage::content::Content;

/// The id of the one version that buckets without versioning, or with it suspended, keep.
pub(crate) const NULL_VERSION: &str = "null";

/// One version of an object.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) content: Content,
    pub(crate) meta: ObjectMeta,
}

/// What is known of an object beside its bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ObjectMeta {
    pub(crate) key: String,
    pub(crate) version: String,
    /// Grows with every version of the bucket: the order of what was written.
    pub(crate) sequence: u64,
    pub(crate) len: u64,
    /// Upper-case, without quotes.
    pub(crate) etag: String,
    pub(crate) content_md5: Option<String>,
    pub(crate) crc: u64,
    pub(crate) modified: DateTime<Utc>,
    pub(crate) kind: Kind,
    pub(crate) storage_class: StorageClass,
    pub(crate) acl: Acl,
    pub(crate) tags: Vec<(String, String)>,
    /// `content-type`, `x-oss-meta-*` and the like, to be sent back.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) restored: Option<Restored>,
    pub(crate) retention: Option<Retention>,
    pub(crate) legal_hold: bool,
}

/// Who may do what without being asked for rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Acl {
    /// As the bucket says; of objects only.
    #[default]
    Default,
    Private,
    PublicRead,
    PublicReadWrite,
}

impl Acl {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [
            Self::Default,
            Self::Private,
            Self::PublicRead,
            Self::PublicReadWrite,
        ]
        .into_iter()
        .find(|acl| acl.name() == text)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Private => "private",
            Self::PublicRead => "public-read",
            Self::PublicReadWrite => "public-read-write",
        }
    }
}

/// How an object is kept, and so what reading it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StorageClass {
    #[default]
    Standard,
    #[serde(rename = "IA")]
    InfrequentAccess,
    Archive,
    ColdArchive,
    DeepColdArchive,
}

impl StorageClass {
    pub(crate) const ALL: [Self; 5] = [
        Self::Standard,
        Self::InfrequentAccess,
        Self::Archive,
        Self::ColdArchive,
        Self::DeepColdArchive,
    ];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == text)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::InfrequentAccess => "IA",
            Self::Archive => "Archive",
            Self::ColdArchive => "ColdArchive",
            Self::DeepColdArchive => "DeepColdArchive",
        }
    }

    pub(crate) fn is_archived(self) -> bool {
        matches!(
            self,
            Self::Archive | Self::ColdArchive | Self::DeepColdArchive
        )
    }
}

/// The headers of a write that outlive it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attributes {
    /// Only where the key is free. Ignored by buckets that have, or had, versioning on.
    pub(crate) create: bool,
    /// The bucket's where none is named.
    pub(crate) storage_class: Option<StorageClass>,
    pub(crate) acl: Acl,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
}

/// What an object came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Normal,
    Multipart,
    Appendable,
    /// Points to a key of the same bucket.
    Symlink(String),
    DeleteMarker,
}

impl Kind {
    /// As `x-oss-object-type` has it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Multipart => "Multipart",
            Self::Appendable => "Appendable",
            Self::Symlink(_) => "Symlink",
            Self::DeleteMarker => "DeleteMarker",
        }
    }
}

/// An archived object's way back: readable from `ready` until `until`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Restored {
    pub(crate) ready: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
}

/// An object-level retention: until then, nobody deletes this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Retention {
    pub(crate) mode: RetentionMode,
    pub(crate) until: DateTime<Utc>,
}

/// Who may lift a retention before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum RetentionMode {
    /// Those who send `x-oss-bypass-governance-retention`.
    Governance,
    /// Nobody.
    Compliance,
}

impl RetentionMode {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Governance => "GOVERNANCE",
            Self::Compliance => "COMPLIANCE",
        }
    }
}

impl ObjectMeta {
    pub(crate) fn is_marker(&self) -> bool {
        self.kind == Kind::DeleteMarker
    }

    /// Whether its bytes can be read now.
    pub(crate) fn is_readable(&self, now: DateTime<Utc>) -> bool {
        !self.storage_class.is_archived()
            || self
                .restored
                .is_some_and(|restored| (restored.ready..restored.until).contains(&now))
    }

    /// The value of `x-oss-restore`.
    pub(crate) fn restore_info(&self, now: DateTime<Utc>) -> Option<String> {
        let restored = self.restored.filter(|restored| now < restored.until)?;
        Some(if now < restored.ready {
            "ongoing-request=\"true\"".to_owned()
        } else {
            format!(
                "ongoing-request=\"false\", expiry-date=\"{}\"",
                httpdate::fmt_http_date(restored.until.into())
            )
        })
    }

    /// The entity tag as it travels.
    pub(crate) fn quoted_etag(&self) -> String {
        format!("\"{}\"", self.etag)
    }

    /// Whether retention or a legal hold keeps this version, `bypass` lifting what it can.
    pub(crate) fn is_retained(&self, now: DateTime<Utc>, bypass: bool) -> bool {
        self.legal_hold
            || self.retention.is_some_and(|retention| {
                retention.until > now && !(bypass && retention.mode == RetentionMode::Governance)
            })
    }

    /// When it was last written plus some days.
    pub(crate) fn modified_plus_days(&self, days: u32) -> DateTime<Utc> {
        self.modified + TimeDelta::days(i64::from(days))
    }
}
