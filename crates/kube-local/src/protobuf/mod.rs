//! Protobuf, as clients of built-in kinds send it: `kubectl create` and programs of client-go.
//!
//! An object becomes the JSON that it would have been sent as. Which number stands for which field is in
//! `data/numbers.txt`, and what a field holds in the [shape](Shape) of its type.

mod numbers;
mod wire;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::schema::{Scalar, Shape, Structure, WhenAbsent, builtin_kind, builtin_type};
use numbers::{Place, places};
use wire::{Malformed, Wire, fields};

/// The media type.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";

/// What the bytes of every object begin with (apimachinery, pkg/runtime/serializer/protobuf).
const MAGIC: &[u8] = b"k8s\0";
/// No type contains itself more often than schemas do.
const DEEPEST: usize = 100;

type Read<T> = Result<T, Malformed>;

/// Reads an object, with its `apiVersion` and `kind`.
///
/// # Errors
/// When the bytes are none, or of no kind that is built in.
pub(crate) fn read(bytes: &[u8]) -> Read<Value> {
    let wrapped = bytes
        .strip_prefix(MAGIC)
        .ok_or_else(|| Malformed::new("it does not begin with `k8s`"))?;
    // runtime.Unknown: typeMeta, raw, contentEncoding, contentType.
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for (number, value) in fields(wrapped)? {
        match number {
            1 => {
                for (number, value) in fields(value.bytes()?)? {
                    match number {
                        1 => api_version = value.text()?,
                        2 => kind = value.text()?,
                        _ => {}
                    }
                }
            }
            2 => raw = value.bytes()?,
            _ => {}
        }
    }
    let gvk = match api_version.contains('/') {
        true => format!("{api_version}/{kind}"),
        false => format!("/{api_version}/{kind}"),
    };
    let shape = match kind.as_str() {
        // Of every group.
        "DeleteOptions" => Some(Shape::Named("apis.meta.v1.DeleteOptions")),
        _ => builtin_kind(&gvk),
    };
    let Some(Shape::Named(name)) = shape else {
        return Err(Malformed::new(format!("there is no built-in kind `{gvk}`")));
    };
    let mut object = structure_of(name, raw, 0)?;
    object.insert("apiVersion".to_owned(), api_version.into());
    object.insert("kind".to_owned(), kind.into());
    Ok(Value::Object(object))
}

/// The fields of a struct.
fn structure_of(name: &str, bytes: &[u8], depth: usize) -> Read<Map<String, Value>> {
    let Shape::Structure(structure) = builtin_type(name) else {
        return Err(Malformed::new(format!("`{name}` is no struct")));
    };
    let mut into = Map::new();
    fill(&mut into, name, structure, bytes, depth)?;
    Ok(into)
}

fn fill(
    into: &mut Map<String, Value>,
    name: &str,
    structure: &Structure,
    bytes: &[u8],
    depth: usize,
) -> Read<()> {
    if depth > DEEPEST {
        return Err(Malformed::new("it is nested too deeply"));
    }
    for (number, value) in fields(bytes)? {
        match places(name).get(&number) {
            // A field of a later version.
            None => {}
            Some(Place::Inlined(inner)) => {
                fill(into, inner, structure, value.bytes()?, depth + 1)?;
            }
            Some(Place::Field(json)) => {
                let Some(field) = structure.fields.get(*json) else {
                    continue;
                };
                add(into, json, &field.shape, &value, depth)?;
                let is_zero =
                    |value: &Value| *value == "" || *value == false || value.as_f64() == Some(0.0);
                // Go's encoder writes what its JSON leaves out.
                let drops = field.when_absent == WhenAbsent::DropsZero;
                if drops && into.get(*json).is_some_and(is_zero) {
                    into.remove(*json);
                }
            }
        }
    }
    Ok(())
}

