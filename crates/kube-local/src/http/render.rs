//! Objects in the format a client asks for: JSON or YAML; whole, as a table, or metadata only.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::table;
use crate::catalog::Resource;
use crate::cluster::{Listed, to_version};
use crate::error::ApiError;
use crate::go_order::GoOrder;
use crate::store::Stored;

/// What of an object is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Whole,
    Table,
    MetadataOnly,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) form: Form,
    pub(crate) yaml: bool,
    pub(crate) pretty: bool,
    /// Asked for the aggregated discovery document.
    pub(crate) aggregated: bool,
}

impl Format {
    pub(crate) fn plain() -> Self {
        Self {
            form: Form::Whole,
            yaml: false,
            pretty: false,
            aggregated: false,
        }
    }

    /// From the `Accept` header; the first entry that can be served wins.
    pub(crate) fn negotiate(accept: &str, pretty: bool) -> Result<Self, ApiError> {
        let plain = Self {
            pretty,
            ..Self::plain()
        };
        if accept.trim().is_empty() {
            return Ok(plain);
        }
        for entry in accept.split(',') {
            let mut parts = entry.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            let parameters: Vec<&str> = parts.collect();
            let yaml = matches!(media, "application/yaml");
            let known = yaml
                || matches!(
                    media,
                    "application/json" | "*/*" | "application/*" | "text/*"
                );
            if !known {
                continue;
            }
            let form = match parameters.iter().find_map(|p| p.strip_prefix("as=")) {
                None => Form::Whole,
                Some("Table") if parameters.contains(&"v=v1") => Form::Table,
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") => Form::MetadataOnly,
                Some("APIGroupDiscoveryList") if parameters.contains(&"v=v2") => {
                    return Ok(Self {
                        aggregated: true,
                        yaml,
                        ..plain
                    });
                }
                Some(_) => continue,
            };
            return Ok(Self {
                form,
                yaml,
                ..plain
            });
        }
        Err(ApiError::not_acceptable())
    }

    pub(crate) fn content_type(&self) -> &'static str {
        match (self.yaml, self.aggregated) {
            (true, _) => "application/yaml",
            (false, true) => "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
            (false, false) => "application/json",
        }
    }

    pub(crate) fn write(&self, value: &Value) -> Bytes {
        let bytes = if self.yaml {
            serde_norway::to_string(value)
                .map(String::into_bytes)
                .unwrap_or_default()
        } else if self.pretty {
            serde_json::to_vec_pretty(&GoOrder(value)).unwrap_or_default()
        } else {
            serde_json::to_vec(&GoOrder(value)).unwrap_or_default()
        };
        bytes.into()
    }
}

/// `kind` and `apiVersion` in front of a stored body, in the order the server prints them.
fn splice(resource: &Resource, object: &Stored, out: &mut Vec<u8>) {
    let version = resource.group_version();
    let head = if resource.custom.is_some() {
        format!(
            "{{\"apiVersion\":\"{version}\",\"kind\":\"{}\"",
            resource.kind
        )
    } else {
        format!(
            "{{\"kind\":\"{}\",\"apiVersion\":\"{version}\"",
            resource.kind
        )
    };
    out.extend_from_slice(head.as_bytes());
    splice_rest(&object.body, out);
}

fn splice_rest(body: &[u8], out: &mut Vec<u8>) {
    let rest = body.get(1..).unwrap_or(b"}");
    if rest != b"}" {
        out.push(b',');
    }
    out.extend_from_slice(rest);
}

/// Can the stored bytes be sent as they are?
fn is_native(resource: &Resource, object: &Stored) -> bool {
    resource.custom.is_some() || object.api_version == resource.group_version()
}

pub(crate) fn value_of(resource: &Resource, object: &Stored) -> Value {
    to_version(resource, object.value())
}

