//! One pass over a whole archive, in bounded memory.

use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use super::open::OpenBackup;
use super::part::{Expected, Part};
use super::pinned::Pinned;
use super::stored::StoredFile;
use crate::archive::read::ArchiveReader;
use crate::archive::{Entry, Found};
use crate::encryption::WholeFile;
use crate::{Digest, Error, ErrorKind, Result};

impl Part {
    /// The archive's bytes, to be read piece by piece.
    pub(crate) async fn bytes(&self) -> Result<ArchiveBytes> {
        ArchiveBytes::open(&self.file, self.expected.clone(), &self.step(), true).await
    }

    /// The same as they are stored, if they are encrypted.
    pub(super) async fn stored_bytes(&self) -> Result<ArchiveBytes> {
        ArchiveBytes::open(&self.file, self.expected.clone(), &self.step(), false).await
    }
}

impl OpenBackup {
    /// Every object of the archive, in order; the archive is checked against the record's digests at the end.
    ///
    /// Holds a handful of objects in memory, whatever the archive's size. An entry that cannot be read is an
    /// error of kind [`ErrorKind::Unreadable`], after which others come; every
    /// other error ends it. Of a sealed backup nothing is unpacked before all of the archive was read once, and
    /// is what was sealed. Secrets that are [locked](Self::secrets_locked) are not among them.
    pub fn stream(&self) -> BoxStream<'static, Result<(Entry, Bytes)>> {
        self.stream_found()
            .map(|found| found.and_then(Found::into_result))
            .boxed()
    }

    /// Every object of the archive, and every entry that is refused.
    pub(crate) fn stream_found(&self) -> BoxStream<'static, Result<Found>> {
        let parts: Vec<_> = self.readable().map(|part| self.stream_part(part)).collect();
        if parts.is_empty() {
            let why = self.why_locked().unwrap_or_default();
            let error = Error::new(ErrorKind::Locked, format!("{}: {why}", self.archive.step()));
            return stream::iter([Err(error)]).boxed();
        }
        // Nothing comes after an error that ends an archive.
        let ended = |found: &Result<Found>| found.is_err();
        stream::iter(parts)
            .flatten()
            .scan(false, move |is_over, found| {
                let is_last = std::mem::replace(is_over, ended(&found));
                std::future::ready((!is_last).then_some(found))
            })
            .boxed()
    }

    pub(crate) fn stream_part(&self, part: &Part) -> BoxStream<'static, Result<Found>> {
        let (chunks_in, chunks) = mpsc::channel::<Result<Bytes>>(2);
        let (objects_in, objects) = mpsc::channel::<Result<Found>>(8);
        let file = part.file.clone();
        let expected = part.expected.clone();
        let is_sealed = self.seal().is_some();
        let limits = self.limits;
        let (step, holds) = (part.step(), part.holds);
        tokio::spawn(async move {
            let fed = async {
                if is_sealed {
                    let mut bytes =
                        ArchiveBytes::open(&file, expected.clone(), &step, false).await?;
                    bytes.drain().await?;
                    bytes.check()?;
                }
                let bytes = ArchiveBytes::open(&file, expected, &step, true).await?;
                feed(bytes, &chunks_in).await
            };
            if let Err(error) = fed.await {
                // When this cannot be sent, the reader is gone and nobody needs it.
                let _ = chunks_in.send(Err(error)).await;
            }
        });
        let reading = tokio::task::spawn_blocking(move || {
            let failure = Arc::new(std::sync::Mutex::new(None));
            let source = ChannelReader {
                chunks,
                current: Bytes::new(),
                failure: Arc::clone(&failure),
            };
            let mut reader = ArchiveReader::new(source, limits);
            loop {
                let next = match reader.next() {
                    Ok(Some(object)) => Ok(holds.admit(object)),
                    Ok(None) => return,
                    // The store's own error says more than "unexpected end of file".
                    Err(error) => Err(failure
                        .lock()
                        .ok()
                        .and_then(|mut failure| failure.take())
                        .unwrap_or(error)),
                };
                let failed = next.is_err();
                if objects_in.blocking_send(next).is_err() || failed {
                    return;
                }
            }
        });
        stream::unfold((objects, Some(reading)), |(mut objects, reading)| async {
            if let Some(object) = objects.recv().await {
                return Some((object, (objects, reading)));
            }
            // A reader that panicked has not seen the end, though it sends no more.
            let error = reading?.await.err()?;
            let error = Error::internal("read archive: decompress it", error);
            Some((Err(error), (objects, None)))
        })
        .boxed()
    }
}

/// Forwards the archive's bytes, and checks them against the record at the end.
async fn feed(mut bytes: ArchiveBytes, chunks: &mpsc::Sender<Result<Bytes>>) -> Result<()> {
    // One chunk is held back, so that the reader cannot see the end before the check is made.
    let mut held: Option<Bytes> = None;
    while let Some(chunk) = bytes.next().await? {
        if let Some(previous) = held.replace(chunk)
            && chunks.send(Ok(previous)).await.is_err()
        {
            return Ok(());
        }
    }
    bytes.check()?;
    if let Some(last) = held {
        let _ = chunks.send(Ok(last)).await;
    }
    Ok(())
}

