#![doc = include_str!("../README.md")]

mod clock;
mod faults;
mod log;
mod oss;
mod server;
mod spoil;
mod users;

pub use clock::LocalClock;
pub use faults::{Fault, Faults, Rule};
pub use log::{RequestLog, RequestRecord};
pub use server::{Builder, LocalCloud, StartError};
pub use users::User;
