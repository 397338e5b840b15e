//! Whole transfers: parts in parallel, memory within bounds, resumed after a crash.

mod checkpoint;
mod download;
mod guard;
mod plan;
mod stale;
mod upload;

pub use download::{Download, Downloaded};
pub use stale::StaleUploads;
pub use upload::Upload;
