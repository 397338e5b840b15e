//! What a run can be told.

use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Measurements of each client at each job, in turns.
    #[arg(long, default_value_t = 15)]
    pub(crate) pairs: usize,
    /// Calls in one measurement.
    #[arg(long, default_value_t = 1000)]
    pub(crate) calls: u64,
    /// Snapshots that are listed.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) snapshots: u64,
    /// A try-out: few and short measurements. Its numbers mean nothing.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Exit with 1 where a budget is missed.
    #[arg(long)]
    pub(crate) check: bool,
    /// Write the results to this file: JSON where it ends in `.json`, otherwise Markdown. May be
    /// repeated.
    #[arg(long)]
    pub(crate) out: Vec<PathBuf>,
}
