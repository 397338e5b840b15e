//! Results as this version of `object_store` has them.

use std::ops::Range;

use object_store_013::path::Path;
use object_store_013::{
    Attributes, GetResult, GetResultPayload, ListResult, ObjectMeta, PutResult,
};

pub(super) fn put_result(e_tag: Option<String>, version: Option<String>) -> PutResult {
    PutResult { e_tag, version }
}

pub(super) fn get_result(
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

pub(super) fn list_result(common_prefixes: Vec<Path>, objects: Vec<ObjectMeta>) -> ListResult {
    ListResult {
        common_prefixes,
        objects,
    }
}
