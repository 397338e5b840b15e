//! Clusters and stores of any size.

pub(crate) mod counting;
pub(crate) mod generated;
