//! Gzip members (RFC 1952), made of bytes that are all there.

use std::io::Write as _;

use bytes::Bytes;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use libdeflater::{CompressionLvl, Compressor, Decompressor};

use crate::{Error, Result};

/// libdeflate's. On manifests as people write them it makes what level 5 of zlib makes, in two thirds of the time;
/// the next levels save a few hundredths of the bytes, for a tenth to a half more time each.
const LEVEL: i32 = 3;
/// Text after which the compression is flushed where it compresses too well.
const FLUSHED: usize = 1 << 10;

/// One gzip member holding `bytes`.
pub(crate) fn gzip(bytes: &[u8]) -> Result<Bytes> {
    let level = CompressionLvl::new(LEVEL).map_err(|_| failed(format!("no level {LEVEL}")))?;
    let mut compressor = Compressor::new(level);
    let mut member = vec![0; compressor.gzip_compress_bound(bytes.len())];
    let length = compressor
        .gzip_compress(bytes, &mut member)
        .map_err(failed)?;
    member.truncate(length);
    member.shrink_to_fit();
    Ok(Bytes::from(member))
}

/// One that is flushed every now and then: what each flush costs bounds how much smaller than `bytes` it can be.
pub(crate) fn flushed(bytes: &[u8]) -> Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = bytes.chunks(FLUSHED).try_for_each(|piece| {
        encoder.write_all(piece)?;
        encoder.flush()
    });
    finished(written, encoder)
}

/// One whose header holds `extra` in its field of that name (2.3.1.1).
pub(crate) fn with_extra(extra: Vec<u8>, bytes: &[u8]) -> Result<Bytes> {
    let builder = GzBuilder::new().extra(extra);
    let mut encoder = builder.write(Vec::new(), Compression::default());
    finished(encoder.write_all(bytes), encoder)
}

/// What `bytes` hold, if they are one gzip member of `size` bytes of text: several times as fast as reading it
/// piece by piece.
///
/// The decompressor does not say where the member ended. What follows it is noticed by its last bytes, which would
/// have to be another member of the same text.
pub(crate) fn whole_member(bytes: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut text = vec![0; size];
    let length = Decompressor::new().gzip_decompress(bytes, &mut text).ok()?;
    let sum = libdeflater::crc32(&text).to_le_bytes();
    let trailer = [sum, (size as u32).to_le_bytes()].concat();
    (length == size && bytes.ends_with(&trailer)).then_some(text)
}

fn finished(written: std::io::Result<()>, encoder: GzEncoder<Vec<u8>>) -> Result<Bytes> {
    let member = written.and_then(|()| encoder.finish()).map_err(failed)?;
    Ok(Bytes::from(member))
}

fn failed(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::internal("write archive: compress", why)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// By another decoder than the encoder's.
        #[test]
        fn members_hold_what_went_into_them(
            words in prop::collection::vec("[a-z]{1,9}|[A-Za-z0-9+/]{40,80}|\\PC{1,5}", 0..60),
            times in 1_usize..40,
        ) {
            let text = words.concat().repeat(times);
            let extra = || b"Kb\x02\x00ab".to_vec();
            for member in [
                gzip(text.as_bytes()),
                flushed(text.as_bytes()),
                with_extra(extra(), text.as_bytes()),
            ] {
                let member = member.unwrap();
                let mut decoder = GzDecoder::new(&member[..]);
                let mut read = Vec::new();
                decoder.read_to_end(&mut read).unwrap();
                prop_assert!(read == text.as_bytes());
                prop_assert!(decoder.into_inner().is_empty());
                let size = text.len();
                prop_assert!(whole_member(&member, size).as_deref() == Some(text.as_bytes()));
                for other in [0, size.saturating_sub(1), size + 1] {
                    prop_assert!(other == size || whole_member(&member, other).is_none());
                }
                for tail in [&b"\0"[..], b"more than nine", &member[..member.len() - 1]] {
                    let longer = [&member[..], tail].concat();
                    // Nothing ends in zeros, as much of a tail does.
                    prop_assert!(size == 0 || whole_member(&longer, size).is_none());
                }
                prop_assert!(whole_member(&member[..member.len() - 1], size).is_none());
            }
        }
    }
}
