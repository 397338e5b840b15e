//! Which objects are meant, in the words that backups and restores share.

use std::collections::BTreeSet;

use glob::Pattern;
use kube::core::Selector;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{null_is_default, selectors};

/// Which objects are meant: of a cluster by a [`BackupSpec`](crate::backup::BackupSpec), of a backup by a
/// [`RestoreSpec`](crate::restore::RestoreSpec). The default is all of them. Both mean the same by it: a
/// backup of a selection holds what a restore of the same selection brings back of a backup of everything.
///
/// As JSON its fields are those of the specification it is part of, under Velero's names.
///
/// **Kinds** are named as `kubectl` names them: `deployments`, `deployment`, `deploy`, `Deployment`,
/// `deployments.apps`, `deployments.v1.apps`; `*.apps` means all kinds of a group, and `*` in a name any
/// letters. A word without a group means one kind, the server's first.
///
/// **Namespaces** are names, or patterns with `*`, `?`, `[abc]` and `[a-z]` as Velero has them.
///
/// What names nothing that is there is not passed over: see [`unmatched_filters`](Self::unmatched_filters).
///
/// ```
/// use kube_backup_engine::Selection;
///
/// let selection = Selection {
///     excluded_resources: vec!["secrets".to_owned(), "*.example.com".to_owned()],
///     ..Selection::of_namespaces(["shop", "shop-*"])
/// };
/// assert_eq!(serde_json::to_value(&selection)?["includedNamespaces"][1], "shop-*");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Selection {
    /// Only these namespaces, by their names where the objects are now: in the cluster of a backup, in the
    /// backup of a restore. Empty, or `*`, for all.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "BTreeSet::is_empty"
    )]
    pub included_namespaces: BTreeSet<String>,
    /// Not these namespaces.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "BTreeSet::is_empty"
    )]
    pub excluded_namespaces: BTreeSet<String>,
    /// Only these kinds; empty, or `*`, for all.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub included_resources: Vec<String>,
    /// Not these kinds.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub excluded_resources: Vec<String>,
    /// Not these kinds of the cluster: as if they stood in `excluded_resources`, with `*` for all of the
    /// cluster's.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub excluded_cluster_scoped_resources: Vec<String>,
    /// Not these kinds of namespaces: as if they stood in `excluded_resources`, with `*` for all that lie
    /// in namespaces.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub excluded_namespace_scoped_resources: Vec<String>,
    /// Only objects of these names; empty for all. What these need comes along, as with labels. Velero has
    /// no such field.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "BTreeSet::is_empty"
    )]
    pub included_names: BTreeSet<String>,
    /// Only objects with these labels. What the chosen ones need comes along whatever its labels: the
    /// claims, accounts, ConfigMaps and Secrets of Pods and of what makes Pods, the roles bound to these
    /// accounts, and what they need of the cluster.
    #[serde(
        default,
        with = "selectors::one",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<selectors::Shape>"))]
    pub label_selector: Option<Selector>,
    /// Only objects that one of these selects, instead of `label_selector`.
    #[serde(
        default,
        with = "selectors::many",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<selectors::Shape>"))]
    pub or_label_selectors: Vec<Selector>,
    /// Not what one of these selects, nor what is labelled `velero.io/exclude-from-backup: "true"`, even
    /// where others need it. Velero has no such field.
    #[serde(
        default,
        with = "selectors::many",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<selectors::Shape>"))]
    pub excluded_label_selectors: Vec<Selector>,
    /// Cluster-scoped objects: `Some(true)` all, `Some(false)` none, `None` all when all namespaces
    /// are chosen, and otherwise those that the chosen objects need: their definitions and volumes, the
    /// classes they name (priority, runtime, storage, ingress), and the cluster roles bound to their
    /// service accounts. What every cluster has by itself does not come along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_cluster_resources: Option<bool>,
    /// What to do about names, kinds, namespaces and labels above that match nothing. Velero has no such
    /// field.
    #[serde(default, skip_serializing_if = "UnmatchedFilters::is_default")]
    pub unmatched_filters: UnmatchedFilters,
}

/// What to do about a filter that matches nothing, as one with a typo does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum UnmatchedFilters {
    /// A restore is refused before anything is written. So is a backup for an exclusion, since what was to
    /// stay out would be in it; for an inclusion, it is made of the rest and is `PartiallyFailed`.
    ///
    /// Patterns of namespaces to exclude are rules for what may come: they never refuse anything.
    #[default]
    Refuse,
    /// A warning in the results.
    Warn,
}