/// One more value of a field: lists and maps come item by item.
fn add(
    into: &mut Map<String, Value>,
    json: &str,
    shape: &Shape,
    value: &Wire<'_>,
    depth: usize,
) -> Read<()> {
    match shape {
        Shape::List { items, .. } => {
            let item = single(items, value, depth)?;
            let list = into.entry(json).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = list {
                list.push(item);
            }
        }
        Shape::Map { values, .. } => {
            let (mut key, mut item) = (String::new(), None);
            for (number, value) in fields(value.bytes()?)? {
                match number {
                    1 => key = value.text()?,
                    2 => item = Some(single(values, &value, depth)?),
                    _ => {}
                }
            }
            let map = into
                .entry(json)
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(map) = map {
                map.insert(key, item.unwrap_or_else(|| zero(values)));
            }
        }
        shape => {
            let value = single(shape, value, depth)?;
            into.insert(json.to_owned(), value);
        }
    }
    Ok(())
}

fn single(shape: &Shape, value: &Wire<'_>, depth: usize) -> Read<Value> {
    Ok(match shape {
        Shape::Scalar(scalar) => scalar_of(*scalar, value)?,
        Shape::Named(name) => named(name, value.bytes()?, depth)?,
        // A list as the value of a map has a struct around it, such as authorization's ExtraValue.
        Shape::List { items, .. } => {
            let mut list = Vec::new();
            for (number, value) in fields(value.bytes()?)? {
                if number == 1 {
                    list.push(single(items, &value, depth + 1)?);
                }
            }
            Value::Array(list)
        }
        _ => raw(value.bytes()?)?,
    })
}

fn scalar_of(scalar: Scalar, value: &Wire<'_>) -> Read<Value> {
    Ok(match scalar {
        Scalar::Str => value.text()?.into(),
        Scalar::Bytes => STANDARD.encode(value.bytes()?).into(),
        Scalar::Int => value.integer()?.into(),
        Scalar::Num => value.number()?.into(),
        Scalar::Bool => (value.integer()? != 0).into(),
        Scalar::IntOrStr => int_or_string(value.bytes()?)?,
        Scalar::Quantity => quantity(value.bytes()?)?,
    })
}

/// A named type, with those that have JSON of their own.
fn named(name: &str, bytes: &[u8], depth: usize) -> Read<Value> {
    let last = name.rsplit('.').next().unwrap_or(name);
    Ok(match last {
        "Time" | "MicroTime" => time(bytes, last == "MicroTime")?,
        "Quantity" => quantity(bytes)?,
        "IntOrString" => int_or_string(bytes)?,
        "FieldsV1" | "RawExtension" | "JSON" => raw(bytes)?,
        "JSONSchemaPropsOrArray" | "JSONSchemaPropsOrBool" | "JSONSchemaPropsOrStringArray" => {
            schema_or(last, bytes, depth)?
        }
        _ => match builtin_type(name) {
            Shape::Scalar(scalar) => scalar_of(*scalar, &Wire::Bytes(bytes))?,
            Shape::Structure(_) => Value::Object(structure_of(name, bytes, depth + 1)?),
            _ => raw(bytes)?,
        },
    })
}

/// The first field of these types is JSON.
fn raw(bytes: &[u8]) -> Read<Value> {
    for (number, value) in fields(bytes)? {
        if number == 1 {
            let json = value.bytes()?;
            return serde_json::from_slice(json)
                .map_err(|error| Malformed::new(format!("what should be JSON is none: {error}")));
        }
    }
    Ok(Value::Null)
}

fn quantity(bytes: &[u8]) -> Read<Value> {
    let text = fields(bytes)?.into_iter().find(|(number, _)| *number == 1);
    let text = text.map(|(_, value)| value.text()).transpose()?;
    Ok(text
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| "0".to_owned())
        .into())
}

