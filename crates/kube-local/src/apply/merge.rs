//! Merging an applied configuration into the live object, and taking fields out of it.

use serde_json::{Map, Value};

use super::fieldset::{FieldSet, element_of};
use crate::schema::{ListKind, Shape};

/// The live object with the configuration laid over it.
pub(crate) fn merge(live: &Value, config: &Value, shape: &Shape) -> Value {
    match (shape.resolve(), live, config) {
        (Shape::Structure(s), Value::Object(old), Value::Object(new)) if !s.atomic => {
            merge_maps(old, new, shape)
        }
        (Shape::Map { atomic: false, .. } | Shape::Any, Value::Object(old), Value::Object(new)) => {
            merge_maps(old, new, shape)
        }
        (Shape::List { items, kind }, Value::Array(old), Value::Array(new))
            if *kind != ListKind::Atomic =>
        {
            merge_lists(old, new, kind, items)
        }
        _ => config.clone(),
    }
}

fn merge_maps(old: &Map<String, Value>, new: &Map<String, Value>, shape: &Shape) -> Value {
    let mut merged = old.clone();
    for (key, config) in new {
        let value = match old.get(key) {
            Some(live) => merge(live, config, shape.child(key)),
            None => config.clone(),
        };
        merged.insert(key.clone(), value);
    }
    Value::Object(merged)
}

/// Applied items keep their order; live items the configuration does not name keep their place
/// after the applied item they followed.
fn merge_lists(old: &[Value], new: &[Value], kind: &ListKind, items: &Shape) -> Value {
    let id = |item: &Value| element_of(item, kind, items);
    let new_ids: Vec<_> = new.iter().map(id).collect();
    let old_ids: Vec<_> = old.iter().map(id).collect();
    let mut merged = Vec::new();
    let mut next_old = 0;
    let mut push_unnamed = |merged: &mut Vec<Value>, until: Option<&Option<String>>| {
        while next_old < old.len() {
            let here = &old_ids[next_old];
            if Some(here) == until {
                next_old += 1;
                return;
            }
            if new_ids.contains(here) {
                // A named item out of its turn: it is placed by the configuration's order.
                if until.is_some() {
                    return;
                }
            } else {
                merged.push(old[next_old].clone());
            }
            next_old += 1;
        }
    };
    for (config, new_id) in new.iter().zip(&new_ids) {
        let live = old_ids.iter().position(|i| i == new_id).map(|at| &old[at]);
        if live.is_some() {
            push_unnamed(&mut merged, Some(new_id));
        }
        merged.push(live.map_or_else(|| config.clone(), |live| merge(live, config, items)));
    }
    push_unnamed(&mut merged, None);
    Value::Array(merged)
}

/// Takes the members of `set` out of `value`; what becomes empty by that goes too.
pub(crate) fn remove(value: &mut Value, set: &FieldSet, shape: &Shape) {
    match (shape.resolve().clone(), value) {
        (Shape::List { items, kind }, Value::Array(list)) => {
            list.retain_mut(|item| match element_of(item, &kind, &items) {
                Some(element) => match set.child(&element) {
                    Some(inner) if inner.is_member() => false,
                    Some(inner) => {
                        remove(item, inner, &items);
                        true
                    }
                    None => true,
                },
                None => true,
            });
        }
        (_, Value::Object(map)) => {
            for (element, inner) in set.children() {
                let Some(key) = element.strip_prefix("f:") else {
                    continue;
                };
                if inner.is_member() {
                    map.remove(key);
                } else if let Some(item) = map.get_mut(key) {
                    remove(item, inner, shape.child(key));
                    if is_empty(item) {
                        map.remove(key);
                    }
                }
            }
        }
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}
