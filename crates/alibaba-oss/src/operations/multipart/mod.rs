//! Multipart uploads.

mod complete;
mod initiate;
mod list_parts;
mod parts;
mod target;
mod uploads;

pub use complete::CompleteUpload;
pub use initiate::InitiateUpload;
pub use list_parts::{ListParts, PartInfo, PartPage};
pub use parts::{UploadPart, UploadPartCopy};
pub use target::UploadedPart;
#[cfg(any(feature = "object_store", feature = "object_store_013"))]
pub(crate) use target::combine;
pub use uploads::{ListUploads, UploadMarker, UploadPage, UploadSummary};
