//! One request, from its parts to its answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::body::{Body, stream, whole};
use super::path::{ObjectPath, Route, route};
use super::query::Query;
use super::render::{self, Format};
use super::{discovery, openapi, watch as watching};
use crate::catalog::{Resource, Subresource};
use crate::cluster::{Cluster, Deleted, PatchKind, WriteOptions, create_review};
use crate::error::ApiError;
use crate::store::Stored;

/// The parts of a request that count.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: http::Method,
    pub(crate) path: String,
    pub(crate) query: Query,
    pub(crate) accept: String,
    pub(crate) content_type: String,
    pub(crate) user_agent: String,
    pub(crate) body: Bytes,
}

/// An answer: bytes at once, or the stream of a watch.
pub(crate) enum Answer {
    Whole {
        status: u16,
        content_type: &'static str,
        body: Bytes,
        headers: Vec<(&'static str, String)>,
    },
    Stream(Body),
}

pub(crate) struct Handler {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) address: String,
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        match self {
            Answer::Whole { status, .. } => *status,
            Answer::Stream(_) => 200,
        }
    }

    pub(crate) fn error(error: &ApiError, format: &Format) -> Self {
        let format = Format {
            aggregated: false,
            ..*format
        };
        let retry = error
            .retry_after
            .map(|seconds| ("retry-after", seconds.to_string()));
        Answer::Whole {
            status: error.code,
            content_type: format.content_type(),
            body: format.write(&error.to_value()),
            headers: retry.into_iter().collect(),
        }
    }

    /// Adds what the request's object gave reason to warn of.
    fn warning(mut self, options: &WriteOptions) -> Self {
        if let Answer::Whole { headers, .. } = &mut self {
            for text in options.warnings.borrow().iter() {
                let text = text.replace('\\', "\\\\").replace('"', "\\\"");
                headers.push(("warning", format!("299 - \"{text}\"")));
            }
        }
        self
    }

    /// What the server's multiplexer says of a path that nobody serves.
    fn page_not_found() -> Self {
        Answer::Whole {
            status: 404,
            content_type: "text/plain; charset=utf-8",
            body: Bytes::from_static(b"404 page not found\n"),
            headers: Vec::new(),
        }
    }

    pub(crate) fn into_response(self) -> http::Response<Body> {
        let mut response = http::Response::builder().header("audit-id", crate::cluster::new_uid());
        let body = match self {
            Answer::Whole {
                status,
                content_type,
                body,
                headers,
            } => {
                response = response.status(status).header("content-type", content_type);
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                whole(body)
            }
            Answer::Stream(body) => {
                response = response.header("content-type", "application/json");
                body
            }
        };
        response.body(body).unwrap_or_default()
    }
}

impl Handler {
    pub(crate) fn handle(&self, request: &Request) -> Answer {
        let curl = ["curl", "Wget", "Mozilla"]
            .iter()
            .any(|p| request.user_agent.starts_with(p));
        let pretty =
            request.query.flag("pretty") || curl && request.query.text("pretty").is_empty();
        let format = match Format::negotiate(&request.accept, pretty) {
            Ok(format) => format,
            Err(error) => return Answer::error(&error, &Format::plain()),
        };
        self.route(request, &format)
            .unwrap_or_else(|error| Answer::error(&error, &format))
    }

