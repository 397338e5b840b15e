//! Packing objects into tar entries and gzip members.

use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::Span;
use super::gzip::{flushed, gzip};
use crate::format::entries::{FORMAT_VERSION, VERSION_ENTRY, entry_path};
use crate::resource::TypeMeta;
use crate::{Error, ObjectId, Result};

/// Uncompressed size at which a block is closed. Small enough that fetching one object costs
/// little, large enough that compression loses less than a tenth against one single stream.
const BLOCK_SIZE: usize = 128 << 10;
/// How many bytes one compressed byte may become: readers refuse an archive that grows by more than
/// [`ReadLimits::max_ratio`](super::ReadLimits::max_ratio), and anybody who may create an object can make one
/// that compresses a thousandfold.
const MAX_RATIO: usize = 100;

/// An object's place in a block.
#[derive(Debug)]
pub(crate) struct Packed {
    pub(crate) id: ObjectId,
    pub(crate) types: Arc<TypeMeta>,
    pub(crate) object: Span,
    /// Filled when the block is compressed, on another thread.
    pub(crate) sha256: [u8; 32],
}

/// Bytes of an archive's text that an object of `length` bytes takes, at most: its header, that of a long path
/// and the path itself, and what fills each up.
pub(crate) fn size_of_entry(id: &ObjectId, length: u64) -> u64 {
    let names = id.name.len() + id.namespace.as_ref().map_or(0, String::len);
    length.saturating_add(names as u64).saturating_add(4 * 512)
}

/// Whole tar entries, on their way to one gzip member.
#[derive(Debug, Default)]
pub(crate) struct Block {
    tar: Vec<u8>,
    objects: Vec<Packed>,
}

impl Block {
    /// The first block of an archive, with the entry that names the format.
    pub(crate) fn first(mtime: u64) -> Result<Self> {
        let mut block = Self::default();
        let version = format!("{FORMAT_VERSION}\n");
        block.append(VERSION_ENTRY, &[version.as_bytes()], mtime)?;
        Ok(block)
    }

    /// The same as the first block of another archive.
    pub(crate) fn again(&self) -> Self {
        Self {
            tar: self.tar.clone(),
            objects: Vec::new(),
        }
    }

    /// The end of an archive, as its own member.
    pub(crate) fn last() -> Self {
        Self {
            tar: vec![0; 1024],
            objects: Vec::new(),
        }
    }

    /// Adds an object whose JSON is the concatenation of `parts`, and returns its name. After a failure the
    /// block is as it was before.
    pub(crate) fn push(
        &mut self,
        id: ObjectId,
        types: &Arc<TypeMeta>,
        parts: &[&[u8]],
        mtime: u64,
    ) -> Result<&ObjectId> {
        let object = self.append(&entry_path(&id), parts, mtime)?;
        self.objects.push(Packed {
            id,
            types: Arc::clone(types),
            object,
            sha256: [0; 32],
        });
        let packed = self.objects.last();
        Ok(&packed.expect("one was pushed just now").id)
    }

    fn append(&mut self, path: &str, parts: &[&[u8]], mtime: u64) -> Result<Span> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut header = tar::Header::new_gnu();
        // 0755: the reference tool makes folders with the mode of the file in them.
        header.set_mode(0o755);
        header.set_mtime(mtime);
        header.set_size(length as u64);
        header.set_entry_type(tar::EntryType::Regular);
        let before = self.tar.len();
        let mut builder = tar::Builder::new(std::mem::take(&mut self.tar));
        let reader = PartsReader { parts, at: 0 };
        let appended = builder.append_data(&mut header, path, reader);
        // Taken out from under the builder, which ends the archive when it is dropped: those two
        // zero blocks go to the vector left behind.
        self.tar = std::mem::take(builder.get_mut());
        drop(builder);
        if let Err(error) = appended {
            self.tar.truncate(before);
            return Err(Error::internal("write archive: pack the object", error).with_entry(path));
        }
        let padded = length.next_multiple_of(512);
        Ok(Span {
            offset: (self.tar.len() - padded) as u64,
            length: length as u64,
        })
    }

    pub(crate) fn is_full(&self) -> bool {
        self.tar.len() >= BLOCK_SIZE
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tar.is_empty()
    }

    /// Hashes and compresses. This is the expensive part, to be run on a thread of its own.
    pub(crate) fn compress(mut self) -> Result<Member> {
        for packed in &mut self.objects {
            let start = packed.object.offset as usize;
            let end = start + packed.object.length as usize;
            packed.sha256 = Sha256::digest(&self.tar[start..end]).into();
        }
        let mut bytes = gzip(&self.tar)?;
        if bytes.len() * MAX_RATIO < self.tar.len() {
            bytes = flushed(&self.tar)?;
        }
        Ok(Member {
            bytes,
            size: self.tar.len() as u64,
            objects: self.objects,
        })
    }
}

/// A compressed block.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) bytes: Bytes,
    /// Its length once decompressed.
    pub(crate) size: u64,
    pub(crate) objects: Vec<Packed>,
}

struct PartsReader<'a> {
    parts: &'a [&'a [u8]],
    at: usize,
}

