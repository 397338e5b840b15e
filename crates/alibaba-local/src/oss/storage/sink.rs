//! Where bodies go while they arrive.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use crc_fast::{CrcAlgorithm, Digest as CrcDigest};
use md5::{Digest as _, Md5};
use tokio::io::AsyncWriteExt;

use crate::oss::bench::RepeatedBlock;
use crate::oss::storage::content::{Content, DataFile, Segment};

/// A body that arrived whole.
pub(crate) struct Received {
    pub(crate) content: Content,
    pub(crate) len: u64,
    pub(crate) crc: u64,
    /// Where it was computed.
    pub(crate) md5: Option<[u8; 16]>,
}

impl Received {
    pub(crate) fn etag(&self) -> String {
        match self.md5 {
            Some(md5) => base16ct::upper::encode_string(&md5),
            None => format!("{:016X}{:016X}", self.crc, self.len),
        }
    }

    pub(crate) fn content_md5(&self) -> Option<String> {
        self.md5.map(|md5| BASE64_STANDARD.encode(md5))
    }
}

/// Where a body goes while it arrives: nothing of it is visible before it is committed.
pub(crate) struct Sink {
    pub(crate) known: Option<RepeatedBlock>,
    crc: CrcDigest,
    md5: Option<Md5>,
    len: u64,
    frames: Vec<Segment>,
    file: Option<(tokio::fs::File, Arc<DataFile>)>,
}

impl Sink {
    /// Into memory, or into a file at `path`.
    pub(crate) async fn open(path: Option<PathBuf>, with_md5: bool) -> io::Result<Self> {
        let file = match path {
            Some(path) => Some((
                tokio::fs::File::create(&path).await?,
                Arc::new(DataFile::new(path, false)),
            )),
            None => None,
        };
        Ok(Self {
            known: None,
            crc: CrcDigest::new(CrcAlgorithm::Crc64Xz),
            md5: with_md5.then(Md5::new),
            len: 0,
            frames: Vec::new(),
            file,
        })
    }

    pub(crate) async fn write(&mut self, data: Bytes) -> io::Result<()> {
        self.len += data.len() as u64;
        if self.known.is_some() {
            return Ok(());
        }
        self.crc.update(&data);
        if let Some(md5) = &mut self.md5 {
            md5.update(&data);
        }
        match &mut self.file {
            Some((file, _)) => file.write_all(&data).await,
            None => {
                self.frames.push(Segment::Memory(data));
                Ok(())
            }
        }
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    pub(crate) async fn finish(self) -> io::Result<Received> {
        let Self {
            known,
            crc,
            md5,
            len,
            mut frames,
            file,
        } = self;
        if let Some((mut file, data)) = file {
            file.flush().await?;
            frames.push(Segment::File {
                file: data,
                from: 0,
                len,
            });
        }
        let mut crc = crc.finalize();
        if let Some(known) = known {
            crc = known.crc;
            frames.push(Segment::Repeated {
                block: known.block,
                from: 0,
                len,
            });
        }
        Ok(Received {
            content: Content::new(frames),
            len,
            crc,
            md5: md5.map(|md5| md5.finalize().into()),
        })
    }
}
