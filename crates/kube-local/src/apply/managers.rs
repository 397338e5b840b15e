//! The managers of an object: who wrote what, kept over updates, decided over in apply.

use serde_json::{Map, Value};

use super::fieldset::{FieldSet, compare, fields_of};
use super::merge::{merge, remove};
use crate::error::ApiError;
use crate::schema::Shape;

/// Who writes, and when.
#[derive(Debug, Clone)]
pub(crate) struct Manager {
    pub(crate) name: String,
    pub(crate) api_version: String,
    pub(crate) subresource: String,
    /// Fields of the object that this write leaves as they are.
    pub(crate) resets: &'static [&'static str],
    /// RFC 3339, as the object prints it.
    pub(crate) now: String,
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    manager: String,
    operation: String,
    api_version: String,
    subresource: String,
    time: String,
    fields: FieldSet,
}

impl Entry {
    fn read(value: &Value) -> Option<Self> {
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let operation = text("operation");
        matches!(operation.as_str(), "Apply" | "Update").then(|| Self {
            manager: text("manager"),
            operation,
            api_version: text("apiVersion"),
            subresource: text("subresource"),
            time: text("time"),
            fields: FieldSet::from_value(&value["fieldsV1"]),
        })
    }

    fn write(&self) -> Value {
        let mut map = Map::new();
        map.insert("apiVersion".into(), self.api_version.as_str().into());
        map.insert("fieldsType".into(), "FieldsV1".into());
        map.insert("fieldsV1".into(), self.fields.to_value());
        map.insert("manager".into(), self.manager.as_str().into());
        map.insert("operation".into(), self.operation.as_str().into());
        if !self.subresource.is_empty() {
            map.insert("subresource".into(), self.subresource.as_str().into());
        }
        if !self.time.is_empty() {
            map.insert("time".into(), self.time.as_str().into());
        }
        Value::Object(map)
    }

    fn is(&self, manager: &Manager, operation: &str) -> bool {
        self.manager == manager.name
            && self.operation == operation
            && self.subresource == manager.subresource
            && (operation == "Apply" || self.api_version == manager.api_version)
    }

    /// As messages name it: `"kubectl" using apps/v1`, `"helm"` for another applier.
    fn shown(&self) -> String {
        if self.operation == "Apply" {
            format!("\"{}\"", self.manager)
        } else if self.subresource.is_empty() {
            format!("\"{}\" using {}", self.manager, self.api_version)
        } else {
            format!(
                "\"{}\" with subresource \"{}\" using {}",
                self.manager, self.subresource, self.api_version
            )
        }
    }
}

/// Entries in a request that replaces an object: its own count, an empty one resets.
fn entries_of(object: &Value) -> Option<Vec<Entry>> {
    let list = object["metadata"]["managedFields"].as_array()?;
    let entries: Vec<Entry> = list.iter().filter_map(Entry::read).collect();
    (!list.is_empty()).then_some(entries)
}

/// The server's own fields, which nobody owns, and those that this write does not touch.
fn strip(set: &mut FieldSet, manager: &Manager) {
    for name in ["f:apiVersion", "f:kind"] {
        set.remove_child(name);
    }
    for name in manager.resets {
        set.remove_child(&format!("f:{name}"));
    }
    if let Some(metadata) = set.child_mut("f:metadata") {
        for name in [
            "creationTimestamp",
            "generation",
            "managedFields",
            "name",
            "namespace",
            "resourceVersion",
            "selfLink",
            "uid",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
        ] {
            metadata.remove_child(&format!("f:{name}"));
        }
        // The whole of metadata counts as owned only through what is in it.
        let empty = metadata.children().next().is_none();
        if empty {
            set.remove_child("f:metadata");
        }
    }
}

/// Records an ordinary write of `new` over `old` (the zero value of the kind for a create).
pub(crate) fn track_update(
    old: &Value,
    new: &mut Value,
    shape: &Shape,
    manager: &Manager,
    create: bool,
) {
    if new["metadata"]["managedFields"] == serde_json::json!([{}]) {
        // The request to forget them all.
        return write_entries(new, Vec::new());
    }
    let known = entries_of(new).or_else(|| entries_of(old));
    // What was never tracked, or is no more, stays so until somebody applies.
    let Some(mut entries) = known.or_else(|| create.then(Vec::new)) else {
        return write_entries(new, Vec::new());
    };
    let mut difference = compare(Some(old), Some(new), shape);
    strip(&mut difference.added, manager);
    strip(&mut difference.modified, manager);
    strip(&mut difference.removed, manager);
    let written = difference.added.union(&difference.modified);
    for entry in &mut entries {
        if !entry.is(manager, "Update") {
            entry.fields = entry.fields.difference(&written);
        }
        entry.fields = entry.fields.without_below(&difference.removed);
    }
    match entries.iter_mut().find(|e| e.is(manager, "Update")) {
        Some(entry) => {
            let grown = entry.fields.union(&written);
            if grown != entry.fields || !written.is_empty() {
                entry.fields = grown;
                entry.time.clone_from(&manager.now);
            }
        }
        None if written.is_empty() => {}
        None => entries.push(Entry {
            manager: manager.name.clone(),
            operation: "Update".to_owned(),
            api_version: manager.api_version.clone(),
            subresource: manager.subresource.clone(),
            time: manager.now.clone(),
            fields: written,
        }),
    }
    write_entries(new, entries);
}