/// One object.
pub(crate) fn object(resource: &Resource, object: &Stored, format: &Format) -> Bytes {
    let plain = format.form == Form::Whole && !format.yaml && !format.pretty;
    if plain && is_native(resource, object) {
        let mut out = Vec::with_capacity(object.body.len() + 80);
        splice(resource, object, &mut out);
        return out.into();
    }
    let value = value_of(resource, object);
    let shown = match format.form {
        Form::Whole => value,
        Form::Table => {
            let metadata = json!({"resourceVersion": value["metadata"]["resourceVersion"]});
            table::table(resource, &[value], &metadata, true)
        }
        Form::MetadataOnly => metadata_only(&value),
    };
    format.write(&shown)
}

fn metadata_only(value: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": value["metadata"],
    })
}

/// A page of objects.
pub(crate) fn list(resource: &Resource, listed: &Listed, format: &Format) -> Bytes {
    let metadata = list_metadata(resource, listed);
    let native = listed.items.iter().all(|o| is_native(resource, o));
    if format.form == Form::Whole && !format.yaml && !format.pretty && native {
        return concatenate(resource, listed, &metadata).into();
    }
    let items: Vec<Value> = listed.items.iter().map(|o| value_of(resource, o)).collect();
    let shown = match format.form {
        Form::Whole => {
            let items: Vec<Value> = items.into_iter().map(|item| bare(resource, item)).collect();
            json!({"kind": resource.list_kind, "apiVersion": resource.group_version(),
                "metadata": metadata, "items": items})
        }
        Form::Table => table::table(resource, &items, &metadata, true),
        Form::MetadataOnly => {
            let items: Vec<Value> = items.iter().map(metadata_only).collect();
            json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                "metadata": metadata, "items": items})
        }
    };
    format.write(&shown)
}

/// Items of built-in lists do not name their kind.
fn bare(resource: &Resource, mut item: Value) -> Value {
    if resource.custom.is_none()
        && let Some(map) = item.as_object_mut()
    {
        map.remove("kind");
        map.remove("apiVersion");
    }
    item
}

fn list_metadata(resource: &Resource, listed: &Listed) -> Value {
    let mut metadata = Map::new();
    metadata.insert("resourceVersion".into(), listed.revision.to_string().into());
    match &listed.continue_token {
        Some(token) => {
            metadata.insert("continue".into(), token.as_str().into());
        }
        // Custom resource lists print the empty token.
        None if resource.custom.is_some() => {
            metadata.insert("continue".into(), "".into());
        }
        None => {}
    }
    if let Some(remaining) = listed.remaining {
        metadata.insert("remainingItemCount".into(), remaining.into());
    }
    metadata.into()
}

/// The list as bytes: built-in lists print `items` last, custom ones in the middle.
fn concatenate(resource: &Resource, listed: &Listed, metadata: &Value) -> Vec<u8> {
    let length: usize = listed.items.iter().map(|o| o.body.len() + 100).sum();
    let mut out = Vec::with_capacity(length + 256);
    let version = resource.group_version();
    let custom = resource.custom.is_some();
    if custom {
        out.extend_from_slice(format!("{{\"apiVersion\":\"{version}\",\"items\":[").as_bytes());
    } else {
        let head = format!(
            "{{\"kind\":\"{}\",\"apiVersion\":\"{version}\",\"metadata\":{metadata},\"items\":[",
            resource.list_kind
        );
        out.extend_from_slice(head.as_bytes());
    }
    for (index, object) in listed.items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        if custom {
            splice(resource, object, &mut out);
        } else {
            out.extend_from_slice(&object.body);
        }
    }
    if custom {
        let tail = format!(
            "],\"kind\":\"{}\",\"metadata\":{metadata}}}",
            resource.list_kind
        );
        out.extend_from_slice(tail.as_bytes());
    } else {
        out.extend_from_slice(b"]}");
    }
    // The server ends what it prints with a newline.
    out.push(b'\n');
    out
}
