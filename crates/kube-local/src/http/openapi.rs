//! As much of the OpenAPI document as `kubectl` asks for before it writes: that the server
//! validates fields itself, for every kind.

use serde_json::{Map, Value, json};

use crate::catalog::group_version;
use crate::cluster::State;
use crate::error::ApiError;

fn root_of(group: &str, version: &str) -> String {
    if group.is_empty() {
        format!("api/{version}")
    } else {
        format!("apis/{group}/{version}")
    }
}

/// `/openapi/v3`: where the documents of the groups lie.
pub(crate) fn v3_index(state: &State) -> Value {
    let mut paths = Map::new();
    for resource in state.catalog.all() {
        let root = root_of(&resource.group, &resource.version);
        let url = format!("/openapi/v3/{root}");
        paths.insert(root, json!({"serverRelativeURL": url}));
    }
    json!({"paths": paths})
}

/// `/openapi/v3/apis/apps/v1`: paths with their kinds and the write parameters.
pub(crate) fn v3_group(state: &State, root: &str) -> Result<Value, ApiError> {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for resource in state.catalog.all() {
        if root_of(&resource.group, &resource.version) != root {
            continue;
        }
        let kind = json!({"group": resource.group, "version": resource.version,
            "kind": resource.kind});
        let scope = if resource.namespaced {
            "namespaces/{namespace}/"
        } else {
            ""
        };
        let parameter = |name: &str| {
            json!({"name": name, "in": "query",
                "schema": {"type": "string", "uniqueItems": true}})
        };
        let operation = json!({
            "x-kubernetes-group-version-kind": kind,
            "parameters": [parameter("dryRun"), parameter("fieldManager"),
                parameter("fieldValidation")],
        });
        let path = format!("/{root}/{scope}{}", resource.name);
        if resource.allows("patch") {
            let mut patch = operation.clone();
            patch["parameters"]
                .as_array_mut()
                .into_iter()
                .for_each(|p| p.push(parameter("force")));
            paths.insert(
                format!("{path}/{{name}}"),
                json!({"patch": patch, "put": operation}),
            );
        }
        if resource.allows("create") {
            paths.insert(path, json!({"post": operation}));
        }
        let name = format!(
            "{}.{}",
            group_version(&resource.group, &resource.version).replace('/', "."),
            resource.kind
        );
        let schema = match &resource.custom {
            Some(custom) if custom.schema.is_object() => {
                let mut schema = custom.schema.clone();
                schema["x-kubernetes-group-version-kind"] = json!([kind]);
                schema
            }
            _ => json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true,
                "x-kubernetes-group-version-kind": [kind]}),
        };
        schemas.insert(name, schema);
    }
    if paths.is_empty() && schemas.is_empty() {
        return Err(ApiError::no_such_resource());
    }
    Ok(
        json!({"openapi": "3.0.0", "info": {"title": "kube-local", "version": "v1.36.3"},
        "paths": paths, "components": {"schemas": schemas}}),
    )
}
