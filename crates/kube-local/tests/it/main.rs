//! kube-local as clients see it, and beside a real API server.

#![expect(clippy::unwrap_used, reason = "a failed test is a panic")]

mod differential;
mod kube_rs;
mod reach;
