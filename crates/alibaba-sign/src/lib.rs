#![doc = include_str!("../README.md")]

pub mod acs3;
mod credentials;
mod hex;
pub mod oss_v4;
pub mod percent;
pub mod rpc_v1;
mod secret;
mod time;

pub use credentials::Credentials;
pub use secret::Secret;
