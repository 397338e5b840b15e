//! kube-local as clients see it, and beside a real API server.

#![expect(clippy::unwrap_used, reason = "a failed test is a panic")]

mod client;
mod custom_resources;
mod differential;
mod faults;
mod kube_rs;
mod kubectl;
mod reach;
