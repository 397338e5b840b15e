//! Backups to OSS and their restores, end to end: a real control plane where there is one, the local
//! cloud for storage, and nothing of the engine replaced.

#![expect(clippy::unwrap_used, reason = "a failed test is a panic")]

mod adoption;
mod answers;
mod archive_format;
mod backends;
mod bucket;
mod cluster;
mod cut_off;
mod error_messages;
mod existing;
mod filters;
mod foreign;
mod harmless;
mod killed;
mod missing;
mod places;
mod point_in_time;
mod powers;
mod real_workloads;
mod retention;
mod rights;
mod rivals;
mod roles;
mod server_side;
mod unusual;
mod volume_data;
mod volumes;
