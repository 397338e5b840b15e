#![doc = include_str!("../README.md")]

mod credentials;
mod hex;
pub mod oss_v4;
pub mod percent;
mod secret;

pub use credentials::Credentials;
pub use secret::Secret;