    fn route(&self, request: &Request, format: &Format) -> Result<Answer, ApiError> {
        let get_only = || {
            if request.method == http::Method::GET {
                Ok(())
            } else {
                Err(ApiError::method_not_allowed())
            }
        };
        let plain = Format {
            aggregated: false,
            ..*format
        };
        match route(&request.path) {
            Route::Objects(path) => self.objects(request, &path, format),
            Route::Root => {
                get_only()?;
                let state = self.cluster.lock();
                Ok(ok(
                    &json!({"paths": root_paths(&discovery::group_list(&state))}),
                    &plain,
                ))
            }
            Route::Version => Ok(ok(&version(), &plain)),
            Route::Health => Ok(Answer::Whole {
                status: 200,
                content_type: "text/plain; charset=utf-8",
                body: Bytes::from_static(b"ok"),
                headers: Vec::new(),
            }),
            Route::OpenApiV3(None) => Ok(ok(&openapi::v3_index(&self.cluster.lock()), &plain)),
            Route::OpenApiV3(Some(root)) => {
                Ok(ok(&openapi::v3_group(&self.cluster.lock(), &root)?, &plain))
            }
            Route::LegacyVersions if format.aggregated => Ok(ok(
                &discovery::aggregated(&self.cluster.lock(), true),
                format,
            )),
            Route::LegacyVersions => Ok(ok(&discovery::legacy_versions(&self.address), format)),
            Route::Groups if format.aggregated => Ok(ok(
                &discovery::aggregated(&self.cluster.lock(), false),
                format,
            )),
            Route::Groups => Ok(ok(&discovery::group_list(&self.cluster.lock()), format)),
            Route::Group(name) => match discovery::group(&self.cluster.lock(), &name) {
                Err(error) if error.code == 404 => Ok(Answer::page_not_found()),
                group => Ok(ok(&group?, &plain)),
            },
            Route::Resources { group, version } => {
                let state = self.cluster.lock();
                match discovery::resource_list(&state, &group, &version) {
                    Err(error) if error.code == 404 && !state.catalog.is_builtin_group(&group) => {
                        Ok(Answer::page_not_found())
                    }
                    list => Ok(ok(&list?, &plain)),
                }
            }
            Route::OpenApiV2 => Err(ApiError::no_such_resource()),
            Route::Unknown => Ok(Answer::page_not_found()),
        }
    }

    fn objects(
        &self,
        request: &Request,
        path: &ObjectPath,
        format: &Format,
    ) -> Result<Answer, ApiError> {
        let resource = {
            let state = self.cluster.lock();
            if state
                .stale
                .contains(&format!("{}/{}", path.group, path.version))
            {
                return Err(discovery::unavailable());
            }
            let found = (state.catalog).find(&path.group, &path.version, &path.resource);
            match found.cloned() {
                Some(resource) => resource,
                None if state.catalog.is_builtin_group(&path.group) => {
                    return Err(ApiError::no_such_resource());
                }
                None => return Ok(Answer::page_not_found()),
            }
        };
        if !resource.namespaced && path.namespace.is_some() {
            return Err(ApiError::no_such_resource());
        }
        if let Some(subresource) = &path.subresource {
            let sub = resource
                .subresource(subresource)
                .ok_or_else(ApiError::no_such_resource)?;
            return self.subresource(request, path, &resource, sub, format);
        }
        let verb = match (request.method.as_str(), path.name.is_some()) {
            ("GET", false) if request.query.is_watch() => "watch",
            ("GET", false) => "list",
            ("GET", true) => "get",
            ("POST", false) => "create",
            ("PUT", true) => "update",
            ("PATCH", true) => "patch",
            ("DELETE", true) => "delete",
            ("DELETE", false) => "deletecollection",
            _ => return Err(ApiError::method_not_allowed()),
        };
        if !resource.allows(verb) {
            return Err(ApiError::method_not_allowed());
        }
        if resource.namespaced && path.namespace.is_none() && !matches!(verb, "list" | "watch") {
            // Without a namespace only lists and watches make sense.
            return Err(ApiError::method_not_allowed());
        }
        let namespace = path.namespace.as_deref();
        let name = path.name.as_deref().unwrap_or_default();
        let query = &request.query;
        match verb {
            "watch" => self.watch(request, path, &resource, format),
            "list" => {
                let options = query.list_options()?;
                let listed = self.cluster.lock().list(&resource, namespace, &options)?;
                Ok(warned(
                    &resource,
                    Answer::Whole {
                        status: 200,
                        content_type: format.content_type(),
                        body: render::list(&resource, &listed, format),
                        headers: Vec::new(),
                    },
                ))
            }
            "get" => {
                let object = self.cluster.lock().get(&resource, namespace, name)?;
                Ok(shown(200, &resource, &object, format))
            }
            "create" => {
                let options = query.write_options(&request.user_agent, "CreateOptions")?;
                let object = read_body(request, &resource)?;
                if let Some(review) = create_review(&resource, &object) {
                    return Ok(whole_answer(201, &review, format));
                }
                if resource.is("", "bindings") {
                    return Err(ApiError::method_not_allowed());
                }
                let created = self
                    .cluster
                    .write(|state| state.create(&resource, namespace, object, &options))?;
                Ok(shown(201, &resource, &created, format).warning(&options))
            }
            "update" => self.update(request, path, &resource, "", format),
            "patch" => self.patch(request, path, &resource, "", format),
            "delete" => {
                let options = query.delete_options(&optional_body(request, &resource)?)?;
                let deleted = self
                    .cluster
                    .write(|state| state.delete(&resource, namespace, name, &options))?;
                Ok(deleted_answer(&resource, deleted, format))
            }
            _ => {
                let (list, options) = (
                    query.list_options()?,
                    query.delete_options(&optional_body(request, &resource)?)?,
                );
                let items = self.cluster.write(|state| {
                    state.delete_collection(&resource, namespace, &list, &options)
                })?;
                let revision = self.cluster.lock().store.revision();
                let listed = crate::cluster::Listed {
                    items,
                    revision,
                    continue_token: None,
                    remaining: None,
                };
                Ok(Answer::Whole {
                    status: 200,
                    content_type: format.content_type(),
                    body: render::list(&resource, &listed, format),
                    headers: Vec::new(),
                })
            }
        }
    }

