//! HTTP in front of the cluster: paths, bodies, formats, streams.

mod body;
mod discovery;
mod handle;
mod host;
mod openapi;
mod path;
mod query;
mod render;
mod request;
mod response;
mod scale;
mod serve;
mod table;
mod watch;

pub use body::Body;
pub(crate) use host::HostNames;
pub use serve::Hangup;
pub(crate) use serve::Server;
