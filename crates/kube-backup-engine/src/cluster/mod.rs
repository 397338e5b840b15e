//! How the engine speaks to an API server: reading, writing, lists, discovery and waiting.
//!
//! Every request goes through a [`connection::Connection`], which tries again what may pass, within
//! bounds, and knows what is being waited for ([`retry`]).

pub(crate) mod act_as;
pub(crate) mod client;
pub(crate) mod config;
pub(crate) mod connection;
pub(crate) mod discovery;
pub(crate) mod exec;
pub(crate) mod failure;
pub(crate) mod list;
pub(crate) mod path;
pub(crate) mod query;
pub(crate) mod reader;
pub(crate) mod retry;
pub(crate) mod schema;
mod single_use;
pub(crate) mod wait;
mod warnings;
pub(crate) mod writer;
