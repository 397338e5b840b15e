//! The controllers: namespaces, CustomResourceDefinitions and API services.

use std::sync::Arc;

use serde_json::{Value, json};

use super::delete::DeleteOptions;
use super::state::{State, Task, WriteOptions};
use crate::catalog::Resource;
use crate::kinds;
use crate::stamp::now;
use crate::store::Stored;

/// What stands in for the cluster's certificate authority in `kube-root-ca.crt`.
const ROOT_CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\n\
    a2ViZS1sb2NhbCBzZXJ2ZXMgcGxhaW4gSFRUUCBhbmQgaGFzIG5vIGNlcnRpZmljYXRlLg==\n\
    -----END CERTIFICATE-----\n";

impl State {
    pub(super) fn run(&mut self, task: &Task) {
        match task {
            Task::Populate(namespace) => self.populate(namespace),
            Task::Terminate(namespace) => self.terminate(namespace),
            Task::Establish(crd) => self.establish(crd),
            Task::Unserve(crd) => self.unserve(crd),
            Task::Collect(owner) => self.collect(owner),
            Task::Release(owner) => self.release(owner),
        }
    }

    fn resource(&self, group: &str, name: &str) -> Option<Arc<Resource>> {
        self.catalog.find(group, "v1", name).cloned()
    }

    fn populate(&mut self, namespace: &str) {
        let options = WriteOptions {
            manager: "kube-controller-manager".to_owned(),
            ..WriteOptions::default()
        };
        let account = json!({"metadata": {"name": "default"}});
        let root = json!({
            "metadata": {"name": "kube-root-ca.crt", "annotations": {
                "kubernetes.io/description": "Contains a CA bundle that can be used to verify the \
                    kube-apiserver when using internal endpoints such as the internal service IP \
                    or kubernetes.default.svc. No other usage is guaranteed across distributions \
                    of Kubernetes clusters."}},
            "data": {"ca.crt": ROOT_CERTIFICATE},
        });
        for (name, object) in [("serviceaccounts", account), ("configmaps", root)] {
            let Some(resource) = self.resource("", name) else {
                continue;
            };
            // Refused when it exists already or the namespace goes: nothing to do then.
            let _ = self.create(&resource, Some(namespace), object, &options);
        }
    }

    /// Deletes what is in a namespace; what finalizers hold is named in its conditions.
    fn terminate(&mut self, namespace: &str) {
        let Some(live) = self.store.get("namespaces", namespace) else {
            return;
        };
        let mut value = live.value();
        if value["metadata"]["deletionTimestamp"].is_null() {
            return;
        }
        let Some(namespaces) = self.resource("", "namespaces") else {
            return;
        };
        let dead: Vec<String> = self.stale.iter().cloned().collect();
        let mut left: Vec<(String, usize)> = Vec::new();
        let mut finalizers: Vec<(String, usize)> = Vec::new();
        for (collection, resource) in self.catalog.namespaced_collections() {
            let objects: Vec<Arc<Stored>> = self
                .store
                .range(&collection, Some(namespace), None, self.store.revision())
                .cloned()
                .collect();
            for object in objects {
                let _ = self.delete(
                    &resource,
                    Some(namespace),
                    &object.name,
                    &DeleteOptions::default(),
                );
            }
            let held: Vec<Arc<Stored>> = self
                .store
                .range(&collection, Some(namespace), None, self.store.revision())
                .cloned()
                .collect();
            if !held.is_empty() {
                let name = match resource.group.as_str() {
                    "" => format!("{}.", resource.name),
                    group => format!("{}.{group}", resource.name),
                };
                left.push((name, held.len()));
            }
            for object in held {
                let value = object.value();
                for finalizer in value["metadata"]["finalizers"]
                    .as_array()
                    .into_iter()
                    .flatten()
                {
                    let finalizer = finalizer.as_str().unwrap_or_default();
                    match finalizers.iter_mut().find(|(name, _)| name == finalizer) {
                        Some((_, count)) => *count += 1,
                        None => finalizers.push((finalizer.to_owned(), 1)),
                    }
                }
            }
        }
        if left.is_empty() && dead.is_empty() {
            value["spec"] = json!({});
            if value["metadata"]["finalizers"]
                .as_array()
                .is_none_or(Vec::is_empty)
            {
                self.expunge(&namespaces, value);
            } else if live.value()["spec"] != value["spec"] {
                self.put(&namespaces, value);
            }
            return;
        }
        let conditions = namespace_conditions(&dead, &left, &finalizers);
        let before = value["status"]["conditions"].as_array().map(Vec::len);
        if before.is_none() || !same_conditions(&value["status"]["conditions"], &conditions) {
            value["status"]["conditions"] = conditions;
            self.put_status(&namespaces, &live, value, "kube-controller-manager");
            // Its own write must not wake it again.
            self.tasks.remove(&Task::Terminate(namespace.to_owned()));
        }
    }

