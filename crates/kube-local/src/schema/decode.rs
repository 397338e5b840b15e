//! Reading an object as the server does: unknown fields and nulls go, wrong types are refused.

use serde_json::{Map, Value};

use super::shape::{Field, Scalar, Shape, Structure, WhenAbsent};

/// What to do about unknown fields (`fieldValidation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum FieldValidation {
    Ignore,
    #[default]
    Warn,
    Strict,
}

/// The outcome of reading an object.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    /// Paths of unknown fields, which are gone from the object.
    pub(crate) unknown: Vec<String>,
    /// The first place where a value has the wrong type, in Go's words.
    pub(crate) mismatch: Option<String>,
}

/// Drops what `shape` does not know from `value`.
///
/// `nulls_count` keeps nulls where a schema calls them nullable, as custom resources do; built-in
/// kinds lose every null.
pub(crate) fn decode(value: &mut Value, shape: &Shape) -> Decoded {
    let mut decoded = Decoded::default();
    let mut at = Position::default();
    walk(value, shape, &mut String::new(), &mut at, &mut decoded);
    decoded
}

/// Where Go's decoder says it is: the innermost struct, and the fields on the way to it.
#[derive(Debug, Clone, Default)]
struct Position {
    structure: &'static str,
    fields: Vec<String>,
}

fn walk(value: &mut Value, shape: &Shape, path: &mut String, at: &mut Position, out: &mut Decoded) {
    match (shape.resolve(), &mut *value) {
        (Shape::Any | Shape::Named(_), _) | (_, Value::Null) => {}
        (Shape::Structure(s), Value::Object(map)) => walk_structure(map, s, path, at, out),
        (Shape::Map { values, .. }, Value::Object(map)) => {
            for (key, item) in map.iter_mut() {
                let len = path.len();
                push(path, key);
                if item.is_null() && matches!(values.resolve(), Shape::Scalar(Scalar::Str)) {
                    // A nil string in Go is the empty one.
                    *item = Value::String(String::new());
                }
                walk(item, values, path, at, out);
                path.truncate(len);
            }
        }
        (Shape::List { items, .. }, Value::Array(list)) => {
            for (index, item) in list.iter_mut().enumerate() {
                let len = path.len();
                path.push_str(&format!("[{index}]"));
                walk(item, items, path, at, out);
                path.truncate(len);
            }
        }
        (Shape::Scalar(scalar), other) => {
            if !scalar_fits(*scalar, other) {
                mismatch(other, scalar_name(*scalar), at, out);
            }
        }
        (Shape::Structure(s), other) => mismatch(other, s.name, at, out),
        (Shape::Map { .. }, other) => mismatch(other, "map[string]string", at, out),
        (Shape::List { .. }, other) => mismatch(other, "[]string", at, out),
    }
}

fn walk_structure(
    map: &mut Map<String, Value>,
    s: &Structure,
    path: &mut String,
    at: &mut Position,
    out: &mut Decoded,
) {
    let outer = std::mem::replace(&mut at.structure, s.name);
    let mut unknown = Vec::new();
    for (key, item) in map.iter_mut() {
        let len = path.len();
        push(path, key);
        match s.fields.get(key) {
            Some(field) => {
                at.fields.push(key.clone());
                walk(item, &field.shape, path, at, out);
                at.fields.pop();
            }
            None if s.keeps_unknown || s.embedded && is_object_field(key) => {}
            None => {
                out.unknown.push(path.clone());
                unknown.push(key.clone());
            }
        }
        path.truncate(len);
    }
    at.structure = outer;
    for key in unknown {
        map.remove(&key);
    }
    map.retain(|key, item| !item.is_null() || s.fields.get(key).is_none_or(|f| f.nullable));
}

fn is_object_field(key: &str) -> bool {
    matches!(key, "apiVersion" | "kind" | "metadata")
}

fn push(path: &mut String, key: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(key);
}

fn mismatch(value: &Value, expected: &str, at: &Position, out: &mut Decoded) {
    let found = match value {
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        _ => "object",
    };
    out.mismatch.get_or_insert_with(|| {
        format!(
            "json: cannot unmarshal {found} into Go struct field {}.{} of type {expected}",
            at.structure,
            at.fields.join(".")
        )
    });
}

pub(crate) fn scalar_fits(scalar: Scalar, value: &Value) -> bool {
    match scalar {
        Scalar::Str => value.is_string(),
        Scalar::Bytes => value.as_str().is_some_and(|text| {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD
                .decode(text)
                .is_ok()
        }),
        Scalar::Int => value.is_i64() || value.is_u64(),
        Scalar::Num => value.is_number(),
        Scalar::Bool => value.is_boolean(),
        Scalar::IntOrStr => value.is_i64() || value.is_string(),
        Scalar::Quantity => value.is_number() || value.is_string(),
    }
}

