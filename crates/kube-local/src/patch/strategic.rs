//! Strategic merge patch: lists merge by key where the type says so, `$patch` and its kin steer.

use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::schema::{Field, Shape};

/// Applies `patch` to `target`.
pub(crate) fn strategic_merge(
    target: &mut Value,
    patch: &Value,
    shape: &Shape,
) -> Result<(), ApiError> {
    let Value::Object(changes) = patch else {
        return Err(ApiError::bad_request(
            "strategic merge patch must be an object",
        ));
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(map) = target else {
        return Ok(());
    };
    match changes.get("$patch").and_then(Value::as_str) {
        Some("replace") => {
            *map = without_directives(changes);
            return Ok(());
        }
        Some("delete") => {
            map.clear();
            return Ok(());
        }
        _ => {}
    }
    if let Some(keep) = changes.get("$retainKeys").and_then(Value::as_array) {
        map.retain(|key, _| keep.iter().any(|k| k == key.as_str()));
    }
    for (key, change) in changes {
        if let Some(list) = key.strip_prefix("$deleteFromPrimitiveList/") {
            if let (Some(Value::Array(items)), Value::Array(gone)) = (map.get_mut(list), change) {
                items.retain(|item| !gone.contains(item));
            }
            continue;
        }
        if key.starts_with('$') {
            continue;
        }
        if change.is_null() {
            map.remove(key);
            continue;
        }
        let field = shape.field(key);
        match change {
            Value::Array(items) => {
                let merged = merge_list(map.get(key), items, field)?;
                map.insert(key.clone(), merged);
            }
            Value::Object(inner) => {
                let target = map
                    .entry(key.clone())
                    .or_insert_with(|| Value::Object(Map::new()));
                if inner.get("$patch").is_some_and(|p| p == "delete") {
                    map.remove(key);
                } else {
                    strategic_merge(target, change, shape.child(key))?;
                }
            }
            scalar => {
                map.insert(key.clone(), scalar.clone());
            }
        }
    }
    for (key, order) in changes {
        if let (Some(list), Value::Array(order)) = (key.strip_prefix("$setElementOrder/"), order) {
            let merge_key = shape.field(list).and_then(|f| f.merge_key.as_deref());
            if let Some(Value::Array(items)) = map.get_mut(list) {
                reorder(items, order, merge_key);
            }
        }
    }
    Ok(())
}

fn without_directives(map: &Map<String, Value>) -> Map<String, Value> {
    map.iter()
        .filter(|(key, _)| !key.starts_with('$'))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}

fn merge_list(
    live: Option<&Value>,
    changes: &[Value],
    field: Option<&Field>,
) -> Result<Value, ApiError> {
    let Some(field) = field.filter(|f| f.merges) else {
        return Ok(Value::Array(changes.to_vec()));
    };
    let mut items = live.and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(merge_key) = &field.merge_key else {
        for change in changes {
            if !items.contains(change) {
                items.push(change.clone());
            }
        }
        return Ok(Value::Array(items));
    };
    let item_shape = match field.shape.resolve() {
        Shape::List { items, .. } => items,
        _ => &Shape::Any,
    };
    let replaces = changes.iter().any(|c| c["$patch"] == "replace");
    if replaces {
        items.clear();
    }
    for change in changes {
        if change["$patch"] == "replace" {
            continue;
        }
        let Some(id) = change.get(merge_key) else {
            return Err(ApiError::bad_request(format!(
                "map: {change} does not contain declared merge key: {merge_key}"
            )));
        };
        let at = items
            .iter()
            .position(|item| item.get(merge_key) == Some(id));
        match (change["$patch"].as_str(), at) {
            (Some("delete"), Some(at)) => {
                items.remove(at);
            }
            (Some("delete"), None) => {}
            (_, Some(at)) => strategic_merge(&mut items[at], change, item_shape)?,
            (_, None) => {
                let mut item = Value::Object(Map::new());
                strategic_merge(&mut item, change, item_shape)?;
                items.push(item);
            }
        }
    }
    Ok(Value::Array(items))
}

/// Named items come in the given order; others stay behind the item they followed.
fn reorder(items: &mut Vec<Value>, order: &[Value], merge_key: Option<&str>) {
    let id = |item: &Value| match merge_key {
        Some(key) => item.get(key).cloned().unwrap_or_default(),
        None => item.clone(),
    };
    let wanted: Vec<Value> = order.iter().map(id).collect();
    let mut slot = 0;
    let mut ranked: Vec<(usize, Value)> = Vec::new();
    for item in items.drain(..) {
        let rank = wanted.iter().position(|w| *w == id(&item));
        slot = rank.map_or(slot, |at| at + 1);
        ranked.push((rank.map_or(slot, |at| at + 1), item));
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    items.extend(ranked.into_iter().map(|(_, item)| item));
}
