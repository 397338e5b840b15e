//! The cells of a row, column by column.

use serde_json::{Value, json};

use super::age::age;
use super::builtin;
use crate::catalog::Resource;

pub(super) fn cells(resource: &Resource, item: &Value, columns: &[Value]) -> Vec<Value> {
    columns
        .iter()
        .map(|column| {
            let name = column["name"].as_str().unwrap_or_default();
            match column["jsonPath"].as_str() {
                Some(path) => custom_cell(item, path, column["type"].as_str().unwrap_or_default()),
                None => cell(resource, item, name),
            }
        })
        .collect()
}

fn custom_cell(item: &Value, path: &str, kind: &str) -> Value {
    let found = path
        .trim_start_matches('.')
        .split('.')
        .fold(item, |value, key| &value[key]);
    match (kind, found) {
        ("date", Value::String(text)) => age(text).into(),
        ("string", Value::Bool(_) | Value::Number(_)) => found.to_string().into(),
        _ => found.clone(),
    }
}

fn cell(resource: &Resource, item: &Value, column: &str) -> Value {
    if let Some(cell) = builtin::cell(&resource.name, item, column) {
        return cell;
    }
    match column {
        "Name" => item["metadata"]["name"].clone(),
        "Age" => age(item["metadata"]["creationTimestamp"]
            .as_str()
            .unwrap_or_default())
        .into(),
        "Created At" => item["metadata"]["creationTimestamp"].clone(),
        "Data" => json!(count(&item["data"]) + count(&item["binaryData"])),
        "Status" if item["status"]["phase"].is_string() => item["status"]["phase"].clone(),
        "Type" if item["type"].is_string() => item["type"].clone(),
        _ => json!("<none>"),
    }
}

fn count(map: &Value) -> usize {
    map.as_object().map_or(0, serde_json::Map::len)
}
