//! What the fuzzers in `fuzz/` call: one function a target.
//!
//! Each takes any bytes, drives a parser by its public interface, and panics where something that
//! must hold does not. They live here, and not in `fuzz/`, so that plain tests can call them too:
//! `tests/seeds.rs` runs every committed input through its target, without a fuzzer.

#[cfg(feature = "alibaba")]
mod addon_token;
#[cfg(feature = "alibaba")]
mod address;
#[cfg(feature = "alibaba")]
mod authorization;
#[cfg(feature = "engine")]
mod backups;
#[cfg(feature = "engine")]
mod encrypted;
#[cfg(feature = "oss")]
mod oss_response;
#[cfg(feature = "alibaba")]
mod percent;
#[cfg(feature = "alibaba")]
mod policy;
#[cfg(feature = "alibaba")]
mod profiles;
#[cfg(feature = "alibaba")]
mod refusal;
#[cfg(feature = "engine")]
mod seals;
#[cfg(feature = "alibaba")]
mod world;

#[cfg(feature = "alibaba")]
pub use {
    addon_token::addon_token,
    address::address,
    authorization::{authorization, presigned_url},
    percent::percent,
    policy::ram_policy,
    profiles::{cli_profile, ini_profile},
    refusal::service_error,
};

#[cfg(feature = "oss")]
pub use oss_response::{check as check_oss_response, oss_response};

#[cfg(feature = "engine")]
pub use {
    backups::{backup_archive, backup_index, backup_record},
    encrypted::backup_encrypted,
    seals::backup_seal,
};

/// A target: its name, which is also that of its seeds' folder, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// Every target of this crate's features.
pub const TARGETS: &[Target] = &[
    #[cfg(feature = "alibaba")]
    ("addon_token", addon_token),
    #[cfg(feature = "alibaba")]
    ("address", address),
    #[cfg(feature = "alibaba")]
    ("authorization", authorization),
    #[cfg(feature = "engine")]
    ("backup_archive", backup_archive),
    #[cfg(feature = "engine")]
    ("backup_encrypted", backup_encrypted),
    #[cfg(feature = "engine")]
    ("backup_index", backup_index),
    #[cfg(feature = "engine")]
    ("backup_record", backup_record),
    #[cfg(feature = "engine")]
    ("backup_seal", backup_seal),
    #[cfg(feature = "alibaba")]
    ("cli_profile", cli_profile),
    #[cfg(feature = "alibaba")]
    ("ini_profile", ini_profile),
    #[cfg(feature = "oss")]
    ("oss_response", oss_response),
    #[cfg(feature = "alibaba")]
    ("percent", percent),
    #[cfg(feature = "alibaba")]
    ("presigned_url", presigned_url),
    #[cfg(feature = "alibaba")]
    ("ram_policy", ram_policy),
    #[cfg(feature = "alibaba")]
    ("service_error", service_error),
];
