//! Which lists to read: kinds chosen from what the server has, in an order that suits a server whose
//! history runs out.

use std::collections::{BTreeSet, HashSet};

use crate::kinds::companions::{come_along, come_along_unasked};
use crate::kinds::exclusions::{never_backed_up, original_of};
use crate::kinds::names::NAMESPACES;
use crate::kinds::order::ReadStage;
use crate::spec::filter::Filter;
use crate::{ApiResource, Discovery, GroupResource};

/// One list to read.
#[derive(Debug, Clone)]
pub(crate) struct ListJob {
    pub(crate) resource: ApiResource,
    /// The namespace to read; `None` for all.
    pub(crate) namespace: Option<String>,
}

impl ListJob {
    pub(crate) fn stage(&self) -> ReadStage {
        ReadStage::of(&self.resource.group_resource())
    }
}

/// The kinds of a backup.
#[derive(Debug, Default)]
pub(crate) struct Kinds {
    /// Chosen kinds, namespaces themselves left out.
    pub(crate) chosen: Vec<ApiResource>,
    /// Kinds of which only what others need is taken.
    pub(crate) companions: Vec<ApiResource>,
    /// Whether namespaces are taken although nothing in them is.
    pub(crate) empty_namespaces: bool,
    /// Whether namespaces are taken at all.
    pub(crate) namespaces: bool,
    /// What the request names and the server does not have.
    pub(crate) missing: Vec<String>,
    /// What the request names and no backup holds, with the reason.
    pub(crate) excluded: Vec<(GroupResource, &'static str)>,
    /// Parts of the discovery that failed and could hold something chosen, with the reason.
    pub(crate) undiscovered: Vec<(String, String)>,
    /// Parts of the discovery that failed and were not asked for.
    pub(crate) unimportant: Vec<(String, String)>,
}

impl Kinds {
    pub(crate) fn choose(filter: &Filter<'_>, found: &Discovery) -> Self {
        let selection = filter.selection;
        let mut kinds = Self::default();
        let missing = filter.unknown_included.iter();
        kinds.missing = missing.map(|name| (*name).to_owned()).collect();

        for (part, reason) in &found.failed {
            let group = part.split_once('/').map_or("", |(group, _)| group);
            let failed = (part.clone(), reason.clone());
            if filter.wants_group(group) {
                kinds.undiscovered.push(failed);
            } else {
                kinds.unimportant.push(failed);
            }
        }

        let namespaces = NAMESPACES.group_resource();
        kinds.namespaces = !filter.excludes_kind(&namespaces);
        kinds.empty_namespaces = filter.wants_kind(&namespaces);
        let served: HashSet<GroupResource> = found
            .resources
            .iter()
            .map(ApiResource::group_resource)
            .collect();
        for resource in found.preferred() {
            let kind = resource.group_resource();
            let restorable = ["list", "create", "get", "delete"]
                .iter()
                .all(|verb| resource.can(verb));
            let copy = original_of(&kind).is_some_and(|original| served.contains(&original));
            if !restorable || copy || kind == namespaces {
                continue;
            }
            if let Some(reason) = never_backed_up(&kind) {
                if filter.is_named(&kind) {
                    kinds.excluded.push((kind, reason));
                }
                continue;
            }
            let in_scope = resource.namespaced || selection.wants_whole_cluster();
            if filter.wants_kind(&kind) && in_scope {
                kinds.chosen.push(resource.clone());
                if !selection.is_of_objects() {
                    continue;
                }
            }
            // With a selector or names, objects are chosen by it, and by need.
            let may_be_needed = come_along(&kind)
                && (resource.namespaced || selection.include_cluster_resources != Some(false))
                && (!resource.namespaced || selection.is_of_objects())
                && !filter.excludes_kind(&kind);
            if may_be_needed && (come_along_unasked(&kind) || filter.wants_kind(&kind)) {
                kinds.companions.push(resource.clone());
            }
        }
        for list in [&mut kinds.chosen, &mut kinds.companions] {
            list.sort_by_key(|resource| ReadStage::of(&resource.group_resource()));
        }
        kinds
    }

    /// Whether objects of a kind are taken for their kind's sake.
    pub(crate) fn is_chosen(&self, kind: &GroupResource) -> bool {
        let mut chosen = self.chosen.iter();
        chosen.any(|it| it.group_resource() == *kind)
    }

    /// Whether objects of a kind are taken where others need them.
    pub(crate) fn comes_along(&self, kind: &GroupResource) -> bool {
        let mut companions = self.companions.iter();
        companions.any(|it| it.group_resource() == *kind)
    }

    /// The lists of what is chosen in `namespaces`, where the cluster has `in_cluster` in all.
    pub(crate) fn jobs(&self, namespaces: &BTreeSet<String>, in_cluster: usize) -> Vec<ListJob> {
        jobs_of(&self.chosen, namespaces, in_cluster)
    }

