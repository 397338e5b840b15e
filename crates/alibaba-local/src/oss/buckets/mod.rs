//! Operations on buckets.

pub(crate) mod info;
pub(crate) mod listing;
pub(crate) mod rules;
pub(crate) mod versioning;
