//! Responses, and the shapes they take.

use bytes::Bytes;
use serde_json::{Value, json};

use super::body::{Body, whole};
use super::render::{self, Format};
use crate::catalog::Resource;
use crate::cluster::{Deleted, WriteOptions};
use crate::error::ApiError;
use crate::store::Stored;

/// A response: bytes at once, or the stream of a watch.
pub(crate) enum Response {
    Whole {
        status: u16,
        content_type: &'static str,
        body: Bytes,
        headers: Vec<(&'static str, String)>,
    },
    Stream(Body),
}

impl Response {
    pub(crate) fn status(&self) -> u16 {
        match self {
            Response::Whole { status, .. } => *status,
            Response::Stream(_) => 200,
        }
    }

    pub(crate) fn error(error: &ApiError, format: &Format) -> Self {
        let format = Format {
            aggregated: false,
            ..*format
        };
        let retry = error
            .retry_after
            .map(|seconds| ("retry-after", seconds.to_string()));
        Response::Whole {
            status: error.code,
            content_type: format.content_type(),
            body: format.write(&error.to_value()),
            headers: retry.into_iter().collect(),
        }
    }

    /// Adds what the request's object gave reason to warn of.
    pub(super) fn warning(mut self, options: &WriteOptions) -> Self {
        if let Response::Whole { headers, .. } = &mut self {
            for text in options.warnings.borrow().iter() {
                let text = text.replace('\\', "\\\\").replace('"', "\\\"");
                headers.push(("warning", format!("299 - \"{text}\"")));
            }
        }
        self
    }

    /// What the server's multiplexer says of a path that it does not serve.
    pub(super) fn page_not_found() -> Self {
        Response::Whole {
            status: 404,
            content_type: "text/plain; charset=utf-8",
            body: Bytes::from_static(b"404 page not found\n"),
            headers: Vec::new(),
        }
    }

    pub(crate) fn into_response(self) -> http::Response<Body> {
        let mut response = http::Response::builder().header("audit-id", crate::stamp::new_uid());
        let body = match self {
            Response::Whole {
                status,
                content_type,
                body,
                headers,
            } => {
                response = response.status(status).header("content-type", content_type);
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                whole(body)
            }
            Response::Stream(body) => {
                response = response.header("content-type", "application/json");
                body
            }
        };
        response.body(body).unwrap_or_default()
    }
}

pub(super) fn ok(value: &Value, format: &Format) -> Response {
    whole_response(200, value, format)
}

pub(super) fn whole_response(status: u16, value: &Value, format: &Format) -> Response {
    Response::Whole {
        status,
        content_type: format.content_type(),
        body: format.write(value),
        headers: Vec::new(),
    }
}

pub(super) fn shown(
    status: u16,
    resource: &Resource,
    object: &Stored,
    format: &Format,
) -> Response {
    warned(
        resource,
        Response::Whole {
            status,
            content_type: format.content_type(),
            body: render::object(resource, object, format),
            headers: Vec::new(),
        },
    )
}

/// Adds the warning of a deprecated version.
pub(super) fn warned(resource: &Resource, mut response: Response) -> Response {
    if let (Some(text), Response::Whole { headers, .. }) = (
        resource.custom.as_ref().and_then(|c| c.warning.as_ref()),
        &mut response,
    ) {
        headers.push(("warning", format!("299 - \"{text}\"")));
    }
    response
}

pub(super) fn success(details: &Value) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": details})
}

/// Kinds whose last state is the response to their deletion.
fn returns_deleted(resource: &Resource) -> bool {
    match resource.group.as_str() {
        "" => matches!(
            resource.name.as_str(),
            "namespaces"
                | "persistentvolumes"
                | "persistentvolumeclaims"
                | "pods"
                | "podtemplates"
                | "resourcequotas"
                | "services"
                | "serviceaccounts"
        ),
        "storage.k8s.io" | "resource.k8s.io" => true,
        _ => false,
    }
}

pub(super) fn deleted_response(resource: &Resource, deleted: Deleted, format: &Format) -> Response {
    let object = match deleted {
        Deleted::Pending(object) => return shown(200, resource, &object, format),
        Deleted::Gone(object) => object,
    };
    if returns_deleted(resource) {
        return shown(200, resource, &object, format);
    }
    let value = object.value();
    let mut details = json!({"name": object.name});
    if !resource.group.is_empty() {
        details["group"] = resource.group.as_str().into();
    }
    details["kind"] = resource.name.as_str().into();
    details["uid"] = value["metadata"]["uid"].clone();
    let plain = Format {
        form: render::Form::Whole,
        ..*format
    };
    whole_response(200, &success(&details), &plain)
}
