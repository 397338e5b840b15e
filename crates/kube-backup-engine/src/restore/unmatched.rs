//! Filters of a restore that match nothing, held against what the backup and the cluster know.

use std::collections::{BTreeSet, HashSet};

use super::archived::{Archived, namespaces_of};
use super::spec::RestoreSpec;
use crate::archive::Entries;
use crate::cluster::path::path;
use crate::cluster::reader::ClusterReader;
use crate::kinds::exclusions::never_restored;
use crate::spec::filter::Filter;
use crate::spec::selection::{is_pattern, pattern};
use crate::{EntryFilter, Error, GroupResource, Result, UnmatchedFilters};

/// What is wrong with a specification's filters, and what is only worth a word.
#[derive(Default)]
pub(super) struct Unmatched {
    mistaken: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl Unmatched {
    /// Refuses what was found so far, or makes warnings of it.
    pub(super) fn settle(&mut self, spec: &RestoreSpec) -> Result<()> {
        let mistaken = std::mem::take(&mut self.mistaken);
        match spec.selection.unmatched_filters {
            UnmatchedFilters::Refuse if !mistaken.is_empty() => Err(Error::invalid(format!(
                "plan restore `{}`: {}; correct it, or set `unmatchedFilters` to `warn`",
                spec.name,
                mistaken.join(", ")
            ))),
            _ => {
                self.warnings.extend(mistaken);
                Ok(())
            }
        }
    }

    /// Names of kinds that mean nothing, or nothing that the backup holds.
    pub(super) fn note_kinds(
        &mut self,
        filter: &Filter<'_>,
        archived: &BTreeSet<(GroupResource, bool)>,
    ) {
        let nobody = "neither the backup nor the cluster knows such a kind";
        let included = filter.unknown_included.iter();
        let included = included.map(|name| format!("kind `{name}` is included, and {nobody}"));
        let excluded = filter.mistaken_exclusions();
        let excluded = excluded.map(|name| format!("kind `{name}` is excluded, and {nobody}"));
        self.mistaken.extend(included.chain(excluded));
        let is_held = |kind: &GroupResource| archived.iter().any(|(held, _)| held == kind);
        for (name, kinds) in &filter.included {
            let never = |kind: &GroupResource| never_restored(kind).is_some();
            if !kinds.is_empty() && !kinds.iter().any(is_held) && !kinds.iter().all(never) {
                self.warnings
                    .push(format!("the backup holds nothing of kind `{name}`"));
            }
        }
        for kind in filter.included_kinds().filter(|kind| filter.is_named(kind)) {
            if let Some(reason) = never_restored(kind) {
                self.warnings
                    .push(format!("`{kind}` is not restored: {reason}"));
            }
        }
    }

    /// Namespaces that are not in the backup; excluded ones may also be in the cluster. `seen` is what was
    /// found by the specification.
    pub(super) async fn note_namespaces(
        &mut self,
        spec: &RestoreSpec,
        archive: &Archived<'_>,
        seen: &Entries,
        api: &ClusterReader,
    ) -> Result<()> {
        let selection = &spec.selection;
        let included = selection.included_namespaces.iter();
        let included = included.filter(|name| *name != "*");
        let named = included
            .chain(&selection.excluded_namespaces)
            .chain(spec.namespace_mapping.keys());
        let seen = namespaces_of(seen);
        if !named.clone().any(|name| !is_among(name, &seen)) {
            return Ok(());
        }
        // Some may hold nothing of the chosen kinds.
        let all = archive.find(&EntryFilter::default()).await?;
        let held = namespaces_of(&all);
        let absent = |name: &&String| !is_among(name, &held);
        for name in selection.included_namespaces.iter().filter(absent) {
            if name != "*" {
                let what = if is_pattern(name) { "like " } else { "" };
                self.mistaken.push(format!(
                    "the backup has no namespace {what}`{name}`, which is included"
                ));
            }
        }
        for name in spec.namespace_mapping.keys().filter(absent) {
            self.mistaken.push(format!(
                "the backup has no namespace `{name}`, which is mapped"
            ));
        }
        for name in selection.excluded_namespaces.iter().filter(absent) {
            let why = format!("the backup has no namespace `{name}`, which is excluded");
            if is_pattern(name) {
                self.warnings.push(why);
            } else if !is_in_cluster(api, name).await {
                self.mistaken.push(why);
            }
        }
        Ok(())
    }

    /// Names and labels that no object has.
    pub(super) fn note_objects(&mut self, filter: &Filter<'_>) {
        self.mistaken.extend(filter.unmatched_objects());
        self.warnings.extend(filter.idle_selectors());
    }
}

fn is_among(name: &str, namespaces: &HashSet<&str>) -> bool {
    if !is_pattern(name) {
        return namespaces.contains(name);
    }
    let pattern = pattern(name);
    pattern.is_ok_and(|pattern| namespaces.iter().any(|it| pattern.matches(it)))
}

async fn is_in_cluster(api: &ClusterReader, namespace: &str) -> bool {
    let path = path(["api", "v1", "namespaces", namespace]);
    api.get(&path, "application/json").await.is_ok()
}
