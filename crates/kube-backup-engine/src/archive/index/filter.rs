//! Which entries are wanted, and where such may be listed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{GroupResource, ObjectId};

/// Longest key in the directory. Of a longer one the beginning stands for it, so that names of any length
/// cannot fill the directory.
const MAX_KEY: usize = 512;

/// The first and last key of one kind in a chunk, in the order of `namespace/name`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeySpan {
    pub(super) resource: GroupResource,
    pub(super) first: String,
    pub(super) last: String,
}

impl KeySpan {
    pub(super) fn new(resource: GroupResource, mut first: String, mut last: String) -> Self {
        let cut = |key: &mut String| {
            let is_long = key.len() > MAX_KEY;
            if is_long {
                let end = (0..=MAX_KEY).rev().find(|end| key.is_char_boundary(*end));
                key.truncate(end.unwrap_or_default());
            }
            is_long
        };
        // The beginning of a key comes before it, and that with the last of all characters after it.
        cut(&mut first);
        if cut(&mut last) {
            last.push(char::MAX);
        }
        Self {
            resource,
            first,
            last,
        }
    }
}

/// Which entries of an archive are wanted; an empty set means all.
///
/// What the index does not hold, such as labels, is checked on the objects themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// Kinds.
    pub resources: BTreeSet<GroupResource>,
    /// Namespaces; cluster-scoped objects pass this one.
    pub namespaces: BTreeSet<String>,
    /// Names.
    pub names: BTreeSet<String>,
}

impl EntryFilter {
    /// Whether the object passes.
    pub fn matches(&self, id: &ObjectId) -> bool {
        (self.resources.is_empty() || self.resources.contains(&id.resource))
            && (self.names.is_empty() || self.names.contains(&id.name))
            && (self.namespaces.is_empty()
                || id
                    .namespace
                    .as_ref()
                    .is_none_or(|namespace| self.namespaces.contains(namespace)))
    }

    /// Whether an object between the keys of `span` may pass.
    pub(super) fn may_match(&self, span: &KeySpan) -> bool {
        if !self.resources.is_empty() && !self.resources.contains(&span.resource) {
            return false;
        }
        let (Some((first_namespace, first)), Some((last_namespace, last))) =
            (span.first.split_once('/'), span.last.split_once('/'))
        else {
            // Cluster-scoped: keys are names.
            return self.names.is_empty() || in_range(&self.names, &span.first, &span.last);
        };
        // Keys compare as whole text, in which `/` sorts before letters and digits but after
        // `-` and `.`: namespaces `a` and `a-b` can therefore stand in either order, and only
        // equal namespaces allow to compare names.
        if first_namespace == last_namespace {
            return (self.namespaces.is_empty() || self.namespaces.contains(first_namespace))
                && (self.names.is_empty() || in_range(&self.names, first, last));
        }
        if self.names.is_empty() {
            return self.namespaces.is_empty()
                || self.namespaces.iter().any(|namespace| {
                    let low = format!("{namespace}/");
                    let high = format!("{namespace}0");
                    low.as_str() <= span.last.as_str() && high.as_str() > span.first.as_str()
                });
        }
        self.namespaces.is_empty()
            || self.namespaces.iter().any(|namespace| {
                self.names.iter().any(|name| {
                    let key = format!("{namespace}/{name}");
                    (span.first.as_str()..=span.last.as_str()).contains(&key.as_str())
                })
            })
    }
}

fn in_range(names: &BTreeSet<String>, first: &str, last: &str) -> bool {
    names
        .range::<str, _>((
            std::ops::Bound::Included(first),
            std::ops::Bound::Included(last),
        ))
        .next()
        .is_some()
}