fn int_or_string(bytes: &[u8]) -> Read<Value> {
    let (mut is_text, mut number, mut text) = (false, 0, String::new());
    for (field, value) in fields(bytes)? {
        match field {
            1 => is_text = value.integer()? == 1,
            2 => number = value.integer()?,
            3 => text = value.text()?,
            _ => {}
        }
    }
    Ok(if is_text { text.into() } else { number.into() })
}

/// Nothing stands for Go's zero, which its JSON prints as null.
fn time(bytes: &[u8], has_micros: bool) -> Read<Value> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let (mut seconds, mut nanos) = (0, 0);
    for (number, value) in fields(bytes)? {
        match number {
            1 => seconds = value.integer()?,
            2 => nanos = value.integer()?,
            _ => {}
        }
    }
    let time = u32::try_from(nanos)
        .ok()
        .and_then(|nanos| chrono::DateTime::from_timestamp(seconds, nanos));
    let time = time
        .ok_or_else(|| Malformed::new(format!("{seconds} seconds and {nanos} ns are no time")))?;
    let format = if has_micros {
        "%Y-%m-%dT%H:%M:%S%.6fZ"
    } else {
        "%Y-%m-%dT%H:%M:%SZ"
    };
    Ok(time.format(format).to_string().into())
}

/// A schema, or what else may stand in its place.
fn schema_or(name: &str, bytes: &[u8], depth: usize) -> Read<Value> {
    const SCHEMA: &str = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
    let schema = |value: &Wire<'_>| named(SCHEMA, value.bytes()?, depth + 1);
    let (mut allows, mut one, mut several) = (true, None, Vec::new());
    for (number, value) in fields(bytes)? {
        match (name, number) {
            ("JSONSchemaPropsOrBool", 1) => allows = value.integer()? != 0,
            ("JSONSchemaPropsOrBool", 2) | (_, 1) => one = Some(schema(&value)?),
            ("JSONSchemaPropsOrStringArray", 2) => several.push(value.text()?.into()),
            (_, 2) => several.push(schema(&value)?),
            _ => {}
        }
    }
    Ok(match one {
        Some(schema) => schema,
        None if name == "JSONSchemaPropsOrBool" => allows.into(),
        None => Value::Array(several),
    })
}

/// What a key has that was sent without a value.
fn zero(shape: &Shape) -> Value {
    match shape {
        Shape::Scalar(Scalar::Int | Scalar::Num) => 0.into(),
        Shape::Scalar(Scalar::Bool) => false.into(),
        Shape::Scalar(_) => "".into(),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// A field of bytes.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        assert!(bytes.len() < 128);
        [&[number << 3 | 2, bytes.len() as u8], bytes].concat()
    }

    fn wrapped(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let types = [field(1, api_version.as_bytes()), field(2, kind.as_bytes())].concat();
        [MAGIC, &field(1, &types), &field(2, raw)].concat()
    }

    #[test]
    fn objects_become_the_json_that_they_would_have_been_sent_as() {
        let labels = [field(1, b"app"), field(2, b"web")].concat();
        let metadata = [
            field(1, b"c"),
            field(2, b""),
            field(8, b""),
            field(11, &labels),
        ]
        .concat();
        let data = [field(1, b"a"), field(2, b"b")].concat();
        let raw = [field(1, &metadata), field(2, &data)].concat();
        let read = read(&wrapped("v1", "ConfigMap", &raw)).unwrap();
        let expected = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"},
            "metadata": {"name": "c", "labels": {"app": "web"}, "creationTimestamp": null}});
        assert_eq!(read, expected);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for bytes in [
            &b""[..],
            b"{}",
            b"k8s\0",
            b"k8s\0\xff",
            &wrapped("v1", "Nothing", b""),
        ] {
            assert!(read(bytes).is_err(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(raw in proptest::collection::vec(any::<u8>(), 0..100)) {
            for kind in ["ConfigMap", "Pod", "Service", "DeleteOptions"] {
                let _ = read(&wrapped("v1", kind, &raw));
            }
        }
    }
}
