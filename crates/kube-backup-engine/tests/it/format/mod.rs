//! What is written outside, and that what was written earlier is still read.

mod earlier;
mod encrypted;
mod golden;
pub(crate) mod tagged;
