//! Shapes from the structural schemas of CustomResourceDefinitions, and their defaults.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::shape::{Field, ListKind, Scalar, Shape, Structure};

/// The shape of a whole custom resource, from `openAPIV3Schema`.
pub(crate) fn shape_of_crd(schema: &Value) -> Shape {
    let mut root = match shape_of(schema) {
        Shape::Structure(s) => Structure::clone(&s),
        _ => Structure {
            keeps_unknown: true,
            ..Structure::default()
        },
    };
    root.atomic = false;
    for (name, shape) in [
        ("apiVersion", Shape::Scalar(Scalar::Str)),
        ("kind", Shape::Scalar(Scalar::Str)),
        ("metadata", Shape::Named("apis.meta.v1.ObjectMeta")),
    ] {
        root.fields.insert(name.to_owned(), Field::new(shape));
    }
    Shape::Structure(Arc::new(root))
}

fn shape_of(schema: &Value) -> Shape {
    let flag = |key: &str| schema[key] == true;
    if flag("x-kubernetes-int-or-string") {
        return Shape::Scalar(Scalar::IntOrStr);
    }
    match schema["type"].as_str() {
        Some("object") => shape_of_object(schema),
        Some("array") => {
            let kind = match schema["x-kubernetes-list-type"].as_str() {
                Some("set") => ListKind::Set,
                Some("map") => ListKind::Map(
                    schema["x-kubernetes-list-map-keys"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(|key| key.as_str().map(str::to_owned))
                        .collect(),
                ),
                _ => ListKind::Atomic,
            };
            Shape::List {
                items: Arc::new(shape_of(&schema["items"])),
                kind,
            }
        }
        Some("string") => Shape::Scalar(Scalar::Str),
        Some("integer") => Shape::Scalar(Scalar::Int),
        Some("number") => Shape::Scalar(Scalar::Num),
        Some("boolean") => Shape::Scalar(Scalar::Bool),
        _ => Shape::Any,
    }
}

fn shape_of_object(schema: &Value) -> Shape {
    let atomic = schema["x-kubernetes-map-type"] == "atomic";
    let keeps_unknown = schema["x-kubernetes-preserve-unknown-fields"] == true;
    let embedded = schema["x-kubernetes-embedded-resource"] == true;
    let values = &schema["additionalProperties"];
    if values.is_object() {
        return Shape::Map {
            values: Arc::new(shape_of(values)),
            atomic,
        };
    }
    if *values == true {
        return Shape::Map {
            values: Arc::new(Shape::Any),
            atomic,
        };
    }
    let mut structure = Structure {
        atomic,
        keeps_unknown,
        embedded,
        ..Structure::default()
    };
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let mut field = Field::new(shape_of(property));
        field.nullable = property["nullable"] == true;
        field.default = property.get("default").cloned();
        structure.fields.insert(name.clone(), field);
    }
    if embedded {
        for name in ["apiVersion", "kind"] {
            let shape = Shape::Scalar(Scalar::Str);
            structure
                .fields
                .entry(name.to_owned())
                .or_insert_with(|| Field::new(shape));
        }
        structure.fields.insert(
            "metadata".to_owned(),
            Field::new(Shape::Named("apis.meta.v1.ObjectMeta")),
        );
    }
    Shape::Structure(Arc::new(structure))
}

/// Fills in the defaults a shape names, parents before children.
pub(crate) fn apply_defaults(value: &mut Value, shape: &Shape) {
    match (shape.resolve(), value) {
        (Shape::Structure(s), Value::Object(map)) => {
            for (name, field) in &s.fields {
                fill(map, name, field);
                if let Some(item) = map.get_mut(name) {
                    apply_defaults(item, &field.shape);
                }
            }
        }
        (Shape::Map { values, .. }, Value::Object(map)) => {
            map.values_mut()
                .for_each(|item| apply_defaults(item, values));
        }
        (Shape::List { items, .. }, Value::Array(list)) => {
            list.iter_mut().for_each(|item| apply_defaults(item, items));
        }
        _ => {}
    }
}

fn fill(map: &mut Map<String, Value>, name: &str, field: &Field) {
    let Some(default) = &field.default else {
        return;
    };
    let absent = match map.get(name) {
        None => true,
        Some(Value::Null) => !field.nullable,
        Some(_) => false,
    };
    if absent {
        map.insert(name.to_owned(), default.clone());
    }
}