fn scalar_name(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Str => "string",
        Scalar::Bytes => "[]uint8",
        Scalar::Int => "int32",
        Scalar::Num => "float64",
        Scalar::Bool => "bool",
        Scalar::IntOrStr => "intstr.IntOrString",
        Scalar::Quantity => "resource.Quantity",
    }
}

/// Makes a built-in object print as Go prints it: zero values where the field is always printed,
/// none where it is left out when empty.
pub(crate) fn print_zero_values(value: &mut Value, shape: &Shape) {
    match (shape.resolve(), value) {
        (Shape::Structure(s), Value::Object(map)) => {
            map.retain(|key, item| {
                s.fields
                    .get(key)
                    .is_none_or(|field| !is_dropped(item, field))
            });
            for (key, field) in &s.fields {
                if let Some(item) = map.get_mut(key) {
                    print_zero_values(item, &field.shape);
                    if let (Shape::Scalar(Scalar::Quantity), Value::Number(n)) =
                        (field.shape.resolve(), &*item)
                    {
                        *item = Value::String(n.to_string());
                    }
                } else if let Some(zero) = zero_of(field) {
                    map.insert(key.clone(), zero);
                }
            }
        }
        (Shape::Map { values, .. }, Value::Object(map)) => {
            for item in map.values_mut() {
                print_zero_values(item, values);
                if let (Shape::Scalar(Scalar::Quantity), Value::Number(n)) =
                    (values.resolve(), &*item)
                {
                    *item = Value::String(n.to_string());
                }
            }
        }
        (Shape::List { items, .. }, Value::Array(list)) => {
            for item in list {
                print_zero_values(item, items);
            }
        }
        _ => {}
    }
}

/// Empty lists become null where null is printed.
pub(crate) fn empty_lists_to_null(value: &mut Value, shape: &Shape) {
    match (shape.resolve(), value) {
        (Shape::Structure(s), Value::Object(map)) => {
            for (key, item) in map {
                let Some(field) = s.fields.get(key) else {
                    continue;
                };
                let empty = item.as_array().is_some_and(Vec::is_empty);
                if empty && field.when_absent == WhenAbsent::Null {
                    *item = Value::Null;
                }
                empty_lists_to_null(item, &field.shape);
            }
        }
        (Shape::List { items, .. }, Value::Array(list)) => {
            for item in list {
                empty_lists_to_null(item, items);
            }
        }
        (Shape::Map { values, .. }, Value::Object(map)) => {
            for item in map.values_mut() {
                empty_lists_to_null(item, values);
            }
        }
        _ => {}
    }
}

fn is_dropped(value: &Value, field: &Field) -> bool {
    match value {
        Value::Null => field.when_absent != WhenAbsent::Null,
        Value::Array(list) => list.is_empty() && field.when_absent == WhenAbsent::Nothing,
        Value::Object(map) => {
            map.is_empty()
                && match field.shape.resolve() {
                    Shape::Map { .. } => field.when_absent == WhenAbsent::Nothing,
                    _ => field.when_absent == WhenAbsent::DropsZero,
                }
        }
        Value::String(text) => text.is_empty() && field.when_absent == WhenAbsent::DropsZero,
        Value::Bool(flag) => !flag && field.when_absent == WhenAbsent::DropsZero,
        Value::Number(n) => {
            n.as_f64() == Some(0.0)
                && field.when_absent == WhenAbsent::DropsZero
                && !matches!(field.shape.resolve(), Shape::Scalar(Scalar::IntOrStr))
        }
    }
}

fn zero_of(field: &Field) -> Option<Value> {
    match field.when_absent {
        WhenAbsent::Nothing | WhenAbsent::DropsZero => None,
        WhenAbsent::Null => Some(Value::Null),
        WhenAbsent::Zero => Some(match field.shape.resolve() {
            Shape::Structure(_) => {
                let mut inner = Value::Object(Map::new());
                print_zero_values(&mut inner, &field.shape);
                inner
            }
            Shape::Scalar(Scalar::Str) => Value::String(String::new()),
            Shape::Scalar(Scalar::Int | Scalar::Num | Scalar::IntOrStr) => 0.into(),
            Shape::Scalar(Scalar::Bool) => false.into(),
            Shape::Scalar(Scalar::Quantity) => Value::String("0".into()),
            _ => return None,
        }),
    }
}