    fn watch(
        &self,
        request: &Request,
        path: &ObjectPath,
        resource: &Arc<Resource>,
        format: &Format,
    ) -> Result<Answer, ApiError> {
        let query = &request.query;
        let mut list = query.list_options()?;
        if let Some(name) = &path.name {
            list.fields = crate::selector::FieldSelector::parse(&format!("metadata.name={name}"))?;
        }
        let initial_events = query.flag("sendInitialEvents");
        if initial_events && list.version_match != "NotOlderThan" {
            let about = crate::error::About {
                group: "meta.k8s.io",
                what: "ListOptions",
            };
            let cause = crate::error::Cause::forbidden(
                "resourceVersionMatch",
                "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            );
            return Err(ApiError::invalid(about, "", &[cause]));
        }
        let seconds = query.text("timeoutSeconds").parse().unwrap_or(1800);
        let options = watching::WatchOptions {
            list,
            bookmarks: query.flag("allowWatchBookmarks"),
            initial_events,
            timeout: Duration::from_secs(seconds),
        };
        let frames = watching::open(
            &self.cluster,
            resource,
            path.namespace.as_deref(),
            options,
            *format,
            self.stopping.clone(),
        )?;
        Ok(Answer::Stream(stream(frames)))
    }

    fn update(
        &self,
        request: &Request,
        path: &ObjectPath,
        resource: &Resource,
        subresource: &str,
        format: &Format,
    ) -> Result<Answer, ApiError> {
        let options = (request.query).write_options(&request.user_agent, "UpdateOptions")?;
        let object = read_body(request, resource)?;
        let name = path.name.as_deref().unwrap_or_default();
        let (object, created) = self.cluster.write(|state| {
            state.replace(
                resource,
                path.namespace.as_deref(),
                name,
                subresource,
                object,
                &options,
            )
        })?;
        let status = if created { 201 } else { 200 };
        Ok(shown(status, resource, &object, format).warning(&options))
    }

    fn patch(
        &self,
        request: &Request,
        path: &ObjectPath,
        resource: &Resource,
        subresource: &str,
        format: &Format,
    ) -> Result<Answer, ApiError> {
        let options = (request.query).write_options(&request.user_agent, "PatchOptions")?;
        let media = request
            .content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        let kind = match media {
            "application/json-patch+json" => PatchKind::Json,
            "application/merge-patch+json" => PatchKind::Merge,
            "application/strategic-merge-patch+json" if resource.custom.is_none() => {
                PatchKind::Strategic
            }
            "application/apply-patch+yaml" => PatchKind::Apply,
            "application/strategic-merge-patch+json" => {
                return Err(ApiError::unsupported_media_type(
                    "the body of the request was in an unknown format - accepted media types \
                     include: application/json-patch+json, application/merge-patch+json, \
                     application/apply-patch+yaml",
                ));
            }
            _ => {
                return Err(
                    ApiError::unsupported_media_type("415: Unsupported Media Type")
                        .with_empty_details(),
                );
            }
        };
        if kind == PatchKind::Apply && request.query.text("fieldManager").is_empty() {
            let about = crate::error::About {
                group: "meta.k8s.io",
                what: "PatchOptions",
            };
            let cause =
                crate::error::Cause::required("fieldManager", "is required for apply patch");
            return Err(ApiError::invalid(about, "", &[cause]));
        }
        if kind != PatchKind::Apply && options.force {
            let about = crate::error::About {
                group: "meta.k8s.io",
                what: "PatchOptions",
            };
            let cause =
                crate::error::Cause::forbidden("force", "may not be specified for non-apply patch");
            return Err(ApiError::invalid(about, "", &[cause]));
        }
        let body = if kind == PatchKind::Apply {
            from_yaml(&request.body)?
        } else {
            from_json(&request.body)
                .map_err(|error| ApiError::bad_request(format!("error decoding patch: {error}")))?
        };
        let name = path.name.as_deref().unwrap_or_default();
        let namespace = path.namespace.as_deref();
        let (object, created) = self.cluster.write(|state| {
            state.patch(
                resource,
                namespace,
                name,
                subresource,
                kind,
                &body,
                &options,
            )
        })?;
        let status = if created { 201 } else { 200 };
        Ok(shown(status, resource, &object, format).warning(&options))
    }

    fn subresource(
        &self,
        request: &Request,
        path: &ObjectPath,
        resource: &Arc<Resource>,
        sub: &Subresource,
        format: &Format,
    ) -> Result<Answer, ApiError> {
        let verb = match request.method.as_str() {
            "GET" => "get",
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            _ => return Err(ApiError::method_not_allowed()),
        };
        if !sub.verbs.iter().any(|v| v == verb) {
            return Err(ApiError::method_not_allowed());
        }
        let namespace = path.namespace.as_deref();
        let name = path.name.as_deref().unwrap_or_default();
        match (sub.name.as_str(), verb) {
            ("scale", _) => self.scale(request, path, resource, format),
            ("eviction", _) => {
                let options =
                    (request.query).write_options(&request.user_agent, "CreateOptions")?;
                self.cluster.write(|state| {
                    state.evict(resource, namespace.unwrap_or_default(), name, &options)
                })?;
                Ok(whole_answer(201, &success(&json!({})), format))
            }
            ("binding", _) => {
                let target = read_body(request, resource)?["target"]["name"].clone();
                let patch = json!({"spec": {"nodeName": target}});
                self.cluster
                    .write(|state| state.bind(resource, namespace, name, &patch))?;
                Ok(whole_answer(201, &success(&json!({})), format))
            }
            ("token", _) => {
                self.cluster.lock().get(resource, namespace, name)?;
                Ok(whole_answer(
                    201,
                    &token_answer(read_body(request, resource)?),
                    format,
                ))
            }
            ("log" | "exec" | "attach" | "portforward" | "proxy", _) => {
                self.cluster.lock().get(resource, namespace, name)?;
                Err(ApiError::bad_request(format!(
                    "{} {name} does not have a host assigned",
                    resource.singular
                )))
            }
            (_, "get") => {
                let object = self.cluster.lock().get(resource, namespace, name)?;
                Ok(shown(200, resource, &object, format))
            }
            (_, "update") => self.update(request, path, resource, &sub.name, format),
            _ => self.patch(request, path, resource, &sub.name, format),
        }
    }

    /// The `Scale` of a workload, read and written as a view of it.
    fn scale(
        &self,
        request: &Request,
        path: &ObjectPath,
        resource: &Resource,
        format: &Format,
    ) -> Result<Answer, ApiError> {
        let namespace = path.namespace.as_deref();
        let name = path.name.as_deref().unwrap_or_default();
        let live = self.cluster.lock().get(resource, namespace, name)?;
        if resource.custom.is_some() && request.method == http::Method::GET {
            let path = scale_path(resource, "specReplicasPath", ".spec.replicas");
            if at(&live.value(), &path).is_null() {
                return Err(ApiError::internal(format!(
                    "the spec replicas field \"{path}\" does not exist"
                )));
            }
        }
        let mut view = scale_of(resource, &render::value_of(resource, &live));
        if request.method == http::Method::GET {
            return Ok(whole_answer(200, &view, format));
        }
        let options = (request.query).write_options(&request.user_agent, "UpdateOptions")?;
        let body = from_json(&request.body)
            .map_err(|error| ApiError::bad_request(format!("json parse error: {error}")))?;
        match request.content_type.split(';').next().unwrap_or_default() {
            "application/json-patch+json" => crate::patch::json(&mut view, &body)?,
            _ if request.method == http::Method::PATCH => crate::patch::merge(&mut view, &body),
            _ => view = body,
        }
        let mut patch = json!({});
        let pointer = scale_path(resource, "specReplicasPath", ".spec.replicas");
        let replicas = view["spec"]["replicas"].as_i64().unwrap_or(0);
        set_at(&mut patch, &pointer, replicas.into());
        let (object, _) = self.cluster.write(|state| {
            state.patch(
                resource,
                namespace,
                name,
                "scale",
                PatchKind::Merge,
                &patch,
                &options,
            )
        })?;
        let view = scale_of(resource, &render::value_of(resource, &object));
        Ok(whole_answer(200, &view, format))
    }
}

fn scale_path(resource: &Resource, key: &str, default: &str) -> String {
    let own = resource.custom.as_ref().and_then(|c| c.scale.as_ref());
    own.and_then(|scale| scale[key].as_str())
        .unwrap_or(default)
        .to_owned()
}

fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.trim_start_matches('.')
        .split('.')
        .fold(value, |value, key| &value[key])
}

