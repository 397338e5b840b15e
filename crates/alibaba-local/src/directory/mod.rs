//! Who may call and what they may do: users with keys, roles, sessions, identity providers.
//!
//! All services share one directory, which may change while they run, and with a data folder outlives
//! them. [`authorize`] is the one
//! place where rights are decided on.

pub(crate) mod add;
mod authorize;
pub(crate) mod caller;
pub(crate) mod issuer;
pub(crate) mod managed;
pub(crate) mod provider;
pub(crate) mod records;
pub(crate) mod role;
pub(crate) mod session;
pub(crate) mod store;
pub(crate) mod user;
mod written;

#[cfg(test)]
mod tests;

/// The one account that everything belongs to.
pub(crate) const ACCOUNT_ID: &str = "1000000000000000";
