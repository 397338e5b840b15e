//! The types of the built-in kinds, read once from `data/types.txt`.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use super::shape::{Field, ListKind, Scalar, Shape, Structure, WhenAbsent};

static TABLE: &str = include_str!("../../data/types.txt");

const TIMES: [&str; 2] = ["apis.meta.v1.Time", "apis.meta.v1.MicroTime"];

struct Types {
    by_name: HashMap<&'static str, Shape>,
    by_kind: HashMap<&'static str, &'static str>,
}

static TYPES: LazyLock<Types> = LazyLock::new(read);

/// The shape of a named type; `Any` for a name the table lacks.
pub(crate) fn named(name: &str) -> &'static Shape {
    TYPES.by_name.get(name).unwrap_or(&Shape::Any)
}

/// The shape of `group/version/Kind`, if it is built in.
pub(crate) fn builtin_kind(gvk: &str) -> Option<Shape> {
    TYPES.by_kind.get(gvk).map(|name| Shape::Named(name))
}

fn read() -> Types {
    let mut types = Types {
        by_name: HashMap::new(),
        by_kind: HashMap::new(),
    };
    let mut current: Option<(&'static str, Structure)> = None;
    let mut granular = Vec::new();
    for line in TABLE.lines() {
        let mut words = line.split(' ');
        let head = words.next().unwrap_or_default();
        if matches!(head, ":" | "=" | "#")
            && let Some((name, structure)) = current.take()
        {
            types
                .by_name
                .insert(name, Shape::Structure(Arc::new(structure)));
        }
        match (head, words.next()) {
            ("=", Some(name)) => {
                let shape = words
                    .next()
                    .map_or(Shape::Any, |w| shape_of(w, ListKind::Atomic, false));
                types.by_name.insert(name, shape);
            }
            (":", Some(name)) => {
                let mut structure = Structure {
                    name: name.rsplit('.').next().unwrap_or(name),
                    ..Structure::default()
                };
                for word in words {
                    if let Some(kinds) = word.strip_prefix("gvk=") {
                        types
                            .by_kind
                            .extend(kinds.split(',').map(|kind| (kind, name)));
                    } else if word == "map=atomic" {
                        structure.atomic = true;
                    }
                }
                current = Some((name, structure));
            }
            (field, Some(shape)) => {
                if let Some((name, structure)) = &mut current {
                    if words.clone().any(|word| word == "map=granular") {
                        granular.push((*name, field));
                    }
                    structure
                        .fields
                        .insert(field.to_owned(), field_of(shape, words));
                }
            }
            (_, None) => {}
        }
    }
    if let Some((name, structure)) = current {
        types
            .by_name
            .insert(name, Shape::Structure(Arc::new(structure)));
    }
    for (name, field) in granular {
        types.open_up(name, field);
    }
    types
}

impl Types {
    /// Has the parts of one field owned one by one, although its type is atomic elsewhere.
    fn open_up(&mut self, name: &str, field: &str) {
        let inner = match self.by_name.get(name) {
            Some(Shape::Structure(holder)) => match holder.fields.get(field).map(|f| &f.shape) {
                Some(Shape::Named(inner)) => self.by_name.get(inner).cloned(),
                _ => None,
            },
            _ => None,
        };
        if let (Some(Shape::Structure(mut inner)), Some(Shape::Structure(holder))) =
            (inner, self.by_name.get_mut(name))
            && let Some(field) = Arc::make_mut(holder).fields.get_mut(field)
        {
            Arc::make_mut(&mut inner).atomic = false;
            field.shape = Shape::Structure(inner);
        }
    }
}

fn field_of(shape: &'static str, words: std::str::Split<'static, char>) -> Field {
    let mut field = Field::new(Shape::Any);
    let (mut list, mut keys, mut atomic) = ("atomic", Vec::new(), false);
    for word in words {
        match word.split_once('=').unwrap_or((word, "")) {
            ("required", _) => field.required = true,
            // The zero of Go's times is printed as null.
            ("always", _) if TIMES.contains(&shape) => field.when_absent = WhenAbsent::Null,
            ("always", _) => field.when_absent = WhenAbsent::Zero,
            ("null", _) => field.when_absent = WhenAbsent::Null,
            ("zero", _) => field.when_absent = WhenAbsent::DropsZero,
            ("default", json) => field.default = serde_json::from_str(json).ok(),
            ("list", kind) => list = kind,
            ("keys", names) => keys = names.split(',').map(str::to_owned).collect(),
            ("map", kind) => atomic = kind == "atomic",
            ("patch", strategies) => {
                field.merges = strategies.contains("merge");
                field.retains_keys = strategies.contains("retainKeys");
            }
            ("merge-key", key) => field.merge_key = Some(key.to_owned()),
            _ => {}
        }
    }
    let kind = match list {
        "map" => ListKind::Map(keys),
        "set" => ListKind::Set,
        _ => ListKind::Atomic,
    };
    field.shape = shape_of(shape, kind, atomic);
    field
}

fn shape_of(word: &'static str, kind: ListKind, atomic: bool) -> Shape {
    let inner = |word: &'static str| Arc::new(shape_of(word, ListKind::Atomic, false));
    if let Some(items) = word.strip_prefix('[') {
        let items = items.strip_suffix(']').unwrap_or(items);
        return Shape::List {
            items: inner(items),
            kind,
        };
    }
    if let Some(values) = word.strip_prefix('{') {
        let values = values.strip_suffix('}').unwrap_or(values);
        return Shape::Map {
            values: inner(values),
            atomic,
        };
    }
    match word {
        "any" => Shape::Any,
        "str" => Shape::Scalar(Scalar::Str),
        "byte" => Shape::Scalar(Scalar::Bytes),
        "int" => Shape::Scalar(Scalar::Int),
        "num" => Shape::Scalar(Scalar::Num),
        "bool" => Shape::Scalar(Scalar::Bool),
        "intstr" => Shape::Scalar(Scalar::IntOrStr),
        "quantity" => Shape::Scalar(Scalar::Quantity),
        name => Shape::Named(name),
    }
}