fn set_at(value: &mut Value, path: &str, new: Value) {
    let mut slot = value;
    for key in path.trim_start_matches('.').split('.') {
        slot = &mut slot[key];
    }
    *slot = new;
}

fn scale_of(resource: &Resource, value: &Value) -> Value {
    let metadata = &value["metadata"];
    let mut view = json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"],
            "uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"],
            "creationTimestamp": metadata["creationTimestamp"]},
        "spec": {},
        "status": {"replicas": 0},
    });
    let spec = at(
        value,
        &scale_path(resource, "specReplicasPath", ".spec.replicas"),
    );
    if spec.as_i64().unwrap_or(0) != 0 {
        view["spec"]["replicas"] = spec.clone();
    }
    let status = at(
        value,
        &scale_path(resource, "statusReplicasPath", ".status.replicas"),
    );
    if status.is_number() {
        view["status"]["replicas"] = status.clone();
    }
    let selector = &value["spec"]["selector"];
    let labels = if selector["matchLabels"].is_object() {
        &selector["matchLabels"]
    } else {
        selector
    };
    let pairs: Vec<String> = labels
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)))
        .collect();
    if !pairs.is_empty() && resource.custom.is_none() {
        view["status"]["selector"] = pairs.join(",").into();
    }
    view
}

fn token_answer(mut request: Value) -> Value {
    let seconds = request["spec"]["expirationSeconds"]
        .as_i64()
        .unwrap_or(3600);
    let expires = chrono::Utc::now() + chrono::Duration::seconds(seconds);
    request["status"] = json!({
        "token": format!("kube-local.{}", crate::cluster::new_uid()),
        "expirationTimestamp": expires.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
    });
    request
}

