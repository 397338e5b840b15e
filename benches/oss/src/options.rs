//! What is to be compared, and with whom.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::job::Job;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Measurements of each client for each job, in turns.
    #[arg(long)]
    pub(crate) pairs: Option<usize>,
    /// MiB of the large object, a multiple of 8: less makes for more and shorter pairs.
    #[arg(long, default_value_t = 1024)]
    pub(crate) large: u64,
    /// A try-out: small sizes and few pairs. Its numbers mean nothing.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Exit with 1 where a budget is missed.
    #[arg(long)]
    pub(crate) check: bool,
    /// Only these jobs.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) only: Vec<Job>,
    /// Only these peers.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) peers: Vec<Peer>,
    /// Write the results to this file: JSON where it ends in `.json`, otherwise Markdown. May be
    /// repeated.
    #[arg(long)]
    pub(crate) out: Vec<PathBuf>,
}

/// Whom alibaba-oss is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Peer {
    /// A bare loop.
    Limit,
    Opendal,
    /// opendal, and a CRC-64 that its user computes.
    OpendalCrc,
    Go,
    Python,
}
