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

/// Live items keep their places and applied ones follow in their order, except that items both
/// have come in the order of the configuration.
fn merge_lists(old: &[Value], new: &[Value], kind: &ListKind, items: &Shape) -> Value {
    let id = |item: &Value| element_of(item, kind, items);
    let old_ids: Vec<_> = old.iter().map(id).collect();
    let new_ids: Vec<_> = new.iter().map(id).collect();
    let mut merged = Vec::new();
    let mut shared = new_ids.iter().filter(|id| old_ids.contains(id)).peekable();
    let (mut at_old, mut at_new) = (0, 0);
    while at_old < old.len() || at_new < new.len() {
        if let Some(here) = old_ids.get(at_old) {
            if !new_ids.contains(here) {
                merged.push(old[at_old].clone());
                at_old += 1;
                continue;
            }
            // Both have it; out of its turn, or taken already, it is left to the configuration.
            if at_new == new.len() || shared.peek().is_some_and(|next| *next != here) {
                at_old += 1;
                continue;
            }
        }
        let (config, here) = (&new[at_new], &new_ids[at_new]);
        let live = old_ids.iter().position(|i| i == here).map(|at| &old[at]);
        merged.push(live.map_or_else(|| config.clone(), |live| merge(live, config, items)));
        shared.next_if(|next| *next == here);
        if old_ids.get(at_old) == Some(here) {
            at_old += 1;
        }
        at_new += 1;
    }
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
