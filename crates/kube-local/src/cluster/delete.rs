//! Deleting: preconditions, finalizers, and collections.

use std::sync::Arc;

use serde_json::Value;

use super::{ListOptions, State, Task, WriteOptions, draft, now};
use crate::catalog::Resource;
use crate::error::ApiError;
use crate::store::{Stored, key};

/// `DeleteOptions`, from body and query.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeleteOptions {
    pub(crate) dry_run: bool,
    pub(crate) uid: Option<String>,
    pub(crate) resource_version: Option<String>,
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
                "Precondition failed: UID in precondition: {wanted}, UID in object meta: {uid}"
            );
            return Err(ApiError::conflict(resource.about(), name, &why));
        }
        let revision = live.revision.to_string();
        if let Some(wanted) = options
            .resource_version
            .as_deref()
            .filter(|w| *w != revision)
        {
            let why = format!(
                "Precondition failed: ResourceVersion in precondition: {wanted}, ResourceVersion \
                 in object meta: {revision}"
            );
            return Err(ApiError::conflict(resource.about(), name, &why));
        }
        if resource.is("", "namespaces")
            && matches!(name, "default" | "kube-system" | "kube-public")
        {
            let why = "this namespace may not be deleted";
            return Err(ApiError::forbidden(resource.about(), name, why));
        }
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
        let metadata = &mut value["metadata"];
        metadata["deletionTimestamp"] = now().into();
        if !resource.is("", "namespaces") {
            metadata["deletionGracePeriodSeconds"] = 0.into();
        }
        if let Some(generation) = metadata["generation"].as_i64() {
            metadata["generation"] = (generation + 1).into();
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
        if resource.is("apiextensions.k8s.io", "customresourcedefinitions") {
            self.schedule(Task::Unserve(name.to_owned()));
        }
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
        let Some(finalizers) = value["metadata"]["finalizers"].as_array_mut() else {
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
                Ok(Deleted::Gone(object) | Deleted::Pending(object)) => deleted.push(object),
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
