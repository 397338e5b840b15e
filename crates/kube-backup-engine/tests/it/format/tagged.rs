//! A store whose ETags depend on nothing but the bytes, as those of object storage do.

use std::fmt;
use std::sync::{Arc, Mutex};

use futures::StreamExt as _;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt as _, PutMode, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};

/// The objects of `S`, with the CRC-64 of their bytes as ETag, so that a copy of them is the same.
#[derive(Debug)]
pub(crate) struct Tagged<S> {
    inner: S,
    recorded: Option<Arc<Recorded>>,
}

/// What was written and deleted, in order.
#[derive(Debug, Default)]
pub(crate) struct Recorded(Mutex<Vec<String>>);

impl Recorded {
    fn note(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }

    /// All that was noted so far.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl<S> fmt::Display for Tagged<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tagged")
    }
}

impl<S: ObjectStore> Tagged<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self {
            inner,
            recorded: None,
        }
    }

    /// Notes what is written and deleted.
    pub(crate) fn recorded_by(mut self, recorded: Arc<Recorded>) -> Self {
        self.recorded = Some(recorded);
        self
    }

    fn note(&self, what: String) {
        if let Some(recorded) = &self.recorded {
            recorded.note(what);
        }
    }

    async fn tag(&self, location: &Path) -> Result<String> {
        let bytes = self.inner.get(location).await?.bytes().await?;
        let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Xz, &bytes);
        Ok(format!("\"{crc:016X}\""))
    }
}

#[async_trait::async_trait]
impl<S: ObjectStore> ObjectStore for Tagged<S> {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let mode = match options.mode {
            PutMode::Create => "create",
            _ => "write",
        };
        if location.as_ref().ends_with("-lease.json") {
            let content: Vec<u8> = payload.iter().flatten().copied().collect();
            // Every run has another name.
            let mut content: serde_json::Value = serde_json::from_slice(&content).unwrap();
            content["run"] = "RUN".into();
            self.note(format!("{mode} {location} {content}"));
        } else {
            self.note(format!("{mode} {location}"));
        }
        let mut put = self.inner.put_opts(location, payload, options).await?;
        put.e_tag = Some(self.tag(location).await?);
        Ok(put)
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(Error::NotImplemented {
            operation: "multipart uploads".into(),
            implementer: "tagged".into(),
        })
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let mut unconditional = options.clone();
        unconditional.if_match = None;
        let mut found = self.inner.get_opts(location, unconditional).await?;
        found.meta.e_tag = Some(self.tag(location).await?);
        options.check_preconditions(&found.meta)?;
        Ok(found)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let recorded = self.recorded.clone();
        let locations = locations.inspect(move |location| {
            if let (Some(recorded), Ok(location)) = (&recorded, location) {
                recorded.note(format!("delete {location}"));
            }
        });
        self.inner.delete_stream(locations.boxed())
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
