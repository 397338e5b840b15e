//! Sets of field paths, in the encoding of `FieldsV1`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::schema::{ListKind, Shape};

/// A tree of path elements (`f:name`, `k:{...}`, `v:...`); a node may itself be a member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FieldSet {
    member: bool,
    children: BTreeMap<String, FieldSet>,
}

impl FieldSet {
    pub(crate) fn is_empty(&self) -> bool {
        !self.member && self.children.values().all(FieldSet::is_empty)
    }

    pub(crate) fn is_member(&self) -> bool {
        self.member
    }

    pub(crate) fn children(&self) -> impl Iterator<Item = (&str, &FieldSet)> {
        self.children
            .iter()
            .map(|(element, set)| (element.as_str(), set))
    }

    pub(crate) fn child(&self, element: &str) -> Option<&FieldSet> {
        self.children.get(element)
    }

    pub(crate) fn member_node() -> Self {
        Self {
            member: true,
            children: BTreeMap::new(),
        }
    }

    pub(crate) fn insert_child(&mut self, element: String, set: FieldSet) {
        if !set.is_empty() {
            self.children.insert(element, set);
        }
    }

    pub(crate) fn remove_child(&mut self, element: &str) {
        self.children.remove(element);
    }

    pub(crate) fn child_mut(&mut self, element: &str) -> Option<&mut FieldSet> {
        self.children.get_mut(element)
    }

    pub(crate) fn from_value(value: &Value) -> Self {
        let mut set = Self::default();
        for (key, inner) in value.as_object().into_iter().flatten() {
            if key == "." {
                set.member = true;
                continue;
            }
            let mut child = Self::from_value(inner);
            // `"f:a": {}` is a leaf; with anything inside, membership needs its own ".".
            if child.children.is_empty() {
                child.member = true;
            }
            set.children.insert(key.clone(), child);
        }
        set
    }

    pub(crate) fn to_value(&self) -> Value {
        let mut map = Map::new();
        if self.member && !self.children.is_empty() {
            map.insert(".".into(), Value::Object(Map::new()));
        }
        for (element, child) in &self.children {
            map.insert(element.clone(), child.to_value());
        }
        Value::Object(map)
    }

    pub(crate) fn union(&self, other: &FieldSet) -> FieldSet {
        let mut all = self.clone();
        all.member |= other.member;
        for (element, theirs) in &other.children {
            let merged = match all.children.get(element) {
                Some(ours) => ours.union(theirs),
                None => theirs.clone(),
            };
            all.children.insert(element.clone(), merged);
        }
        all
    }

    pub(crate) fn difference(&self, other: &FieldSet) -> FieldSet {
        let mut rest = FieldSet {
            member: self.member && !other.member,
            ..Self::default()
        };
        for (element, ours) in &self.children {
            let kept = match other.children.get(element) {
                Some(theirs) => ours.difference(theirs),
                None => ours.clone(),
            };
            rest.insert_child(element.clone(), kept);
        }
        rest
    }

    pub(crate) fn intersection(&self, other: &FieldSet) -> FieldSet {
        let mut both = FieldSet {
            member: self.member && other.member,
            ..Self::default()
        };
        for (element, ours) in &self.children {
            if let Some(theirs) = other.children.get(element) {
                both.insert_child(element.clone(), ours.intersection(theirs));
            }
        }
        both
    }

    /// Removes from `self` everything at and below the members of `other`: their fields are gone.
    pub(crate) fn without_below(&self, other: &FieldSet) -> FieldSet {
        if other.member {
            return FieldSet::default();
        }
        let mut rest = FieldSet {
            member: self.member,
            ..Self::default()
        };
        for (element, ours) in &self.children {
            let kept = match other.children.get(element) {
                Some(theirs) => ours.without_below(theirs),
                None => ours.clone(),
            };
            rest.insert_child(element.clone(), kept);
        }
        rest
    }

    /// Every member as a readable path, as conflicts print it (`.spec.replicas`).
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.collect(&mut String::new(), &mut paths);
        paths
    }

    fn collect(&self, path: &mut String, paths: &mut Vec<String>) {
        if self.member {
            paths.push(path.clone());
        }
        for (element, child) in &self.children {
            let length = path.len();
            path.push_str(&readable(element));
            child.collect(path, paths);
            path.truncate(length);
        }
    }
}

pub(super) fn readable(element: &str) -> String {
    match element.split_at_checked(2) {
        Some(("f:", name)) => format!(".{name}"),
        Some(("k:", keys)) => {
            let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
            let pairs: Vec<String> = keys.iter().map(|(k, v)| format!("{k}={v}")).collect();
            format!("[{}]", pairs.join(","))
        }
        Some(("v:", value)) => format!("[={value}]"),
        _ => element.to_owned(),
    }
}

/// The element of a list item, `None` for atomic lists.
pub(crate) fn element_of(item: &Value, kind: &ListKind, items: &Shape) -> Option<String> {
    match kind {
        ListKind::Atomic => None,
        ListKind::Set => Some(format!("v:{item}")),
        ListKind::Map(keys) => {
            let mut id = Map::new();
            for key in keys {
                let default = || items.field(key).and_then(|f| f.default.clone());
                if let Some(value) = item.get(key).cloned().or_else(default) {
                    id.insert(key.clone(), value);
                }
            }
            Some(format!("k:{}", Value::Object(sorted(id))))
        }
    }
}

