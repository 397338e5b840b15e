//! What benchmarks that measure a client spare the server.

use bytes::Bytes;
use crc_fast::{CrcAlgorithm, Digest as CrcDigest};

/// What is spared on bodies.
#[derive(Clone, Debug, Default)]
pub(crate) struct BenchOptions {
    /// ETags come from the CRC, MD5s are computed only to be compared with a client's.
    pub(crate) skip_md5: bool,
    /// Bodies whose length says what they are.
    pub(crate) known: Vec<RepeatedBlock>,
}

/// A block, repeated: the body of a benchmark, its CRC computed beforehand.
#[derive(Clone, Debug)]
pub(crate) struct RepeatedBlock {
    pub(in crate::oss) block: Bytes,
    pub(in crate::oss) len: u64,
    pub(in crate::oss) crc: u64,
}

impl RepeatedBlock {
    pub(crate) fn new(block: Bytes, times: u64) -> Self {
        let mut crc = CrcDigest::new(CrcAlgorithm::Crc64Xz);
        for _ in 0..times {
            crc.update(&block);
        }
        Self {
            len: block.len() as u64 * times,
            crc: crc.finalize(),
            block,
        }
    }
}
