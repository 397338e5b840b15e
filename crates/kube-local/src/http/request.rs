//! What is asked: the parts of a request, and its body as an object.

use bytes::Bytes;
use serde_json::Value;

use super::query::Query;
use crate::catalog::Resource;
use crate::error::ApiError;
use crate::protobuf::{self, MEDIA_TYPE};

/// The parts of a request that count.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: http::Method,
    pub(crate) path: String,
    pub(crate) query: Query,
    pub(crate) accept: String,
    pub(crate) content_type: String,
    pub(crate) user_agent: String,
    pub(crate) body: Bytes,
}

pub(super) fn read_body(request: &Request, resource: &Resource) -> Result<Value, ApiError> {
    let unreadable = |error: serde_json::Error| {
        ApiError::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): couldn't get \
             version/kind; json parse error: {error}",
            resource.kind
        ))
    };
    match request
        .content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
    {
        "application/json" | "" => from_json(&request.body).map_err(unreadable),
        "application/yaml" => from_yaml(&request.body),
        // As with the real server, built-in kinds alone.
        MEDIA_TYPE if resource.custom.is_none() => protobuf::read(&request.body).map_err(|error| {
            ApiError::bad_request(format!(
                "the object provided is unrecognized (must be of type {}): {error}",
                resource.kind
            ))
        }),
        _ if resource.custom.is_some() => Err(ApiError::unsupported_media_type(
            "the body of the request was in an unknown format - accepted media types include: \
             application/json, application/yaml",
        )),
        _ => Err(ApiError::unsupported_media_type(
            "the body of the request was in an unknown format - accepted media types include: \
             application/json, application/yaml, application/vnd.kubernetes.protobuf",
        )),
    }
}

pub(super) fn optional_body(request: &Request, resource: &Resource) -> Result<Value, ApiError> {
    if request.body.is_empty() {
        Ok(Value::Null)
    } else {
        read_body(request, resource)
    }
}

pub(super) fn from_json(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(bytes)
}

pub(super) fn from_yaml(bytes: &[u8]) -> Result<Value, ApiError> {
    // JSON is YAML, and quicker to read as what it is.
    serde_json::from_slice(bytes)
        .or_else(|_| serde_norway::from_slice(bytes))
        .map_err(|error| ApiError::bad_request(format!("error decoding YAML: {error}")))
}
