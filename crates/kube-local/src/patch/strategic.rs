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
    // The lists before the patch, for those whose order it gives.
    let originals: Map<String, Value> = changes
        .keys()
        .filter_map(|key| key.strip_prefix("$setElementOrder/"))
        .filter_map(|list| Some((list.to_owned(), map.get(list)?.clone())))
        .collect();
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
                let before = originals.get(list).and_then(Value::as_array);
                let before = before.map_or(&[][..], Vec::as_slice);
                *items = in_order(std::mem::take(items), order, before, merge_key);
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
    let before = items.clone();
    let Some(merge_key) = &field.merge_key else {
        for change in changes {
            if !items.contains(change) {
                items.push(change.clone());
            }
        }
        return Ok(Value::Array(in_order(items, changes, &before, None)));
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
    Ok(Value::Array(in_order(
        items,
        changes,
        &before,
        Some(merge_key),
    )))
}

/// The order of a merged list: items that `order` names as it names them, the others as they
/// were in `before`; the two are merged by where they were, and what was nowhere goes first.
fn in_order(
    items: Vec<Value>,
    order: &[Value],
    before: &[Value],
    merge_key: Option<&str>,
) -> Vec<Value> {
    let id = |item: &Value| match merge_key {
        Some(key) => item.get(key).cloned().unwrap_or_default(),
        None => item.clone(),
    };
    let place = |list: &[Value], item: &Value| list.iter().position(|i| id(i) == id(item));
    let (mut named, mut others): (Vec<Value>, Vec<Value>) = items
        .into_iter()
        .partition(|item| place(order, item).is_some());
    named.sort_by_key(|item| place(order, item));
    others.sort_by_key(|item| place(before, item));
    let mut others = others.into_iter().peekable();
    let mut merged = Vec::new();
    for item in named {
        if let Some(at) = place(before, &item) {
            while let Some(other) = others.next_if(|o| place(before, o).is_some_and(|o| o < at)) {
                merged.push(other);
            }
        }
        merged.push(item);
    }
    merged.extend(others);
    merged
}
