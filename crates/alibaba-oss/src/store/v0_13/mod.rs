//! `object_store` 0.13, which DataFusion, Delta and Polars of today ask for.

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

use async_trait::async_trait;
use object_store_013 as api;

use api::multipart::{MultipartStore, PartId};
use api::path::Path;
use api::{MultipartId, PutPayload, PutResult, Result};

use crate::OssStore;

#[async_trait]
impl MultipartStore for OssStore {
    async fn create_multipart(&self, path: &Path) -> Result<MultipartId> {
        parts::begin(self, path.as_ref(), &[]).await
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
