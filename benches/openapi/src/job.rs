//! What is measured, and how the processes tell each other.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Job {
    /// Calls with ten snapshots in the answer, one after the other on one connection.
    Call,
    /// All snapshots there are, page after page.
    List,
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Call => "call",
            Self::List => "list",
        })
    }
}

/// What a client prints: of the job alone, after calls that warm up.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// Processor time of the process for one of the calls, or for the list.
    pub(crate) nanoseconds: f64,
    /// Snapshots that were read.
    pub(crate) snapshots: u64,
    /// The most memory that was resident, in bytes.
    pub(crate) peak_memory: u64,
}

/// Snapshots that a call of the first job answers with.
pub(crate) const PAGE: u32 = 10;

/// Calls before anything is measured.
pub(crate) const WARM_UP: u64 = 20;

/// Environment variables with what a client has to know; the Go client reads the same.
pub(crate) const ENDPOINT: &str = "BENCH_ENDPOINT";

pub(crate) const KEY_ID: &str = "LTAI-bench";
pub(crate) const SECRET: &str = "bench-secret";
