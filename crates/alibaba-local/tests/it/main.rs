//! A local cloud, spoken to by hand.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

mod buckets;
mod disk;
mod ecs;
mod faults;
mod fields;
mod folder;
mod forms;
mod hbr;
mod metadata;
mod multipart;
mod objects;
mod openapi;
#[cfg(feature = "cli")]
mod program;
mod protection;
mod ram;
mod raw;
mod rights;
mod signatures;
mod sts;
mod versions;
