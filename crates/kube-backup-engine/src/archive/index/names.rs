//! Which chunks list objects of a name.
//!
//! The directory says which keys a chunk covers, and a key begins with its namespace: where only a name is known, an
//! object of it may be in almost any chunk. *Pages* of names say in which. A page is a gzip member without text, so that the
//! index stays the document that it is; its header holds the beginnings of the names' digests, in their order, and the number
//! of a chunk for each. The directory lists it as a chunk without entries or spans, which readers that do not
//! know pages never read.

use std::collections::{BTreeSet, HashSet};

use bytes::Bytes;
use flate2::bufread::GzDecoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::archive::gzip::with_extra;
use crate::format::index::NAMES_FIELD;
use crate::{Error, Result};

/// Bytes after which a page is closed. Less than a chunk has; the header of a gzip member holds up to 64 KiB.
const PAGE: usize = 6 << 10;
/// Bits of a digest that are written, beyond those that number all names: a name that is in no chunk is taken for one that
/// is in one out of 256 times, and costs that chunk then.
const SPARE_BITS: u32 = 8;
/// Bits of a digest that are held.
const MOST_BITS: u32 = u32::BITS;

/// What a page holds: beginnings of digests of so many bits, the first and the last of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NamePage {
    bits: u32,
    first: u32,
    last: u32,
}

/// The first bits of the SHA-256 of a name.
fn hash(name: &str, bits: u32) -> Option<u32> {
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(name));
    u32::from_be_bytes([a, b, c, d]).checked_shr(MOST_BITS.checked_sub(bits)?)
}

/// The names of an index that is being written.
#[derive(Debug, Default)]
pub(super) struct NamesWriter(Vec<(u32, u32)>);

impl NamesWriter {
    /// Notes that the chunk of this number lists an object of this name.
    pub(super) fn note(&mut self, name: &str, chunk: usize) {
        // Chunks are fewer than the objects that a reader takes.
        if let (Some(hash), Ok(chunk)) = (hash(name, MOST_BITS), u32::try_from(chunk)) {
            self.0.push((hash, chunk));
        }
    }

    /// All pages.
    pub(super) fn pages(mut self) -> Result<Vec<(NamePage, Bytes)>> {
        let bits = (self.0.len().max(1).ilog2() + 1 + SPARE_BITS).min(MOST_BITS);
        for (hash, _) in &mut self.0 {
            *hash >>= MOST_BITS - bits;
        }
        self.0.sort_unstable();
        self.0.dedup();
        let mut pages = Vec::new();
        let mut left = self.0.as_slice();
        while let Some((first, _)) = left.first().copied() {
            let mut bytes = Vec::with_capacity(PAGE + 16);
            let mut last = first;
            let mut taken = 0;
            for (hash, chunk) in left {
                if bytes.len() >= PAGE {
                    break;
                }
                write(&mut bytes, hash - last);
                write(&mut bytes, *chunk);
                last = *hash;
                taken += 1;
            }
            left = &left[taken..];
            let length = (bytes.len() as u16).to_le_bytes();
            let field = [&NAMES_FIELD[..], &length, &bytes].concat();
            pages.push((NamePage { bits, first, last }, with_extra(field, b"")?));
        }
        Ok(pages)
    }
}

impl NamePage {
    /// Whether one of `names` may stand in it.
    pub(super) fn may_hold(&self, names: &BTreeSet<String>) -> bool {
        let mut hashes = names.iter().filter_map(|name| hash(name, self.bits));
        hashes.any(|hash| (self.first..=self.last).contains(&hash))
    }

