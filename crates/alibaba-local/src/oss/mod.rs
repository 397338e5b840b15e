//! OSS over HTTP: authentication first, then one of the operations.

mod acl;
mod auth;
mod bench;
mod buckets;
mod copy_source;
mod dispatch;
mod document;
mod error;
mod multipart;
mod objects;
mod operation;
mod port;
mod protection;
mod receive;
mod refusal;
mod request;
mod rights;
mod service;
mod settings;
mod state;
mod storage;

pub(crate) use settings::open;
