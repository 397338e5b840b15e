//! A store that writes only while this process leads.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::{FutureExt as _, StreamExt as _};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
    UploadPart,
};

use crate::controller::leader::{Deposed, Fence};

/// Refuses to write once this process does not lead any more: the next leader goes on with the same backups, under the same uids.
#[derive(Clone, Debug)]
pub(super) struct FencedStore {
    store: Arc<dyn ObjectStore>,
    fence: Fence,
}

impl FencedStore {
    pub(super) fn new(store: Arc<dyn ObjectStore>, fence: Fence) -> Self {
        Self { store, fence }
    }
}

fn check(fence: &Fence) -> Result<()> {
    if fence.is_open() {
        return Ok(());
    }
    Err(Error::Generic {
        store: "FencedStore",
        source: Box::new(Deposed),
    })
}

impl fmt::Display for FencedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for FencedStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        check(&self.fence)?;
        self.store.put_opts(location, payload, opts).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        check(&self.fence)?;
        let upload = self.store.put_multipart_opts(location, opts).await?;
        Ok(Box::new(FencedUpload {
            upload,
            fence: self.fence.clone(),
        }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.store.get_opts(location, options).await
    }

    async fn get_ranges(
        &self,
        location: &Path,
        ranges: &[std::ops::Range<u64>],
    ) -> Result<Vec<bytes::Bytes>> {
        self.store.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let fence = self.fence.clone();
        // Looked at before each, since a long list may outlast the lead.
        let allowed = locations.map(move |path| path.and_then(|path| check(&fence).map(|()| path)));
        self.store.delete_stream(allowed.boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.store.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.store.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        check(&self.fence)?;
        self.store.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        check(&self.fence)?;
        self.store.rename_opts(from, to, options).await
    }
}

#[derive(Debug)]
struct FencedUpload {
    upload: Box<dyn MultipartUpload>,
    fence: Fence,
}

#[async_trait]
impl MultipartUpload for FencedUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        match check(&self.fence) {
            Ok(()) => self.upload.put_part(data),
            Err(error) => futures::future::ready(Err(error)).boxed(),
        }
    }

    async fn complete(&mut self) -> Result<PutResult> {
        check(&self.fence)?;
        self.upload.complete().await
    }

    async fn abort(&mut self) -> Result<()> {
        self.upload.abort().await
    }
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt as _;
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn a_deposed_leader_reads_and_writes_nothing_more() {
        let memory: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let (a, b) = (Path::from("a"), Path::from("b"));
        memory.put(&a, "a".into()).await.unwrap();
        let leading = FencedStore::new(memory.clone(), Fence::open());
        leading.put(&b, "b".into()).await.unwrap();
        leading.delete(&b).await.unwrap();
        let deposed = FencedStore::new(memory.clone(), Fence::closed());
        deposed.get(&a).await.unwrap();
        assert!(deposed.list_with_delimiter(None).await.is_ok());
        assert!(deposed.put(&b, "b".into()).await.is_err());
        assert!(deposed.put_multipart(&b).await.is_err());
        assert!(deposed.copy(&a, &b).await.is_err());
        assert!(deposed.rename(&a, &b).await.is_err());
        assert!(deposed.delete(&a).await.is_err());
        memory.get(&a).await.unwrap();
        assert!(memory.get(&b).await.is_err());
    }
}
