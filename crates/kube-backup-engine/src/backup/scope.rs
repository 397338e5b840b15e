//! What a backup is to hold: kinds and namespaces of the cluster, and the point in time they are read at.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;

use super::plan::Kinds;
use super::spec::BackupSpec;
use crate::cluster::failure::Failure;
use crate::cluster::list::{Item, ListReader, Unreadable, all};
use crate::cluster::reader::ClusterReader;
use crate::format::labels;
use crate::kinds::names::NAMESPACES;
use crate::resource::TypeMeta;
use crate::spec::filter::Filter;
use crate::spec::kind_names::names_group;
use crate::spec::selection::{is_pattern, pattern};
use crate::{Discovery, Error, Result, Results, ResultsBySource, UnmatchedFilters};

/// All that is known before the first object is read. Nothing is written until it is.
pub(crate) struct Scope<'a> {
    pub(crate) filter: Filter<'a>,
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

impl<'a> Scope<'a> {
    pub(crate) async fn of(api: &ClusterReader, spec: &'a BackupSpec) -> Result<Self> {
        let (found, version) = tokio::join!(Discovery::of(api), server_version(api));
        let found = found?;
        let filter = Filter::new(&spec.selection, &found.resources);
        let kinds = Kinds::choose(&filter, &found);
        let Namespaces {
            items: namespaces,
            types,
            resource_version,
            unreadable,
        } = list_namespaces(api, &found).await?;
        let mut results = check_exclusions(spec, &filter, &found, &namespaces)?;
        let chosen = choose_namespaces(spec, &filter, &namespaces, &mut results)?;
        let unreadable = unreadable.iter().map(|bad| format!("namespaces {bad}"));
        results.errors.cluster.extend(unreadable);
        note_kinds(&kinds, spec, &mut results);
        Ok(Self {
            filter,
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

/// The messages about inclusions that match nothing: the backup lacks what was asked for.
pub(crate) fn of_unmatched<'r>(
    spec: &BackupSpec,
    results: &'r mut Results,
) -> &'r mut ResultsBySource {
    match spec.selection.unmatched_filters {
        UnmatchedFilters::Refuse => &mut results.errors,
        UnmatchedFilters::Warn => &mut results.warnings,
    }
}

/// Exclusions that match nothing: what they were to keep out would be in the backup.
fn check_exclusions(
    spec: &BackupSpec,
    filter: &Filter<'_>,
    found: &Discovery,
    namespaces: &[Item],
) -> Result<Results> {
    let mut results = Results::default();
    let is_there = |name: &String| namespaces.iter().any(|item| item.head.name == *name);
    let is_undiscovered = |name: &&str| {
        let mut groups = found.failed.keys().map(|part| part.split_once('/'));
        groups.any(|part| part.is_some_and(|(group, _)| names_group(name, group)))
    };
    let kinds = filter.mistaken_exclusions();
    let kinds = kinds.filter(|name| !is_undiscovered(name));
    let mut mistaken: Vec<String> = kinds
        .map(|name| format!("kind `{name}` is excluded and the server has none of that name"))
        .collect();
    for name in &spec.selection.excluded_namespaces {
        if is_pattern(name) {
            let pattern = pattern(name);
            let fits = |item: &Item| {
                pattern
                    .as_ref()
                    .is_ok_and(|pattern| pattern.matches(&item.head.name))
            };
            if !namespaces.iter().any(fits) {
                results
                    .warnings
                    .cluster
                    .push(format!("no namespace is like `{name}`, which is excluded"));
            }
        } else if !is_there(name) {
            mistaken.push(format!(
                "namespace `{name}` is excluded and not in the cluster"
            ));
        }
    }
    match spec.selection.unmatched_filters {
        UnmatchedFilters::Refuse if !mistaken.is_empty() => Err(Error::invalid(format!(
            "plan backup `{}`: {}; correct the name, since what it was to keep out would be kept, or set \
             `unmatchedFilters` to `warn`",
            spec.name,
            mistaken.join(", ")
        ))),
        _ => {
            results.warnings.cluster.extend(mistaken);
            Ok(results)
        }
    }
}

/// The namespaces of a cluster.
struct Namespaces {
    items: Vec<Item>,
    types: Arc<TypeMeta>,
    resource_version: String,
    unreadable: Vec<Unreadable>,
}

/// All namespaces. The whole backup is read at the resourceVersion of this list.
async fn list_namespaces(api: &ClusterReader, found: &Discovery) -> Result<Namespaces> {
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
    Ok(Namespaces {
        items,
        types: Arc::clone(list.types()),
        resource_version: list.listed_version,
        unreadable: list.unreadable,
    })
}

/// The namespaces to read, with warnings and errors about the others.
fn choose_namespaces(
    spec: &BackupSpec,
    filter: &Filter<'_>,
    namespaces: &[Item],
    results: &mut Results,
) -> Result<BTreeSet<String>> {
    let included = &spec.selection.included_namespaces;
    let mut chosen = BTreeSet::new();
    for item in namespaces {
        let name = &item.head.name;
        if !filter.wants_namespace(name) || item.head.label(labels::EXCLUDE) == Some("true") {
            continue;
        }
        if !item.head.terminating {
            chosen.insert(name.clone());
            continue;
        }
        let messages = if included.contains(name) {
            &mut results.errors
        } else {
            &mut results.warnings
        };
        messages
            .cluster
            .push(format!("namespace `{name}` is being deleted and left out"));
    }
    let mut unmatched = Vec::new();
    for name in included.iter().filter(|name| *name != "*") {
        let is_there = match pattern(name) {
            Ok(pattern) => namespaces
                .iter()
                .any(|item| pattern.matches(&item.head.name)),
            Err(_) => false,
        };
        if !is_there {
            unmatched.push(if is_pattern(name) {
                format!("no namespace of the cluster is like `{name}`")
            } else {
                format!("namespace `{name}` is not in the cluster")
            });
        }
    }
    of_unmatched(spec, results).cluster.extend(unmatched);
    if chosen.is_empty() && !spec.selection.takes_all_namespaces() {
        return Err(Error::invalid(format!(
            "plan backup `{}`: none of its namespaces {included:?} can be read from the cluster",
            spec.name
        )));
    }
    Ok(chosen)
}

/// Kinds that were asked for and cannot be read.
fn note_kinds(kinds: &Kinds, spec: &BackupSpec, results: &mut Results) {
    let missing = kinds.missing.iter();
    let missing = missing.map(|name| format!("the server has no kind `{name}`"));
    of_unmatched(spec, results).cluster.extend(missing);
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
