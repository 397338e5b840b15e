//! When to try again, and how long to wait.

mod attempts;
mod budget;
mod jitter;
mod policy;

pub use attempts::Attempts;
pub use budget::RetryBudget;
pub use jitter::{FixedJitter, Jitter, RandomJitter, SharedJitter};
pub use policy::{Cause, Failure, RetryPolicy};
