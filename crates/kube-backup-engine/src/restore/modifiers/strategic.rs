//! Strategic merge patches: lists of built-in kinds are merged by the keys of their elements.

use serde_json::{Map, Value};

/// Lists whose elements have a key, by their name, and by the name of the field around them where that matters (`patchMergeKey` in the
/// types of k8s.io/api). Other lists are replaced.
const KEYS: [(&str, &str, &str); 18] = [
    ("", "containers", "name"),
    ("", "initContainers", "name"),
    ("", "ephemeralContainers", "name"),
    ("", "env", "name"),
    ("", "volumes", "name"),
    ("", "volumeMounts", "mountPath"),
    ("", "volumeDevices", "devicePath"),
    ("", "imagePullSecrets", "name"),
    ("", "hostAliases", "ip"),
    ("", "topologySpreadConstraints", "topologyKey"),
    ("", "resourceClaims", "name"),
    ("", "schedulingGates", "name"),
    ("", "conditions", "type"),
    ("", "ownerReferences", "uid"),
    ("", "secrets", "name"),
    ("", "webhooks", "name"),
    ("containers", "ports", "containerPort"),
    ("spec", "ports", "port"),
];

/// Lists of plain values that are merged and not replaced.
const SETS: [&str; 1] = ["finalizers"];

/// The field that says what is done with the object around it.
const DIRECTIVE: &str = "$patch";

/// Changes an object by a patch.
///
/// # Errors
///
/// When the patch cannot be meant, such as an element without its key.
pub(super) fn apply(object: &mut Value, patch: &Value) -> Result<(), String> {
    merge(object, patch, "")
}

/// `parent` is the name of the field or list that the object is in.
fn merge(target: &mut Value, patch: &Value, parent: &str) -> Result<(), String> {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return Ok(());
    };
    match patch.get(DIRECTIVE).and_then(Value::as_str) {
        None | Some("merge") => {}
        Some("replace") => {
            *target = Value::Object(without_directives(patch));
            return Ok(());
        }
        Some("delete") => {
            *target = Value::Null;
            return Ok(());
        }
        Some(other) => {
            return Err(format!(
                "`{DIRECTIVE}: {other}` is not known: Kubernetes knows replace, delete and merge"
            ));
        }
    }
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(fields) = target else {
        return Ok(());
    };
    retain(fields, patch);
    for (name, value) in patch {
        if let Some(list) = name.strip_prefix("$deleteFromPrimitiveList/") {
            delete_from(fields, list, value);
        } else if name.starts_with('$') {
            // The order of elements is that of the target.
        } else if value.is_null() {
            fields.remove(name);
        } else if let Value::Array(elements) = value {
            let into = fields
                .entry(name.clone())
                .or_insert_with(|| Value::Array(Vec::new()));
            merge_list(into, elements, parent, name)?;
        } else {
            let into = fields.entry(name.clone()).or_insert(Value::Null);
            merge(into, value, name)?;
            let deletes = value.get(DIRECTIVE).is_some_and(|it| it == "delete");
            if deletes {
                fields.remove(name);
            }
        }
    }
    Ok(())
}

fn merge_list(target: &mut Value, patch: &[Value], parent: &str, name: &str) -> Result<(), String> {
    let Value::Array(elements) = target else {
        *target = Value::Array(patch.to_vec());
        return Ok(());
    };
    if SETS.contains(&name) {
        for value in patch {
            if !elements.contains(value) {
                elements.push(value.clone());
            }
        }
        return Ok(());
    }
    let known = KEYS
        .iter()
        .find(|(around, list, _)| *list == name && (around.is_empty() || *around == parent));
    let Some((_, _, key)) = known else {
        *elements = patch.to_vec();
        return Ok(());
    };
    // An element that holds nothing but the directive is about the whole list.
    let is_bare =
        |it: &Value| it.get(DIRECTIVE).is_some_and(|it| it == "replace") && it.get(*key).is_none();
    if patch.iter().any(is_bare) {
        *elements = patch.iter().filter(|it| !is_bare(it)).cloned().collect();
        return Ok(());
    }
    for change in patch {
        let Some(id) = change.get(*key) else {
            return Err(format!(
                "an element of `{name}` lacks `{key}`, by which elements are told apart"
            ));
        };
        let found = elements.iter().position(|it| it.get(*key) == Some(id));
        let deletes = change.get(DIRECTIVE).is_some_and(|it| it == "delete");
        match (found, deletes) {
            (Some(at), true) => {
                elements.remove(at);
            }
            (None, true) => {}
            (Some(at), false) => merge(&mut elements[at], change, name)?,
            (None, false) => {
                let mut new = Value::Object(Map::new());
                merge(&mut new, change, name)?;
                elements.push(new);
            }
        }
    }
    Ok(())
}

/// `$retainKeys` names the only fields that stay.
fn retain(fields: &mut Map<String, Value>, patch: &Map<String, Value>) {
    if let Some(Value::Array(keys)) = patch.get("$retainKeys") {
        fields.retain(|name, _| keys.iter().any(|key| key == name));
    }
}

fn delete_from(fields: &mut Map<String, Value>, list: &str, values: &Value) {
    if let (Some(Value::Array(elements)), Value::Array(values)) = (fields.get_mut(list), values) {
        elements.retain(|it| !values.contains(it));
    }
}

fn without_directives(patch: &Map<String, Value>) -> Map<String, Value> {
    let plain = patch.iter().filter(|(name, _)| !name.starts_with('$'));
    plain
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
