//! What keeps objects from being changed: retention of buckets and of objects.

pub(crate) mod retention;
pub(crate) mod worm;
