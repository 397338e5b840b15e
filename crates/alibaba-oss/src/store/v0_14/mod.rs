//! `object_store` 0.14: results carry extensions, and presigning needs no HTTP client.

#[allow(
    clippy::duplicate_mod,
    reason = "compiled once for each version of object_store, against that version's types"
)]
#[path = "../adapter.rs"]
mod adapter;
#[allow(
    clippy::duplicate_mod,
    reason = "compiled once for each version of object_store, against that version's types"
)]
#[path = "../parts.rs"]
mod parts;
mod results;
#[cfg(feature = "object_store_signer")]
mod signer;

use async_trait::async_trait;
use object_store as api;

use adapter::object_headers;
use api::multipart::{MultipartStore, PartId};
use api::path::Path;
use api::{MultipartId, PutMultipartOptions, PutPayload, PutResult, Result};

use crate::{ForbidOverwrite, OssStore};

#[async_trait]
impl MultipartStore for OssStore {
    async fn create_multipart(&self, path: &Path) -> Result<MultipartId> {
        parts::begin(self, path.as_ref(), &[]).await
    }

    async fn create_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<MultipartId> {
        if options.extensions.get::<ForbidOverwrite>().is_some() && !self.forbid_overwrite {
            // The completion, which has to forbid it once more, would not know.
            return Err(api::Error::NotSupported {
                source: "build the store with `forbid_overwrite` to forbid it here".into(),
            });
        }
        let headers = object_headers(&options.attributes, &options.tags);
        parts::begin(self, path.as_ref(), &headers).await
    }

    async fn put_part(
        &self,
        path: &Path,
        id: &MultipartId,
        part_idx: usize,
        data: PutPayload,
    ) -> Result<PartId> {
        parts::put(self, path.as_ref(), id, part_idx, data).await
    }

    async fn complete_multipart(
        &self,
        path: &Path,
        id: &MultipartId,
        parts: Vec<PartId>,
    ) -> Result<PutResult> {
        parts::complete(self, path.as_ref(), id, parts).await
    }

    async fn abort_multipart(&self, path: &Path, id: &MultipartId) -> Result<()> {
        parts::abort(self, path.as_ref(), id).await
    }
}
