//! What is served, in the old documents and in the aggregated one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::catalog::{Resource, group_version, version_order};
use crate::cluster::State;
use crate::error::ApiError;

/// Groups in the order the server prints them, each with its versions.
fn groups(state: &State) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    let mut add =
        |group: &str, version: &str| match groups.iter_mut().find(|(name, _)| name == group) {
            Some((_, versions)) if versions.iter().any(|v| v == version) => {}
            Some((_, versions)) => versions.push(version.to_owned()),
            None => groups.push((group.to_owned(), vec![version.to_owned()])),
        };
    for resource in state.catalog.all().filter(|r| !r.group.is_empty()) {
        add(&resource.group, &resource.version);
    }
    for stale in &state.stale {
        if let Some((group, version)) = stale.split_once('/') {
            add(group, version);
        }
    }
    for (_, versions) in &mut groups {
        versions.sort_by(|a, b| version_order(a, b));
    }
    groups
}

fn group_entry(group: &str, versions: &[String]) -> Value {
    let entries: Vec<Value> = versions
        .iter()
        .map(|v| json!({"groupVersion": group_version(group, v), "version": v}))
        .collect();
    json!({"name": group, "versions": entries, "preferredVersion": entries[0]})
}

/// `/api`
pub(crate) fn legacy_versions(address: &str) -> Value {
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs":
        [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]})
}

/// `/apis`
pub(crate) fn group_list(state: &State) -> Value {
    let groups: Vec<Value> = groups(state)
        .iter()
        .map(|(g, v)| group_entry(g, v))
        .collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/apps`
pub(crate) fn group(state: &State, name: &str) -> Result<Value, ApiError> {
    let all = groups(state);
    let Some((group, versions)) = all.iter().find(|(group, _)| group == name) else {
        return Err(ApiError::no_such_resource());
    };
    let mut entry = group_entry(group, versions);
    entry["kind"] = "APIGroup".into();
    entry["apiVersion"] = "v1".into();
    Ok(entry)
}

/// `/api/v1`, `/apis/apps/v1`
pub(crate) fn resource_list(state: &State, group: &str, version: &str) -> Result<Value, ApiError> {
    if state.stale.contains(&format!("{group}/{version}")) {
        return Err(unavailable());
    }
    let mut entries = Vec::new();
    for resource in state
        .catalog
        .all()
        .filter(|r| r.group == group && r.version == version)
    {
        let mut entry = Map::new();
        entry.insert("name".into(), resource.name.as_str().into());
        entry.insert("singularName".into(), resource.singular.as_str().into());
        entry.insert("namespaced".into(), resource.namespaced.into());
        entry.insert("kind".into(), resource.kind.as_str().into());
        entry.insert("verbs".into(), json!(resource.verbs));
        if !resource.short_names.is_empty() {
            entry.insert("shortNames".into(), json!(resource.short_names));
        }
        if !resource.categories.is_empty() {
            entry.insert("categories".into(), json!(resource.categories));
        }
        if resource.allows("watch") {
            entry.insert("storageVersionHash".into(), storage_hash(resource).into());
        }
        entries.push(Value::Object(entry));
        for sub in &resource.subresources {
            let mut entry = json!({
                "name": format!("{}/{}", resource.name, sub.name),
                "singularName": "",
                "namespaced": resource.namespaced,
                "kind": sub.kind,
                "verbs": sub.verbs,
            });
            if let Some((group, version)) = &sub.at {
                entry["group"] = group.as_str().into();
                entry["version"] = version.as_str().into();
            }
            entries.push(entry);
        }
    }
    if entries.is_empty() {
        return Err(ApiError::no_such_resource());
    }
    let mut list = json!({"kind": "APIResourceList", "groupVersion": group_version(group, version),
        "resources": entries});
    if !(group.is_empty()) {
        list["apiVersion"] = "v1".into();
    }
    Ok(list)
}

/// The response of a group without its backend.
pub(crate) fn unavailable() -> ApiError {
    ApiError::new(
        503,
        "ServiceUnavailable",
        "the server is currently unable to handle the request",
    )
}

/// Eight bytes that change when the stored version does, as the server prints them.
fn storage_hash(resource: &Resource) -> String {
    use base64::Engine as _;
    use sha2::Digest as _;
    let version = resource
        .custom
        .as_ref()
        .map_or(&resource.version, |c| &c.storage_version);
    let text = format!("{}/{version}/{}", resource.group, resource.kind);
    let digest = sha2::Sha256::digest(text.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(&digest[..8])
}

/// `/api` and `/apis` as `APIGroupDiscoveryList`.
pub(crate) fn aggregated(state: &State, legacy: bool) -> Value {
    let mut by_version: BTreeMap<(String, String), Vec<Arc<Resource>>> = BTreeMap::new();
    for resource in state.catalog.all() {
        by_version
            .entry((resource.group.clone(), resource.version.clone()))
            .or_default()
            .push(Arc::clone(resource));
    }
    let all = if legacy {
        vec![(String::new(), vec!["v1".to_owned()])]
    } else {
        groups(state)
    };
    let known: BTreeSet<&String> = state.stale.iter().collect();
    let items: Vec<Value> = all
        .iter()
        .map(|(group, versions)| {
            let versions: Vec<Value> = versions
                .iter()
                .map(|version| {
                    if known.contains(&format!("{group}/{version}")) {
                        return json!({"version": version, "freshness": "Stale"});
                    }
                    let resources: Vec<Value> = by_version
                        .get(&(group.clone(), version.clone()))
                        .into_iter()
                        .flatten()
                        .map(|r| aggregated_resource(r))
                        .collect();
                    json!({"version": version, "resources": resources, "freshness": "Current"})
                })
                .collect();
            let metadata = if group.is_empty() {
                json!({})
            } else {
                json!({"name": group})
            };
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {}, "items": items})
}

fn aggregated_resource(resource: &Resource) -> Value {
    // Built-in kinds leave group and version empty where they are the list's own.
    let own = if resource.custom.is_some() {
        (resource.group.as_str(), resource.version.as_str())
    } else {
        ("", "")
    };
    let response_kind =
        |kind: &str, at: (&str, &str)| json!({"group": at.0, "version": at.1, "kind": kind});
    let mut entry = Map::new();
    entry.insert("resource".into(), resource.name.as_str().into());
    entry.insert("responseKind".into(), response_kind(&resource.kind, own));
    let scope = if resource.namespaced {
        "Namespaced"
    } else {
        "Cluster"
    };
    entry.insert("scope".into(), scope.into());
    entry.insert("singularResource".into(), resource.singular.as_str().into());
    entry.insert("verbs".into(), json!(resource.verbs));
    if !resource.short_names.is_empty() {
        entry.insert("shortNames".into(), json!(resource.short_names));
    }
    if !resource.categories.is_empty() {
        entry.insert("categories".into(), json!(resource.categories));
    }
    if !resource.subresources.is_empty() {
        let subresources: Vec<Value> = resource
            .subresources
            .iter()
            .map(|sub| {
                let at = sub
                    .at
                    .as_ref()
                    .map_or(own, |(g, v)| (g.as_str(), v.as_str()));
                json!({"subresource": sub.name, "responseKind": response_kind(&sub.kind, at),
                    "verbs": sub.verbs})
            })
            .collect();
        entry.insert("subresources".into(), subresources.into());
    }
    Value::Object(entry)
}
