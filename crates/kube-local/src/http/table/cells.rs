//! The cells of a row, column by column.

use serde_json::{Value, json};

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

/// `5s`, `3m20s`, `2d`: how long ago, as the server shortens it.
pub(super) fn age(created: &str) -> String {
    let Ok(created) = chrono::DateTime::parse_from_rfc3339(created) else {
        return "<unknown>".to_owned();
    };
    let seconds = (chrono::Utc::now() - created.to_utc()).num_seconds().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |a: i64, unit_a: &str, b: i64, unit_b: &str| {
        if b == 0 {
            format!("{a}{unit_a}")
        } else {
            format!("{a}{unit_a}{b}{unit_b}")
        }
    };
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        _ => two(days / 365, "y", days % 365, "d"),
    }
}
