//! An object store none of whose requests lasts for ever.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::{FutureExt as _, StreamExt as _};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions,
    Result, UploadPart,
};
use tokio::time::timeout;

/// Longer than stores take that have deadlines of their own, with all their attempts, and long enough
/// for a part of an upload on a slow line.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(600);

/// Bounds each request to a store, and the time between two pieces of what it returns.
#[derive(Debug, Clone)]
pub(crate) struct BoundedStore(Arc<dyn ObjectStore>);

impl BoundedStore {
    pub(crate) fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self(store)
    }
}

impl fmt::Display for BoundedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

async fn bounded<T>(request: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(REQUEST_TIMEOUT, request)
        .await
        .unwrap_or_else(|_| Err(no_response()))
}

fn no_response() -> Error {
    Error::Generic {
        store: "ObjectStore",
        source: format!("no response within {REQUEST_TIMEOUT:?}").into(),
    }
}

/// Ends with an error where the next item does not come in time.
fn bounded_stream<T: Send + 'static>(
    stream: BoxStream<'static, Result<T>>,
) -> BoxStream<'static, Result<T>> {
    futures::stream::unfold(Some(stream), |stream| async {
        let mut stream = stream?;
        match timeout(REQUEST_TIMEOUT, stream.next()).await {
            Ok(item) => item.map(|item| (item, Some(stream))),
            Err(_) => Some((Err(no_response()), None)),
        }
    })
    // Whoever reads an archive may ask for more after its end.
    .fuse()
    .boxed()
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for BoundedStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        bounded(self.0.put_opts(location, payload, opts)).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let upload = bounded(self.0.put_multipart_opts(location, opts)).await?;
        Ok(Box::new(BoundedUpload(upload)))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let mut found = bounded(self.0.get_opts(location, options)).await?;
        // A file, which only a feature of `object_store` knows of, stays as it is.
        #[allow(irrefutable_let_patterns, reason = "refutable with that feature")]
        if let GetResultPayload::Stream(stream) = found.payload {
            found.payload = GetResultPayload::Stream(bounded_stream(stream));
        }
        Ok(found)
    }

    async fn get_ranges(
        &self,
        location: &Path,
        ranges: &[std::ops::Range<u64>],
    ) -> Result<Vec<bytes::Bytes>> {
        bounded(self.0.get_ranges(location, ranges)).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        bounded_stream(self.0.delete_stream(locations))
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        bounded_stream(self.0.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        bounded_stream(self.0.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        bounded(self.0.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        bounded(self.0.copy_opts(from, to, options)).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        bounded(self.0.rename_opts(from, to, options)).await
    }
}

#[derive(Debug)]
struct BoundedUpload(Box<dyn MultipartUpload>);

#[async_trait]
impl MultipartUpload for BoundedUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        bounded(self.0.put_part(data)).boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        bounded(self.0.complete()).await
    }

    async fn abort(&mut self) -> Result<()> {
        bounded(self.0.abort()).await
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt as _;
    use object_store::ObjectStoreExt as _;
    use object_store::memory::InMemory;
    use object_store::throttle::{ThrottleConfig, ThrottledStore};

    use super::*;

    /// A store that holds `a` and responds to nothing for `wait`.
    async fn slow(wait: Duration) -> BoundedStore {
        let memory = InMemory::new();
        memory.put(&Path::from("a"), "abc".into()).await.unwrap();
        let config = ThrottleConfig {
            wait_delete_per_call: wait,
            wait_get_per_call: wait,
            wait_list_per_call: wait,
            wait_list_with_delimiter_per_call: wait,
            wait_put_per_call: wait,
            ..ThrottleConfig::default()
        };
        BoundedStore::new(Arc::new(ThrottledStore::new(memory, config)))
    }

    async fn outcomes(store: &BoundedStore) -> Vec<Result<()>> {
        let (a, b) = (Path::from("a"), Path::from("b"));
        vec![
            store.put(&b, "b".into()).await.map(drop),
            store.get(&a).await.map(drop),
            store.head(&a).await.map(drop),
            store.get_range(&a, 0..1).await.map(drop),
            store.get_ranges(&a, &[0..1, 2..3]).await.map(drop),
            store.list(None).try_collect::<Vec<_>>().await.map(drop),
            store.list_with_delimiter(None).await.map(drop),
            store.copy(&a, &b).await,
            store.delete(&b).await,
        ]
    }

    #[tokio::test(start_paused = true)]
    async fn no_request_to_a_store_lasts_for_ever() {
        let store = slow(Duration::from_secs(24 * 60 * 60)).await;
        for (n, outcome) in outcomes(&store).await.into_iter().enumerate() {
            let error = outcome.unwrap_err().to_string();
            assert!(error.contains("no response within 600s"), "{n}: {error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_store_is_waited_for() {
        let store = slow(Duration::from_secs(60)).await;
        for outcome in outcomes(&store).await {
            outcome.unwrap();
        }
        let mut upload = store.put_multipart(&Path::from("c")).await.unwrap();
        upload.put_part("part".into()).await.unwrap();
        upload.complete().await.unwrap();
        let found = store.get(&Path::from("c")).await.unwrap();
        assert_eq!(found.bytes().await.unwrap(), "part");
    }
}
