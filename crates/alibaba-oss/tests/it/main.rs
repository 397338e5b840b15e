//! The client against a local OSS that verifies every signature.
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a setup that fails is a failed test, and one binary holds them all"
)]

mod any_response;
mod buckets;
mod calls;
mod cloud;
mod config;
mod copies;
mod creates;
mod files;
mod integrity;
mod keys;
mod not_plain;
mod object_store;
mod objects;
mod operations;
mod presign;
mod proxy;
mod recorded;
mod refusals;
mod responses;
mod safeguards;
mod signatures;
mod transfers;
mod trouble;
mod versions;
