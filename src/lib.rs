#![doc = include_str!("../README.md")]

mod chain;
pub mod cloud;
pub mod clusters;
pub mod component;
#[cfg(feature = "controller")]
pub mod controller;
#[cfg(feature = "crds")]
pub mod crds;
pub mod doctor;
#[cfg(feature = "drill")]
pub mod drill;
pub mod grants;
pub mod install;
pub mod location;
pub mod placement;
#[cfg(feature = "crds")]
pub mod schedules;
pub mod vault;
pub mod volumes;

/// The crates whose types stand in signatures, at the versions that fit this one.
#[doc(no_inline)]
pub use kube_backup_engine::{bytes, chrono, k8s_openapi, kube, object_store};

#[doc(inline)]
pub use alibaba_core as core;
#[doc(inline)]
pub use alibaba_core::chain;
#[doc(inline)]
pub use alibaba_ecs_snapshot as ecs_snapshot;
#[doc(inline)]
pub use alibaba_hbr as hbr;
#[doc(inline)]
pub use alibaba_oss as oss;
#[doc(inline)]
pub use alibaba_ram as ram;
#[doc(inline)]
pub use alibaba_sign as sign;
#[doc(inline)]
pub use kube_backup_engine as engine;
