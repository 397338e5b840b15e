//! Objects of buckets, for services that copy them.
//!
//! A port: the service that stores objects offers it (`Setup::offer`), those that copy them take it up
//! (`Service::connect`), and neither knows the other.

use std::fmt;
use std::io;
use std::sync::Arc;

use chrono::{DateTime, Utc};

/// Reads and writes objects, without asking anybody for rights.
pub(crate) trait Objects: fmt::Debug + Send + Sync {
    /// Whether there is such a bucket.
    fn has_bucket(&self, bucket: &str) -> bool;

    /// The keys that begin with a prefix, in order.
    fn keys(&self, bucket: &str, prefix: &str) -> io::Result<Vec<String>>;

    /// When an object was last written; none where there is no such object.
    fn modified(&self, bucket: &str, key: &str) -> io::Result<Option<DateTime<Utc>>>;

    /// Opens an object that can be read as it is.
    fn read(&self, bucket: &str, key: &str) -> io::Result<OpenObject>;

    /// Writes an object, in the place of the one there is.
    fn write(
        &self,
        bucket: &str,
        key: &str,
        headers: Vec<(String, String)>,
        body: &mut dyn io::Read,
    ) -> io::Result<()>;
}

/// An object that is being read.
pub(crate) struct OpenObject {
    pub(crate) modified: DateTime<Utc>,
    /// `content-type`, `x-oss-meta-*` and the like.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Box<dyn io::Read + Send>,
}

/// The port, as services offer it.
#[derive(Clone, Debug)]
pub(crate) struct ObjectsPort(pub(crate) Arc<dyn Objects>);
