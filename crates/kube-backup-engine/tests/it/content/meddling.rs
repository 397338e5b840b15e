//! A store that does not keep what it is given.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    Result,
};

/// What is done to the objects whose keys end in something.
#[derive(Debug)]
pub(crate) enum Meddling {
    /// Their bytes never end, however long they are said to be.
    Endless,
    /// Before the read of this number, the first being 0, they are replaced by these bytes.
    Replace(u64, Bytes),
}

/// Objects in memory, one of them at somebody's mercy.
#[derive(Debug)]
pub(crate) struct Meddler {
    inner: InMemory,
    suffix: &'static str,
    meddling: Meddling,
    has_etags: bool,
    reads: AtomicU64,
    /// Pieces of endless bytes that were taken.
    pub(crate) pieces: std::sync::Arc<AtomicU64>,
}

impl Meddler {
    pub(crate) async fn over(
        from: &dyn ObjectStore,
        suffix: &'static str,
        meddling: Meddling,
    ) -> Self {
        let inner = InMemory::new();
        for key in super::keys(from).await {
            let bytes = from.get(&key).await.unwrap().bytes().await.unwrap();
            inner.put(&key, bytes.into()).await.unwrap();
        }
        Self {
            inner,
            suffix,
            meddling,
            has_etags: true,
            reads: AtomicU64::default(),
            pieces: Default::default(),
        }
    }

    /// As stores are that give nothing to pin a read by.
    pub(crate) fn without_etags(mut self) -> Self {
        self.has_etags = false;
        self
    }

    pub(crate) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }
}

impl fmt::Display for Meddler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("meddler")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Meddler {
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

    async fn get_opts(&self, location: &Path, mut options: GetOptions) -> Result<GetResult> {
        let concerned = location.as_ref().ends_with(self.suffix) && !options.head;
        if concerned {
            let number = self.reads.fetch_add(1, Ordering::Relaxed);
            if let Meddling::Replace(at, bytes) = &self.meddling
                && *at == number
            {
                self.inner.put(location, bytes.clone().into()).await?;
            }
        }
        if !self.has_etags {
            options.if_match = None;
        }
        let mut found = self.inner.get_opts(location, options).await?;
        if !self.has_etags {
            found.meta.e_tag = None;
        }
        if concerned && matches!(self.meddling, Meddling::Endless) {
            let pieces = std::sync::Arc::clone(&self.pieces);
            let piece = move || {
                pieces.fetch_add(1, Ordering::Relaxed);
                Ok(Bytes::from_static(&[b' '; 1 << 20]))
            };
            found.payload = GetResultPayload::Stream(stream::repeat_with(piece).boxed());
        }
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
