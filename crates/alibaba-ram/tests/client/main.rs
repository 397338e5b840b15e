//! The client of the RAM API: requests, responses, failures.

#![expect(clippy::unwrap_used, reason = "tests")]

mod failures;
mod operations;
mod requests;
mod responses;
mod stage;
