//! The adapters of volumes against the local cloud: what they keep comes back, each once, whatever goes wrong.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

mod disks;
mod driver;
mod end_to_end;
mod files;
mod files_conform;
mod files_faults;
mod rights;
mod world;
mod writer;
