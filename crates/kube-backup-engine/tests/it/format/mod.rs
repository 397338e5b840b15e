//! What is written outside, and that what was written earlier is still read.

mod earlier;
mod golden;
pub(crate) mod tagged;
