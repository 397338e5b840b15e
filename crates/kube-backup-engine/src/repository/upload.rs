//! Writing one object of the store as its bytes arrive, only if it does not exist.

use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{
    MultipartUpload, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload,
};
use sha2::{Digest as _, Sha256};
use tokio::sync::oneshot;

use super::files::FileFacts;
use crate::background;
use crate::{Digest, Error, ErrorKind, Result};

/// Part size of multipart uploads; smaller objects are written by one request. Two are held, one under
/// way and one being filled. No smaller, as S3 takes none below 5 MiB; the 10 000 parts that stores take
/// are then 48 GiB of compressed objects, more than etcd holds.
const PART: usize = 5 << 20;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) length: u64,
    pub(crate) crc64: u64,
    pub(crate) sha256: Digest,
    pub(crate) etag: Option<String>,
}

impl Written {
    pub(crate) fn facts(&self) -> FileFacts {
        FileFacts {
            size: self.length,
            sha256: self.sha256,
        }
    }
}

/// An object being written. Dropping it before it is finished aborts it.
pub(crate) struct ObjectUpload {
    store: Arc<dyn ObjectStore>,
    path: Path,
    held: Vec<Bytes>,
    held_length: usize,
    /// The part being sent, while the next one fills. Dropped first, or it could arrive after the abort.
    sending: Option<BoxFuture<'static, object_store::Result<()>>>,
    multipart: Option<AbortOnDrop>,
    length: u64,
    crc64: crc_fast::Digest,
    sha256: Sha256,
}

impl ObjectUpload {
    pub(crate) fn new(store: &Arc<dyn ObjectStore>, path: Path) -> Self {
        Self {
            store: Arc::clone(store),
            path,
            held: Vec::new(),
            held_length: 0,
            sending: None,
            multipart: None,
            length: 0,
            crc64: crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64Xz),
            sha256: Sha256::new(),
        }
    }

    pub(crate) async fn push(&mut self, bytes: Bytes) -> Result<()> {
        self.crc64.update(&bytes);
        self.sha256.update(&bytes);
        self.length += bytes.len() as u64;
        self.held_length += bytes.len();
        self.held.push(bytes);
        if self.held_length >= PART {
            self.send_part().await?;
        }
        Ok(())
    }

    /// Sends the part on its way, to be polled while there is nothing to push. Ends only when that fails.
    pub(crate) async fn send(&mut self) -> Error {
        if let Some(sending) = &mut self.sending {
            let sent = sending.await;
            self.sending = None;
            if let Err(error) = sent {
                return self.failed(error);
            }
        }
        std::future::pending().await
    }

    fn failed(&self, error: object_store::Error) -> Error {
        let step = format!("write `{}`", self.path);
        match error {
            object_store::Error::AlreadyExists { .. } => Error::new(
                ErrorKind::Busy,
                format!("{step}: another backup of this name wrote it meanwhile"),
            )
            .with_source(error),
            error => Error::store(step, error),
        }
    }

    async fn send_part(&mut self) -> Result<()> {
        if let Some(sending) = self.sending.take() {
            sending.await.map_err(|error| self.failed(error))?;
        }
        let begun = match &mut self.multipart {
            Some(begun) => begun,
            None => {
                let begun = AbortOnDrop::at(&self.store, &self.path).await?;
                let begun = begun.map_err(|error| self.failed(error))?;
                self.multipart.insert(begun)
            }
        };
        let part: PutPayload = std::mem::take(&mut self.held).into_iter().collect();
        self.held_length = 0;
        self.sending = Some(begun.parts().put_part(part).boxed());
        Ok(())
    }

    /// Completes the object, or aborts it.
    pub(crate) async fn finish(mut self) -> Result<Written> {
        match self.complete().await {
            Ok(written) => Ok(written),
            Err(error) => Err(self.give_up(error).await),
        }
    }

    async fn complete(&mut self) -> Result<Written> {
        if self.multipart.is_some() && !self.held.is_empty() {
            self.send_part().await?;
        }
        if let Some(sending) = self.sending.take() {
            sending.await.map_err(|error| self.failed(error))?;
        }
        let result = match self.multipart.take() {
            Some(mut begun) => match begun.parts().complete().await {
                Ok(result) => {
                    begun.forget();
                    result
                }
                Err(error) => {
                    self.multipart = Some(begun);
                    return Err(self.failed(error));
                }
            },
            None => {
                let payload: PutPayload = std::mem::take(&mut self.held).into_iter().collect();
                let create = PutOptions::from(PutMode::Create);
                self.store
                    .put_opts(&self.path, payload, create)
                    .await
                    .map_err(|error| self.failed(error))?
            }
        };
        Ok(Written {
            length: self.length,
            crc64: self.crc64.finalize(),
            sha256: self.sha256.clone().into(),
            etag: result.e_tag,
        })
    }

    /// Aborts what was begun, as far as the store permits: an abort may need a permission of its own, such as
    /// `oss:AbortMultipartUpload` on OSS. What stays is noted in the error that is the reason.
    pub(crate) async fn give_up(mut self, reason: Error) -> Error {
        self.sending = None;
        let Some(begun) = self.multipart.take() else {
            return reason;
        };
        match begun.abort().await {
            Ok(()) => reason,
            Err(left) => reason.with_left_behind(left.chain()),
        }
    }
}

/// A multipart upload that was begun, and is aborted when dropped.
struct AbortOnDrop {
    upload: Option<Box<dyn MultipartUpload>>,
    path: Path,
}

impl AbortOnDrop {
    /// Begins an upload in a task of its own: even when nobody waits for the response any more, it still
    /// arrives, and the upload is aborted.
    async fn at(store: &Arc<dyn ObjectStore>, path: &Path) -> Result<object_store::Result<Self>> {
        let step = format!("write `{path}`: begin its upload");
        let (store, path) = (Arc::clone(store), path.clone());
        let (begun, response) = oneshot::channel();
        background::spawn(async move {
            let upload = store.put_multipart(&path).await;
            let upload = upload.map(|upload| Self {
                upload: Some(upload),
                path,
            });
            // Where nobody waits for it, it is dropped here, and aborted by that.
            drop(begun.send(upload));
        });
        response.await.map_err(|error| Error::internal(step, error))
    }

    fn parts(&mut self) -> &mut dyn MultipartUpload {
        let upload = self.upload.as_mut();
        upload
            .expect("only `forget`, `abort` and `drop` take it, and nobody has it after them")
            .as_mut()
    }

    /// The upload is complete, and there is nothing to abort.
    fn forget(mut self) {
        self.upload = None;
    }

    async fn abort(mut self) -> Result<()> {
        match self.upload.take() {
            Some(upload) => abort(upload, &self.path).await,
            None => Ok(()),
        }
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        let Some(upload) = self.upload.take() else {
            return;
        };
        let path = self.path.clone();
        background::spawn(async move {
            if let Err(error) = abort(upload, &path).await {
                tracing::warn!("left behind: {}", error.chain());
            }
        });
    }
}

async fn abort(mut upload: Box<dyn MultipartUpload>, path: &Path) -> Result<()> {
    upload.abort().await.map_err(|error| {
        Error::new(
            ErrorKind::Store,
            format!(
                "the begun upload of `{path}`: its parts are kept, and billed, until somebody with \
                 the right to abort uploads does so, or a lifecycle rule of the bucket"
            ),
        )
        .with_source(error)
    })
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
            let mut upload = ObjectUpload::new(&store, path.clone());
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
            assert_eq!(written.facts(), FileFacts::of(&expected));
        }
    }
}
