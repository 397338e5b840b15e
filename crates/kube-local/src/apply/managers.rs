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
        map.insert("time".into(), self.time.as_str().into());
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

/// The server's own fields, which nobody owns.
fn strip(set: &mut FieldSet) {
    for name in ["f:apiVersion", "f:kind"] {
        set.remove_child(name);
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
    let mut entries = match (create, entries_of(new)) {
        (true, _) => Vec::new(),
        (false, Some(entries)) => entries,
        (false, None) => entries_of(old).unwrap_or_default(),
    };
    let mut difference = compare(Some(old), Some(new), shape);
    strip(&mut difference.added);
    strip(&mut difference.modified);
    strip(&mut difference.removed);
    let written = difference.added.union(&difference.modified);
    for entry in &mut entries {
        if !entry.is(manager, "Update") {
            entry.fields = entry.fields.difference(&difference.modified);
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
    let mut entries = entries_of(live).unwrap_or_default();
    let mut named = fields_of(&config, shape);
    strip(&mut named);
    let before = entries
        .iter()
        .find(|e| e.is(manager, "Apply"))
        .map(|e| e.fields.clone())
        .unwrap_or_default();
    let mut merged = merge(live, &config, shape);

    let mut changes = compare(Some(live), Some(&merged), shape);
    strip(&mut changes.added);
    strip(&mut changes.modified);
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

    match entries.iter_mut().find(|e| e.is(manager, "Apply")) {
        Some(entry) => {
            if entry.fields != named || entry.api_version != manager.api_version {
                entry.time.clone_from(&manager.now);
            }
            entry.fields = named;
            entry.api_version.clone_from(&manager.api_version);
        }
        None => entries.push(Entry {
            manager: manager.name.clone(),
            operation: "Apply".to_owned(),
            api_version: manager.api_version.clone(),
            subresource: manager.subresource.clone(),
            time: manager.now.clone(),
            fields: named,
        }),
    }
    write_entries(&mut merged, entries);
    Ok(merged)
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
