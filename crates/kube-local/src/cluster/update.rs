//! Replacing, patching and applying.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::create::{finish, manager, place, read_object, zero};
use super::{State, Task, WriteOptions, draft, to_version};
use crate::apply::{apply, track_update};
use crate::catalog::Resource;
use crate::error::{ApiError, Cause};
use crate::kinds;
use crate::patch;
use crate::store::{Stored, key};

/// How a patch changes the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PatchKind {
    Json,
    Merge,
    Strategic,
    Apply,
}

const CHANGED: &str = "the object has been modified; please apply your changes to the latest \
    version and try again";

impl State {
    /// `PUT`. Some kinds are created by it when they do not exist.
    pub(crate) fn replace(
        &mut self,
        resource: &Resource,
        namespace: Option<&str>,
        name: &str,
        subresource: &str,
        mut object: Value,
        options: &WriteOptions,
    ) -> Result<(Arc<Stored>, bool), ApiError> {
        read_object(resource, &mut object, options)?;
        let given = object["metadata"]["name"].as_str().unwrap_or_default();
        if given.is_empty() && resource.custom.is_none() {
            object["metadata"]["name"] = name.into();
        } else if given != name {
            return Err(ApiError::bad_request(format!(
                "the name of the object ({given}) does not match the name on the URL ({name})"
            )));
        }
        place(resource, namespace, &mut object)?;
        let key = key(namespace.unwrap_or_default(), name);
        let Some(live) = self.store.get(&resource.collection, &key) else {
            let creates = matches!(
                resource.name.as_str(),
                "endpoints"
                    | "events"
                    | "leases"
                    | "endpointslices"
                    | "limitranges"
                    | "roles"
                    | "rolebindings"
                    | "clusterroles"
                    | "clusterrolebindings"
                    | "services"
                    | "runtimeclasses"
            );
            let given_version = object["metadata"]["resourceVersion"]
                .as_str()
                .unwrap_or_default();
            if creates
                && resource.custom.is_none()
                && subresource.is_empty()
                && given_version.is_empty()
                && resource.name != "services"
            {
                return self
                    .create(resource, namespace, object, options)
                    .map(|o| (o, true));
            }
            return Err(ApiError::not_found(resource.about(), name));
        };
        convertible_now(resource, &live)?;
        let old = to_version(resource, live.value());
        let given_version = object["metadata"]["resourceVersion"]
            .as_str()
            .unwrap_or_default();
        if given_version.is_empty() {
            // These kinds may be replaced only by who has read them.
            if resource.custom.is_some() || must_name_version(resource) {
                let cause = Cause::invalid(
                    "metadata.resourceVersion",
                    &if resource.custom.is_some() {
                        json!(0)
                    } else {
                        json!("")
                    },
                    "must be specified for an update",
                );
                return Err(ApiError::invalid(resource.about_kind(), name, &[cause]));
            }
        } else if given_version != live.revision.to_string() {
            return Err(ApiError::conflict(resource.about(), name, CHANGED));
        }
        let given_uid = object["metadata"]["uid"].as_str().unwrap_or_default();
        let uid = old["metadata"]["uid"].as_str().unwrap_or_default();
        if !given_uid.is_empty() && given_uid != uid {
            return Err(uid_conflict(resource, name, given_uid, uid));
        }
        let stored =
            self.finish_update(resource, subresource, &live, &old, object, options, false)?;
        Ok((stored, false))
    }

