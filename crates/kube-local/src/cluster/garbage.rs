//! The garbage collector: what is owned goes with its last owner, or is set free.

use std::sync::Arc;

use serde_json::Value;

use super::delete::{DeleteOptions, Propagation};
use super::owners::{FOREGROUND, ORPHAN};
use super::state::{State, Task};
use crate::catalog::Resource;
use crate::store::Stored;

impl State {
    /// Keeps the index, and sees what a write means for the garbage collector.
    pub(super) fn note_owners(&mut self, resource: &Resource, object: &Stored, removed: bool) {
        let place = (resource.collection.clone(), object.key());
        if !removed {
            for owner in &object.owners {
                let dependents = self.owners.dependents.entry(owner.clone()).or_default();
                dependents.insert(place.clone());
                if !self.owners.places.contains_key(owner) {
                    self.schedule(Task::Collect(owner.clone()));
                }
            }
            self.owners.places.insert(object.uid.clone(), place);
            return;
        }
        self.owners.places.remove(&object.uid);
        if self.owners.dependents.contains_key(&object.uid) {
            self.schedule(Task::Collect(object.uid.clone()));
        }
        for owner in &object.owners {
            if let Some(dependents) = self.owners.dependents.get_mut(owner) {
                dependents.remove(&place);
                self.schedule(Task::Release(owner.clone()));
            }
        }
    }

    /// After a deletion that waits for the garbage collector.
    pub(super) fn schedule_propagation(&mut self, resource: &Resource, object: &Stored) {
        let _ = resource;
        self.schedule(Task::Release(object.uid.clone()));
    }

    /// The objects that name this owner now.
    fn dependents(&self, owner: &str) -> Vec<(Arc<Resource>, Arc<Stored>)> {
        let places = self.owners.dependents.get(owner).into_iter().flatten();
        places
            .filter_map(|(collection, key)| {
                let object = self.store.get(collection, key)?;
                let resource = self.catalog.of_collection(collection)?;
                object
                    .owners
                    .iter()
                    .any(|o| o == owner)
                    .then(|| (Arc::clone(resource), object))
            })
            .collect()
    }

    /// An owner is not there: dependents without another owner go, the others forget it.
    pub(super) fn collect(&mut self, owner: &str) {
        if self.owners.places.contains_key(owner) {
            return;
        }
        for (resource, object) in self.dependents(owner) {
            let solid = |uid: &&String| self.owners.places.contains_key(*uid);
            if object.owners.iter().any(|uid| solid(&uid)) {
                self.forget_owner(&resource, &object, owner);
                continue;
            }
            let options = DeleteOptions {
                propagation: Some(Propagation::Background),
                ..DeleteOptions::default()
            };
            let namespace = resource.namespaced.then_some(object.namespace.as_str());
            // What finalizers hold is deleted as far as it can be.
            let _ = self.delete(&resource, namespace, &object.name, &options);
        }
        self.owners.dependents.remove(owner);
    }

    /// An owner that waits: its dependents go or are set free, and then it may go.
    pub(super) fn release(&mut self, owner: &str) {
        let Some((collection, key)) = self.owners.places.get(owner).cloned() else {
            return;
        };
        let Some(live) = self.store.get(&collection, &key) else {
            return;
        };
        let value = live.value();
        let holds = |name: &str| {
            let finalizers = value["metadata"]["finalizers"].as_array();
            finalizers.is_some_and(|list| list.iter().any(|f| f == name))
        };
        if value["metadata"]["deletionTimestamp"].is_null() {
            return;
        }
        let Some(resource) = self.catalog.of_collection(&collection).cloned() else {
            return;
        };
        if holds(ORPHAN) {
            for (resource, object) in self.dependents(owner) {
                self.forget_owner(&resource, &object, owner);
            }
            self.lift(&resource, value, ORPHAN);
        } else if holds(FOREGROUND) {
            let options = DeleteOptions {
                propagation: Some(Propagation::Foreground),
                ..DeleteOptions::default()
            };
            for (resource, object) in self.dependents(owner) {
                let namespace = resource.namespaced.then_some(object.namespace.as_str());
                let _ = self.delete(&resource, namespace, &object.name, &options);
            }
            let blocked = self.dependents(owner).into_iter().any(|(_, object)| {
                let value = object.value();
                let owners = value["metadata"]["ownerReferences"].as_array();
                owners.is_some_and(|list| {
                    (list.iter()).any(|o| o["uid"] == owner && o["blockOwnerDeletion"] == true)
                })
            });
            if !blocked {
                self.lift(&resource, value, FOREGROUND);
            }
        }
    }

    fn forget_owner(&mut self, resource: &Resource, object: &Stored, owner: &str) {
        let mut value = object.value();
        if let Some(list) = value["metadata"]["ownerReferences"].as_array_mut() {
            list.retain(|o| o["uid"] != owner);
            if list.is_empty()
                && let Some(metadata) = value["metadata"].as_object_mut()
            {
                metadata.remove("ownerReferences");
            }
        }
        self.put(resource, value);
    }

    /// Takes a finalizer away, and the object with it if that was the last.
    fn lift(&mut self, resource: &Resource, mut value: Value, finalizer: &str) {
        let mut left = false;
        if let Some(list) = value["metadata"]["finalizers"].as_array_mut() {
            list.retain(|f| f != finalizer);
            left = !list.is_empty();
        }
        if left {
            self.put(resource, value);
            return;
        }
        if let Some(metadata) = value["metadata"].as_object_mut() {
            metadata.remove("finalizers");
        }
        self.expunge(resource, value);
    }
}
