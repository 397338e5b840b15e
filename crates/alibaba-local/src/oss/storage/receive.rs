//! Taking bodies in.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use crc_fast::{CrcAlgorithm, Digest as CrcDigest};
use futures::StreamExt;
use futures::stream::BoxStream;
use http::HeaderMap;
use md5::{Digest as _, Md5};
use tokio::io::AsyncWriteExt;

use crate::oss::error::OssError;
use crate::oss::storage::content::{Content, DataFile, Segment};
use crate::oss::{Oss, upper_hex};

/// A request's body.
pub(crate) type Body = BoxStream<'static, io::Result<Bytes>>;

/// The largest body of one PutObject, AppendObject or UploadPart: 5 GB.
const MAX_BODY: u64 = 5 * 1024 * 1024 * 1024;

/// XML documents: Complete with 10 000 parts and DeleteMultipleObjects stay below.
const MAX_DOCUMENT: usize = 2 * 1024 * 1024;

/// How much work is done on every body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effort {
    /// ETags come from the CRC, MD5s are computed only to be compared with a client's.
    pub(crate) skip_md5: bool,
    /// Bodies whose length says what they are.
    pub(crate) known: Vec<KnownBody>,
}

/// A block, repeated: the body of a benchmark, its CRC computed beforehand.
#[derive(Clone, Debug)]
pub(crate) struct KnownBody {
    block: Bytes,
    len: u64,
    crc: u64,
}

impl KnownBody {
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
            Some(md5) => upper_hex(&md5),
            None => format!("{:016X}{:016X}", self.crc, self.len),
        }
    }

    pub(crate) fn content_md5(&self) -> Option<String> {
        self.md5.map(|md5| BASE64_STANDARD.encode(md5))
    }
}

/// Where a body goes while it arrives: nothing of it is visible before it is committed.
pub(crate) struct Sink {
    known: Option<KnownBody>,
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

impl Oss {
    /// Opens a sink for a body of this bucket.
    pub(in crate::oss) async fn sink(
        &self,
        bucket: &str,
        with_md5: bool,
    ) -> Result<Sink, OssError> {
        Sink::open(self.store.incoming_file(bucket), with_md5)
            .await
            .map_err(|error| OssError::internal(&error))
    }

    /// Takes a body in and holds it against `Content-MD5` and the limits.
    pub(in crate::oss) async fn receive(
        &self,
        bucket: &str,
        headers: &HeaderMap,
        mut body: Body,
    ) -> Result<Received, OssError> {
        let digest = headers.get("content-md5").map(http::HeaderValue::as_bytes);
        let announced: Option<u64> = headers
            .get(http::header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        if announced.is_none() && !headers.contains_key(http::header::TRANSFER_ENCODING) {
            return Err(OssError::new(
                http::StatusCode::LENGTH_REQUIRED,
                "MissingContentLength",
                "You must provide the Content-Length HTTP header.",
            ));
        }
        if announced.is_some_and(|len| len > MAX_BODY) {
            return Err(too_large());
        }
        let known = self
            .effort
            .known
            .iter()
            .find(|known| Some(known.len) == announced && digest.is_none());
        let mut sink = match known {
            Some(known) => {
                let mut sink = Sink::open(None, false)
                    .await
                    .map_err(|error| OssError::internal(&error))?;
                sink.known = Some(known.clone());
                sink
            }
            None => {
                self.sink(bucket, digest.is_some() || !self.effort.skip_md5)
                    .await?
            }
        };
        while let Some(data) = body.next().await {
            let data = data.map_err(|_| OssError::request_timeout())?;
            sink.write(data)
                .await
                .map_err(|error| OssError::internal(&error))?;
            if sink.len > MAX_BODY {
                return Err(too_large());
            }
        }
        let received = sink
            .finish()
            .await
            .map_err(|error| OssError::internal(&error))?;
        match (digest, received.content_md5()) {
            (Some(sent), Some(computed)) if sent != computed.as_bytes() => {
                Err(invalid_digest().ec("0017-00000501"))
            }
            _ => Ok(received),
        }
    }
}

/// A body that is an XML document, held against its `Content-MD5`.
pub(in crate::oss) async fn document(
    headers: &HeaderMap,
    mut body: Body,
    md5_required: bool,
) -> Result<String, OssError> {
    let mut bytes = Vec::new();
    while let Some(data) = body.next().await {
        bytes.extend_from_slice(&data.map_err(|_| OssError::request_timeout())?);
        if bytes.len() > MAX_DOCUMENT {
            return Err(OssError::malformed_xml());
        }
    }
    let digest = BASE64_STANDARD.encode(Md5::digest(&bytes));
    match headers.get("content-md5").map(http::HeaderValue::as_bytes) {
        Some(sent) if sent != digest.as_bytes() => return Err(invalid_digest()),
        None if md5_required => {
            return Err(OssError::bad_request(
                "MissingArgument",
                "Missing Some Required Arguments.",
            )
            .with("ArgumentName", "Content-MD5"));
        }
        _ => {}
    }
    String::from_utf8(bytes).map_err(|_| OssError::malformed_xml())
}

fn invalid_digest() -> OssError {
    OssError::bad_request("InvalidDigest", "The Content-MD5 you specified is invalid.")
}

fn too_large() -> OssError {
    OssError::bad_request(
        "EntityTooLarge",
        "Your proposed upload exceeds the maximum allowed size.",
    )
}
