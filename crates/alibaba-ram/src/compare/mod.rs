//! Policies beside policies, and beside what is needed.

mod classes;
mod diff;
mod missing;
mod set;

pub use classes::TooComplex;
pub use diff::{Change, ChangeKind, Diff, diff};
pub use missing::{Missing, Required, missing};
pub use set::PatternSet;

pub(crate) use classes::overlap;
