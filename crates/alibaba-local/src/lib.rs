#![doc = include_str!("../README.md")]

mod builder;
mod cloud;
mod directory;
mod folder;
mod gateway;
mod journal;
mod objects;
mod openapi;

// The services, each in a folder of its own.
mod ecs;
mod hbr;
mod metadata;
mod oss;
mod ram;
mod sts;

/// The crate of the times and spans of its clock.
#[doc(no_inline)]
pub use chrono;

pub use alibaba_ram::{
    Condition, Decision, Operator, PolicyDocument, Statement, TrustedPrincipals, Verdict,
};
pub use builder::{Builder, StartError};
pub use cloud::LocalCloud;
pub use directory::issuer::OidcIssuer;
pub use directory::provider::OidcProvider;
pub use directory::role::Role;
pub use directory::store::Directory;
pub use directory::user::User;
pub use ecs::{Ecs, EcsDisk, EcsInstance, LocalDisk, LocalSnapshot};
pub use gateway::clock::LocalClock;
pub use gateway::faults::{Fault, Faults, Rule};
pub use gateway::log::{RequestLog, RequestRecord};
pub use hbr::BackupClients;
pub use metadata::Instance;

/// Every service, in the order in which they are asked whose a request is. OSS comes last: any
/// path may be a bucket's.
const SERVICES: &[builder::Open] = &[
    metadata::open,
    sts::open,
    ram::open,
    ecs::open,
    hbr::open,
    oss::open,
];

impl LocalCloud {
    /// Describes a cloud.
    pub fn builder() -> Builder {
        Builder::new(SERVICES)
    }
}
