//! `object_store` 0.13, which DataFusion, Delta and Polars of today ask for.

#[allow(
    clippy::duplicate_mod,
    reason = "compiled once for each version of object_store, against that version's types"
)]
#[path = "adapter.rs"]
mod adapter;
#[allow(
    clippy::duplicate_mod,
    reason = "compiled once for each version of object_store, against that version's types"
)]
#[path = "parts.rs"]
mod parts;

use std::ops::Range;

use async_trait::async_trait;
use object_store_013 as api;

use api::multipart::{MultipartStore, PartId};
use api::path::Path;
use api::{
    Attributes, GetResult, GetResultPayload, ListResult, MultipartId, ObjectMeta, PutPayload,
    PutResult, Result,
};

use crate::OssStore;

fn put_result(e_tag: Option<String>, version: Option<String>) -> PutResult {
    PutResult { e_tag, version }
}

fn get_result(
    payload: GetResultPayload,
    meta: ObjectMeta,
    range: Range<u64>,
    attributes: Attributes,
) -> GetResult {
    GetResult {
        payload,
        meta,
        range,
        attributes,
    }
}

fn list_result(common_prefixes: Vec<Path>, objects: Vec<ObjectMeta>) -> ListResult {
    ListResult {
        common_prefixes,
        objects,
    }
}

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
