//! A selection, resolved by the kinds that are there: the one answer to whether an object is meant.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

use glob::Pattern;
use kube::core::{Selector, SelectorExt as _};

use super::kind_names::{names_group, resolve};
use super::selection::{Selection, is_pattern, pattern};
use crate::format::labels;
use crate::kinds::builtin;
use crate::kinds::exclusions::{never_backed_up, never_restored, original_of};
use crate::{ApiResource, GroupResource};

/// A selection whose names of kinds are resolved.
pub(crate) struct Filter<'a> {
    pub(crate) selection: &'a Selection,
    /// What each included name of a kind means.
    pub(crate) included: Vec<(&'a str, Vec<GroupResource>)>,
    excluded: HashSet<GroupResource>,
    /// Names of kinds that mean nothing, and how they are used.
    pub(crate) unknown_included: Vec<&'a str>,
    pub(crate) unknown_excluded: Vec<&'a str>,
    included_namespaces: Vec<Pattern>,
    excluded_namespaces: Vec<Pattern>,
    selectors: Vec<(&'a Selector, AtomicBool)>,
    names: Vec<(&'a str, AtomicBool)>,
}

fn patterns(names: &BTreeSet<String>) -> Vec<Pattern> {
    let patterns = names.iter().filter(|name| is_pattern(name));
    // Those that cannot be read were refused.
    patterns.filter_map(|name| pattern(name).ok()).collect()
}

impl<'a> Filter<'a> {
    /// Resolves the names of kinds by those that are `known`.
    pub(crate) fn new(selection: &'a Selection, known: &[ApiResource]) -> Self {
        let named: &[String] = if selection.takes_all_kinds() {
            &[]
        } else {
            &selection.included_resources
        };
        let included: Vec<(&str, Vec<GroupResource>)> = named
            .iter()
            .map(|name| (name.as_str(), resolve(name, known)))
            .collect();
        let excluded: Vec<(&str, Vec<GroupResource>)> = excluded_names(selection)
            .map(|(name, namespaced)| {
                // A pattern in the list of a scope means those of that scope.
                let of_scope = |kind: &&ApiResource| {
                    !is_pattern(name) || namespaced.is_none_or(|it| it == kind.namespaced)
                };
                (name, resolve(name, known.iter().filter(of_scope)))
            })
            .collect();
        let unknown = |of: &[(&'a str, Vec<GroupResource>)]| {
            let unknown = of.iter().filter(|(_, kinds)| kinds.is_empty());
            unknown.map(|(name, _)| *name).collect()
        };
        Self {
            unknown_included: unknown(&included),
            unknown_excluded: unknown(&excluded),
            included,
            excluded: excluded.into_iter().flat_map(|(_, kinds)| kinds).collect(),
            included_namespaces: patterns(&selection.included_namespaces),
            excluded_namespaces: patterns(&selection.excluded_namespaces),
            selectors: selection
                .selectors()
                .map(|selector| (selector, AtomicBool::new(false)))
                .collect(),
            names: selection
                .included_names
                .iter()
                .map(|name| (name.as_str(), AtomicBool::new(false)))
                .collect(),
            selection,
        }
    }

    /// Whether objects of a kind are chosen for their kind's sake.
    pub(crate) fn wants_kind(&self, kind: &GroupResource) -> bool {
        (self.selection.takes_all_kinds() || self.names_kind(kind)) && !self.excludes_kind(kind)
    }

    fn names_kind(&self, kind: &GroupResource) -> bool {
        let mut included = self.included.iter().flat_map(|(_, kinds)| kinds);
        included.any(|it| it == kind)
    }

    /// Whether a kind was asked for by a name that means it alone.
    pub(crate) fn is_named(&self, kind: &GroupResource) -> bool {
        let mut included = self.included.iter();
        included.any(|(_, kinds)| *kinds == [kind.clone()])
    }

    /// The kinds that were asked for by names that mean each alone.
    pub(crate) fn named_kinds(&self) -> HashSet<GroupResource> {
        let alone = self.included.iter().filter(|(_, kinds)| kinds.len() == 1);
        alone.flat_map(|(_, kinds)| kinds).cloned().collect()
    }

    /// Whether nothing of a kind is wanted, not even where others need it.
    pub(crate) fn excludes_kind(&self, kind: &GroupResource) -> bool {
        self.excluded.contains(kind)
    }

    /// The kinds that are included by their names; none for all.
    pub(crate) fn included_kinds(&self) -> impl Iterator<Item = &GroupResource> {
        self.included.iter().flat_map(|(_, kinds)| kinds)
    }

    /// Whether a group, of which the kinds are not known, can hold something that is chosen.
    pub(crate) fn wants_group(&self, group: &str) -> bool {
        let of_group = |name: &str| names_group(name, group);
        let mut excluded = excluded_names(self.selection);
        let is_excluded = excluded.any(|(name, _)| name.starts_with('*') && of_group(name));
        let included = &self.selection.included_resources;
        !is_excluded && (self.selection.takes_all_kinds() || included.iter().any(|it| of_group(it)))
    }

    /// Whether a namespace is chosen.
    pub(crate) fn wants_namespace(&self, namespace: &str) -> bool {
        let selection = self.selection;
        let is_in = |names: &BTreeSet<String>, patterns: &[Pattern]| {
            names.contains(namespace) || patterns.iter().any(|it| it.matches(namespace))
        };
        let is_included = selection.takes_all_namespaces()
            || is_in(&selection.included_namespaces, &self.included_namespaces);
        is_included && !is_in(&selection.excluded_namespaces, &self.excluded_namespaces)
    }

    /// Whether an object of a chosen kind and namespace is chosen, by its name and labels.
    pub(crate) fn wants_object(&self, name: &str, labels: &[(String, String)]) -> bool {
        if self.excludes_labels(labels) {
            return false;
        }
        let named = self.names.iter().find(|(wanted, _)| *wanted == name);
        if named.is_none() && !self.names.is_empty() {
            return false;
        }
        if !self.selectors.is_empty() {
            let labels = labels.iter().cloned().collect();
            let mut is_selected = false;
            for (selector, used) in &self.selectors {
                if selector.matches(&labels) {
                    used.store(true, Ordering::Relaxed);
                    is_selected = true;
                }
            }
            if !is_selected {
                return false;
            }
        }
        if let Some((_, used)) = named {
            used.store(true, Ordering::Relaxed);
        }
        true
    }

    /// Whether an object is not wanted for its labels, not even where others need it.
    pub(crate) fn excludes_labels(&self, labels: &[(String, String)]) -> bool {
        let excluded = &self.selection.excluded_label_selectors;
        if labels
            .iter()
            .any(|(key, value)| key == labels::EXCLUDE && value == "true")
        {
            return true;
        }
        !excluded.is_empty() && {
            let labels = labels.iter().cloned().collect();
            excluded.iter().any(|selector| selector.matches(&labels))
        }
    }

    /// What asks for objects by names and labels and has met none so far. Labels are asked for in vain when
    /// none of several has met any.
    pub(crate) fn unmatched_objects(&self) -> Vec<String> {
        let unused = |used: &AtomicBool| !used.load(Ordering::Relaxed);
        let names = self.names.iter().filter(|(_, used)| unused(used));
        let names = names.map(|(name, _)| format!("no chosen object is named `{name}`"));
        let is_in_vain = self.selectors.iter().all(|(_, used)| unused(used));
        let selectors = self.selectors.iter().filter(|_| is_in_vain);
        let selectors = selectors.map(|(selector, _)| no_object_is(selector));
        names.chain(selectors).collect()
    }

    /// Of several selectors, those that have met nothing while others have.
    pub(crate) fn idle_selectors(&self) -> Vec<String> {
        let is_used = |used: &AtomicBool| used.load(Ordering::Relaxed);
        let mut idle = Vec::new();
        if self.selectors.iter().any(|(_, used)| is_used(used)) {
            let selectors = self.selectors.iter().filter(|(_, used)| !is_used(used));
            idle.extend(selectors.map(|(selector, _)| no_object_is(selector)));
        }
        idle
    }

    /// Excluded names of kinds that mean nothing here, and nothing in Kubernetes or Velero either: what one
    /// with a typo was to keep out would be let in.
    pub(crate) fn mistaken_exclusions(&self) -> impl Iterator<Item = &'a str> {
        let unknown = self.unknown_excluded.iter().copied();
        unknown.filter(|name| !is_well_known(name))
    }
}

fn no_object_is(selector: &Selector) -> String {
    format!("no chosen object is labelled `{selector}`")
}

/// Names of excluded kinds, and whether their list is of kinds of namespaces; `None` for the list of both.
fn excluded_names(selection: &Selection) -> impl Iterator<Item = (&str, Option<bool>)> {
    let lists = [
        (&selection.excluded_resources, None),
        (&selection.excluded_cluster_scoped_resources, Some(false)),
        (&selection.excluded_namespace_scoped_resources, Some(true)),
    ];
    lists
        .into_iter()
        .flat_map(|(names, scope)| names.iter().map(move |name| (name.as_str(), scope)))
}

/// Whether a name is spelt right though no kind has it here: older servers lack some of Kubernetes' own, and
/// Velero excludes kinds of its own accord.
fn is_well_known(name: &str) -> bool {
    let Ok(kind) = name.parse::<GroupResource>() else {
        return false;
    };
    let is_built_in =
        builtin::named(&kind.resource).is_some_and(|known| kind.group.is_empty() || known == kind);
    is_built_in
        || never_backed_up(&kind).is_some()
        || never_restored(&kind).is_some()
        || original_of(&kind).is_some()
}
