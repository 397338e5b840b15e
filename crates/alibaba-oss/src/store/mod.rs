//! A bucket as an `object_store::ObjectStore`.
//!
//! `object_store` 0.13 and 0.14 have the same trait, with other types under it. So there is one store,
//! and the implementation of the trait, `adapter.rs`, is compiled once for each version that is asked
//! for; what differs between the two is in `v0_13` and `v0_14`.

mod builder;
mod create;
mod known;
mod oss_store;
#[cfg(feature = "object_store_013")]
mod v0_13;
#[cfg(feature = "object_store")]
mod v0_14;
mod versions;
mod write;

pub use builder::OssStoreBuilder;
pub use oss_store::{ForbidOverwrite, OssStore};