    /// The numbers of the chunks that may list objects of `names`, of those in this page, which `member` is.
    pub(super) fn chunks_of(&self, member: &[u8], names: &BTreeSet<String>) -> Result<Vec<u32>> {
        let refuse = |why: &str| Error::corrupt(format!("read index: a page of names {why}"));
        let decoder = GzDecoder::new(member);
        let field = decoder.header().and_then(|header| header.extra());
        let mut rest = match field {
            Some([a, b, low, high, rest @ ..])
                if [*a, *b] == NAMES_FIELD
                    && rest.len() == usize::from(u16::from_le_bytes([*low, *high])) =>
            {
                rest
            }
            _ => return Err(refuse("has another form")),
        };
        let wanted: HashSet<u32> = names
            .iter()
            .filter_map(|name| hash(name, self.bits))
            .collect();
        let mut found = Vec::new();
        let mut at = self.first;
        while !rest.is_empty() {
            let step = read(&mut rest).and_then(|step| at.checked_add(step));
            let (Some(hash), Some(chunk)) = (step, read(&mut rest)) else {
                return Err(refuse("cannot be read"));
            };
            at = hash;
            if wanted.contains(&at) {
                found.push(chunk);
            }
        }
        match at == self.last {
            true => Ok(found),
            false => Err(refuse("ends elsewhere than the directory says")),
        }
    }
}

/// Writes a number by seven bits a byte, the lowest first; all bytes but the last have their highest bit set (LEB128).
fn write(bytes: &mut Vec<u8>, mut number: u32) {
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read(bytes: &mut &[u8]) -> Option<u32> {
    let mut number = 0_u64;
    for place in 0..5 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return u32::try_from(number).ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(name: &str) -> BTreeSet<String> {
        [name.to_owned()].into()
    }

    #[test]
    fn each_name_leads_to_its_chunks_and_to_hardly_any_other() {
        let mut writer = NamesWriter::default();
        let name = |n: usize| format!("web-{n}");
        for n in 0..40_000 {
            writer.note(&name(n), n / 100);
            writer.note("kube-root-ca.crt", n / 100);
        }
        let pages = writer.pages().unwrap();
        let (mut read, mut chunks, mut missed) = (0, 0, 0);
        for n in 0..500 {
            let mut found = Vec::new();
            for (page, bytes) in pages
                .iter()
                .filter(|(page, _)| page.may_hold(&set(&name(n))))
            {
                read += bytes.len();
                found.extend(page.chunks_of(bytes, &set(&name(n))).unwrap());
            }
            missed += usize::from(!found.contains(&(n as u32 / 100)));
            chunks += found.len();
        }
        assert_eq!(missed, 0);
        assert!(chunks < 500 + 500 / 20, "{chunks}");
        assert!(read / 500 < 2 * PAGE, "{read}");
        let all: usize = pages.iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(all < 4 * 40_000, "{all}");
        let everywhere = pages.iter().map(|(page, bytes)| {
            let names = set("kube-root-ca.crt");
            page.chunks_of(bytes, &names).unwrap().len()
        });
        assert!(everywhere.sum::<usize>() >= 400);
    }

    #[test]
    fn a_page_that_is_none_is_refused() {
        let mut writer = NamesWriter::default();
        writer.note("a", 3);
        let (page, bytes) = writer.pages().unwrap().remove(0);
        assert_eq!(page.chunks_of(&bytes, &set("a")).unwrap(), [3]);
        let other = |field: &[u8]| with_extra(field.to_vec(), b"").unwrap();
        for member in [
            Bytes::new(),
            Bytes::from_static(b"text"),
            with_extra(Vec::new(), b"").unwrap(),
            other(b"kb\x02\x00ab"),
            other(b"kn\x05\x00\x00\x03"),
            other(b"kn\x01\x00\x00"),
            other(b"kn\x06\x00\xff\xff\xff\xff\xff\x03"),
            other(b"kn\x02\x00\x01\x03"),
            other(b""),
        ] {
            assert!(page.chunks_of(&member, &set("a")).is_err(), "{member:?}");
        }
        // More bits than there are: no name is there.
        let impossible = NamePage { bits: 40, ..page };
        assert!(!impossible.may_hold(&set("a")));
    }

    proptest! {
        #[test]
        fn numbers_come_back(numbers in prop::collection::vec(any::<u32>(), 0..20)) {
            let mut bytes = Vec::new();
            for number in &numbers {
                write(&mut bytes, *number);
            }
            let mut rest = &bytes[..];
            for number in &numbers {
                prop_assert_eq!(read(&mut rest), Some(*number));
            }
            prop_assert!(rest.is_empty() && read(&mut rest).is_none());
        }
    }
}
