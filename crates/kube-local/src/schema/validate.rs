//! The constraints of a CRD's schema: types, required fields, enumerations, bounds, patterns,
//! composition.
//!
//! Not checked: `format`, `multipleOf` and `x-kubernetes-validations` (CEL).

use serde_json::Value;

use super::decode::scalar_fits;
use super::shape::Scalar;
use crate::error::Cause;

/// Everything `value` breaks of `schema`, below `path`.
pub(crate) fn validate(value: &Value, schema: &Value, path: &str, causes: &mut Vec<Cause>) {
    if value.is_null() && (schema["nullable"] == true || path.is_empty()) {
        return;
    }
    if let Some(expected) = type_broken(value, schema) {
        let found = type_name(value);
        let detail = format!(
            "{} in body must be of type {expected}: \"{found}\"",
            dotted(path)
        );
        causes.push(Cause::type_invalid(
            dotted(path),
            &format!("\"{found}\""),
            &detail,
        ));
        if expected == "integer" && value.is_number() {
            let detail =
                format!("Checked value must be of type integer (default format) in {path}");
            causes.push(Cause::invalid("<nil>", &"".into(), &detail));
        }
        return;
    }
    check_bounds(value, schema, path, causes);
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        let names: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
        causes.push(Cause::unsupported(dotted(path), value, &names));
    }
    check_composition(value, schema, path, causes);
    match value {
        Value::Object(map) => {
            for name in schema["required"].as_array().into_iter().flatten() {
                let name = name.as_str().unwrap_or_default();
                if !map.contains_key(name) {
                    causes.push(Cause::required(join(path, name), ""));
                }
            }
            for (key, item) in map {
                let at = join(path, key);
                if let Some(property) = schema["properties"].get(key) {
                    validate(item, property, &at, causes);
                } else if schema["additionalProperties"].is_object() {
                    validate(item, &schema["additionalProperties"], &at, causes);
                }
            }
        }
        Value::Array(list) if schema["items"].is_object() => {
            for (index, item) in list.iter().enumerate() {
                validate(item, &schema["items"], &format!("{path}[{index}]"), causes);
            }
            check_list_keys(list, schema, path, causes);
        }
        _ => {}
    }
}

fn dotted(path: &str) -> String {
    if path.is_empty() {
        "<nil>".to_owned()
    } else {
        path.to_owned()
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn type_broken<'a>(value: &Value, schema: &'a Value) -> Option<&'a str> {
    if schema["x-kubernetes-int-or-string"] == true {
        return (!scalar_fits(Scalar::IntOrStr, value)).then_some("integer,string");
    }
    let expected = schema["type"].as_str()?;
    let fits = match expected {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => {
            scalar_fits(Scalar::Int, value)
                || value
                    .as_f64()
                    .is_some_and(|n| n.fract() == 0.0 && n.is_finite())
        }
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        _ => true,
    };
    (!fits).then_some(expected)
}

fn check_bounds(value: &Value, schema: &Value, path: &str, causes: &mut Vec<Cause>) {
    let mut push = |detail: String| {
        causes.push(Cause::invalid(dotted(path), value, &detail));
    };
    let at = dotted(path);
    if let Some(n) = value.as_f64() {
        if let Some(min) = schema["minimum"].as_f64() {
            let exclusive = schema["exclusiveMinimum"] == true;
            if n < min || exclusive && n <= min {
                let than = if exclusive {
                    "greater than"
                } else {
                    "greater than or equal to"
                };
                push(format!("{at} in body should be {than} {min}"));
            }
        }
        if let Some(max) = schema["maximum"].as_f64() {
            let exclusive = schema["exclusiveMaximum"] == true;
            if n > max || exclusive && n >= max {
                let than = if exclusive {
                    "less than"
                } else {
                    "less than or equal to"
                };
                push(format!("{at} in body should be {than} {max}"));
            }
        }
    }
    let (length, low, high, what) = match value {
        Value::String(text) => (text.chars().count(), "minLength", "maxLength", "chars long"),
        Value::Array(list) => (list.len(), "minItems", "maxItems", "items"),
        Value::Object(map) => (map.len(), "minProperties", "maxProperties", "properties"),
        _ => return,
    };
    if let Some(min) = schema[low].as_u64()
        && (length as u64) < min
    {
        push(format!("{at} in body should be at least {min} {what}"));
    }
    if let Some(max) = schema[high].as_u64()
        && (length as u64) > max
    {
        match value {
            Value::String(_) => causes.push(Cause::too_long(at, max)),
            _ => causes.push(Cause::too_many(at, length, max)),
        }
        return;
    }
    // Go's syntax is that of this engine but for the classes of Unicode, which it lets pass.
    if let (Some(text), Some(pattern)) = (value.as_str(), schema["pattern"].as_str())
        && regex_lite::Regex::new(pattern).is_ok_and(|regex| !regex.is_match(text))
    {
        let detail = format!("{at} in body should match '{pattern}'");
        causes.push(Cause::invalid(at, value, &detail));
    }
}

fn check_composition(value: &Value, schema: &Value, path: &str, causes: &mut Vec<Cause>) {
    let holds = |schema: &Value| {
        let mut inner = Vec::new();
        validate(value, schema, path, &mut inner);
        inner.is_empty()
    };
    for part in schema["allOf"].as_array().into_iter().flatten() {
        validate(value, part, path, causes);
    }
    let at = dotted(path);
    if let Some(any) = schema["anyOf"].as_array()
        && !any.iter().any(holds)
    {
        let detail = format!("{at} in body must validate at least one schema (anyOf)");
        causes.push(Cause::invalid(&*at, value, &detail));
    }
    if let Some(one) = schema["oneOf"].as_array()
        && one.iter().filter(|s| holds(s)).count() != 1
    {
        let detail = format!("{at} in body must validate one and only one schema (oneOf)");
        causes.push(Cause::invalid(&*at, value, &detail));
    }
    if schema["not"].is_object() && holds(&schema["not"]) {
        let detail = format!("{at} in body must not validate the schema (not)");
        causes.push(Cause::invalid(&*at, value, &detail));
    }
}

fn check_list_keys(list: &[Value], schema: &Value, path: &str, causes: &mut Vec<Cause>) {
    let keys: Vec<&str> = match schema["x-kubernetes-list-type"].as_str() {
        Some("set") => Vec::new(),
        Some("map") => schema["x-kubernetes-list-map-keys"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect(),
        _ => return,
    };
    let identity = |item: &Value| -> Value {
        if keys.is_empty() {
            item.clone()
        } else {
            keys.iter()
                .map(|k| ((*k).to_owned(), item[*k].clone()))
                .collect()
        }
    };
    let mut seen: Vec<Value> = Vec::new();
    for (index, item) in list.iter().enumerate() {
        let id = identity(item);
        if seen.contains(&id) {
            causes.push(Cause::duplicate(format!("{path}[{index}]"), &id));
        }
        seen.push(id);
    }
}
