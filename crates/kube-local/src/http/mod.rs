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

pub(crate) use host::HostNames;
pub(crate) use serve::{Server, serve};
