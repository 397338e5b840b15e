//! Whole transfers: parts in parallel, memory within bounds, resumed after a crash.
//!
//! They begin at the client: [`Client::upload_file`](crate::Client::upload_file),
//! [`Client::upload_stream`](crate::Client::upload_stream),
//! [`Client::download`](crate::Client::download) and [`Client::copy`](crate::Client::copy);
//! [`Client::abort_stale_uploads`](crate::Client::abort_stale_uploads) finds what failed ones left
//! behind. The builders of single requests, such as [`PutObject`](crate::PutObject), are at the root
//! of the crate.

mod checkpoint;
mod copy;
mod download;
mod guard;
mod options;
mod plan;
mod stale;
mod upload;

pub use copy::Copy;
pub use download::{Download, Downloaded};
pub use stale::StaleUploads;
pub use upload::{Upload, Uploaded};
