//! A store whose ETags depend on nothing but the bytes, as those of object storage do.

use std::fmt;

use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    Result,
};

/// The objects of `S`, with the CRC-64 of their bytes as ETag, so that a copy of them is the same.
#[derive(Debug)]
pub(crate) struct Tagged<S>(pub(crate) S);

impl<S> fmt::Display for Tagged<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tagged")
    }
}

impl<S: ObjectStore> Tagged<S> {
    async fn tag(&self, location: &Path) -> Result<String> {
        let bytes = self.0.get(location).await?.bytes().await?;
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
        let mut put = self.0.put_opts(location, payload, options).await?;
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
        let mut found = self.0.get_opts(location, options).await?;
        found.meta.e_tag = Some(self.tag(location).await?);
        Ok(found)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.0.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.0.copy_opts(from, to, options).await
    }
}