    /// The lists of what may come along.
    pub(crate) fn companion_jobs(
        &self,
        namespaces: &BTreeSet<String>,
        in_cluster: usize,
    ) -> Vec<ListJob> {
        jobs_of(&self.companions, namespaces, in_cluster)
    }
}

pub(crate) fn jobs_of(
    resources: &[ApiResource],
    namespaces: &BTreeSet<String>,
    in_cluster: usize,
) -> Vec<ListJob> {
    // A list of the whole cluster costs what the cluster holds, and lists by namespace cost a request
    // each: a quarter of the namespaces is where one starts to beat the other.
    let by_namespace = !namespaces.is_empty() && namespaces.len() * 4 <= in_cluster.max(4);
    let mut jobs = Vec::new();
    for resource in resources {
        let job = |namespace: Option<&String>| ListJob {
            resource: resource.clone(),
            namespace: namespace.cloned(),
        };
        if resource.namespaced && by_namespace {
            jobs.extend(namespaces.iter().map(|namespace| job(Some(namespace))));
        } else if !resource.namespaced || !namespaces.is_empty() {
            jobs.push(job(None));
        }
    }
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Selection;

    fn choose(selection: &Selection) -> Kinds {
        let found = cluster();
        Kinds::choose(&Filter::new(selection, &found.resources), &found)
    }

    fn kind(group: &str, plural: &str, namespaced: bool) -> ApiResource {
        ApiResource {
            group: group.into(),
            version: "v1".into(),
            kind: plural.into(),
            plural: plural.into(),
            singular: String::new(),
            short_names: Vec::new(),
            namespaced,
            verbs: ["list", "create", "get", "delete"].map(Into::into).into(),
            subresources: Vec::new(),
        }
    }

    fn cluster() -> Discovery {
        let mut tokens = kind("authentication.k8s.io", "tokenreviews", false);
        tokens.verbs = vec!["create".into()];
        Discovery {
            resources: vec![
                kind("", "configmaps", true),
                kind("", "events", true),
                kind("", "namespaces", false),
                kind("", "persistentvolumes", false),
                kind("", "pods", true),
                kind("events.k8s.io", "events", true),
                kind("apiextensions.k8s.io", "customresourcedefinitions", false),
                kind("storage.k8s.io", "storageclasses", false),
                kind("snapshot.storage.k8s.io", "volumesnapshots", true),
                tokens,
            ],
            failed: [("metrics.k8s.io/v1beta1".to_owned(), "stale".to_owned())].into(),
        }
    }

    fn names(kinds: &[ApiResource]) -> Vec<String> {
        let mut names: Vec<_> = kinds
            .iter()
            .map(|kind| kind.group_resource().to_string())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn everything_is_all_that_can_be_created_again_once() {
        let kinds = choose(&Selection::default());
        assert_eq!(
            names(&kinds.chosen),
            [
                "configmaps",
                "customresourcedefinitions.apiextensions.k8s.io",
                "events",
                "persistentvolumes",
                "pods",
                "storageclasses.storage.k8s.io",
            ]
        );
        assert!(kinds.companions.is_empty() && kinds.empty_namespaces);
        assert_eq!(kinds.undiscovered.len(), 1);
        let position = |name: &str| kinds.chosen.iter().position(|kind| kind.plural == name);
        assert!(
            position("pods") < position("configmaps"),
            "referrers come first"
        );
    }

    #[test]
    fn cluster_scoped_kinds_follow_the_tri_state() {
        let of = |include, named: bool| {
            let mut spec = Selection {
                include_cluster_resources: include,
                ..Selection::default()
            };
            if named {
                spec.included_namespaces.insert("shop".into());
            }
            let kinds = choose(&spec);
            let whole = kinds.chosen.iter().filter(|kind| !kind.namespaced).count();
            (whole, kinds.companions.len())
        };
        assert_eq!(of(None, false), (3, 0));
        assert_eq!(of(None, true), (0, 3));
        assert_eq!(of(Some(true), true), (3, 0));
        assert_eq!(of(Some(false), false), (0, 0));
    }

    #[test]
    fn definitions_come_along_unless_they_are_excluded() {
        let mut spec = Selection {
            included_resources: vec!["pods".into()],
            ..Selection::default()
        };
        assert_eq!(names(&choose(&spec).companions).len(), 1);
        spec.excluded_resources = vec!["customresourcedefinitions".into()];
        assert!(choose(&spec).companions.is_empty());
    }

    #[test]
    fn a_dead_group_matters_only_to_those_who_want_it() {
        let mut spec = Selection {
            excluded_resources: vec!["*.metrics.k8s.io".into()],
            ..Selection::default()
        };
        assert!(choose(&spec).undiscovered.is_empty());
        spec = Selection {
            included_resources: vec!["pods".into()],
            ..Selection::default()
        };
        assert_eq!(choose(&spec).unimportant.len(), 1);
        spec.included_resources.push("nodes.metrics.k8s.io".into());
        let kinds = choose(&spec);
        assert_eq!((kinds.undiscovered.len(), kinds.missing.len()), (1, 1));
    }

    #[test]
    fn few_namespaces_are_listed_one_by_one_and_many_at_once() {
        let kinds = choose(&Selection::default());
        let jobs = |count: usize, of: usize| {
            let chosen = (0..count).map(|n| n.to_string()).collect();
            kinds
                .jobs(&chosen, of)
                .iter()
                .filter(|job| job.resource.namespaced)
                .count()
        };
        assert_eq!(jobs(1, 4), 3);
        assert_eq!(jobs(2, 40), 6);
        assert_eq!(jobs(20, 40), 3);
        assert_eq!(jobs(0, 40), 0);
    }
}