impl UnmatchedFilters {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Fields of a [`Selection`] that Velero does not have.
pub(crate) const OURS: [&str; 3] = [
    "includedNames",
    "excludedLabelSelectors",
    "unmatchedFilters",
];

impl Selection {
    /// Everything in these namespaces, with what it needs of the cluster.
    pub fn of_namespaces<T: Into<String>>(names: impl IntoIterator<Item = T>) -> Self {
        Self {
            included_namespaces: names.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// Everything of these kinds, in all namespaces.
    pub fn of_kinds<T: Into<String>>(names: impl IntoIterator<Item = T>) -> Self {
        Self {
            included_resources: names.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// What contradicts itself, or cannot be read.
    pub(crate) fn check(&self) -> Result<(), String> {
        let both = self
            .included_namespaces
            .intersection(&self.excluded_namespaces);
        if let Some(both) = both.into_iter().next() {
            return Err(format!("namespace `{both}` is both included and excluded"));
        }
        let excluded = &self.excluded_resources;
        if let Some(both) = self
            .included_resources
            .iter()
            .find(|kind| excluded.contains(kind))
        {
            return Err(format!("kind `{both}` is both included and excluded"));
        }
        if excluded.iter().any(|kind| kind == "*") || self.excluded_namespaces.contains("*") {
            return Err("`*` excludes everything; name what is not wanted".to_owned());
        }
        for name in self.kind_names() {
            if name.is_empty() || name.contains(['/', ' ']) || name.starts_with('.') {
                return Err(format!(
                    "`{name}` is no name of a kind: write it as `plural`, `plural.group` or `*.group`"
                ));
            }
            let (plain, rest) = name.split_once('.').unwrap_or((name, ""));
            for part in [plain, rest] {
                pattern(part)?;
            }
        }
        for name in self
            .included_namespaces
            .iter()
            .chain(&self.excluded_namespaces)
        {
            pattern(name)?;
        }
        if self.label_selector.is_some() && !self.or_label_selectors.is_empty() {
            return Err("labelSelector and orLabelSelectors exclude each other".to_owned());
        }
        Ok(())
    }

    /// Makes one list of the three lists of excluded kinds in `spec`, this selection as JSON: Velero has
    /// only one for restores.
    pub(crate) fn to_one_list_of_exclusions(
        &self,
        spec: &mut Map<String, Value>,
    ) -> Result<(), String> {
        let of_cluster = &self.excluded_cluster_scoped_resources;
        let of_namespaces = &self.excluded_namespace_scoped_resources;
        if of_namespaces.iter().any(|name| is_pattern(name)) {
            return Err(
                "Velero has no field that excludes kinds of namespaces by a pattern; name them"
                    .to_owned(),
            );
        }
        if of_cluster.iter().any(|name| name == "*") {
            spec.insert("includeClusterResources".to_owned(), false.into());
        } else if let Some(name) = of_cluster.iter().find(|name| is_pattern(name)) {
            return Err(format!(
                "Velero has no field that excludes kinds of the cluster by the pattern `{name}`; name them"
            ));
        }
        let excluded: Vec<&String> = self
            .excluded_resources
            .iter()
            .chain(of_cluster.iter().filter(|name| *name != "*"))
            .chain(of_namespaces)
            .collect();
        if !excluded.is_empty() {
            spec.insert("excludedResources".to_owned(), json!(excluded));
        }
        spec.remove("excludedClusterScopedResources");
        spec.remove("excludedNamespaceScopedResources");
        Ok(())
    }

    /// All names of kinds in it.
    fn kind_names(&self) -> impl Iterator<Item = &String> {
        self.included_resources
            .iter()
            .chain(&self.excluded_resources)
            .chain(&self.excluded_cluster_scoped_resources)
            .chain(&self.excluded_namespace_scoped_resources)
    }

    /// Whether no kind was asked for by its name.
    pub(crate) fn takes_all_kinds(&self) -> bool {
        self.included_resources.is_empty() || self.included_resources.iter().any(|name| name == "*")
    }

    /// Whether no namespace was asked for by its name.
    pub(crate) fn takes_all_namespaces(&self) -> bool {
        self.included_namespaces.is_empty() || self.included_namespaces.contains("*")
    }

    /// Whether single objects are chosen, by their labels or names, and others only where these need them.
    pub(crate) fn is_of_objects(&self) -> bool {
        self.label_selector.is_some()
            || !self.or_label_selectors.is_empty()
            || !self.included_names.is_empty()
    }

    /// Whether every cluster-scoped object is chosen, and not only what others need.
    pub(crate) fn wants_whole_cluster(&self) -> bool {
        let whole = self.takes_all_namespaces() && self.excluded_namespaces.is_empty();
        self.include_cluster_resources.unwrap_or(whole)
    }

    /// The selectors of which one must select an object; none for all objects.
    pub(crate) fn selectors(&self) -> impl Iterator<Item = &Selector> {
        self.label_selector.iter().chain(&self.or_label_selectors)
    }
}

/// Whether a name stands for all that fit it.
pub(crate) fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

/// A name, or a pattern of names with what Velero has of patterns (1.18, pkg/util/wildcard).
pub(crate) fn pattern(name: &str) -> Result<Pattern, String> {
    let refused = |why: &str| format!("`{name}` cannot be matched: {why}");
    if name.contains("**") {
        return Err(refused("`**` is the same as `*`"));
    }
    if let Some(letter) = name.chars().find(|letter| "|(){}!,".contains(*letter)) {
        return Err(refused(&format!(
            "patterns have `*`, `?`, `[abc]` and `[a-z]`, and not `{letter}`"
        )));
    }
    Pattern::new(name).map_err(|error| refused(error.msg))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_contradicts_itself_or_cannot_be_read_is_refused() {
        let of = |field: &str, value: serde_json::Value| {
            let selection: Selection =
                serde_json::from_value(serde_json::json!({field: value})).unwrap();
            selection.check()
        };
        for (field, name) in [
            ("includedResources", "a/b"),
            ("includedResources", ""),
            ("excludedResources", "*"),
            ("excludedResources", "a**"),
            ("excludedNamespaces", "*"),
            ("includedNamespaces", "a**"),
            ("includedNamespaces", "{a,b}"),
            ("includedNamespaces", "[a"),
            ("excludedNamespaces", "[!a]"),
        ] {
            let refused = of(field, serde_json::json!([name]));
            assert!(refused.is_err(), "{field} {name}");
        }
        for (field, name) in [
            ("includedResources", "deployments.v1.apps"),
            ("includedResources", "*.example.com"),
            ("excludedClusterScopedResources", "*"),
            ("includedNamespaces", "*"),
            ("excludedNamespaces", "kube-*"),
            ("includedNamespaces", "shop-[0-9]?"),
        ] {
            assert_eq!(
                of(field, serde_json::json!([name])),
                Ok(()),
                "{field} {name}"
            );
        }
    }
}
