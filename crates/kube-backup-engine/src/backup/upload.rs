//! One object of the store, written as its bytes come.

use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt as _, PutPayload};

use crate::{Error, Result};

/// Part size of multipart uploads; smaller objects are written by one request.
const PART: usize = 8 << 20;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) length: u64,
    pub(crate) crc64: u64,
    pub(crate) etag: Option<String>,
}

/// An object under way. Dropped before it is finished, it aborts what it began.
pub(crate) struct Upload {
    store: Arc<dyn ObjectStore>,
    path: Path,
    held: Vec<Bytes>,
    held_length: usize,
    multipart: Option<Box<dyn MultipartUpload>>,
    /// The part on its way, while the next one fills.
    sending: Option<BoxFuture<'static, object_store::Result<()>>>,
    length: u64,
    digest: crc_fast::Digest,
}

impl Upload {
    pub(crate) fn new(store: &Arc<dyn ObjectStore>, path: Path) -> Self {
        Self {
            store: Arc::clone(store),
            path,
            held: Vec::new(),
            held_length: 0,
            multipart: None,
            sending: None,
            length: 0,
            digest: crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64Xz),
        }
    }

    /// Bytes given so far.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    pub(crate) async fn push(&mut self, bytes: Bytes) -> Result<()> {
        self.digest.update(&bytes);
        self.length += bytes.len() as u64;
        self.held_length += bytes.len();
        self.held.push(bytes);
        if self.held_length >= PART {
            self.send_part().await?;
        } else if let Some(sending) = &mut self.sending {
            // Lets the part on its way make progress between two blocks.
            if let Poll::Ready(sent) = futures::poll!(sending) {
                self.sending = None;
                sent.map_err(|error| self.failed(error))?;
            }
        }
        Ok(())
    }

    fn failed(&self, error: object_store::Error) -> Error {
        Error::store(format!("write `{}`", self.path), error)
    }

    async fn send_part(&mut self) -> Result<()> {
        if let Some(sending) = self.sending.take() {
            sending.await.map_err(|error| self.failed(error))?;
        }
        if self.multipart.is_none() {
            let begun = self.store.put_multipart(&self.path).await;
            self.multipart = Some(begun.map_err(|error| self.failed(error))?);
        }
        let Some(multipart) = &mut self.multipart else {
            return Ok(());
        };
        let part: PutPayload = std::mem::take(&mut self.held).into_iter().collect();
        self.held_length = 0;
        self.sending = Some(multipart.put_part(part).boxed());
        Ok(())
    }

    /// Makes the object.
    pub(crate) async fn finish(mut self) -> Result<Written> {
        let result = if self.multipart.is_some() {
            if !self.held.is_empty() {
                self.send_part().await?;
            }
            if let Some(sending) = self.sending.take() {
                sending.await.map_err(|error| self.failed(error))?;
            }
            let Some(multipart) = &mut self.multipart else {
                return Err(Error::invalid(format!(
                    "write `{}`: nothing was begun",
                    self.path
                )));
            };
            let completed = multipart.complete().await;
            let result = completed.map_err(|error| self.failed(error))?;
            self.multipart = None;
            result
        } else {
            let payload: PutPayload = std::mem::take(&mut self.held).into_iter().collect();
            self.store
                .put(&self.path, payload)
                .await
                .map_err(|error| self.failed(error))?
        };
        Ok(Written {
            length: self.length,
            crc64: self.digest.finalize(),
            etag: result.e_tag,
        })
    }

    /// Gives up what was begun, as far as the store lets us: an abort needs a right of its own
    /// (`oss:AbortMultipartUpload`).
    pub(crate) async fn abort(mut self) -> Result<()> {
        self.sending = None;
        match self.multipart.take() {
            Some(mut multipart) => multipart.abort().await.map_err(|error| {
                Error::store(
                    format!(
                        "abort the upload of `{}`; its parts are kept, and billed, until a lifecycle \
                         rule of the bucket removes them",
                        self.path
                    ),
                    error,
                )
            }),
            None => Ok(()),
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // A part on its way would arrive behind the abort.
        self.sending = None;
        if let (Some(mut multipart), Ok(runtime)) =
            (self.multipart.take(), tokio::runtime::Handle::try_current())
        {
            let path = self.path.clone();
            runtime.spawn(async move {
                if let Err(error) = multipart.abort().await {
                    tracing::warn!(%path, %error, "the upload could not be aborted");
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn objects_of_one_and_of_many_parts_hold_what_was_pushed() {
        for (count, size) in [(0usize, 1usize), (3, 100), (40, 1 << 20)] {
            let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
            let path = Path::from("a");
            let mut upload = Upload::new(&store, path.clone());
            let mut expected = Vec::new();
            for n in 0..count {
                let bytes = Bytes::from(vec![n as u8; size]);
                expected.extend_from_slice(&bytes);
                upload.push(bytes).await.unwrap();
            }
            let written = upload.finish().await.unwrap();
            let stored = store.get(&path).await.unwrap().bytes().await.unwrap();
            assert_eq!(stored, expected);
            assert_eq!(written.length, expected.len() as u64);
            let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Xz, &expected);
            assert_eq!(written.crc64, crc);
        }
    }
}
