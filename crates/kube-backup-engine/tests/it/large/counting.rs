//! A store that counts the bytes it hands out.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// Objects in memory; what is read of them is counted by the byte.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    inner: InMemory,
    read: Arc<AtomicU64>,
    requests: AtomicU64,
}

impl Counting {
    /// Bytes and requests since the last call.
    pub(crate) fn take(&self) -> (u64, u64) {
        (
            self.read.swap(0, Ordering::Relaxed),
            self.requests.swap(0, Ordering::Relaxed),
        )
    }
}

impl fmt::Display for Counting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("counting")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Counting {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let head = options.head;
        let mut found = self.inner.get_opts(location, options).await?;
        if !head {
            let read = Arc::clone(&self.read);
            let (meta, range, attributes) = (
                found.meta.clone(),
                found.range.clone(),
                found.attributes.clone(),
            );
            let chunks = found.into_stream().inspect(move |chunk| {
                if let Ok(chunk) = chunk {
                    read.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                }
            });
            found = GetResult {
                payload: GetResultPayload::Stream(chunks.boxed()),
                meta,
                range,
                attributes,
                extensions: Default::default(),
            };
        }
        Ok(found)
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let found = self.inner.get_ranges(location, ranges).await?;
        let length: usize = found.iter().map(Bytes::len).sum();
        self.read.fetch_add(length as u64, Ordering::Relaxed);
        Ok(found)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
