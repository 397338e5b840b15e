#![doc = include_str!("../README.md")]

mod cloud;
mod directory;
mod gateway;
mod oss;

pub use cloud::{Builder, LocalCloud, StartError};
pub use directory::user::User;
pub use gateway::clock::LocalClock;
pub use gateway::faults::{Fault, Faults, Rule};
pub use gateway::log::{RequestLog, RequestRecord};