/// The archive's bytes as the store sends them, decrypted, with running digests of what is stored.
pub(crate) struct ArchiveBytes {
    step: String,
    chunks: BoxStream<'static, object_store::Result<Bytes>>,
    decrypting: Option<WholeFile>,
    /// Received and not yet decrypted: stores send as much at once as they like.
    encrypted: Bytes,
    /// Received and not yet taken.
    rest: Bytes,
    crc64: crc_fast::Digest,
    sha256: Sha256,
    length: u64,
    expected: Expected,
}

impl ArchiveBytes {
    async fn open(
        file: &StoredFile,
        expected: Expected,
        step: &str,
        decrypted: bool,
    ) -> Result<Self> {
        file.check_readable(step)?;
        let (pinned, unlocked): (Option<&Pinned>, _) = match file {
            StoredFile::Plain(pinned) => (Some(pinned), None),
            StoredFile::Encrypted(pinned, unlocked) => (Some(pinned), Some(unlocked)),
            StoredFile::Locked(_) => (None, None),
        };
        let chunks = match pinned {
            Some(pinned) => pinned.stream(step).await?,
            None => stream::empty().boxed(),
        };
        Ok(Self {
            step: step.to_owned(),
            chunks,
            decrypting: unlocked.filter(|_| decrypted).cloned().map(WholeFile::new),
            encrypted: Bytes::new(),
            rest: Bytes::new(),
            crc64: crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64Xz),
            sha256: Sha256::new(),
            length: 0,
            expected,
        })
    }

    /// The next bytes; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>> {
        if !self.rest.is_empty() {
            return Ok(Some(std::mem::take(&mut self.rest)));
        }
        loop {
            if self.encrypted.is_empty() {
                match self.next_stored().await? {
                    Some(chunk) if self.decrypting.is_none() => return Ok(Some(chunk)),
                    Some(chunk) => self.encrypted = chunk,
                    None => break,
                }
            }
            let length = self.encrypted.len().min(WholeFile::BATCH);
            let stored = self.encrypted.split_to(length);
            if let Some(decrypting) = &mut self.decrypting
                && let Some(bytes) = decrypting.push(&self.step, &stored)?
            {
                return Ok(Some(bytes));
            }
        }
        match self.decrypting.take() {
            Some(mut decrypting) => {
                let bytes = decrypting.finish(&self.step)?;
                Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
            }
            None => Ok(None),
        }
    }

    async fn next_stored(&mut self) -> Result<Option<Bytes>> {
        let next = self.chunks.try_next().await;
        let chunk = next.map_err(|error| Error::store(&self.step, error))?;
        if let Some(chunk) = &chunk {
            self.crc64.update(chunk);
            if self.expected.sha256.is_some() {
                self.sha256.update(chunk);
            }
            self.length += chunk.len() as u64;
        }
        Ok(chunk)
    }

    /// The next `length` bytes; fewer where the archive ends.
    pub(crate) async fn take(&mut self, length: u64) -> Result<Bytes> {
        let mut taken = Vec::new();
        while (taken.len() as u64) < length {
            let Some(mut chunk) = self.next().await? else {
                break;
            };
            let missing = length - taken.len() as u64;
            if chunk.len() as u64 > missing {
                self.rest = chunk.split_off(missing as usize);
            }
            if taken.is_empty() && chunk.len() as u64 == length {
                return Ok(chunk);
            }
            taken.extend_from_slice(&chunk);
        }
        Ok(taken.into())
    }

    /// Reads to the end; returns how many bytes were left.
    pub(crate) async fn drain(&mut self) -> Result<u64> {
        let mut left = 0;
        while let Some(chunk) = self.next().await? {
            left += chunk.len() as u64;
        }
        Ok(left)
    }

    /// Whether the bytes, once all are read, are those that the record names.
    pub(crate) fn check(&self) -> Result<()> {
        let refuse = |found: String, named: String| {
            Err(Error::corrupt(format!(
                "{}: its {found} are not the {named} that the record names",
                self.step
            )))
        };
        if let Some(facts) = &self.expected.facts {
            let crc64 = self.crc64.finalize().to_string();
            if self.length != facts.size || crc64 != facts.crc64 {
                return refuse(
                    format!("{} bytes with CRC64 {crc64}", self.length),
                    format!("{} bytes with CRC64 {}", facts.size, facts.crc64),
                );
            }
        }
        if let Some(named) = self.expected.sha256 {
            let found = Digest::from(self.sha256.clone());
            if found != named {
                return refuse(
                    format!("bytes with SHA-256 {found}"),
                    format!("bytes with SHA-256 {named}"),
                );
            }
        }
        Ok(())
    }
}

/// Blocking reader over chunks that arrive asynchronously.
struct ChannelReader {
    chunks: mpsc::Receiver<Result<Bytes>>,
    current: Bytes,
    failure: Arc<std::sync::Mutex<Option<Error>>>,
}

impl Read for ChannelReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.chunks.blocking_recv() {
                None => return Ok(0),
                Some(Ok(chunk)) => self.current = chunk,
                Some(Err(error)) => {
                    if let Ok(mut failure) = self.failure.lock() {
                        *failure = Some(error);
                    }
                    return Err(io::Error::other("the archive cannot be read further"));
                }
            }
        }
        let length = self.current.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.current.split_to(length));
        Ok(length)
    }
}
