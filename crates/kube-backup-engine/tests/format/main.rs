//! What is written outside, and that what was written earlier is still read.

#![expect(clippy::unwrap_used, reason = "a failed test is a panic")]

#[path = "../cluster/mod.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod cluster;
mod earlier;
mod tagged;
