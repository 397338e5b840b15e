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

/// The setters of what makes an object, over a method `header(name, value)`.
macro_rules! object_headers {
    () => {
        /// `Content-Type`.
        pub fn content_type(self, value: impl Into<String>) -> Self {
            self.header("content-type", value)
        }

        /// User metadata, `x-oss-meta-<name>`; at most 8 KB in all.
        pub fn metadata(self, name: &str, value: impl Into<String>) -> Self {
            self.header(format!("x-oss-meta-{name}"), value)
        }

        /// Tags; at most ten.
        pub fn tags<'t>(self, tags: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
            self.header(
                "x-oss-tagging",
                crate::operations::attributes::tagging(tags),
            )
        }

        /// How it is kept; by default as the bucket says.
        pub fn storage_class(self, class: &crate::StorageClass) -> Self {
            self.header("x-oss-storage-class", class.as_str())
        }

        /// Who may read and write it.
        pub fn acl(self, acl: crate::Acl) -> Self {
            self.header("x-oss-object-acl", acl.as_str())
        }

        /// How OSS encrypts it on its disks.
        pub fn encryption(self, encryption: &crate::Encryption) -> Self {
            encryption
                .headers()
                .fold(self, |call, (name, value)| call.header(name, value))
        }
    };
}

/// The setter of the bandwidth that OSS grants a transfer.
macro_rules! traffic_limit {
    () => {
        /// The bandwidth, in bits per second: 245 760 (30 KB/s) to 838 860 800 (100 MB/s).
        pub fn traffic_limit(self, bits_per_second: u64) -> Self {
            self.header("x-oss-traffic-limit", bits_per_second.to_string())
        }
    };
}

pub(crate) use {object_headers, traffic_limit};
