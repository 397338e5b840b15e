//! Permissions of a cluster on the local cloud and a cluster: granted, narrowed, renewed and revoked,
//! stopped anywhere, with replies lost, and by two at once.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

mod doctor;
mod granting;
mod installing;
mod killed;
mod onectl;
mod page;
mod rivals;
mod walk;
mod wire;
mod world;
