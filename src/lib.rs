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
pub mod placement;
#[cfg(feature = "crds")]
pub mod schedules;
pub mod vault;
pub mod volumes;

#[doc(inline)]
pub use alibaba_core as core;
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
