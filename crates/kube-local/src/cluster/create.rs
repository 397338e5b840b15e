//! Creating objects, and the checks every write shares.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::state::{State, WriteOptions, draft};
use crate::apply::{Manager, track_update};
use crate::catalog::{Resource, split_group_version};
use crate::error::{About, ApiError, Cause};
use crate::kinds;
use crate::schema::{FieldValidation, Shape, decode, empty_lists_to_null, print_zero_values};
use crate::stamp::{new_uid, now};
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
        self.create_read(resource, namespace, object, options, None)
    }

    /// Creates what was read already; `managers` are those that server-side apply has decided on.
    pub(super) fn create_read(
        &mut self,
        resource: &Resource,
        namespace: Option<&str>,
        mut object: Value,
        options: &WriteOptions,
        managers: Option<Value>,
    ) -> Result<Arc<Stored>, ApiError> {
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
        finish(resource, &mut object);
        // Field managers are decided here: what the server adds from here on belongs to nobody.
        match managers {
            Some(managers) => object["metadata"]["managedFields"] = managers,
            None => {
                let by = manager(resource, options, "");
                track_update(&zero(resource), &mut object, &resource.shape, &by, true);
            }
        }
        kinds::prepare_create(resource, &mut object);
        self.admit(resource, &namespace, &name, &mut object)?;
        let causes = kinds::validate_create(resource, &object);
        if !causes.is_empty() {
            return Err(ApiError::invalid(resource.about_kind(), &name, &causes));
        }
        let key = key(&namespace, &name);
        if let Some(live) = self.store.get(&resource.collection, &key) {
            let going = !live.value()["metadata"]["deletionTimestamp"].is_null();
            return Err(if going {
                ApiError::still_exists(resource.about(), &name)
            } else {
                ApiError::already_exists(resource.about(), &name)
            });
        }
        self.allocate(resource, &key, &name, &mut object)?;
        finish(resource, &mut object);
        to_stored(resource, &mut object);
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
            "the object provided is unrecognized (must be of type {}): couldn't get \
             version/kind; json parse error: not an object",
            resource.kind
        )));
    }
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let kind = object["kind"].as_str().unwrap_or_default();
    let (group, version) = split_group_version(api_version);
    let expected = resource.group_version();
    if resource.custom.is_some() {
        if api_version.is_empty() || kind.is_empty() {
            return Err(ApiError::bad_request(format!(
                "the object provided is unrecognized (must be of type {}): Object 'Kind' is \
                 missing in '{object}'",
                resource.kind
            )));
        }
        if api_version != expected {
            return Err(ApiError::bad_request(format!(
                "the API version in the data ({api_version}) does not match the expected API \
                 version ({expected})"
            )));
        }
        if kind != resource.kind {
            let why = format!("must be {}", resource.kind);
            let cause = Cause::invalid("kind", &kind.into(), &why);
            let about = About {
                group: &resource.group,
                what: kind,
            };
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            return Err(ApiError::invalid(about, name, &[cause]));
        }
    } else {
        let unlike = |why: String| {
            ApiError::bad_request(format!(
                "{} in version \"{}\" cannot be handled as a {}: {why}",
                if kind.is_empty() {
                    &resource.kind
                } else {
                    kind
                },
                if version.is_empty() {
                    &resource.version
                } else {
                    version
                },
                resource.kind
            ))
        };
        if !api_version.is_empty() && (group, version) != (&resource.group, &resource.version) {
            return Err(unlike(format!(
                "no kind \"{kind}\" is registered for version \"{api_version}\" in scheme \
                 \"pkg/runtime/scheme.go:111\""
            )));
        }
        if !kind.is_empty() && kind != resource.kind {
            let package = match resource.group.split('.').next() {
                None | Some("") => "core",
                Some(package) => package,
            };
            return Err(unlike(format!(
                "converting ({}.{kind}) to ({package}.{}): unknown conversion",
                resource.version, resource.kind
            )));
        }
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
    let fields: Vec<String> = decoded
        .unknown
        .iter()
        .map(|field| format!("unknown field \"{field}\""))
        .collect();
    if options.validation == FieldValidation::Strict && !fields.is_empty() {
        return Err(ApiError::bad_request(format!(
            "{} in version \"{}\" cannot be handled as a {}: strict decoding error: {}",
            resource.kind,
            resource.version,
            resource.kind,
            fields.join(", ")
        )));
    }
    if options.validation == FieldValidation::Warn {
        options.warnings.borrow_mut().extend(fields);
    }
    Ok(())
}

pub(super) const NAMESPACE_DIFFERS: &str =
    "the namespace of the provided object does not match the namespace sent on the request";

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
                return Err(ApiError::bad_request(NAMESPACE_DIFFERS));
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

/// What the storage format makes of a built-in object: it knows no empty list.
pub(super) fn to_stored(resource: &Resource, object: &mut Value) {
    if resource.custom.is_none() {
        empty_lists_to_null(object, &resource.shape);
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

/// What a write through this subresource leaves as it is, and therefore never owns.
fn resets(resource: &Resource, subresource: &str) -> &'static [&'static str] {
    match subresource {
        "" if resource.has_status() => &["status"],
        "status" => &["spec", "metadata"],
        _ => &[],
    }
}

pub(super) fn manager(resource: &Resource, options: &WriteOptions, subresource: &str) -> Manager {
    Manager {
        name: options.manager.clone(),
        api_version: resource.group_version(),
        subresource: subresource.to_owned(),
        resets: resets(resource, subresource),
        now: now(),
    }
}
