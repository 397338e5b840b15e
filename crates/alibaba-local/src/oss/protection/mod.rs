//! What keeps objects from being changed: retention of buckets and of objects, overwrite rules.

pub(crate) mod overwrite;
pub(crate) mod retention;
pub(crate) mod worm;
