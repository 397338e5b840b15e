//! How the engine speaks to an API server: reading, writing, lists, discovery and waiting.

pub(crate) mod discovery;
pub(crate) mod list;
pub(crate) mod reader;
pub(crate) mod wait;
pub(crate) mod writer;
