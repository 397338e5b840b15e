//! Multipart uploads.

mod complete;
mod initiate;
mod parts;
mod uploads;

use crc_fast::{CrcAlgorithm, checksum_combine};

pub use complete::CompleteUpload;
pub use initiate::InitiateUpload;
pub use parts::{ListParts, PartInfo, PartPage, UploadPart, UploadPartCopy};
pub use uploads::{ListUploads, UploadMarker, UploadPage, UploadSummary};

/// A part that was stored, as needed to complete the upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadedPart {
    /// 1 to 10 000.
    pub number: u32,
    /// The entity tag, without quotes.
    pub etag: String,
    /// Its length.
    pub len: u64,
    /// The CRC-64 of what was sent; unknown for parts that OSS copied.
    pub crc: Option<u64>,
}

/// The upload that a call is about.
#[derive(Clone, Debug)]
struct UploadTarget {
    client: crate::Client,
    bucket: String,
    key: String,
    upload_id: String,
}

/// The CRC-64 of the parts one behind the other, where all of theirs are known.
pub(crate) fn combine(parts: &[UploadedPart]) -> Option<u64> {
    parts.iter().try_fold(0, |crc, part| {
        let part_crc = part.crc?;
        Some(checksum_combine(
            CrcAlgorithm::Crc64Xz,
            crc,
            part_crc,
            part.len,
        ))
    })
}
