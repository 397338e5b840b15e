//! Whole transfers: parts in parallel, memory within bounds, resumed after a crash.

mod checkpoint;
mod copy;
mod download;
mod guard;
mod plan;
mod stale;
mod upload;

pub use copy::ObjectCopy;
pub use download::{Download, Downloaded};
pub use stale::StaleUploads;
pub use upload::{Upload, Uploaded};
