//! The upload that a call is about, and the parts that it has.

use crc_fast::{CrcAlgorithm, checksum_combine};

use crate::call::Call;
use crate::client::Client;
use crate::operation::Operation;

/// A part that was stored, as needed to complete the upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadedPart {
    /// 1 to 10 000.
    pub number: u32,
    /// The entity tag, without quotes.
    pub etag: String,
    /// How many bytes it has.
    pub size: u64,
    /// The CRC-64 of what was sent; unknown for parts that OSS copied.
    pub crc: Option<u64>,
}

/// The CRC-64 of the parts one after the other, where all of theirs are known.
pub(crate) fn combine(parts: &[UploadedPart]) -> Option<u64> {
    parts.iter().try_fold(0, |crc, part| {
        let part_crc = part.crc?;
        Some(checksum_combine(
            CrcAlgorithm::Crc64Xz,
            crc,
            part_crc,
            part.size,
        ))
    })
}

/// The upload that a call is about.
#[derive(Clone, Debug)]
pub(super) struct UploadTarget {
    pub(super) client: Client,
    pub(super) bucket: String,
    pub(super) key: String,
    upload_id: String,
}

impl UploadTarget {
    pub(super) fn new(
        client: &Client,
        bucket: impl Into<String>,
        key: impl Into<String>,
        upload_id: impl Into<String>,
    ) -> Self {
        Self {
            client: client.clone(),
            bucket: bucket.into(),
            key: key.into(),
            upload_id: upload_id.into(),
        }
    }

    pub(super) fn call(&self, operation: Operation, step: String) -> Call {
        Call::new(operation, step)
            .object(&self.bucket, &self.key)
            .query("uploadId", &self.upload_id)
    }

    /// The call that stores a part, without its bytes.
    pub(super) fn part(&self, operation: Operation, verb: &str, number: u32) -> Call {
        let (bucket, key) = (&self.bucket, &self.key);
        self.call(
            operation,
            format!("{verb} part {number} of `{key}` into `{bucket}`"),
        )
        .query("partNumber", number.to_string())
    }
}
