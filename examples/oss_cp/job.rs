//! One thing to be copied.

use std::fmt;
use std::path::PathBuf;

/// A file, an object or a folder to be copied.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) from: End,
    pub(crate) to: End,
    /// Bytes, as far as they are known beforehand.
    pub(crate) len: Option<u64>,
    /// Whether something stands there that may be replaced.
    pub(crate) replace: bool,
}

/// One end of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    File(PathBuf),
    /// In a bucket it is an empty object whose key ends with a slash.
    Folder(PathBuf),
    Object(Object),
    /// Standard input, or standard output.
    Standard,
}

/// An object, by its bucket and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

impl Object {
    pub(crate) fn new(bucket: &str, key: impl Into<String>) -> Self {
        Self {
            bucket: bucket.to_owned(),
            key: key.into(),
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oss://{}/{}", self.bucket, self.key)
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Folder(path) => write!(f, "{}{}", path.display(), std::path::MAIN_SEPARATOR),
            Self::Object(object) => object.fmt(f),
            Self::Standard => f.write_str("-"),
        }
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.from, self.to)
    }
}
