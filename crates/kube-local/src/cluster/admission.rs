//! What admission plugins of a real server refuse or add at creation.

use serde_json::Value;

use super::create::suffix;
use super::state::State;
use crate::catalog::Resource;
use crate::error::{About, ApiError};
use crate::kinds;
use crate::store::key;

impl State {
    pub(super) fn admit(
        &mut self,
        resource: &Resource,
        namespace: &str,
        name: &str,
        object: &mut Value,
    ) -> Result<(), ApiError> {
        if resource.namespaced {
            self.check_namespace(resource, namespace, name)?;
        }
        if resource.is("", "pods") {
            self.admit_pod(resource, namespace, name, object)?;
        }
        if resource.is("", "persistentvolumeclaims") {
            self.default_class(object);
        }
        self.check_conversion(resource)
    }

    /// NamespaceLifecycle.
    fn check_namespace(
        &self,
        resource: &Resource,
        namespace: &str,
        name: &str,
    ) -> Result<(), ApiError> {
        let Some(stored) = self.store.get("namespaces", namespace) else {
            return Err(ApiError::not_found(
                About {
                    group: "",
                    what: "namespaces",
                },
                namespace,
            ));
        };
        if stored.value()["metadata"]["deletionTimestamp"].is_null() {
            return Ok(());
        }
        let why = format!(
            "unable to create new content in namespace {namespace} because it is being terminated"
        );
        let cause = format!("namespace {namespace} is being terminated");
        Err(
            ApiError::forbidden(resource.about(), name, &why).with_cause(
                "NamespaceTerminating",
                &cause,
                "metadata.namespace",
            ),
        )
    }

    /// ServiceAccount, Priority, RuntimeClass and DefaultTolerationSeconds.
    fn admit_pod(
        &mut self,
        resource: &Resource,
        namespace: &str,
        name: &str,
        pod: &mut Value,
    ) -> Result<(), ApiError> {
        let account = match pod["spec"]["serviceAccountName"].as_str() {
            Some(account) if !account.is_empty() => account.to_owned(),
            _ => "default".to_owned(),
        };
        let Some(stored) = self.store.get("serviceaccounts", &key(namespace, &account)) else {
            let why = format!(
                "error looking up service account {namespace}/{account}: serviceaccount \
                 \"{account}\" not found"
            );
            return Err(ApiError::forbidden(resource.about(), name, &why));
        };
        kinds::admit_pod(pod, &stored.value(), &suffix());
        if let Some(runtime) = pod["spec"]["runtimeClassName"].as_str() {
            let Some(class) = self.store.get("runtimeclasses.node.k8s.io", runtime) else {
                let why = format!("pod rejected: RuntimeClass \"{runtime}\" not found");
                return Err(ApiError::forbidden(resource.about(), name, &why));
            };
            let overhead = class.value()["overhead"]["podFixed"].clone();
            if overhead.is_object() {
                pod["spec"]["overhead"] = overhead;
            }
        }
        let class = match pod["spec"]["priorityClassName"].as_str() {
            Some(class) if !class.is_empty() => {
                let collection = "priorityclasses.scheduling.k8s.io";
                let Some(stored) = self.store.get(collection, class) else {
                    let why = format!("no PriorityClass with name {class} was found");
                    return Err(ApiError::forbidden(resource.about(), name, &why));
                };
                Some(stored.value())
            }
            _ => self.default_priority_class(),
        };
        kinds::admit_priority(pod, class.as_ref());
        Ok(())
    }

    fn default_priority_class(&self) -> Option<Value> {
        self.store
            .range(
                "priorityclasses.scheduling.k8s.io",
                None,
                None,
                self.store.revision(),
            )
            .map(|stored| stored.value())
            .find(|class| class["globalDefault"] == true)
    }

    /// DefaultStorageClass.
    fn default_class(&self, claim: &mut Value) {
        if !claim["spec"]["storageClassName"].is_null() {
            return;
        }
        let default = self
            .store
            .range(
                "storageclasses.storage.k8s.io",
                None,
                None,
                self.store.revision(),
            )
            .find(|stored| {
                let annotations = &stored.value()["metadata"]["annotations"];
                annotations["storageclass.kubernetes.io/is-default-class"] == "true"
            });
        match default {
            Some(class) => claim["spec"]["storageClassName"] = class.name.as_str().into(),
            None => {
                if let Some(spec) = claim["spec"].as_object_mut() {
                    spec.remove("storageClassName");
                }
            }
        }
    }
}
