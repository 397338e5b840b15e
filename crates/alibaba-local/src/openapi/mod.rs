//! What Alibaba Cloud's RPC-style products have in common: signatures of both generations,
//! flattened parameters, errors, and the way from an action's name to the code for it.
//!
//! A product is a table of [`product::Action`]s; [`service::OpenApi`] serves it.

mod authenticate;
pub(crate) mod call;
pub(crate) mod error;
mod flat;
mod format;
mod nonces;
pub(crate) mod parameters;
pub(crate) mod product;
mod read;
pub(crate) mod service;
