//! How far a restore is.

use crate::kinds::order::Tier;

/// How far a restore is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RestoreProgress {
    /// Objects chosen.
    pub total: usize,
    /// Objects done.
    pub done: usize,
    /// What is being restored now.
    pub tier: Tier,
}

pub(crate) type OnProgress = Box<dyn Fn(RestoreProgress) + Send + Sync>;
