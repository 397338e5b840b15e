//! The engine as its callers use it, on embedded clusters and stores in memory.

#![expect(clippy::unwrap_used, reason = "a failed test is a panic")]

mod advice;
mod calls;
mod cluster;
mod content;
mod csi;
mod encryption;
mod filters;
mod format;
mod hooks;
mod hostile;
mod large;
mod point_in_time;
mod proxies;
mod ranges;
mod restore;
mod retention;
mod roles;
mod round_trip;
mod schedule;
mod seal;
mod spawnable;
mod specs;
mod unresponsive;
mod verify;
mod volume_backups;
mod volumes;
