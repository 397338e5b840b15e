//! Who may call.

pub(crate) mod user;
