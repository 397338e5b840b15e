//! Deleting: preconditions, finalizers, and collections.

use std::sync::Arc;

use serde_json::Value;

use super::list::ListOptions;
use super::owners::{FOREGROUND, ORPHAN};
use super::state::{State, Task, WriteOptions, draft};
use crate::catalog::Resource;
use crate::error::ApiError;
use crate::stamp::now;
use crate::store::{Stored, key};

/// `DeleteOptions`, from body and query.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeleteOptions {
    pub(crate) dry_run: bool,
    /// Unless it is named, the kind decides.
    pub(crate) propagation: Option<Propagation>,
    pub(crate) uid: Option<String>,
    pub(crate) resource_version: Option<String>,
}

/// What becomes of the objects that the deleted one owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Propagation {
    Background,
    Foreground,
    Orphan,
}

/// What became of the object.
#[derive(Debug)]
pub(crate) enum Deleted {
    /// It is gone; this was its last state.
    Gone(Arc<Stored>),
    /// Finalizers hold it.
    Pending(Arc<Stored>),
}

impl State {
    pub(crate) fn delete(
        &mut self,
        resource: &Resource,
        namespace: Option<&str>,
        name: &str,
        options: &DeleteOptions,
    ) -> Result<Deleted, ApiError> {
        let key = key(namespace.unwrap_or_default(), name);
        let Some(live) = self.store.get(&resource.collection, &key) else {
            return Err(ApiError::not_found(resource.about(), name));
        };
        super::convertible(resource, &live.api_version)?;
        let mut value = live.value();
        let uid = value["metadata"]["uid"].as_str().unwrap_or_default();
        if let Some(wanted) = options.uid.as_deref().filter(|wanted| *wanted != uid) {
            let why = format!(
                "the UID in the precondition ({wanted}) does not match the UID in record ({uid}). \
                 The object might have been deleted and then recreated"
            );
            return Err(ApiError::conflict(resource.about_kind(), name, &why));
        }
        let revision = live.revision.to_string();
        if let Some(wanted) = options
            .resource_version
            .as_deref()
            .filter(|w| *w != revision)
        {
            let why = format!(
                "the ResourceVersion in the precondition ({wanted}) does not match the \
                 ResourceVersion in record ({revision}). The object might have been modified"
            );
            return Err(ApiError::conflict(resource.about_kind(), name, &why));
        }
        if resource.is("", "namespaces")
            && matches!(name, "default" | "kube-system" | "kube-public")
        {
            let why = "this namespace may not be deleted";
            return Err(ApiError::forbidden(resource.about(), name, why));
        }
        propagate(resource, options.propagation, &mut value);
        let held = self.is_held(resource, &mut value);
        if !held {
            if options.dry_run {
                return Ok(Deleted::Gone(live));
            }
            return Ok(Deleted::Gone(self.expunge(resource, value)));
        }
        if !value["metadata"]["deletionTimestamp"].is_null() {
            if resource.is("", "namespaces") {
                self.schedule(Task::Terminate(name.to_owned()));
            }
            return Ok(Deleted::Pending(live));
        }
        let crd = resource.is("apiextensions.k8s.io", "customresourcedefinitions");
        if crd {
            add_finalizer(&mut value, crate::kinds::CRD_CLEANUP);
        }
        let metadata = &mut value["metadata"];
        metadata["deletionTimestamp"] = now().into();
        if !crd && !resource.is("", "namespaces") {
            metadata["deletionGracePeriodSeconds"] = 0.into();
        }
        if let Some(generation) = metadata["generation"].as_i64().filter(|_| !crd) {
            metadata["generation"] = (generation + 1).into();
        }
        if crd {
            crate::kinds::crd_terminates(&mut value, &now());
        }
        if resource.is("", "namespaces") {
            value["status"]["phase"] = "Terminating".into();
        }
        if options.dry_run {
            return Ok(Deleted::Pending(Arc::new(draft(
                resource,
                value,
                live.revision,
            ))));
        }
        let pending = self.commit(resource, value);
        if crd {
            self.schedule(Task::Unserve(name.to_owned()));
        }
        self.schedule_propagation(resource, &pending);
        Ok(Deleted::Pending(pending))
    }