fn sorted(map: Map<String, Value>) -> Map<String, Value> {
    let ordered: BTreeMap<String, Value> = map.into_iter().collect();
    ordered.into_iter().collect()
}

/// How a value is taken apart: its elements and their shapes, or `None` for a leaf.
pub(crate) fn elements<'v, 's>(
    value: &'v Value,
    shape: &'s Shape,
) -> Option<Vec<(String, &'v Value, &'s Shape)>> {
    match (shape.resolve(), value) {
        (Shape::Structure(s), Value::Object(map)) if !s.atomic => Some(
            map.iter()
                .map(|(key, item)| (format!("f:{key}"), item, shape.child(key)))
                .collect(),
        ),
        (
            Shape::Map {
                values,
                atomic: false,
            },
            Value::Object(map),
        ) => Some(
            map.iter()
                .map(|(key, item)| (format!("f:{key}"), item, &**values))
                .collect(),
        ),
        // Without a schema maps are taken apart and lists are not.
        (Shape::Any, Value::Object(map)) => Some(
            map.iter()
                .map(|(key, item)| (format!("f:{key}"), item, &Shape::Any))
                .collect(),
        ),
        (Shape::List { items, kind }, Value::Array(list)) if *kind != ListKind::Atomic => list
            .iter()
            .map(|item| element_of(item, kind, items).map(|element| (element, item, &**items)))
            .collect(),
        _ => None,
    }
}

/// The fields an applied configuration names.
pub(crate) fn fields_of(value: &Value, shape: &Shape) -> FieldSet {
    let Some(elements) = elements(value, shape) else {
        return FieldSet::member_node();
    };
    if elements.is_empty() {
        // An empty list names none of its items; an empty object is named itself.
        return match value {
            Value::Array(_) => FieldSet::default(),
            _ => FieldSet::member_node(),
        };
    }
    let declared = |key: &str| {
        key.strip_prefix("f:")
            .is_some_and(|name| shape.field(name).is_some())
    };
    let mut set = FieldSet::default();
    for (element, item, inner) in elements {
        let mut child = fields_of(item, inner);
        // Items of lists and keys of maps belong to who names them; fields of a structure
        // only through what is in them.
        if !declared(&element) {
            child.member = true;
        }
        set.insert_child(element, child);
    }
    set
}

/// How two states of an object differ.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    pub(crate) added: FieldSet,
    pub(crate) modified: FieldSet,
    pub(crate) removed: FieldSet,
}

/// Compares two states; null and absent differ, as on the server.
pub(crate) fn compare(old: Option<&Value>, new: Option<&Value>, shape: &Shape) -> Comparison {
    let mut comparison = Comparison::default();
    let (old_parts, new_parts) = (
        old.and_then(|v| elements(v, shape)),
        new.and_then(|v| elements(v, shape)),
    );
    match (old, new) {
        (None, None) => {}
        (Some(_), None) => comparison.removed = all_of(old, shape),
        (None, Some(_)) => comparison.added = all_of(new, shape),
        (Some(a), Some(b)) => match (old_parts, new_parts) {
            (Some(old_parts), Some(new_parts)) => {
                compare_parts(old_parts, new_parts, &mut comparison);
            }
            // A null takes the form of what it is compared with.
            (None, Some(new_parts)) if a.is_null() => {
                compare_parts(Vec::new(), new_parts, &mut comparison);
            }
            (Some(old_parts), None) if b.is_null() => {
                compare_parts(old_parts, Vec::new(), &mut comparison);
            }
            _ => {
                if a != b {
                    comparison.modified = FieldSet::member_node();
                }
            }
        },
    }
    comparison
}

fn compare_parts<'v, 's>(
    old: Vec<(String, &'v Value, &'s Shape)>,
    new: Vec<(String, &'v Value, &'s Shape)>,
    comparison: &mut Comparison,
) {
    let mut sides: BTreeMap<String, (Option<&Value>, Option<&Value>, &Shape)> = BTreeMap::new();
    for (element, item, shape) in old {
        sides.insert(element, (Some(item), None, shape));
    }
    for (element, item, shape) in new {
        sides.entry(element).or_insert((None, None, shape)).1 = Some(item);
    }
    for (element, (old, new, shape)) in sides {
        let inner = compare(old, new, shape);
        comparison.added.insert_child(element.clone(), inner.added);
        comparison
            .modified
            .insert_child(element.clone(), inner.modified);
        comparison.removed.insert_child(element, inner.removed);
    }
}

/// Every path of a value that appears or goes as a whole.
fn all_of(value: Option<&Value>, shape: &Shape) -> FieldSet {
    let mut set = FieldSet::member_node();
    for (element, item, inner) in value.and_then(|v| elements(v, shape)).into_iter().flatten() {
        set.insert_child(element, all_of(Some(item), inner));
    }
    set
}
