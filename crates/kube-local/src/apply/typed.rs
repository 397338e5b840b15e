//! Is a configuration what its type asks for? Server-side apply takes no field it does not know.

use serde_json::Value;

use super::fieldset::{element_of, readable};
use crate::schema::{ListKind, Scalar, Shape, Structure, scalar_fits};

/// What is wrong with `config`, one line a place.
pub(crate) fn typed_problems(config: &Value, shape: &Shape) -> Vec<String> {
    let mut problems = Vec::new();
    walk(config, shape, &mut String::new(), &mut problems);
    problems
}

fn walk(value: &Value, shape: &Shape, path: &mut String, problems: &mut Vec<String>) {
    match (shape.resolve(), value) {
        (Shape::Any | Shape::Named(_), _) | (_, Value::Null) => {}
        (Shape::Structure(structure), Value::Object(map)) => {
            for (key, item) in map {
                let length = path.len();
                path.push('.');
                path.push_str(key);
                match structure.fields.get(key) {
                    Some(field) => walk(item, &field.shape, path, problems),
                    None if keeps(structure, key) => {}
                    None => problems.push(format!("{path}: field not declared in schema")),
                }
                path.truncate(length);
            }
        }
        (Shape::Map { values, .. }, Value::Object(map)) => {
            for (key, item) in map {
                let length = path.len();
                path.push('.');
                path.push_str(key);
                walk(item, values, path, problems);
                path.truncate(length);
            }
        }
        (Shape::List { items, kind }, Value::Array(list)) => {
            let mut seen: Vec<String> = Vec::new();
            for (index, item) in list.iter().enumerate() {
                let element = element_of(item, kind, items);
                let shown = element
                    .as_deref()
                    .map_or_else(|| format!("[{index}]"), readable);
                if let Some(element) = element {
                    if seen.contains(&element) {
                        let what = match kind {
                            ListKind::Set => "set item",
                            _ => "key",
                        };
                        problems.push(format!("{path}: duplicate entries for {what} {shown}"));
                    }
                    seen.push(element);
                }
                let length = path.len();
                path.push_str(&shown);
                walk(item, items, path, problems);
                path.truncate(length);
            }
        }
        (Shape::Scalar(scalar), other) if !scalar_fits(*scalar, other) => {
            problems.push(mismatch(path, scalar_name(*scalar), other));
        }
        (Shape::Scalar(_), _) => {}
        (Shape::Structure(_) | Shape::Map { .. }, other) => {
            problems.push(mismatch(path, "map", other));
        }
        (Shape::List { .. }, other) => problems.push(mismatch(path, "list", other)),
    }
}

fn keeps(structure: &Structure, key: &str) -> bool {
    structure.keeps_unknown
        || structure.embedded && matches!(key, "apiVersion" | "kind" | "metadata")
}

fn scalar_name(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Str | Scalar::Bytes => "string",
        Scalar::Bool => "boolean",
        Scalar::Int | Scalar::Num | Scalar::IntOrStr | Scalar::Quantity => "numeric (int or float)",
    }
}

fn mismatch(path: &str, expected: &str, found: &Value) -> String {
    let shown = match found {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    format!("{path}: expected {expected}, got &value.valueUnstructured{{Value:{shown}}}")
}