fn read_body(request: &Request, resource: &Resource) -> Result<Value, ApiError> {
    let unreadable = |error: serde_json::Error| {
        ApiError::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): couldn't get \
             version/kind; json parse error: {error}",
            resource.kind
        ))
    };
    match request
        .content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
    {
        "application/json" | "" => from_json(&request.body).map_err(unreadable),
        "application/yaml" => from_yaml(&request.body),
        _ => Err(ApiError::unsupported_media_type(
            "the body of the request was in an unknown format - accepted media types include: \
             application/json, application/yaml, application/vnd.kubernetes.protobuf",
        )),
    }
}

fn optional_body(request: &Request, resource: &Resource) -> Result<Value, ApiError> {
    if request.body.is_empty() {
        Ok(Value::Null)
    } else {
        read_body(request, resource)
    }
}

fn from_json(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(bytes)
}

fn from_yaml(bytes: &[u8]) -> Result<Value, ApiError> {
    // JSON is YAML, and quicker to read as what it is.
    serde_json::from_slice(bytes)
        .or_else(|_| serde_norway::from_slice(bytes))
        .map_err(|error| ApiError::bad_request(format!("error decoding YAML: {error}")))
}

fn ok(value: &Value, format: &Format) -> Answer {
    whole_answer(200, value, format)
}

