//! What the benches share.
//!
//! Machines on which benches run are shared and noisy, so nothing here is about seconds alone:
//! [`Ratios`] compares two things measured in turns, [`process`] says what a process cost, and a
//! [`Report`] puts both beside the budgets they are held to.

pub mod process;
mod ratios;
mod report;

pub use ratios::{Ratios, median};
pub use report::{Budget, Machine, Report, Table};

/// What a bench can fail with is for people alone.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
