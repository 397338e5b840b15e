//! Multipart uploads.

pub(crate) mod listing;
pub(crate) mod upload;
