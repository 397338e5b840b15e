//! What can be said of an object when it is made: the same for every operation that makes one.

use std::fmt;

use alibaba_sign::percent;

/// How an object is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StorageClass {
    /// Read often.
    Standard,
    /// Read less than once a month; kept for 30 days at least.
    InfrequentAccess,
    /// Read less than once a quarter; kept for 60 days at least.
    Archive,
    /// Read less than once a year; kept for 180 days at least.
    ColdArchive,
    /// Hardly ever read; kept for 180 days at least.
    DeepColdArchive,
    /// Another, by the name that OSS gives it.
    Other(String),
}

impl StorageClass {
    /// OSS's name of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Standard => "Standard",
            Self::InfrequentAccess => "IA",
            Self::Archive => "Archive",
            Self::ColdArchive => "ColdArchive",
            Self::DeepColdArchive => "DeepColdArchive",
            Self::Other(name) => name,
        }
    }
}

impl From<&str> for StorageClass {
    fn from(name: &str) -> Self {
        match name {
            "Standard" => Self::Standard,
            "IA" => Self::InfrequentAccess,
            "Archive" => Self::Archive,
            "ColdArchive" => Self::ColdArchive,
            "DeepColdArchive" => Self::DeepColdArchive,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for StorageClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who may read and write an object or a bucket beside what policies say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Acl {
    /// An object: as its bucket. Buckets have no default.
    Default,
    /// The owner alone.
    Private,
    /// Everybody may read.
    PublicRead,
    /// Everybody may read and write.
    PublicReadWrite,
}

impl Acl {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [
            Self::Default,
            Self::Private,
            Self::PublicRead,
            Self::PublicReadWrite,
        ]
        .into_iter()
        .find(|acl| acl.as_str() == name)
    }

    /// OSS's name of it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Private => "private",
            Self::PublicRead => "public-read",
            Self::PublicReadWrite => "public-read-write",
        }
    }
}

/// How OSS encrypts an object on its disks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encryption {
    /// With keys of OSS.
    Aes256,
    /// With keys of OSS, by the algorithm SM4.
    Sm4,
    /// With a key of KMS: that of this id, or the account's default key for OSS.
    Kms {
        /// The id of the customer master key.
        key_id: Option<String>,
    },
}

impl Encryption {
    /// The headers that ask for it.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (String, String)> {
        let (algorithm, key) = match self {
            Self::Aes256 => ("AES256", None),
            Self::Sm4 => ("SM4", None),
            Self::Kms { key_id } => ("KMS", key_id.clone()),
        };
        let algorithm = (
            "x-oss-server-side-encryption".to_owned(),
            algorithm.to_owned(),
        );
        let key = key.map(|id| ("x-oss-server-side-encryption-key-id".to_owned(), id));
        std::iter::once(algorithm).chain(key)
    }
}

/// Tags in the form of the `x-oss-tagging` header.
pub(crate) fn tagging<'t>(tags: impl IntoIterator<Item = (&'t str, &'t str)>) -> String {
    let pairs: Vec<_> = tags
        .into_iter()
        .map(|(name, value)| format!("{}={}", percent::encode(name), percent::encode(value)))
        .collect();
    pairs.join("&")
}
