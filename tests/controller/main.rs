//! The controller and its custom resources, on a real control plane and the local cloud.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

mod chart;
mod cluster;
mod definitions;
mod deletions;
mod drill;
mod ends;
mod fleet;
mod forged;
mod images;
mod installed;
mod interrupted;
mod killed;
mod leaders;
mod manifests;
mod monitoring;
mod odd;
mod proved;
mod refused;
mod schedules;
mod shared_vault;
mod starting;
mod turns;
mod vaults;
mod volumes;
mod world;
