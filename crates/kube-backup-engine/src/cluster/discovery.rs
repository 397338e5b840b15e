//! The kinds of objects that a server has.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use kube::client::APIGroupDiscoveryList;
use serde::Deserialize;

use super::connection::Connection;
use super::failure::Failure;
use super::path::path;
use super::reader::{ClusterReader, ListEncoding};
use super::retry::Timeouts;
use crate::spec::kind_names::resolve;
use crate::{ApiResource, Error, GroupResource, Result};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
    application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";
const PLAIN: &str = "application/json";
/// Most group versions that are asked for one by one. A server that names more is not believed.
const MOST_VERSIONS: usize = 2000;
/// Group versions asked for at once, of a server without aggregated discovery.
const PARALLEL: usize = 8;

/// The kinds that a server knows, and the groups that it could not tell of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Discovery {
    /// Every kind in every version, in the server's order of preference.
    pub resources: Vec<ApiResource>,
    /// `group/version` of what could not be discovered, with the reason.
    pub failed: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct GroupList {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    versions: Vec<GroupVersion>,
    preferred_version: Option<GroupVersion>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct GroupVersion {
    group_version: String,
}

#[derive(Deserialize)]
struct ResourceList {
    resources: Vec<LegacyResource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct LegacyResource {
    name: String,
    singular_name: String,
    namespaced: bool,
    kind: String,
    group: Option<String>,
    version: Option<String>,
    verbs: Vec<String>,
    short_names: Vec<String>,
}

impl Discovery {
    /// Asks the server, in two requests where it has aggregated discovery. A group that cannot be
    /// discovered is in [`failed`](Self::failed) and fails nothing else.
    ///
    /// # Errors
    /// [`ErrorKind::Cluster`](crate::ErrorKind::Cluster) when the server cannot be reached, refuses or
    /// names no kind at all.
    pub async fn run(client: &kube::Client) -> Result<Self> {
        let connection = Connection::new(client.clone(), Timeouts::default(), None);
        Self::of(&ClusterReader::new(connection, ListEncoding::default())).await
    }

    pub(crate) async fn of(api: &ClusterReader) -> Result<Self> {
        let mut found = Self::default();
        let (core, groups) = futures::try_join!(found_at(api, "/api"), found_at(api, "/apis"))
            .map_err(|failure| {
                Error::cluster(
                    "discover the kinds of the cluster: check the server's address, the \
                     credentials and the network",
                    failure,
                )
            })?;
        for document in [core, groups] {
            match document {
                Document::Aggregated(list) => found.add_aggregated(list),
                Document::Legacy(versions) => found.add_legacy(api, versions).await,
            }
        }
        if found.resources.is_empty() {
            return Err(Error::cluster(
                "discover the kinds of the cluster",
                "the server names none",
            ));
        }
        Ok(found)
    }

    fn add_aggregated(&mut self, list: APIGroupDiscoveryList) {
        for group in list.items {
            let name = group
                .metadata
                .and_then(|metadata| metadata.name)
                .unwrap_or_default();
            for version in group.versions {
                let version_name = version.version.unwrap_or_default();
                if version.freshness.as_deref() == Some("Stale") {
                    // No error comes with it, and its resources may be missing.
                    self.failed.insert(
                        join(&name, &version_name),
                        "its server does not respond (discovery is stale)".into(),
                    );
                }
                for resource in version.resources {
                    let kind = resource.response_kind.and_then(|kind| kind.kind);
                    let (Some(plural), Some(kind)) = (resource.resource, kind) else {
                        continue;
                    };
                    self.resources.push(ApiResource {
                        group: name.clone(),
                        version: version_name.clone(),
                        kind,
                        plural,
                        singular: resource.singular_resource.unwrap_or_default(),
                        short_names: resource.short_names,
                        namespaced: resource.scope.as_deref() == Some("Namespaced"),
                        verbs: resource.verbs,
                        subresources: resource
                            .subresources
                            .into_iter()
                            .filter_map(|subresource| subresource.subresource)
                            .collect(),
                    });
                }
            }
        }
    }

    async fn add_legacy(&mut self, api: &ClusterReader, mut versions: Vec<String>) {
        for version in versions.drain(MOST_VERSIONS.min(versions.len())..).take(1) {
            let reason = format!("the server names more than {MOST_VERSIONS} versions of groups");
            self.failed.insert(version, reason);
        }
        let mut lists = futures::stream::iter(versions)
            .map(|version| async {
                let list = resources_of(api, &version).await;
                (version, list)
            })
            .buffered(PARALLEL);
        while let Some((version, list)) = lists.next().await {
            let (group, number) = version.split_once('/').unwrap_or(("", &version));
            match list {
                Ok(list) => {
                    let (subresources, resources): (Vec<_>, Vec<_>) = list
                        .resources
                        .into_iter()
                        .partition(|resource| resource.name.contains('/'));
                    let of = |plural: &str| {
                        let names = subresources.iter();
                        let names = names.filter_map(|resource| resource.name.split_once('/'));
                        let own = names.filter(|(resource, _)| *resource == plural);
                        own.map(|(_, name)| name.to_owned()).collect()
                    };
                    self.resources
                        .extend(resources.into_iter().map(|resource| ApiResource {
                            subresources: of(&resource.name),
                            group: resource.group.unwrap_or_else(|| group.to_owned()),
                            version: resource.version.unwrap_or_else(|| number.to_owned()),
                            kind: resource.kind,
                            plural: resource.name,
                            singular: resource.singular_name,
                            short_names: resource.short_names,
                            namespaced: resource.namespaced,
                            verbs: resource.verbs,
                        }));
                }
                Err(failure) => {
                    self.failed.insert(version, failure.to_string());
                }
            }
        }
    }

    /// Each kind once, in the version that the server prefers.
    pub fn preferred(&self) -> Vec<&ApiResource> {
        let mut seen = std::collections::HashSet::new();
        self.resources
            .iter()
            .filter(|resource| seen.insert((resource.group.as_str(), resource.plural.as_str())))
            .collect()
    }

    /// All versions of one kind, the preferred one first.
    pub fn versions<'a>(&'a self, of: &'a GroupResource) -> impl Iterator<Item = &'a ApiResource> {
        self.resources
            .iter()
            .filter(|resource| of.is(&resource.group, &resource.plural))
    }

    /// The kinds that someone means by `name`: `pods`, `deployments.apps`, `deployments.v1.apps`, `deploy`,
    /// `Deployment`, `*.group`.
    pub fn resolve(&self, name: &str) -> Vec<GroupResource> {
        resolve(name, &self.resources)
    }
}

enum Document {
    Aggregated(APIGroupDiscoveryList),
    /// The group versions to ask for one by one, preferred ones first.
    Legacy(Vec<String>),
}

async fn resources_of(
    api: &ClusterReader,
    group_version: &str,
) -> std::result::Result<ResourceList, Failure> {
    let path = match group_version.split_once('/') {
        Some((group, version)) => path(["apis", group, version]),
        None => path(["api", group_version]),
    };
    let (_, body) = api.get(&path, PLAIN).await?;
    serde_json::from_slice(&body).map_err(|error| Failure::unreadable(&path, &error))
}

#[derive(Deserialize)]
struct CoreVersions {
    versions: Vec<String>,
}

async fn found_at(api: &ClusterReader, path: &str) -> std::result::Result<Document, Failure> {
    let (content_type, body) = api.get(path, AGGREGATED).await?;
    let unreadable = |error: serde_json::Error| Failure::unreadable(path, &error);
    if content_type.contains("APIGroupDiscoveryList") {
        return serde_json::from_slice(&body)
            .map(Document::Aggregated)
            .map_err(unreadable);
    }
    if path == "/api" {
        let core: CoreVersions = serde_json::from_slice(&body).map_err(unreadable)?;
        return Ok(Document::Legacy(core.versions));
    }
    let list: GroupList = serde_json::from_slice(&body).map_err(unreadable)?;
    let mut versions = Vec::new();
    for group in list.groups {
        let preferred = group.preferred_version;
        versions.extend(
            preferred
                .iter()
                .map(|version| version.group_version.clone()),
        );
        versions.extend(
            group
                .versions
                .into_iter()
                .filter(|version| Some(version) != preferred.as_ref())
                .map(|version| version.group_version),
        );
    }
    Ok(Document::Legacy(versions))
}

fn join(group: &str, version: &str) -> String {
    if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(group: &str, version: &str, kind: &str, plural: &str, short: &str) -> ApiResource {
        ApiResource {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            plural: plural.into(),
            singular: kind.to_lowercase(),
            short_names: vec![short.into()],
            namespaced: true,
            verbs: Vec::new(),
            subresources: Vec::new(),
        }
    }

    #[test]
    fn a_stale_group_is_noticed_though_nothing_fails() {
        let list = serde_json::json!({"items":[{"metadata":{"name":"metrics.k8s.io"},
            "versions":[{"version":"v1beta1","freshness":"Stale"}]},
            {"metadata":{"name":"apps"},"versions":[{"version":"v1","freshness":"Current",
            "resources":[{"resource":"deployments","scope":"Namespaced","verbs":["list"],
            "responseKind":{"group":"apps","version":"v1","kind":"Deployment"}}]}]}]});
        let mut found = Discovery::default();
        found.add_aggregated(serde_json::from_value(list).unwrap());
        assert_eq!(
            found.failed.keys().collect::<Vec<_>>(),
            ["metrics.k8s.io/v1beta1"]
        );
        assert_eq!(found.resources.len(), 1);
        assert!(found.resources[0].namespaced);
    }

    #[test]
    fn names_resolve_as_for_kubectl() {
        let found = Discovery {
            resources: vec![
                resource("", "v1", "Event", "events", "ev"),
                resource("apps", "v1", "Deployment", "deployments", "deploy"),
                resource("apps", "v1beta1", "Deployment", "deployments", "deploy"),
                resource("events.k8s.io", "v1", "Event", "events", "ev"),
            ],
            failed: BTreeMap::new(),
        };
        for name in [
            "deploy",
            "deployments",
            "Deployment",
            "deployments.apps",
            "deployments.v1beta1.apps",
            "*.apps",
        ] {
            assert_eq!(
                found.resolve(name),
                [GroupResource::new("apps", "deployments")],
                "{name}"
            );
        }
        assert_eq!(found.resolve("events"), [GroupResource::core("events")]);
        assert_eq!(found.resolve("nothing"), []);
        assert_eq!(found.preferred().len(), 3);
    }
}
