//! What is stored: buckets, objects and their bytes, in memory or on disk.

pub(crate) mod bucket;
pub(crate) mod content;
pub(crate) mod disk;
pub(crate) mod object;
pub(crate) mod settings;
pub(crate) mod sink;
pub(crate) mod store;
pub(crate) mod upload;
