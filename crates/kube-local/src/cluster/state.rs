//! What the cluster holds, and how objects come into it and go.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::owners::Owners;
use crate::catalog::{Catalog, Resource};
use crate::go_order::GoOrder;
use crate::kinds::Pool;
use crate::schema::FieldValidation;
use crate::store::{Store, Stored};

/// How a write is done, from its query.
#[derive(Debug, Clone, Default)]
pub(crate) struct WriteOptions {
    pub(crate) dry_run: bool,
    pub(crate) manager: String,
    pub(crate) force: bool,
    pub(crate) validation: FieldValidation,
    /// What the response warns of, collected on the way.
    pub(crate) warnings: std::cell::RefCell<Vec<String>>,
}

/// What a controller has to do next.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Task {
    /// A namespace was created: its ServiceAccount and the root certificate appear.
    Populate(String),
    /// A namespace goes: delete what is in it, then itself.
    Terminate(String),
    /// A CRD was written: accept its names, serve it.
    Establish(String),
    /// A CRD goes: delete its objects, then itself.
    Unserve(String),
    /// The owner with this uid is gone, or never was: what it alone owns goes too.
    Collect(String),
    /// The owner with this uid waits for what it owns to go, or to be set free.
    Release(String),
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) catalog: Catalog,
    pub(super) services: Pool,
    pub(super) owners: Owners,
    pub(super) tasks: BTreeSet<Task>,
    /// Groups that discovery shows as stale: `group/version`.
    pub(crate) stale: BTreeSet<String>,
}

impl State {
    /// Takes an object into the store under the next revision.
    pub(super) fn commit(&mut self, resource: &Resource, value: Value) -> Arc<Stored> {
        let stored = stored(resource, value, self.store.next_revision());
        let object = self.store.put(&resource.collection, stored);
        self.note_owners(resource, &object, false);
        self.after_write(resource, &object, false);
        object
    }

    /// Removes an object, of which `value` is the last state.
    pub(super) fn expunge(&mut self, resource: &Resource, value: Value) -> Arc<Stored> {
        let stored = stored(resource, value, self.store.next_revision());
        let object = self.store.remove(&resource.collection, stored);
        self.note_owners(resource, &object, true);
        self.after_write(resource, &object, true);
        object
    }

    pub(super) fn schedule(&mut self, task: Task) {
        self.tasks.insert(task);
    }
}

/// Turns an object into what the store keeps.
fn stored(resource: &Resource, mut value: Value, revision: u64) -> Stored {
    value["metadata"]["resourceVersion"] = revision.to_string().into();
    draft(resource, value, revision)
}

/// The same without a revision of its own, for dry runs.
pub(super) fn draft(resource: &Resource, mut value: Value, revision: u64) -> Stored {
    let metadata = &value["metadata"];
    let text = |key: &str| metadata[key].as_str().unwrap_or_default().to_owned();
    let (namespace, name) = (text("namespace"), text("name"));
    let labels = metadata["labels"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    let uid = text("uid");
    let owners = metadata["ownerReferences"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|owner| Some(owner["uid"].as_str()?.to_owned()))
        .collect();
    let api_version = match value["apiVersion"].as_str() {
        Some(version) => version.to_owned(),
        None => resource.group_version(),
    };
    if let Some(map) = value.as_object_mut() {
        map.remove("apiVersion");
        map.remove("kind");
    }
    // Custom resources are printed in alphabetical order, built-in kinds as Go structs.
    let body = if resource.custom.is_some() {
        serde_json::to_vec(&value)
    } else {
        serde_json::to_vec(&GoOrder(&value))
    };
    let body = body.unwrap_or_default().into();
    Stored {
        revision,
        namespace,
        name,
        body,
        api_version,
        kind: resource.kind.clone(),
        uid,
        owners,
        labels,
    }
}
