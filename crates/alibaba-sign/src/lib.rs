#![doc = include_str!("../README.md")]

pub mod acs3;
mod credentials;
#[cfg(test)]
mod damage;
mod header;
mod hex;
#[cfg(feature = "http")]
mod http_request;
mod mac;
pub mod oss_v1;
pub mod oss_v4;
pub mod percent;
mod presigned;
pub mod roa_v1;
pub mod rpc_v1;
mod secret;
mod time;
#[cfg(test)]
mod vectors;
mod verify;

/// The crate whose times stand in signatures.
#[doc(no_inline)]
pub use chrono;
/// The crate of the requests that are signed in place.
#[cfg(feature = "http")]
#[doc(no_inline)]
pub use http;

pub use credentials::Credentials;
#[cfg(feature = "http")]
pub use http_request::{Addressing, SignHttpError};
pub use presigned::PresignedQuery;
pub use secret::Secret;
pub use verify::VerifyError;
