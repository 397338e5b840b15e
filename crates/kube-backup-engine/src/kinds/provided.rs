//! What every cluster has by itself: it does not come along with others, and nobody misses it.

use super::names::{
    CLUSTER_ROLES, CONFIG_MAPS, Kind, NAMESPACES, PRIORITY_CLASSES, SERVICE_ACCOUNTS,
};
use crate::GroupResource;

/// Names by kind; those that end in `*` are the beginnings of several.
const PROVIDED: [(Kind, &[&str]); 5] = [
    (
        NAMESPACES,
        &["default", "kube-system", "kube-public", "kube-node-lease"],
    ),
    (SERVICE_ACCOUNTS, &["default"]),
    (CONFIG_MAPS, &["kube-root-ca.crt"]),
    (PRIORITY_CLASSES, &["system-*"]),
    (
        CLUSTER_ROLES,
        &["cluster-admin", "admin", "edit", "view", "system:*"],
    ),
];

/// Whether every cluster has the object of this kind and name.
pub(crate) fn is_provided(kind: &GroupResource, name: &str) -> bool {
    let is = |known: &&str| match known.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == *known,
    };
    PROVIDED
        .iter()
        .any(|(of, names)| of.is(kind) && names.iter().any(is))
}