fn whole_answer(status: u16, value: &Value, format: &Format) -> Answer {
    Answer::Whole {
        status,
        content_type: format.content_type(),
        body: format.write(value),
        headers: Vec::new(),
    }
}

fn shown(status: u16, resource: &Resource, object: &Stored, format: &Format) -> Answer {
    warned(
        resource,
        Answer::Whole {
            status,
            content_type: format.content_type(),
            body: render::object(resource, object, format),
            headers: Vec::new(),
        },
    )
}

/// Adds the warning of a deprecated version.
fn warned(resource: &Resource, mut answer: Answer) -> Answer {
    if let (Some(text), Answer::Whole { headers, .. }) = (
        resource.custom.as_ref().and_then(|c| c.warning.as_ref()),
        &mut answer,
    ) {
        headers.push(("warning", format!("299 - \"{text}\"")));
    }
    answer
}

fn success(details: &Value) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": details})
}

/// Kinds whose last state is the answer to their deletion.
fn returns_deleted(resource: &Resource) -> bool {
    match resource.group.as_str() {
        "" => matches!(
            resource.name.as_str(),
            "namespaces"
                | "persistentvolumes"
                | "persistentvolumeclaims"
                | "pods"
                | "podtemplates"
                | "resourcequotas"
                | "services"
                | "serviceaccounts"
        ),
        "storage.k8s.io" | "resource.k8s.io" => true,
        _ => false,
    }
}

fn deleted_answer(resource: &Resource, deleted: Deleted, format: &Format) -> Answer {
    let object = match deleted {
        Deleted::Pending(object) => return shown(200, resource, &object, format),
        Deleted::Gone(object) => object,
    };
    if returns_deleted(resource) {
        return shown(200, resource, &object, format);
    }
    let value = object.value();
    let mut details = json!({"name": object.name});
    if !resource.group.is_empty() {
        details["group"] = resource.group.as_str().into();
    }
    details["kind"] = resource.name.as_str().into();
    details["uid"] = value["metadata"]["uid"].clone();
    let plain = Format {
        form: render::Form::Whole,
        ..*format
    };
    whole_answer(200, &success(&details), &plain)
}

fn version() -> Value {
    json!({
        "major": "1",
        "minor": "36",
        "emulationMajor": "1",
        "emulationMinor": "36",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35",
        "gitVersion": "v1.36.3",
        "gitCommit": "kube-local",
        "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "none",
        "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        }),
    })
}

fn root_paths(groups: &Value) -> Vec<String> {
    let mut paths: Vec<String> = [
        "/api",
        "/api/v1",
        "/apis",
        "/healthz",
        "/livez",
        "/openapi/v3",
        "/readyz",
        "/version",
    ]
    .map(str::to_owned)
    .to_vec();
    for group in groups["groups"].as_array().into_iter().flatten() {
        let name = group["name"].as_str().unwrap_or_default();
        paths.push(format!("/apis/{name}"));
        for version in group["versions"].as_array().into_iter().flatten() {
            let version = version["version"].as_str().unwrap_or_default();
            paths.push(format!("/apis/{name}/{version}"));
        }
    }
    paths.sort();
    paths
}
