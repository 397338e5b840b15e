//! The `Scale` of a workload: a view of it that is read and written.

use serde_json::{Value, json};

use super::handle::Handler;
use super::path::ObjectPath;
use super::render::{self, Format};
use super::request::{Request, from_json};
use super::response::{Response, whole_response};
use crate::catalog::Resource;
use crate::cluster::PatchKind;
use crate::error::ApiError;

impl Handler {
    pub(super) fn scale(
        &self,
        request: &Request,
        path: &ObjectPath,
        resource: &Resource,
        format: &Format,
    ) -> Result<Response, ApiError> {
        let namespace = path.namespace.as_deref();
        let name = path.name.as_deref().unwrap_or_default();
        let live = self.cluster.lock().get(resource, namespace, name)?;
        if resource.custom.is_some() && request.method == http::Method::GET {
            let path = scale_path(resource, "specReplicasPath", ".spec.replicas");
            if at(&live.value(), &path).is_null() {
                return Err(ApiError::internal(format!(
                    "the spec replicas field \"{path}\" does not exist"
                )));
            }
        }
        let mut view = scale_of(resource, &render::value_of(resource, &live));
        if request.method == http::Method::GET {
            return Ok(whole_response(200, &view, format));
        }
        let options = (request.query).write_options(&request.user_agent, "UpdateOptions")?;
        let body = from_json(&request.body)
            .map_err(|error| ApiError::bad_request(format!("json parse error: {error}")))?;
        match request.content_type.split(';').next().unwrap_or_default() {
            "application/json-patch+json" => crate::patch::json(&mut view, &body)?,
            _ if request.method == http::Method::PATCH => crate::patch::merge(&mut view, &body),
            _ => view = body,
        }
        let mut patch = json!({});
        let pointer = scale_path(resource, "specReplicasPath", ".spec.replicas");
        let replicas = view["spec"]["replicas"].as_i64().unwrap_or(0);
        set_at(&mut patch, &pointer, replicas.into());
        let (object, _) = self.cluster.write(|state| {
            state.patch(
                resource,
                namespace,
                name,
                "scale",
                PatchKind::Merge,
                &patch,
                &options,
            )
        })?;
        let view = scale_of(resource, &render::value_of(resource, &object));
        Ok(whole_response(200, &view, format))
    }
}

fn scale_path(resource: &Resource, key: &str, default: &str) -> String {
    let own = resource.custom.as_ref().and_then(|c| c.scale.as_ref());
    own.and_then(|scale| scale[key].as_str())
        .unwrap_or(default)
        .to_owned()
}

fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.trim_start_matches('.')
        .split('.')
        .fold(value, |value, key| &value[key])
}

fn set_at(value: &mut Value, path: &str, new: Value) {
    let mut slot = value;
    for key in path.trim_start_matches('.').split('.') {
        slot = &mut slot[key];
    }
    *slot = new;
}

fn scale_of(resource: &Resource, value: &Value) -> Value {
    let metadata = &value["metadata"];
    let mut view = json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"],
            "uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"],
            "creationTimestamp": metadata["creationTimestamp"]},
        "spec": {},
        "status": {"replicas": 0},
    });
    let spec = at(
        value,
        &scale_path(resource, "specReplicasPath", ".spec.replicas"),
    );
    if spec.as_i64().unwrap_or(0) != 0 {
        view["spec"]["replicas"] = spec.clone();
    }
    let status = at(
        value,
        &scale_path(resource, "statusReplicasPath", ".status.replicas"),
    );
    if status.is_number() {
        view["status"]["replicas"] = status.clone();
    }
    let selector = &value["spec"]["selector"];
    let labels = if selector["matchLabels"].is_object() {
        &selector["matchLabels"]
    } else {
        selector
    };
    let pairs: Vec<String> = labels
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)))
        .collect();
    if !pairs.is_empty() && resource.custom.is_none() {
        view["status"]["selector"] = pairs.join(",").into();
    }
    view
}
