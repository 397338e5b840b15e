//! What a caller who keeps the parts of an upload itself asks for, in the types of the `object_store`
//! that stands as `api` beside this module.

use super::adapter::{UPLOAD, refused, store_error};
use super::api::multipart::PartId;
use super::api::{PutPayload, PutResult, Result};
use super::results::put_result;
use crate::store::write::{part_id, part_number, read_part_id};
use crate::{OssStore, Payload};

pub(super) async fn begin(
    store: &OssStore,
    key: &str,
    headers: &[(String, String)],
) -> Result<String> {
    let begun = store.begin(key, headers, false).await;
    begun.map_err(|refusal| refused(store, key, UPLOAD, refusal))
}

pub(super) async fn put(
    store: &OssStore,
    key: &str,
    id: &str,
    place: usize,
    data: PutPayload,
) -> Result<PartId> {
    let failed = |error| store_error(key, error);
    let number = part_number(place).map_err(failed)?;
    let payload: Payload = data.into_iter().collect();
    let (client, bucket) = (store.client(), store.bucket());
    let stored = client
        .upload_part(bucket, key, id, number, payload)
        .send()
        .await;
    Ok(PartId {
        content_id: part_id(&stored.map_err(failed)?),
    })
}

pub(super) async fn complete(
    store: &OssStore,
    key: &str,
    id: &str,
    parts: Vec<PartId>,
) -> Result<PutResult> {
    let mut stored = Vec::with_capacity(parts.len());
    for (place, part) in parts.iter().enumerate() {
        let read = part_number(place).and_then(|number| read_part_id(number, &part.content_id));
        stored.push(read.map_err(|error| store_error(key, error))?);
    }
    let completed = store
        .complete(key, id, stored, false)
        .await
        .map_err(|refusal| refused(store, key, UPLOAD, refusal))?;
    Ok(put_result(completed.etag, completed.version_id))
}

pub(super) async fn abort(store: &OssStore, key: &str, id: &str) -> Result<()> {
    let aborted = store.client().abort_upload(store.bucket(), key, id).await;
    aborted.map_err(|error| store_error(key, error))
}
