//! The crate from outside, in one program: every credential source, and the default HTTP adapter.
#![cfg(feature = "reqwest")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod credential_cases;
mod http;
#[cfg(unix)]
mod official;
mod tls_beside_kube;
