//! The client of STS, which is in the core, held to the facts of the official SDK as those of the other products are.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sts;
