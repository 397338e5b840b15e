//! What a backup is to hold: kinds and namespaces of the cluster, and the point in time they are read at.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;

use super::plan::Kinds;
use super::spec::BackupSpec;
use crate::cluster::failure::Failure;
use crate::cluster::list::{Item, ListReader, all};
use crate::cluster::reader::ClusterReader;
use crate::format::labels;
use crate::kinds::names::NAMESPACES;
use crate::resource::TypeMeta;
use crate::{Discovery, Error, Result, Results};

/// All that is known before the first object is read. Nothing is written until it is.
pub(crate) struct Scope {
    pub(crate) kinds: Kinds,
    /// All namespaces of the cluster.
    pub(crate) namespaces: Vec<Item>,
    /// What the namespaces themselves are.
    pub(crate) types: Arc<TypeMeta>,
    /// Names of the namespaces to read.
    pub(crate) chosen: BTreeSet<String>,
    /// The resourceVersion of the list of namespaces, at which the whole backup is read.
    pub(crate) resource_version: String,
    /// Warnings and errors so far.
    pub(crate) results: Results,
    pub(crate) version: Option<Version>,
}

/// The server's response to `/version`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Version {
    pub(crate) git_version: String,
    pub(crate) major: String,
    pub(crate) minor: String,
}

impl Scope {
    pub(crate) async fn of(api: &ClusterReader, spec: &BackupSpec) -> Result<Self> {
        let (found, version) = tokio::join!(Discovery::of(api), server_version(api));
        let found = found?;
        let kinds = Kinds::choose(spec, &found);
        let (namespaces, types, resource_version) = list_namespaces(api, &found).await?;
        let (chosen, mut results) = choose_namespaces(spec, &namespaces)?;
        note_kinds(&kinds, &mut results);
        Ok(Self {
            kinds,
            namespaces,
            types,
            chosen,
            resource_version,
            results,
            version,
        })
    }
}

/// All namespaces. The whole backup is read at the resourceVersion of this list.
async fn list_namespaces(
    api: &ClusterReader,
    found: &Discovery,
) -> Result<(Vec<Item>, Arc<TypeMeta>, String)> {
    let step = "list the namespaces: the backup needs `list` on every kind it holds";
    let kind = NAMESPACES.group_resource();
    let namespaces = found
        .versions(&kind)
        .next()
        .ok_or_else(|| Error::cluster(step, "the server has none"))?;
    let mut list = ListReader::new(api, namespaces, None, None, None);
    let items = all(&mut list)
        .await
        .map_err(|failure| Error::cluster(step, failure))?;
    Ok((items, Arc::clone(list.types()), list.listed_version))
}

/// The namespaces to read, with warnings and errors about the others.
fn choose_namespaces(
    spec: &BackupSpec,
    namespaces: &[Item],
) -> Result<(BTreeSet<String>, Results)> {
    let mut results = Results::default();
    let mut chosen = BTreeSet::new();
    for item in namespaces {
        let name = &item.head.name;
        if !spec.wants_namespace(name) || item.head.label(labels::EXCLUDE) == Some("true") {
            continue;
        }
        if !item.head.terminating {
            chosen.insert(name.clone());
            continue;
        }
        let by_name = spec.included_namespaces.contains(name);
        let messages = if by_name {
            &mut results.errors
        } else {
            &mut results.warnings
        };
        messages
            .cluster
            .push(format!("namespace `{name}` is being deleted and left out"));
    }
    for name in spec.named_namespaces() {
        if !namespaces.iter().any(|item| item.head.name == *name) {
            results
                .errors
                .cluster
                .push(format!("namespace `{name}` is not in the cluster"));
        }
    }
    if chosen.is_empty() && spec.named_namespaces().next().is_some() {
        return Err(Error::invalid(format!(
            "plan backup `{}`: none of its namespaces {:?} can be read from the cluster",
            spec.name, spec.included_namespaces
        )));
    }
    Ok((chosen, results))
}

/// Kinds that were asked for and cannot be read.
fn note_kinds(kinds: &Kinds, results: &mut Results) {
    for name in &kinds.missing {
        results
            .errors
            .cluster
            .push(format!("the server has no kind `{name}`"));
    }
    for (kind, reason) in &kinds.excluded {
        results
            .warnings
            .cluster
            .push(format!("`{kind}` is left out: {reason}"));
    }
    for (part, reason) in &kinds.undiscovered {
        results.errors.cluster.push(format!(
            "kinds of `{part}` are missing, since {reason}; repair its APIService, or exclude `*.{}`",
            part.split_once('/').map_or(part.as_str(), |(group, _)| group)
        ));
    }
    for (part, reason) in &kinds.unimportant {
        results.warnings.cluster.push(format!("`{part}`: {reason}"));
    }
}

/// Worth noting in the record; a failure does not matter.
async fn server_version(api: &ClusterReader) -> Option<Version> {
    let response: std::result::Result<_, Failure> = api.get("/version", "application/json").await;
    serde_json::from_slice(&response.ok()?.1).ok()
}
