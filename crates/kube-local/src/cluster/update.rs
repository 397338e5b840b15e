//! Replacing, patching and applying.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::convert::to_version;
use super::create::{NAMESPACE_DIFFERS, finish, manager, place, read_object, to_stored};
use super::state::{State, Task, WriteOptions, draft};
use crate::apply::{apply, track_update, typed_problems};
use crate::catalog::{Resource, split_group_version};
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
                let (shown, about) = match resource.custom {
                    Some(_) => (json!(0), resource.about()),
                    None => (json!(""), resource.about_kind()),
                };
                let why = "must be specified for an update";
                let cause = Cause::invalid("metadata.resourceVersion", &shown, why);
                return Err(ApiError::invalid(about, name, &[cause]));
            }
        } else if given_version != live.revision.to_string() {
            return Err(ApiError::conflict(resource.about(), name, CHANGED));
        }
        let given_uid = object["metadata"]["uid"].as_str().unwrap_or_default();
        let uid = old["metadata"]["uid"].as_str().unwrap_or_default();
        if !given_uid.is_empty() && given_uid != uid {
            let key = live.key();
            let why = format!(
                "StorageError: invalid object, Code: 4, Key: /registry/{}/{key}, ResourceVersion: \
                 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {given_uid}, \
                 UID in object meta: {uid}",
                resource.collection
            );
            return Err(ApiError::conflict(resource.about(), name, &why));
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
        if !object.is_object() {
            let found = if object.is_array() { "array" } else { "value" };
            return Err(ApiError::bad_request(format!(
                "error decoding patch: json: cannot unmarshal {found} into Go value of type \
                 map[string]interface {{}}"
            )));
        }
        read_object(resource, &mut object, options).map_err(|error| {
            // The server reads the outcome again, and words what is wrong with it its own way.
            match error
                .message
                .split_once(&format!("handled as a {}: ", resource.kind))
            {
                Some((_, why)) => ApiError::unreadable_patch(&object, why),
                None => error,
            }
        })?;
        check_place(namespace, name, &object)?;
        place(resource, namespace, &mut object)?;
        let (given, uid) = (&object["metadata"]["uid"], &old["metadata"]["uid"]);
        if given != uid && !given.is_null() {
            let cause = Cause::invalid("metadata.uid", given, "field is immutable");
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
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (given_version, kind) = (text(&config["apiVersion"]), text(&config["kind"]));
        if (given_version.as_str(), &kind) != (&resource.group_version(), &resource.kind) {
            let (group, version) = split_group_version(&given_version);
            return Err(ApiError::bad_request(format!(
                "invalid object type: {group}/{version}, Kind={kind}"
            )));
        }
        if config["metadata"]["name"].is_null() {
            config["metadata"]["name"] = name.into();
        }
        let problems = typed_problems(&config, &resource.shape);
        if !problems.is_empty() {
            let metadata = &config["metadata"];
            let object = format!(
                "{}/{}; {}, Kind={kind}",
                text(&metadata["namespace"]),
                text(&metadata["name"]),
                if given_version.contains('/') {
                    given_version.clone()
                } else {
                    format!("/{given_version}")
                }
            );
            return Err(ApiError::untyped_patch(&object, &problems));
        }
        read_object(resource, &mut config, options)?;
        check_place(namespace, name, &config)?;
        place(resource, namespace, &mut config)?;
        let by = manager(resource, options, subresource);
        match live {
            None if !subresource.is_empty() => Err(ApiError::not_found(resource.about(), name)),
            None => {
                let uid = config["metadata"]["uid"].as_str().unwrap_or_default();
                if !uid.is_empty() {
                    let why = format!(
                        "uid mismatch: the provided object specified uid {uid}, and no existing \
                         object was found"
                    );
                    return Err(ApiError::conflict(resource.about(), name, &why));
                }
                if let Some(metadata) = config["metadata"].as_object_mut() {
                    // Nothing to compare it with.
                    metadata.remove("resourceVersion");
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

    /// A create whose managers were decided by apply.
    fn create_applied(
        &mut self,
        resource: &Resource,
        namespace: Option<&str>,
        object: Value,
        options: &WriteOptions,
    ) -> Result<Arc<Stored>, ApiError> {
        let managers = object["metadata"]["managedFields"].clone();
        self.create_read(resource, namespace, object, options, Some(managers))
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
        kinds::own_labels(resource, &mut object);
        kinds::set_defaults(resource, &mut object);
        finish(resource, &mut object);
        // Nobody owns what the scale of a custom resource sets.
        let unowned = subresource == "scale" && resource.custom.is_some();
        if !owned && !unowned {
            let by = manager(resource, options, subresource);
            track_update(old, &mut object, &resource.shape, &by, false);
        }
        let mut causes = check_finalizers(old, &object);
        match subresource {
            "" | "ephemeralcontainers" | "resize" | "scale" => {
                kinds::prepare_update(resource, old, &mut object);
                kinds::count_generation(resource, old, &mut object);
                causes.extend(kinds::validate_update(resource, old, &object));
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
                    // The server checks the part alone, and names the fields within it.
                    let schema = &custom.schema["properties"]["status"];
                    let mut within = Vec::new();
                    crate::schema::validate(&kept["status"], schema, "", &mut within);
                    causes.extend(within.into_iter().map(|cause| cause.within("status")));
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
        to_stored(resource, &mut object);
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

    /// Writes the status as a controller would, without any of the checks.
    pub(super) fn put_status(
        &mut self,
        resource: &Resource,
        live: &Stored,
        mut value: Value,
        controller: &str,
    ) -> Arc<Stored> {
        let options = WriteOptions {
            manager: controller.to_owned(),
            ..WriteOptions::default()
        };
        let by = manager(resource, &options, "status");
        track_update(&live.value(), &mut value, &resource.shape, &by, false);
        self.commit(resource, value)
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

/// An object may not name another place than its path.
fn check_place(namespace: Option<&str>, name: &str, object: &Value) -> Result<(), ApiError> {
    let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default();
    let given = text("name");
    if given != name {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({given}) does not match the name on the URL ({name})"
        )));
    }
    let (given, namespace) = (text("namespace"), namespace.unwrap_or_default());
    if !given.is_empty() && given != namespace {
        return Err(ApiError::bad_request(NAMESPACE_DIFFERS));
    }
    Ok(())
}

/// What goes may lose finalizers and not gain any.
fn check_finalizers(old: &Value, new: &Value) -> Vec<Cause> {
    if old["metadata"]["deletionTimestamp"].is_null() {
        return Vec::new();
    }
    let of = |value: &Value| value["metadata"]["finalizers"].as_array().cloned();
    let before = of(old).unwrap_or_default();
    let mut more = of(new).unwrap_or_default();
    more.retain(|finalizer| !before.contains(finalizer));
    if more.is_empty() {
        return Vec::new();
    }
    let names: Vec<String> = more.iter().map(Value::to_string).collect();
    let why = format!(
        "no new finalizers can be added if the object is being deleted, found new finalizers \
         []string{{{}}}",
        names.join(", ")
    );
    vec![Cause::forbidden("metadata.finalizers", &why)]
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