    /// Accepts the names of a CRD and serves it.
    fn establish(&mut self, name: &str) {
        let collection = "customresourcedefinitions.apiextensions.k8s.io";
        let Some(live) = self.store.get(collection, name) else {
            return;
        };
        let mut value = live.value();
        if !value["metadata"]["deletionTimestamp"].is_null() {
            return self.unserve(name);
        }
        let group = value["spec"]["group"].as_str().unwrap_or_default();
        let names = &value["spec"]["names"];
        let (accepted, conflict) = self.accept_names(name, group, names);
        let before = value.clone();
        kinds::crd_conditions(&mut value, &accepted, conflict.as_ref(), &now());
        if conflict.is_none() {
            self.catalog.add_crd(&value);
        }
        if before != value
            && let Some(crds) = self.resource("apiextensions.k8s.io", "customresourcedefinitions")
        {
            self.put_status(&crds, &live, value, "kube-apiserver");
            self.tasks.remove(&Task::Establish(name.to_owned()));
        }
    }

    /// The names that no other CRD of the group has, and the last conflict in the server's order
    /// of looking, which is the one it tells.
    fn accept_names(
        &self,
        crd: &str,
        group: &str,
        names: &Value,
    ) -> (Value, Option<kinds::CrdConflict>) {
        let others: Vec<&Arc<Resource>> = (self.catalog.all())
            .filter(|r| r.group == group && r.custom.as_ref().is_none_or(|c| c.crd != crd))
            .collect();
        let is_resource = |r: &Resource, name: &str| {
            r.name == name || r.singular == name || r.short_names.iter().any(|s| s == name)
        };
        let is_kind = |r: &Resource, name: &str| r.kind == name || r.list_kind == name;
        let taken = |name: &str, same: &dyn Fn(&Resource, &str) -> bool| {
            others.iter().any(|r| same(r, name))
        };
        let mut accepted = names.clone();
        let mut conflict = None;
        let mut lost = |reason, name: &str| {
            conflict = Some(kinds::CrdConflict {
                reason,
                name: name.to_owned(),
            });
        };
        let short = names["shortNames"].as_array().into_iter().flatten();
        for (key, reason) in [
            ("plural", "PluralConflict"),
            ("singular", "SingularConflict"),
        ] {
            let name = names[key].as_str().unwrap_or_default();
            if taken(name, &is_resource) {
                lost(reason, name);
                accepted[key] = "".into();
            }
        }
        for name in short.filter_map(Value::as_str) {
            if taken(name, &is_resource) {
                lost("ShortNamesConflict", name);
                accepted["shortNames"] = json!([]);
            }
        }
        for (key, reason) in [("kind", "KindConflict"), ("listKind", "ListKindConflict")] {
            let name = names[key].as_str().unwrap_or_default();
            if taken(name, &is_kind) {
                lost(reason, name);
                accepted[key] = "".into();
            }
        }
        if let Some(map) = accepted.as_object_mut() {
            // Printed even when they are empty.
            let always = |key: &str| matches!(key, "kind" | "plural");
            map.retain(|key, v| always(key) || *v != "" && *v != json!([]));
        }
        (accepted, conflict)
    }

    /// Deletes the objects of a CRD that goes, then the CRD.
    fn unserve(&mut self, name: &str) {
        let collection = "customresourcedefinitions.apiextensions.k8s.io";
        let Some(live) = self.store.get(collection, name) else {
            return;
        };
        let Some(crds) = self.resource("apiextensions.k8s.io", "customresourcedefinitions") else {
            return;
        };
        let custom = self
            .catalog
            .all()
            .find(|r| {
                r.custom
                    .as_ref()
                    .is_some_and(|c| c.crd == name && c.storage_version == r.version)
            })
            .cloned();
        let mut value = live.value();
        kinds::crd_deletes_instances(&mut value, &now());
        if value["status"] != live.value()["status"] {
            self.put_status(&crds, &live, value.clone(), "kube-apiserver");
            self.tasks.remove(&Task::Establish(name.to_owned()));
        }
        if let Some(resource) = custom {
            let objects: Vec<Arc<Stored>> = self
                .store
                .range(&resource.collection, None, None, self.store.revision())
                .cloned()
                .collect();
            for object in objects {
                let namespace = resource.namespaced.then_some(object.namespace.as_str());
                let _ = self.delete(
                    &resource,
                    namespace,
                    &object.name,
                    &DeleteOptions::default(),
                );
            }
            if self.store.count(&resource.collection) > 0 {
                return;
            }
        }
        let mut left = Vec::new();
        if let Some(list) = value["metadata"]["finalizers"].as_array_mut() {
            list.retain(|finalizer| finalizer != kinds::CRD_CLEANUP);
            left.clone_from(list);
        }
        if left.is_empty() {
            self.expunge(&crds, value);
        }
    }

