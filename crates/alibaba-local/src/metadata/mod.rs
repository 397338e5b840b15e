//! The instance metadata service, `http://100.100.100.200` on a real instance: facts about the
//! instance, and credentials of the role attached to it.

mod instance;
mod service;
mod settings;
mod tokens;

pub use instance::Instance;
pub(crate) use settings::open;