/// Lays `config` over `live`: the object that results, with its managers.
pub(crate) fn apply(
    live: &Value,
    config: &Value,
    shape: &Shape,
    manager: &Manager,
    force: bool,
) -> Result<Value, ApiError> {
    let mut config = config.clone();
    if let Some(metadata) = config["metadata"].as_object_mut() {
        metadata.remove("managedFields");
    }
    if let Some(map) = config.as_object_mut() {
        map.retain(|key, _| key == "metadata" || !manager.resets.contains(&key.as_str()));
    }
    let mut entries = entries_of(live).unwrap_or_else(|| before_first_apply(live, shape, manager));
    let mut named = fields_of(&config, shape);
    strip(&mut named, manager);
    let before = entries
        .iter()
        .find(|e| e.is(manager, "Apply"))
        .map(|e| e.fields.clone())
        .unwrap_or_default();
    let mut merged = merge(live, &config, shape);

    let mut changes = compare(Some(live), Some(&merged), shape);
    strip(&mut changes.added, manager);
    strip(&mut changes.modified, manager);
    let changed = changes.added.union(&changes.modified);
    let mut conflicts = Vec::new();
    for entry in entries.iter_mut().filter(|e| !e.is(manager, "Apply")) {
        let clash = entry.fields.intersection(&changed);
        if clash.is_empty() {
            continue;
        }
        if force {
            entry.fields = entry.fields.difference(&clash);
        } else {
            conflicts.extend(clash.paths().into_iter().map(|path| (entry.shown(), path)));
        }
    }
    if !conflicts.is_empty() {
        return Err(ApiError::apply_conflict(&conflicts));
    }

    // What this manager no longer names goes, unless somebody else owns it too.
    let others = entries
        .iter()
        .filter(|e| !e.is(manager, "Apply"))
        .fold(FieldSet::default(), |all, e| all.union(&e.fields));
    let dropped = before.difference(&named);
    let gone = removable(&dropped, &others.union(&named));
    remove(&mut merged, &gone, shape);

    // An apply that changes nothing leaves the time of its last one, if there was one.
    let time = if merged == *live {
        String::new()
    } else {
        manager.now.clone()
    };
    match entries.iter_mut().find(|e| e.is(manager, "Apply")) {
        Some(entry) => {
            if !time.is_empty() {
                entry.time = time;
            }
            entry.fields = named;
            entry.api_version.clone_from(&manager.api_version);
        }
        None => entries.push(Entry {
            manager: manager.name.clone(),
            operation: "Apply".to_owned(),
            api_version: manager.api_version.clone(),
            subresource: manager.subresource.clone(),
            time,
            fields: named,
        }),
    }
    write_entries(&mut merged, entries);
    Ok(merged)
}

/// The owner of all that stood there before anybody's fields were tracked.
fn before_first_apply(live: &Value, shape: &Shape, manager: &Manager) -> Vec<Entry> {
    if live["metadata"]["uid"].is_null() {
        return Vec::new();
    }
    let nothing = serde_json::json!({"metadata": {}});
    let mut fields = compare(Some(&nothing), Some(live), shape).added;
    strip(&mut fields, manager);
    vec![Entry {
        manager: "before-first-apply".to_owned(),
        operation: "Update".to_owned(),
        api_version: manager.api_version.clone(),
        subresource: String::new(),
        time: manager.now.clone(),
        fields,
    }]
}

/// Members of `dropped` below which nobody owns anything.
fn removable(dropped: &FieldSet, owned: &FieldSet) -> FieldSet {
    if owned.is_empty() {
        return dropped.clone();
    }
    let mut gone = FieldSet::default();
    for (element, inner) in dropped.children() {
        match owned.child(element) {
            Some(theirs) => gone.insert_child(element.to_owned(), removable(inner, theirs)),
            None => gone.insert_child(element.to_owned(), inner.clone()),
        }
    }
    gone
}

fn write_entries(object: &mut Value, mut entries: Vec<Entry>) {
    entries.retain(|e| !e.fields.is_empty());
    entries.sort_by(|a, b| {
        // Appliers first, then the order of writing.
        (a.operation != "Apply", &a.time, &a.manager).cmp(&(
            b.operation != "Apply",
            &b.time,
            &b.manager,
        ))
    });
    let Some(metadata) = object["metadata"].as_object_mut() else {
        return;
    };
    if entries.is_empty() {
        metadata.remove("managedFields");
    } else {
        metadata.insert(
            "managedFields".into(),
            entries.iter().map(Entry::write).collect(),
        );
    }
}