    /// What waits for objects to go: their namespace, their CRD.
    pub(super) fn follow_removal(&mut self, resource: &Resource, object: &Stored) {
        if resource.namespaced
            && let Some(namespace) = self.store.get("namespaces", &object.namespace)
            && !namespace.value()["metadata"]["deletionTimestamp"].is_null()
        {
            self.schedule(Task::Terminate(object.namespace.clone()));
        }
        if let Some(custom) = &resource.custom {
            let collection = "customresourcedefinitions.apiextensions.k8s.io";
            if let Some(crd) = self.store.get(collection, &custom.crd)
                && !crd.value()["metadata"]["deletionTimestamp"].is_null()
            {
                self.schedule(Task::Unserve(custom.crd.clone()));
            }
        }
    }

    /// An API service with a backend: the backend never responds here.
    pub(super) fn note_api_service(&mut self, object: &Stored, removed: bool) {
        let value = object.value();
        let spec = &value["spec"];
        if spec["service"].is_null() {
            return;
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let group_version = format!("{}/{}", text(&spec["group"]), text(&spec["version"]));
        if removed {
            self.stale.remove(&group_version);
            let terminating: Vec<String> = self
                .store
                .range("namespaces", None, None, self.store.revision())
                .filter(|ns| !ns.value()["metadata"]["deletionTimestamp"].is_null())
                .map(|ns| ns.name.clone())
                .collect();
            for namespace in terminating {
                self.schedule(Task::Terminate(namespace));
            }
            return;
        }
        self.stale.insert(group_version);
        if value["status"]["conditions"].is_null() {
            let Some(resource) = self.resource("apiregistration.k8s.io", "apiservices") else {
                return;
            };
            let service = &spec["service"];
            let message = format!(
                "service/{} in \"{}\" is not present",
                text(&service["name"]),
                text(&service["namespace"])
            );
            let mut value = value;
            value["status"] = json!({"conditions": [{"type": "Available", "status": "False",
                "lastTransitionTime": now(), "reason": "ServiceNotFound", "message": message}]});
            self.put(&resource, value);
        }
    }
}

fn same_conditions(a: &Value, b: &Value) -> bool {
    let essence = |list: &Value| -> Vec<(Value, Value, Value)> {
        list.as_array()
            .into_iter()
            .flatten()
            .map(|c| (c["type"].clone(), c["status"].clone(), c["message"].clone()))
            .collect()
    };
    essence(a) == essence(b)
}

fn namespace_conditions(
    dead: &[String],
    left: &[(String, usize)],
    finalizers: &[(String, usize)],
) -> Value {
    let now = now();
    let condition = |kind: &str, bad: bool, reason: (&str, &str), message: (String, &str)| {
        json!({
            "type": kind,
            "status": if bad { "True" } else { "False" },
            "lastTransitionTime": now,
            "reason": if bad { reason.0 } else { reason.1 },
            "message": if bad { message.0 } else { message.1.to_owned() },
        })
    };
    let counted = |list: &[(String, usize)], what: &str| {
        let parts: Vec<String> = list
            .iter()
            .map(|(name, count)| format!("{name} {what} {count} resource instances"))
            .collect();
        parts.join(", ")
    };
    let discovery = format!(
        "Discovery failed for some groups, {} failing: unable to retrieve the complete list of \
         server APIs: {}",
        dead.len(),
        dead.iter()
            .map(|g| format!("{g}: stale GroupVersion discovery: {g}"))
            .collect::<Vec<_>>()
            .join(", ")
    );
    json!([
        condition(
            "NamespaceDeletionDiscoveryFailure",
            !dead.is_empty(),
            ("DiscoveryFailed", "ResourcesDiscovered"),
            (discovery, "All resources successfully discovered"),
        ),
        condition(
            "NamespaceDeletionGroupVersionParsingFailure",
            false,
            ("", "ParsedGroupVersions"),
            (String::new(), "All legacy kube types successfully parsed"),
        ),
        condition(
            "NamespaceDeletionContentFailure",
            false,
            ("", "ContentDeleted"),
            (
                String::new(),
                "All content successfully deleted, may be waiting on finalization",
            ),
        ),
        condition(
            "NamespaceContentRemaining",
            !left.is_empty(),
            ("SomeResourcesRemain", "ContentRemoved"),
            (
                format!("Some resources are remaining: {}", counted(left, "has")),
                "All content successfully removed",
            ),
        ),
        condition(
            "NamespaceFinalizersRemaining",
            !finalizers.is_empty(),
            ("SomeFinalizersRemain", "ContentHasNoFinalizers"),
            (
                format!(
                    "Some content in the namespace has finalizers remaining: {}",
                    counted(finalizers, "in")
                ),
                "All content-preserving finalizers finished",
            ),
        ),
    ])
}
