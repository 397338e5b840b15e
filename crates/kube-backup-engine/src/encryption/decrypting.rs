//! Files of a backup as they are stored, decrypted: as a whole or a range of them.
//!
//! An age file is a header, which says in which ways its key can be had, and then chunks of 64 KiB, each encrypted and
//! authenticated by itself, with its number and whether it is the last. So any range can be read, and be held to what was
//! written, by its chunks and the header.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use age::{DecryptError, Decryptor};
use bytes::Bytes;

use super::identity::Identity;
use super::spec::Encryption;
use crate::{Error, ErrorKind, Result};

/// Most bytes of a header: those of all recipients that a backup may have, and as many again.
pub(crate) const MAX_HEADER: u64 = 16 << 10;
/// Bytes of a file in one chunk.
pub(crate) const CHUNK: u64 = 64 << 10;
/// What authenticates a chunk.
const TAG: u64 = 16;
/// Bytes of a chunk as it is stored.
const STORED_CHUNK: u64 = CHUNK + TAG;
/// Chunks that are decrypted at once where a whole file is.
const BATCH: u64 = 4;

/// What is needed to read a backup that is encrypted.
#[derive(Debug, Clone)]
pub(crate) struct Keyring {
    pub(crate) encryption: Encryption,
    /// Those that were given; there may be none, or none that fits.
    pub(crate) identities: Arc<[Identity]>,
}

/// The header of one file, and who can read it.
#[derive(Clone)]
pub(crate) struct Unlocked {
    header: Bytes,
    identities: Arc<[Identity]>,
}

impl fmt::Debug for Unlocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unlocked").finish_non_exhaustive()
    }
}

impl Keyring {
    /// Why nothing can be read, where that is known without looking at any file.
    pub(crate) fn why_locked(&self) -> Option<String> {
        self.identities.is_empty().then(|| {
            format!(
                "it is encrypted to {}, and no identity was given; give the one of a recipient, by `with_identities`",
                self.encryption.to_whom()
            )
        })
    }

    /// Reads the header of a file, whose first bytes are `head`, and looks whether an identity opens it.
    ///
    /// # Errors
    /// [`ErrorKind::Locked`] where none does, [`ErrorKind::Corrupt`] where the header is not what was written.
    pub(crate) fn unlock(&self, step: &str, head: &Bytes) -> Result<Unlocked> {
        if let Some(why) = self.why_locked() {
            return Err(Error::new(ErrorKind::Locked, format!("{step}: {why}")));
        }
        let damaged = |why: DecryptError| {
            Error::corrupt(format!(
                "{step}: the header of its encryption is damaged, or was exchanged"
            ))
            .with_source(why)
        };
        let mut cursor = io::Cursor::new(&head[..]);
        let decryptor = Decryptor::new_buffered(&mut cursor).map_err(damaged)?;
        match decryptor.decrypt(as_age(&self.identities)) {
            Ok(_) => {}
            Err(DecryptError::NoMatchingKeys) => return Err(self.no_match(step)),
            Err(why) => return Err(damaged(why)),
        }
        let length = cursor.position() as usize;
        Ok(Unlocked {
            header: head.slice(..length.min(head.len())),
            identities: Arc::clone(&self.identities),
        })
    }

    fn no_match(&self, step: &str) -> Error {
        let given = self.identities.iter().map(Identity::recipient);
        let given: Vec<_> = given.collect();
        let recipients = &self.encryption.recipients;
        if let Some(one) = given.iter().find(|one| recipients.contains(one)) {
            return Error::corrupt(format!(
                "{step}: the header of its encryption was exchanged: the record names {one}, whose identity was given \
                 and does not open it"
            ));
        }
        let given: Vec<_> = given.iter().map(ToString::to_string).collect();
        let message = format!(
            "{step}: it is encrypted to {}, and the identities that were given are those of {}; give one that fits",
            self.encryption.to_whom(),
            given.join(", ")
        );
        Error::new(ErrorKind::Locked, message)
    }

    /// Decrypts a whole file.
    pub(crate) fn decrypt(&self, step: &str, stored: &Bytes) -> Result<Bytes> {
        let head = stored.slice(..stored.len().min(MAX_HEADER as usize));
        let unlocked = self.unlock(step, &head)?;
        let mut whole = WholeFile::new(unlocked);
        let mut text = Vec::with_capacity(stored.len());
        if let Some(bytes) = whole.push(step, stored)? {
            text.extend_from_slice(&bytes);
        }
        text.extend_from_slice(&whole.finish(step)?);
        Ok(text.into())
    }
}

fn as_age(identities: &[Identity]) -> impl Iterator<Item = &dyn age::Identity> {
    identities
        .iter()
        .map(|identity| &identity.0 as &dyn age::Identity)
}

impl Unlocked {
    fn header_length(&self) -> u64 {
        self.header.len() as u64
    }

    /// How long the file is that is stored in so many bytes.
    pub(crate) fn length(&self, step: &str, stored: u64) -> Result<u64> {
        let body = stored.saturating_sub(self.header_length());
        let chunks = body.div_ceil(STORED_CHUNK);
        let last = body - chunks.saturating_sub(1) * STORED_CHUNK;
        if last < TAG {
            return Err(Error::corrupt(format!("{step}: it ends in the middle")));
        }
        Ok(body - chunks * TAG)
    }

    /// Where the chunks are stored that hold a range of the file, of which there are `stored` bytes.
    pub(crate) fn stored_range(&self, range: &Range<u64>, stored: u64) -> Range<u64> {
        let at = |chunk: u64| self.header_length() + chunk * STORED_CHUNK;
        at(range.start / CHUNK)..at(range.end.div_ceil(CHUNK)).min(stored)
    }

