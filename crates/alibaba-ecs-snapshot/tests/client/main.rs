//! The client of ECS: requests, responses, waiting, failures.

#![expect(clippy::unwrap_used, reason = "tests")]

mod failures;
mod operations;
mod pollers;
mod requests;
mod responses;
mod stage;
