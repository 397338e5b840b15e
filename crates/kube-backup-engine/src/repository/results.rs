//! The warnings and errors stored beside a backup.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Warnings and errors of a backup, as `<name>-results.gz` holds them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Results {
    /// What is missing from the backup, or not in it as it was asked for.
    #[serde(default)]
    pub errors: ResultsBySource,
    /// What someone should know.
    #[serde(default)]
    pub warnings: ResultsBySource,
}

/// Messages by what they concern.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResultsBySource {
    /// The tool itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub velero: Vec<String>,
    /// The cluster, or cluster-scoped objects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cluster: Vec<String>,
    /// Objects in namespaces.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub namespaces: BTreeMap<String, Vec<String>>,
}

impl Results {
    /// Adds what else there is to say.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.errors.absorb(other.errors);
        self.warnings.absorb(other.warnings);
    }
}

impl ResultsBySource {
    /// Adds a message about what lies in a namespace.
    pub(crate) fn push(&mut self, namespace: &str, message: impl Into<String>) {
        let of_namespace = self.namespaces.entry(namespace.to_owned()).or_default();
        of_namespace.push(message.into());
    }

    fn absorb(&mut self, other: Self) {
        self.velero.extend(other.velero);
        self.cluster.extend(other.cluster);
        for (namespace, messages) in other.namespaces {
            self.namespaces
                .entry(namespace)
                .or_default()
                .extend(messages);
        }
    }

    /// How many messages there are.
    pub fn count(&self) -> u64 {
        let namespaced: usize = self.namespaces.values().map(Vec::len).sum();
        (self.velero.len() + self.cluster.len() + namespaced) as u64
    }

    /// All messages, without what they concern.
    pub fn messages(&self) -> impl Iterator<Item = &str> {
        self.velero
            .iter()
            .chain(&self.cluster)
            .chain(self.namespaces.values().flatten())
            .map(String::as_str)
    }
}