    /// A range of the file, out of the stored chunks that hold it.
    pub(crate) fn decrypt_range(
        &self,
        step: &str,
        chunks: &[u8],
        range: Range<u64>,
    ) -> Result<Bytes> {
        let first = range.start / CHUNK;
        let (text, _) = self.decrypt(step, chunks, first, range)?;
        Ok(text)
    }

    /// The same, and whether the file ends with the last chunk.
    fn decrypt(
        &self,
        step: &str,
        chunks: &[u8],
        first: u64,
        range: Range<u64>,
    ) -> Result<(Bytes, bool)> {
        let damaged = |why: io::Error| {
            Error::corrupt(format!(
                "{step}: its chunks from byte {} on are not those that were encrypted: they were changed, exchanged or cut off",
                first * CHUNK
            ))
            .with_source(why)
        };
        let window = Window {
            header: &self.header,
            chunks,
            begin: self.header_length() + first * STORED_CHUNK,
            at: 0,
        };
        let unlocked =
            Decryptor::new(window).and_then(|file| file.decrypt(as_age(&self.identities)));
        let mut file = unlocked
            .map_err(|why| Error::internal(format!("{step}: read its header again"), why))?;
        let mut text = vec![0; range.end.saturating_sub(range.start) as usize];
        let read = (|| {
            // At the border of two chunks the reader would look at the file's end; within one it does not.
            if range.start > 0 && range.start.is_multiple_of(CHUNK) {
                file.seek(SeekFrom::Start(range.start + 1))?;
            }
            file.seek(SeekFrom::Start(range.start))?;
            file.read_exact(&mut text)
        })();
        read.map_err(damaged)?;
        let ended = matches!(file.read(&mut [0]), Ok(0));
        Ok((text.into(), ended))
    }
}

/// The header of a file and some of its chunks, as if all were there.
struct Window<'a> {
    header: &'a [u8],
    chunks: &'a [u8],
    /// Where the chunks begin.
    begin: u64,
    at: u64,
}

impl Read for Window<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let from = |bytes: &[u8], begin: u64, buffer: &mut [u8]| {
            let skipped = self.at.checked_sub(begin)?;
            let rest = bytes.get(usize::try_from(skipped).ok()?..)?;
            let length = rest.len().min(buffer.len());
            buffer[..length].copy_from_slice(&rest[..length]);
            (length > 0).then_some(length)
        };
        let length = from(self.header, 0, buffer).or_else(|| from(self.chunks, self.begin, buffer));
        let length = length.unwrap_or(0);
        self.at += length as u64;
        Ok(length)
    }
}

impl Seek for Window<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(to) => Some(to),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            // Only some chunks are there.
            SeekFrom::End(_) => None,
        };
        self.at = to.ok_or_else(|| io::Error::from(io::ErrorKind::Unsupported))?;
        Ok(self.at)
    }
}

/// A whole file, decrypted as its stored bytes come.
#[derive(Debug)]
pub(crate) struct WholeFile {
    unlocked: Unlocked,
    /// Bytes of the header that are still to come.
    header_left: usize,
    /// Chunks that are returned.
    done: u64,
    held: Vec<u8>,
}

impl WholeFile {
    /// How many stored bytes are decrypted at once.
    pub(crate) const BATCH: usize = (BATCH * STORED_CHUNK) as usize;

    pub(crate) fn new(unlocked: Unlocked) -> Self {
        Self {
            header_left: unlocked.header.len(),
            unlocked,
            done: 0,
            held: Vec::new(),
        }
    }

    /// Takes the next stored bytes; returns those of the file that are known by now.
    pub(crate) fn push(&mut self, step: &str, stored: &[u8]) -> Result<Option<Bytes>> {
        let (head, body) = stored.split_at(self.header_left.min(stored.len()));
        let at = self.unlocked.header.len() - self.header_left;
        if !self.unlocked.header[at..].starts_with(head) {
            return Err(Error::corrupt(format!(
                "{step}: it was replaced while it was being read; open the backup again"
            )));
        }
        self.header_left -= head.len();
        self.held.extend_from_slice(body);
        // The last chunks are held back, since only the end says which one the last is.
        let batch = Self::BATCH;
        let batches = self.held.len().saturating_sub(1) / batch;
        let mut text = Vec::new();
        for at in 0..batches {
            let chunks = &self.held[at * batch..(at + 1) * batch];
            text.extend_from_slice(&self.decrypt(step, chunks, false)?);
            self.done += BATCH;
        }
        self.held.drain(..batches * batch);
        Ok((!text.is_empty()).then(|| text.into()))
    }

    /// The rest of the file, after all of its stored bytes came.
    pub(crate) fn finish(&mut self, step: &str) -> Result<Bytes> {
        let chunks = std::mem::take(&mut self.held);
        self.decrypt(step, &chunks, true)
    }

    fn decrypt(&self, step: &str, chunks: &[u8], is_end: bool) -> Result<Bytes> {
        let stored = self.unlocked.header_length() + chunks.len() as u64;
        let length = self.unlocked.length(step, stored)?;
        let begin = self.done * CHUNK;
        let range = begin..begin + length;
        let (text, ended) = self.unlocked.decrypt(step, chunks, self.done, range)?;
        if ended == is_end {
            return Ok(text);
        }
        Err(Error::corrupt(match is_end {
            true => format!("{step}: its last chunk is missing: it was cut off"),
            false => format!("{step}: something follows its last chunk"),
        }))
    }
}
