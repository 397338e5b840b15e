//! Operations on buckets.

pub(crate) mod create;
pub(crate) mod info;
pub(crate) mod lifecycle;
pub(crate) mod listing;
pub(crate) mod name;
pub(crate) mod versioning;