    /// `PATCH` of any kind; apply creates what is absent.
    #[expect(clippy::too_many_arguments, reason = "the parts of one request")]
    pub(crate) fn patch(
        &mut self,
        resource: &Resource,
        namespace: Option<&str>,
        name: &str,
        subresource: &str,
        kind: PatchKind,
        body: &Value,
        options: &WriteOptions,
    ) -> Result<(Arc<Stored>, bool), ApiError> {
        let key = key(namespace.unwrap_or_default(), name);
        let live = self.store.get(&resource.collection, &key);
        if kind == PatchKind::Apply {
            return self.apply(resource, namespace, name, subresource, live, body, options);
        }
        let Some(live) = live else {
            return Err(ApiError::not_found(resource.about(), name));
        };
        convertible_now(resource, &live)?;
        let old = to_version(resource, live.value());
        let mut object = old.clone();
        match kind {
            PatchKind::Json => patch::json(&mut object, body)?,
            PatchKind::Merge => patch::merge(&mut object, body),
            PatchKind::Strategic => patch::strategic(&mut object, body, &resource.shape)?,
            PatchKind::Apply => {}
        }
        let version = object["metadata"]["resourceVersion"]
            .as_str()
            .unwrap_or_default();
        if !version.is_empty() && version != live.revision.to_string() {
            return Err(ApiError::conflict(resource.about(), name, CHANGED));
        }
        let (given, uid) = (&object["metadata"]["uid"], &old["metadata"]["uid"]);
        if given != uid && !given.is_null() {
            let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
            return Err(uid_conflict(resource, name, &text(given), &text(uid)));
        }
        read_object(resource, &mut object, options)?;
        place(resource, namespace, &mut object)?;
        if object["metadata"]["name"] != name {
            let cause = Cause::invalid(
                "metadata.name",
                &object["metadata"]["name"],
                "field is immutable",
            );
            return Err(ApiError::invalid(resource.about_kind(), name, &[cause]));
        }
        self.finish_update(resource, subresource, &live, &old, object, options, false)
            .map(|stored| (stored, false))
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one request")]
    fn apply(
        &mut self,
        resource: &Resource,
        namespace: Option<&str>,
        name: &str,
        subresource: &str,
        live: Option<Arc<Stored>>,
        body: &Value,
        options: &WriteOptions,
    ) -> Result<(Arc<Stored>, bool), ApiError> {
        let mut config = body.clone();
        if config["metadata"]["managedFields"]
            .as_array()
            .is_some_and(|m| !m.is_empty())
        {
            return Err(ApiError::bad_request("metadata.managedFields must be nil"));
        }
        for field in ["apiVersion", "kind"] {
            if config[field].as_str().is_none_or(str::is_empty) {
                return Err(ApiError::bad_request(format!(
                    "invalid object type: /, Kind={}",
                    config["kind"].as_str().unwrap_or_default()
                )));
            }
        }
        if config["metadata"]["name"].is_null() {
            config["metadata"]["name"] = name.into();
        }
        read_object(resource, &mut config, options)?;
        place(resource, namespace, &mut config)?;
        if config["metadata"]["name"] != name {
            let given = config["metadata"]["name"].as_str().unwrap_or_default();
            return Err(ApiError::bad_request(format!(
                "the name of the object ({given}) does not match the name on the URL ({name})"
            )));
        }
        let by = manager(resource, options, subresource);
        match live {
            None if !subresource.is_empty() => Err(ApiError::not_found(resource.about(), name)),
            None => {
                let uid = config["metadata"]["uid"].as_str().unwrap_or_default();
                if !uid.is_empty() {
                    return Err(uid_conflict(resource, name, uid, ""));
                }
                let object = apply(
                    &json!({"metadata": {}}),
                    &config,
                    &resource.shape,
                    &by,
                    true,
                )?;
                self.create_applied(resource, namespace, object, options)
                    .map(|o| (o, true))
            }
            Some(live) => {
                convertible_now(resource, &live)?;
                let old = to_version(resource, live.value());
                let version = config["metadata"]["resourceVersion"]
                    .as_str()
                    .unwrap_or_default();
                if !version.is_empty() && version != live.revision.to_string() {
                    return Err(ApiError::conflict(resource.about(), name, CHANGED));
                }
                let object = apply(&old, &config, &resource.shape, &by, options.force)?;
                self.finish_update(resource, subresource, &live, &old, object, options, true)
                    .map(|stored| (stored, false))
            }
        }
    }

    /// A create whose managers were settled by apply.
    fn create_applied(
        &mut self,
        resource: &Resource,
        namespace: Option<&str>,
        object: Value,
        options: &WriteOptions,
    ) -> Result<Arc<Stored>, ApiError> {
        let managers = object["metadata"]["managedFields"].clone();
        let dry = WriteOptions {
            dry_run: true,
            ..options.clone()
        };
        let created = self.create(resource, namespace, object, &dry)?;
        let mut value = created.value();
        value["metadata"]["managedFields"] = managers;
        if options.dry_run {
            return Ok(Arc::new(draft(resource, value, created.revision)));
        }
        Ok(self.commit(resource, value))
    }

    /// What every update goes through: carry over, default, check, own, store.
    #[expect(clippy::too_many_arguments, reason = "the parts of one request")]
    fn finish_update(
        &mut self,
        resource: &Resource,
        subresource: &str,
        live: &Arc<Stored>,
        old: &Value,
        mut object: Value,
        options: &WriteOptions,
        owned: bool,
    ) -> Result<Arc<Stored>, ApiError> {
        self.check_conversion(resource)?;
        let name = live.name.as_str();
        keep_system_fields(old, &mut object);
        let mut causes = Vec::new();
        match subresource {
            "" | "ephemeralcontainers" | "resize" => {
                kinds::own_labels(resource, &mut object);
                kinds::prepare_update(resource, old, &mut object);
                kinds::set_defaults(resource, &mut object);
                kinds::count_generation(resource, old, &mut object);
                causes = kinds::validate_update(resource, old, &object);
            }
            // A status update changes status and, of metadata, what controllers note there.
            "status" => {
                let mut kept = old.clone();
                match object.get("status") {
                    Some(status) => kept["status"] = status.clone(),
                    None => {
                        if let Some(map) = kept.as_object_mut() {
                            map.remove("status");
                        }
                    }
                }
                if resource.custom.is_none() {
                    kept["metadata"] = object["metadata"].clone();
                } else {
                    kept["metadata"]["managedFields"] = object["metadata"]["managedFields"].clone();
                }
                if let Some(custom) = &resource.custom {
                    crate::schema::validate(
                        &kept["status"],
                        &custom.schema["properties"]["status"],
                        "status",
                        &mut causes,
                    );
                }
                object = kept;
            }
            "finalize" | "approval" => {
                let mut kept = old.clone();
                kept["spec"] = object["spec"].clone();
                if subresource == "approval" {
                    kept["status"] = object["status"].clone();
                }
                object = kept;
            }
            _ => {}
        }
        if !causes.is_empty() {
            return Err(ApiError::invalid(resource.about_kind(), name, &causes));
        }
        self.allocate(resource, &live.key(), name, &mut object)?;
        finish(resource, &mut object);
        if !owned {
            let by = manager(resource, options, subresource);
            let mut before = old.clone();
            if before.is_null() {
                before = zero(resource);
            }
            track_update(&before, &mut object, &resource.shape, &by, false);
        }
        if same_but_for_times(old, &object) {
            return Ok(Arc::clone(live));
        }
        if options.dry_run {
            return Ok(Arc::new(draft(resource, object, live.revision)));
        }
        if is_finished(resource, &object) {
            return Ok(self.expunge(resource, object));
        }
        Ok(self.commit(resource, object))
    }

    /// Gives a Pod its node, as a scheduler does.
    pub(crate) fn bind(
        &mut self,
        resource: &Resource,
        namespace: Option<&str>,
        name: &str,
        patch: &Value,
    ) -> Result<(), ApiError> {
        let live = self.get(resource, namespace, name)?;
        let mut value = live.value();
        if !value["spec"]["nodeName"].is_null() {
            let node = value["spec"]["nodeName"].as_str().unwrap_or_default();
            let why = format!("pod {name} is already assigned to node \"{node}\"");
            return Err(ApiError::conflict(resource.about(), name, &why));
        }
        patch::merge(&mut value, patch);
        self.commit(resource, value);
        Ok(())
    }

    /// Writes `value` as a controller would, without any of the checks.
    pub(super) fn put(&mut self, resource: &Resource, value: Value) -> Arc<Stored> {
        self.commit(resource, value)
    }

    pub(super) fn after_write(&mut self, resource: &Resource, object: &Stored, removed: bool) {
        if resource.custom.is_some() {
            if removed {
                self.follow_removal(resource, object);
            }
            return;
        }
        match (resource.group.as_str(), resource.name.as_str()) {
            ("", "services") => {
                let value = (!removed).then(|| object.value());
                self.services.commit(&object.key(), value.as_ref());
            }
            ("", "namespaces") if !removed => {
                let value = object.value();
                if value["metadata"]["deletionTimestamp"].is_null() {
                    self.schedule(Task::Populate(object.name.clone()));
                } else {
                    self.schedule(Task::Terminate(object.name.clone()));
                }
            }
            ("apiextensions.k8s.io", "customresourcedefinitions") => {
                if removed {
                    self.catalog.remove_crd(&object.name);
                } else {
                    self.schedule(Task::Establish(object.name.clone()));
                }
            }
            ("apiregistration.k8s.io", "apiservices") => self.note_api_service(object, removed),
            _ => {}
        }
        if removed {
            self.follow_removal(resource, object);
        }
    }
}

fn convertible_now(resource: &Resource, live: &Stored) -> Result<(), ApiError> {
    super::convertible(resource, &live.api_version)
}

/// Kinds whose replacement must name the version it is based on.
fn must_name_version(resource: &Resource) -> bool {
    match resource.group.as_str() {
        "apiextensions.k8s.io"
        | "apiregistration.k8s.io"
        | "admissionregistration.k8s.io"
        | "discovery.k8s.io"
        | "coordination.k8s.io"
        | "policy"
        | "flowcontrol.apiserver.k8s.io"
        | "resource.k8s.io" => true,
        "scheduling.k8s.io" => resource.name == "priorityclasses",
        _ => false,
    }
}

fn uid_conflict(resource: &Resource, name: &str, given: &str, uid: &str) -> ApiError {
    let why =
        format!("Precondition failed: UID in precondition: {given}, UID in object meta: {uid}");
    ApiError::conflict(resource.about(), name, &why)
}

/// Fields of metadata that only the server writes.
fn keep_system_fields(old: &Value, new: &mut Value) {
    let metadata = kinds::object(new, "metadata");
    for field in [
        "uid",
        "creationTimestamp",
        "generation",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
        "resourceVersion",
    ] {
        match old["metadata"].get(field) {
            Some(value) => {
                metadata.insert(field.to_owned(), value.clone());
            }
            None => {
                metadata.remove(field);
            }
        }
    }
}

/// An update that changes nothing is not written, whatever its time.
fn same_but_for_times(old: &Value, new: &Value) -> bool {
    let timeless = |value: &Value| -> Value {
        let mut value = value.clone();
        for entry in value["metadata"]["managedFields"]
            .as_array_mut()
            .into_iter()
            .flatten()
        {
            if let Some(entry) = entry.as_object_mut() {
                entry.remove("time");
            }
        }
        value
    };
    let content = |value: &Value| -> Map<String, Value> {
        match timeless(value) {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    };
    content(old) == content(new)
}

/// Deleted before, and the last finalizer has gone.
fn is_finished(resource: &Resource, object: &Value) -> bool {
    let metadata = &object["metadata"];
    if metadata["deletionTimestamp"].is_null() {
        return false;
    }
    let open = |list: &Value| list.as_array().is_some_and(|l| !l.is_empty());
    if resource.is("", "namespaces") && open(&object["spec"]["finalizers"]) {
        return false;
    }
    !open(&metadata["finalizers"])
}