impl std::io::Read for PartsReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while let Some((part, rest)) = self.parts.split_first() {
            let left = &part[self.at..];
            if left.is_empty() {
                self.parts = rest;
                self.at = 0;
                continue;
            }
            let length = left.len().min(buffer.len());
            buffer[..length].copy_from_slice(&left[..length]);
            self.at += length;
            return Ok(length);
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn secret(name: &str) -> ObjectId {
        ObjectId {
            resource: "secrets".parse().unwrap(),
            namespace: Some("s".into()),
            name: name.into(),
        }
    }

    fn types() -> Arc<TypeMeta> {
        Arc::new(TypeMeta {
            api_version: "v1".into(),
            kind: "Secret".into(),
        })
    }

    #[test]
    fn a_block_is_as_it_was_after_what_it_cannot_take() {
        let mut block = Block::first(7).unwrap();
        block.push(secret("a"), &types(), &[b"{}"], 7).unwrap();
        let before = block.tar.clone();
        // No path of an object holds one.
        assert!(block.append("a\0b", &[b"text"], 7).is_err());
        assert!(block.tar == before && block.objects.len() == 1);
        block
            .push(secret("a\0b"), &types(), &[b"{\"b\":1}"], 7)
            .unwrap();
        let raw = block.tar.clone();
        let member = block.compress().unwrap();
        for (packed, text) in member.objects.iter().zip(["{}", "{\"b\":1}"]) {
            let start = packed.object.offset as usize;
            let json = &raw[start..start + packed.object.length as usize];
            assert_eq!(json, text.as_bytes());
        }
    }

    #[test]
    fn nothing_shrinks_by_more_than_readers_believe() {
        for length in [1 << 20, 2_900_000] {
            let text = vec![b'a'; length];
            let mut block = Block::default();
            block.push(secret("a"), &types(), &[&text], 7).unwrap();
            let raw = block.tar.clone();
            let member = block.compress().unwrap();
            let ratio = raw.len() / member.bytes.len();
            assert!((30..=MAX_RATIO).contains(&ratio), "{ratio}");
            let mut read = Vec::new();
            flate2::read::GzDecoder::new(&member.bytes[..])
                .read_to_end(&mut read)
                .unwrap();
            assert!(read == raw);
        }
    }

    #[test]
    fn large_text_shrinks_and_large_keys_to_what_their_letters_hold() {
        let types = Arc::new(TypeMeta {
            api_version: "v1".into(),
            kind: "Secret".into(),
        });
        let mut state = 1_u64;
        let key: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            b'A' + (state >> 40) as u8 % 52
        })
        .take(1 << 20)
        .collect();
        let text = b"one line of a file like all its others\n".repeat(1 << 15);
        for (object, least, most) in [(&key, 71, 73), (&text, 0, 5)] {
            let id = ObjectId {
                resource: "secrets".parse().unwrap(),
                namespace: Some("s".into()),
                name: "large".into(),
            };
            let mut block = Block::default();
            block.push(id, &types, &[object.as_slice()], 7).unwrap();
            let raw = block.tar.clone();
            let member = block.compress().unwrap();
            let percent = member.bytes.len() * 100 / raw.len();
            assert!((least..=most).contains(&percent), "{percent} %");
            let mut read = Vec::new();
            flate2::read::GzDecoder::new(&member.bytes[..])
                .read_to_end(&mut read)
                .unwrap();
            assert!(read == raw);
        }
    }

    #[test]
    fn members_are_one_archive_to_any_reader() {
        let types = Arc::new(TypeMeta {
            api_version: "v1".into(),
            kind: "Secret".into(),
        });
        let mut archive = Vec::new();
        let mut block = Block::first(7).unwrap();
        let long = "n".repeat(250);
        for name in ["a", &long] {
            let id = ObjectId {
                resource: "secrets".parse().unwrap(),
                namespace: Some("s".into()),
                name: name.into(),
            };
            block
                .push(id, &types, &[b"{\"kind\":\"Secret\",", b"\"x\":1}"], 7)
                .unwrap();
        }
        let raw = block.tar.clone();
        let member = block.compress().unwrap();
        for packed in &member.objects {
            let start = packed.object.offset as usize;
            let bytes = &raw[start..start + packed.object.length as usize];
            assert_eq!(bytes, b"{\"kind\":\"Secret\",\"x\":1}");
            assert_eq!(packed.sha256[..], Sha256::digest(bytes)[..]);
        }
        archive.extend_from_slice(&member.bytes);
        archive.extend_from_slice(&Block::last().compress().unwrap().bytes);

        let mut reader = tar::Archive::new(flate2::read::MultiGzDecoder::new(&archive[..]));
        let mut seen = Vec::new();
        for entry in reader.entries().unwrap() {
            let mut entry = entry.unwrap();
            assert_eq!(entry.header().mode().unwrap(), 0o755);
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            seen.push((entry.path().unwrap().display().to_string(), text));
        }
        assert_eq!(seen[0], ("metadata/version".into(), "1.0.0\n".into()));
        assert_eq!(
            seen[1].0,
            "resources/secrets/namespaces/s/a.json".to_string()
        );
        assert_eq!(
            seen[2].0,
            format!("resources/secrets/namespaces/s/{long}.json")
        );
        assert_eq!(seen.len(), 3);
    }
}
