//! Whether a restored object is the one that was backed up: field by field, but for what the server
//! and its controllers own.
//!
//! What may differ is a table of JSON pointers, each with its reason ([`TOLERATED`]); everything else
//! is reported by its pointer.

mod tolerated;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::GroupResource;
use crate::kinds::namespaces::map_namespaces;
use crate::pointer::push_step;
use crate::restore::is_adopted;

pub use tolerated::{TOLERATED, Tolerance};

/// Compares objects as they were with objects as they are.
///
/// ```
/// use kube_backup_engine::compare::Comparison;
/// use serde_json::json;
///
/// let before = json!({"metadata": {"name": "a", "uid": "1"}, "data": {"colour": "red"}});
/// let after = json!({"metadata": {"name": "a", "uid": "2"}, "data": {"colour": "blue"}});
/// let differences = Comparison::default().differences(&"configmaps".parse()?, &before, &after);
/// assert_eq!(differences, ["/data/colour"]);
/// # Ok::<(), kube_backup_engine::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    namespaces: BTreeMap<String, String>,
}

impl Comparison {
    /// Expects what was in a namespace to be in the one it is mapped to, and references to follow.
    #[must_use]
    pub fn with_namespace_mapping(mut self, mapping: &BTreeMap<String, String>) -> Self {
        self.namespaces = mapping.clone();
        self
    }

    /// JSON pointers of what differs and should not, in order.
    #[must_use]
    pub fn differences(&self, kind: &GroupResource, before: &Value, after: &Value) -> Vec<String> {
        let (before, after) = self.stripped(kind, before, after);
        let mut found = Vec::new();
        diff(&before, &after, &mut String::new(), &mut found);
        found
    }

    /// The JSON merge patch (RFC 7386) that takes `after` to `before` where they should not differ;
    /// `None` when they do not.
    pub(crate) fn patch(
        &self,
        kind: &GroupResource,
        before: &Value,
        after: &Value,
    ) -> Option<Value> {
        let (before, after) = self.stripped(kind, before, after);
        merge_patch(&after, &before)
    }

    /// Both without what may differ.
    fn stripped(&self, kind: &GroupResource, before: &Value, after: &Value) -> (Value, Value) {
        let (mut before, mut after) = (before.clone(), after.clone());
        map_namespaces(kind, &mut before, &self.namespaces);
        for tolerance in TOLERATED
            .iter()
            .filter(|tolerance| tolerance.applies(kind, &before))
            .collect::<Vec<_>>()
        {
            tolerance.strip(&mut before);
            tolerance.strip(&mut after);
        }
        for side in [&mut before, &mut after] {
            drop_adopted(kind, side);
            drop_empty(side);
        }
        (before, after)
    }
}

/// References to owners that adopt by selector come back when those get to it.
fn drop_adopted(kind: &GroupResource, object: &mut Value) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else {
        return;
    };
    if let Some(Value::Array(references)) = metadata.get_mut("ownerReferences") {
        references.retain(|reference| !is_adopted(kind, reference));
        if references.is_empty() {
            metadata.remove("ownerReferences");
        }
    }
}

/// An empty map says what an absent one says.
fn drop_empty(object: &mut Value) {
    for parent in ["/metadata", "/spec/template/metadata"] {
        if let Some(Value::Object(metadata)) = object.pointer_mut(parent) {
            for key in ["labels", "annotations"] {
                if metadata
                    .get(key)
                    .and_then(Value::as_object)
                    .is_some_and(Map::is_empty)
                {
                    metadata.remove(key);
                }
            }
        }
    }
    if let Some(Value::Object(data)) = object.get("data")
        && data.is_empty()
    {
        object.as_object_mut().map(|fields| fields.remove("data"));
    }
}

fn diff(before: &Value, after: &Value, at: &mut String, found: &mut Vec<String>) {
    let length = at.len();
    match (before, after) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
                push_step(at, key);
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => diff(a, b, at, found),
                    _ => found.push(at.clone()),
                }
                at.truncate(length);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (n, (a, b)) in a.iter().zip(b).enumerate() {
                at.push('/');
                at.push_str(&n.to_string());
                diff(a, b, at, found);
                at.truncate(length);
            }
        }
        (a, b) if a == b => {}
        _ => found.push(if at.is_empty() {
            "/".to_owned()
        } else {
            at.clone()
        }),
    }
}

fn merge_patch(from: &Value, to: &Value) -> Option<Value> {
    let (Value::Object(a), Value::Object(b)) = (from, to) else {
        return (from != to).then(|| to.clone());
    };
    let mut patch = Map::new();
    for key in a.keys().filter(|key| !b.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, value) in b {
        let change = match a.get(key) {
            Some(old) => merge_patch(old, value),
            None => Some(value.clone()),
        };
        if let Some(change) = change {
            patch.insert(key.clone(), change);
        }
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

#[cfg(test)]
mod tests;
