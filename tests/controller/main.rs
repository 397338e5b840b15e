//! The controller and its custom resources, on a real control plane and the local cloud.
#![cfg(feature = "crds")]
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

mod cluster;
mod definitions;
mod manifests;
mod schedules;
