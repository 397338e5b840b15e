//! Whether a restored object is the one that was backed up: field by field, but for what the server
//! and its controllers own.
//!
//! What may differ is a table of JSON pointers, each with its reason ([`TOLERATED`]); everything else
//! is reported by its pointer.

mod kept;
mod walk;
mod whole;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::GroupResource;
use crate::kinds::adoption::is_adopted;
use crate::kinds::finalizers::is_of_something_outside;
use crate::kinds::namespaces::map_namespaces;

pub use crate::kinds::tolerated::{TOLERATED, Tolerance};
pub(crate) use kept::{ZeroValues, walk_lost};
use walk::is_same;
pub(crate) use walk::walk;
pub(crate) use whole::WholeAnswer;

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
    with_status: bool,
}

/// What differs between an object as it was and as it is.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Diff {
    /// The places that differ, as JSON pointers, in order.
    pub pointers: Vec<String>,
    /// The JSON merge patch (RFC 7386) that makes the object what it was; without fields when nothing
    /// differs.
    pub merge_patch: Value,
}

impl Diff {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pointers.is_empty()
    }
}

impl Comparison {
    /// Expects objects of a namespace to be in the one it is mapped to, and references to follow.
    #[must_use]
    pub fn with_namespace_mapping(mut self, mapping: &BTreeMap<String, String>) -> Self {
        self.namespaces = mapping.clone();
        self
    }

    /// Compares `status` like any other field, as it is one where a kind has no status subresource. Unless
    /// set, it may differ.
    #[must_use]
    pub fn with_status(mut self, compared: bool) -> Self {
        self.with_status = compared;
        self
    }

    /// JSON pointers of what differs and should not, in order.
    #[must_use]
    pub fn differences(&self, kind: &GroupResource, before: &Value, after: &Value) -> Vec<String> {
        self.diff(kind, before, after).pointers
    }

    /// What differs and should not.
    #[must_use]
    pub fn diff(&self, kind: &GroupResource, before: &Value, after: &Value) -> Diff {
        let (before, after) = self.stripped(kind, before, after);
        let mut pointers = Vec::new();
        walk(&before, &after, &mut |at, _, _| {
            pointers.push(if at.is_empty() { "/" } else { at }.to_owned());
        });
        Diff {
            pointers,
            merge_patch: merge_patch(&after, &before).unwrap_or_else(|| json!({})),
        }
    }

    /// Calls `found` for every place of `asked` that a server did not keep, with what its `answer` has
    /// there. What may differ, and what the server adds, is no loss.
    pub(crate) fn lost(
        &self,
        kind: &GroupResource,
        asked: &Value,
        answer: &Value,
        zero_values: ZeroValues,
        found: &mut impl FnMut(&str, Option<&Value>),
    ) {
        let mut is_whole = true;
        walk_lost(asked, answer, zero_values, &mut |_, _| is_whole = false);
        // Most answers are, and what may differ is not looked for in these.
        if !is_whole {
            let (asked, answer) = self.stripped(kind, asked, answer);
            walk_lost(&asked, &answer, zero_values, found);
        }
    }

    /// Both without what may differ.
    fn stripped(&self, kind: &GroupResource, before: &Value, after: &Value) -> (Value, Value) {
        let (mut before, mut after) = (before.clone(), after.clone());
        map_namespaces(kind, &mut before, &self.namespaces);
        for tolerance in TOLERATED
            .iter()
            .filter(|tolerance| tolerance.applies(kind, &before))
            .filter(|tolerance| !self.with_status || tolerance.pointer != "/status")
            .collect::<Vec<_>>()
        {
            tolerance.strip(&mut before);
            tolerance.strip(&mut after);
        }
        for side in [&mut before, &mut after] {
            drop_adopted(kind, side);
            drop_outside(side);
            drop_empty(side);
        }
        (before, after)
    }
}

/// References to owners that adopt by selector come back when their controllers run.
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

/// Finalizers that tell of something outside of the cluster come and go with it.
fn drop_outside(object: &mut Value) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else {
        return;
    };
    if let Some(Value::Array(finalizers)) = metadata.get_mut("finalizers") {
        finalizers.retain(|one| !one.as_str().is_some_and(is_of_something_outside));
        if finalizers.is_empty() {
            metadata.remove("finalizers");
        }
    }
}

/// An empty map means the same as an absent one.
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

/// The merge patch that takes `from` to `to`; `None` when they are equal.
fn merge_patch(from: &Value, to: &Value) -> Option<Value> {
    let (Value::Object(a), Value::Object(b)) = (from, to) else {
        return (!is_same(from, to)).then(|| to.clone());
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