    /// Does anything keep the object? Protection that nothing needs is lifted on the way, as its
    /// controllers would.
    fn is_held(&self, resource: &Resource, value: &mut Value) -> bool {
        if resource.is("", "namespaces")
            || resource.is("apiextensions.k8s.io", "customresourcedefinitions")
        {
            return true;
        }
        let lifted = match (resource.group.as_str(), resource.name.as_str()) {
            ("", "persistentvolumeclaims") if !self.claim_in_use(value) => {
                "kubernetes.io/pvc-protection"
            }
            ("", "persistentvolumes") if value["status"]["phase"] != "Bound" => {
                "kubernetes.io/pv-protection"
            }
            _ => "",
        };
        let finalizers = value.pointer_mut("/metadata/finalizers");
        let Some(finalizers) = finalizers.and_then(Value::as_array_mut) else {
            return false;
        };
        finalizers.retain(|finalizer| finalizer != lifted);
        !finalizers.is_empty()
    }

    fn claim_in_use(&self, claim: &Value) -> bool {
        let namespace = claim["metadata"]["namespace"].as_str().unwrap_or_default();
        let name = &claim["metadata"]["name"];
        self.store
            .range("pods", Some(namespace), None, self.store.revision())
            .any(|pod| {
                pod.value()["spec"]["volumes"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .any(|volume| volume["persistentVolumeClaim"]["claimName"] == *name)
            })
    }

    /// `DELETE` of everything a list selects.
    pub(crate) fn delete_collection(
        &mut self,
        resource: &Resource,
        namespace: Option<&str>,
        list: &ListOptions,
        options: &DeleteOptions,
    ) -> Result<Vec<Arc<Stored>>, ApiError> {
        let listed = self.list(resource, namespace, list)?;
        let mut deleted = Vec::new();
        for object in listed.items {
            let namespace = resource.namespaced.then_some(object.namespace.as_str());
            match self.delete(resource, namespace, &object.name, options) {
                // As it was found: what the deletion made of it is told by a watch.
                Ok(_) => deleted.push(object),
                Err(error) if error.code == 404 => {}
                Err(error) => return Err(error),
            }
        }
        Ok(deleted)
    }

    /// `POST .../eviction`.
    pub(crate) fn evict(
        &mut self,
        resource: &Resource,
        namespace: &str,
        name: &str,
        options: &WriteOptions,
    ) -> Result<(), ApiError> {
        let options = DeleteOptions {
            dry_run: options.dry_run,
            ..DeleteOptions::default()
        };
        self.delete(resource, Some(namespace), name, &options)
            .map(|_| ())
    }
}

/// The finalizer by which the garbage collector first sees to what the object owns.
fn propagate(resource: &Resource, wanted: Option<Propagation>, value: &mut Value) {
    let default = match (resource.group.as_str(), resource.name.as_str()) {
        ("batch", "jobs") | ("", "replicationcontrollers") => Propagation::Orphan,
        _ => Propagation::Background,
    };
    let finalizer = match wanted.unwrap_or(default) {
        Propagation::Background => return,
        Propagation::Foreground => FOREGROUND,
        Propagation::Orphan => ORPHAN,
    };
    if resource.is("", "namespaces") {
        return;
    }
    add_finalizer(value, finalizer);
}

fn add_finalizer(value: &mut Value, finalizer: &str) {
    let list = &mut value["metadata"]["finalizers"];
    if !list.is_array() {
        *list = Value::Array(Vec::new());
    }
    if let Some(list) = list.as_array_mut()
        && !list.iter().any(|f| f == finalizer)
    {
        list.push(finalizer.into());
    }
}
