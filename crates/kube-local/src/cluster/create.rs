//! Creating objects, and the checks every write shares.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{State, WriteOptions, draft, new_uid, now};
use crate::apply::{Manager, track_update};
use crate::catalog::{Resource, split_group_version};
use crate::error::ApiError;
use crate::kinds;
use crate::schema::{FieldValidation, Shape, decode, print_zero_values};
use crate::store::{Stored, key};

/// Letters and digits of generated names: without vowels and look-alikes.
const SUFFIX: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

pub(super) fn suffix() -> String {
    (0..5)
        .map(|_| char::from(SUFFIX[fastrand::usize(..SUFFIX.len())]))
        .collect()
}

impl State {
    /// `POST` of an object.
    pub(crate) fn create(
        &mut self,
        resource: &Resource,
        namespace: Option<&str>,
        mut object: Value,
        options: &WriteOptions,
    ) -> Result<Arc<Stored>, ApiError> {
        read_object(resource, &mut object, options)?;
        place(resource, namespace, &mut object)?;
        let metadata = kinds::object(&mut object, "metadata");
        if metadata.get("resourceVersion").is_some_and(|v| v != "") {
            return Err(ApiError::new(
                500,
                "",
                "resourceVersion should not be set on objects to be created",
            ));
        }
        let named = metadata
            .get("name")
            .and_then(Value::as_str)
            .is_some_and(|n| !n.is_empty());
        let prefix = metadata
            .get("generateName")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !named && !prefix.is_empty() {
            let cut = prefix.len().min(58);
            let prefix = prefix.get(..cut).unwrap_or(prefix);
            metadata.insert("name".into(), format!("{prefix}{}", suffix()).into());
        }
        for field in [
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "selfLink",
        ] {
            metadata.remove(field);
        }
        metadata.insert("uid".into(), new_uid().into());
        metadata.insert("creationTimestamp".into(), now().into());
        let name = metadata
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let namespace = namespace.unwrap_or_default().to_owned();

        kinds::own_labels(resource, &mut object);
        kinds::set_defaults(resource, &mut object);
        kinds::prepare_create(resource, &mut object);
        self.admit(resource, &namespace, &name, &mut object)?;
        let key = key(&namespace, &name);
        if self.store.get(&resource.collection, &key).is_some() {
            return Err(ApiError::already_exists(resource.about(), &name));
        }
        let causes = kinds::validate_create(resource, &object);
        if !causes.is_empty() {
            return Err(ApiError::invalid(resource.about_kind(), &name, &causes));
        }
        finish(resource, &mut object);
        let empty = zero(resource);
        track_update(
            &empty,
            &mut object,
            &resource.shape,
            &manager(resource, options, ""),
            true,
        );
        // Behind the bookkeeping of who set what: nobody asked for what is handed out here.
        self.allocate(resource, &key, &name, &mut object)?;
        if options.dry_run {
            return Ok(Arc::new(draft(resource, object, self.store.revision())));
        }
        Ok(self.commit(resource, object))
    }

    /// Addresses and ports of Services.
    pub(super) fn allocate(
        &mut self,
        resource: &Resource,
        key: &str,
        name: &str,
        object: &mut Value,
    ) -> Result<(), ApiError> {
        if !resource.is("", "services") {
            return Ok(());
        }
        self.services
            .allocate(key, object)
            .map_err(|error| ApiError::invalid(resource.about_kind(), name, &[error.0]))
    }
}

/// Checks kind and version, and drops what the type does not know.
pub(super) fn read_object(
    resource: &Resource,
    object: &mut Value,
    options: &WriteOptions,
) -> Result<(), ApiError> {
    if !object.is_object() {
        return Err(ApiError::bad_request(format!(
            "the object provided is unrecognized (must be of type {})",
            resource.kind
        )));
    }
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let kind = object["kind"].as_str().unwrap_or_default();
    let (group, version) = split_group_version(api_version);
    let expected = resource.group_version();
    let mistaken = (!api_version.is_empty()
        && (group, version) != (&resource.group, &resource.version))
        || (!kind.is_empty() && kind != resource.kind);
    if mistaken {
        return Err(ApiError::bad_request(format!(
            "{kind} in version \"{version}\" cannot be handled as a {}: expected {expected}, \
             found {api_version}, Kind={kind}",
            resource.kind
        )));
    }
    if resource.custom.is_some() && (api_version.is_empty() || kind.is_empty()) {
        return Err(ApiError::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): Object 'Kind' is missing",
            resource.kind
        )));
    }
    if resource.custom.is_none() {
        object["kind"] = resource.kind.as_str().into();
        object["apiVersion"] = expected.into();
    }
    let decoded = decode(object, &resource.shape);
    if let Some(mismatch) = decoded.mismatch {
        // A custom resource's schema words this itself, as an invalid value.
        if resource.custom.is_none() {
            return Err(ApiError::bad_request(format!(
                "{} in version \"{}\" cannot be handled as a {}: {mismatch}",
                resource.kind, resource.version, resource.kind
            )));
        }
    }
    if options.validation == FieldValidation::Strict && !decoded.unknown.is_empty() {
        let fields: Vec<String> = decoded
            .unknown
            .iter()
            .map(|field| format!("unknown field \"{field}\""))
            .collect();
        return Err(ApiError::bad_request(format!(
            "{} in version \"{}\" cannot be handled as a {}: strict decoding error: {}",
            resource.kind,
            resource.version,
            resource.kind,
            fields.join(", ")
        )));
    }
    Ok(())
}

/// Puts the object into the namespace of the path, which it may not contradict.
pub(super) fn place(
    resource: &Resource,
    namespace: Option<&str>,
    object: &mut Value,
) -> Result<(), ApiError> {
    let metadata = kinds::object(object, "metadata");
    let own = metadata
        .get("namespace")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match namespace {
        Some(namespace) if resource.namespaced => {
            if !own.is_empty() && own != namespace {
                return Err(ApiError::bad_request(
                    "the namespace of the provided object does not match the namespace sent on \
                     the request",
                ));
            }
            metadata.insert("namespace".into(), namespace.into());
        }
        _ => {
            metadata.remove("namespace");
        }
    }
    Ok(())
}

/// The form in which an object is kept: zero values as Go prints them.
pub(super) fn finish(resource: &Resource, object: &mut Value) {
    if resource.custom.is_none() {
        print_zero_values(object, &resource.shape);
        if let Some(map) = object.as_object_mut() {
            // Set by print_zero_values for kinds that always print an empty status.
            if map.get("metadata").is_none_or(Value::is_null) {
                map.insert("metadata".into(), json!({}));
            }
        }
    }
}

/// The zero value of a kind, which a new object is compared with.
pub(super) fn zero(resource: &Resource) -> Value {
    let mut zero = Value::Object(Map::new());
    if resource.custom.is_none() && !matches!(resource.shape.resolve(), Shape::Any) {
        print_zero_values(&mut zero, &resource.shape);
    }
    zero
}

pub(super) fn manager(resource: &Resource, options: &WriteOptions, subresource: &str) -> Manager {
    Manager {
        name: options.manager.clone(),
        api_version: resource.group_version(),
        subresource: subresource.to_owned(),
        now: now(),
    }
}
