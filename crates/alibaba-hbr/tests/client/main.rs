//! The client of the Cloud Backup API: requests, responses, failures.

#![expect(clippy::unwrap_used, reason = "tests")]

mod failures;
mod operations;
mod requests;
mod responses;
mod stage;
mod waiting;
