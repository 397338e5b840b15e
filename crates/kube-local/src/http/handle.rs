//! One request, from its parts to its response.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::body::stream;
use super::path::{ObjectPath, Route, route};
use super::render::{self, Format};
use super::request::{Request, from_json, from_yaml, optional_body, read_body};
use super::response::{Response, deleted_response, ok, shown, success, warned, whole_response};
use super::{discovery, openapi, watch as watching};
use crate::catalog::{Resource, Subresource};
use crate::cluster::{Cluster, PatchKind, create_review};
use crate::error::ApiError;

pub(crate) struct Handler {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) address: String,
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Handler {
    pub(crate) fn handle(&self, request: &Request) -> Response {
        let curl = ["curl", "Wget", "Mozilla"]
            .iter()
            .any(|p| request.user_agent.starts_with(p));
        let pretty =
            request.query.flag("pretty") || curl && request.query.text("pretty").is_empty();
        let format = match Format::negotiate(&request.accept, pretty) {
            Ok(format) => format,
            Err(error) => return Response::error(&error, &Format::plain()),
        };
        self.route(request, &format)
            .unwrap_or_else(|error| Response::error(&error, &format))
    }

    fn route(&self, request: &Request, format: &Format) -> Result<Response, ApiError> {
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
            Route::Health => Ok(Response::Whole {
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
                Err(error) if error.code == 404 => Ok(Response::page_not_found()),
                group => Ok(ok(&group?, &plain)),
            },
            Route::Resources { group, version } => {
                let state = self.cluster.lock();
                match discovery::resource_list(&state, &group, &version) {
                    Err(error) if error.code == 404 && !state.catalog.is_builtin_group(&group) => {
                        Ok(Response::page_not_found())
                    }
                    list => Ok(ok(&list?, &plain)),
                }
            }
            Route::OpenApiV2 => Err(ApiError::no_such_resource()),
            Route::Unknown => Ok(Response::page_not_found()),
        }
    }

    fn objects(
        &self,
        request: &Request,
        path: &ObjectPath,
        format: &Format,
    ) -> Result<Response, ApiError> {
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
                None => return Ok(Response::page_not_found()),
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
                    Response::Whole {
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
                    return Ok(whole_response(201, &review, format));
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
                Ok(deleted_response(&resource, deleted, format))
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
                Ok(Response::Whole {
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
    ) -> Result<Response, ApiError> {
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
        Ok(Response::Stream(stream(frames)))
    }

    fn update(
        &self,
        request: &Request,
        path: &ObjectPath,
        resource: &Resource,
        subresource: &str,
        format: &Format,
    ) -> Result<Response, ApiError> {
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
    ) -> Result<Response, ApiError> {
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
    ) -> Result<Response, ApiError> {
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
                Ok(whole_response(201, &success(&json!({})), format))
            }
            ("binding", _) => {
                let target = read_body(request, resource)?["target"]["name"].clone();
                let patch = json!({"spec": {"nodeName": target}});
                self.cluster
                    .write(|state| state.bind(resource, namespace, name, &patch))?;
                Ok(whole_response(201, &success(&json!({})), format))
            }
            ("token", _) => {
                self.cluster.lock().get(resource, namespace, name)?;
                Ok(whole_response(
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
}

fn token_answer(mut request: Value) -> Value {
    let seconds = request["spec"]["expirationSeconds"]
        .as_i64()
        .unwrap_or(3600);
    let expires = chrono::Utc::now() + chrono::Duration::seconds(seconds);
    request["status"] = json!({
        "token": format!("kube-local.{}", crate::stamp::new_uid()),
        "expirationTimestamp": expires.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
    });
    request
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
