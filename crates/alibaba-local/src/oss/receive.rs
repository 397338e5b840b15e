//! Taking bodies in.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures::StreamExt;
use http::HeaderMap;
use md5::{Digest as _, Md5};

use crate::gateway::response::Body;
use crate::oss::error::OssError;
use crate::oss::refusal::Refusal;
use crate::oss::state::Oss;
use crate::oss::storage::sink::{Received, Sink};

/// The largest body of one PutObject, AppendObject or UploadPart: 5 GB.
const MAX_BODY: u64 = 5 * 1024 * 1024 * 1024;

/// XML documents: Complete with 10 000 parts and DeleteMultipleObjects stay below.
const MAX_DOCUMENT: usize = 2 * 1024 * 1024;

impl Oss {
    /// Opens a sink for a body of this bucket.
    pub(crate) async fn sink(&self, bucket: &str, with_md5: bool) -> Result<Sink, OssError> {
        Sink::open(self.store.incoming_file(bucket), with_md5)
            .await
            .map_err(|error| OssError::internal(&error))
    }

    /// Takes a body in and checks it against `Content-MD5` and the limits.
    pub(crate) async fn receive(
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
            return Err(OssError::refuse(
                Refusal::MISSING_CONTENT_LENGTH,
                "You must provide the Content-Length HTTP header.",
            ));
        }
        if announced.is_some_and(|len| len > MAX_BODY) {
            return Err(too_large());
        }
        let known = self
            .bench
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
                self.sink(bucket, digest.is_some() || !self.bench.skip_md5)
                    .await?
            }
        };
        while let Some(data) = body.next().await {
            let data = data.map_err(|_| OssError::request_timeout())?;
            sink.write(data)
                .await
                .map_err(|error| OssError::internal(&error))?;
            if sink.len() > MAX_BODY {
                return Err(too_large());
            }
        }
        let received = sink
            .finish()
            .await
            .map_err(|error| OssError::internal(&error))?;
        match (digest, received.content_md5()) {
            (Some(sent), Some(computed)) if sent != computed.as_bytes() => Err(invalid_digest()),
            _ => Ok(received),
        }
    }
}

/// A body that is an XML document, checked against its `Content-MD5`.
pub(crate) async fn document(
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
            return Err(OssError::refuse(
                Refusal::MISSING_ARGUMENT,
                "Missing Some Required Arguments.",
            )
            .with("ArgumentName", "Content-MD5"));
        }
        _ => {}
    }
    String::from_utf8(bytes).map_err(|_| OssError::malformed_xml())
}

fn invalid_digest() -> OssError {
    OssError::refuse(
        Refusal::INVALID_DIGEST,
        "The Content-MD5 you specified is invalid.",
    )
}

fn too_large() -> OssError {
    OssError::refuse(
        Refusal::ENTITY_TOO_LARGE,
        "Your proposed upload exceeds the maximum allowed size.",
    )
}
