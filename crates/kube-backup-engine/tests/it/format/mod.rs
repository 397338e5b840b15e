//! What is written outside, and that what was written earlier is still read.

mod earlier;
mod golden;
mod tagged;
