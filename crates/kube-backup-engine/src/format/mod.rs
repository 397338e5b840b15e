//! Every name that is written outside.

pub(crate) mod entries;
pub(crate) mod keys;
