//! Objects that no request is made for, since they cannot be what their entries say.
//!
//! Where an entry lies in an archive is up to whoever wrote the archive. Whether a kind lives in namespaces
//! is up to the server: one that an archive holds in a namespace, and the server in none, would otherwise
//! leave the namespaces that a restore is for.

use std::collections::HashMap;

use crate::archive::Entries;
use crate::cluster::path::{refusal_of_name, refusal_of_namespace};
use crate::{ApiResource, Discovery, GroupResource, ObjectId};

/// Takes out what cannot be in this cluster, with the reason for each. Kinds that the server does not
/// know yet are looked at when it does ([`refusal`]).
pub(crate) fn refuse(found: &Discovery, entries: &mut Entries) -> Vec<(ObjectId, String)> {
    let mut kinds: HashMap<GroupResource, Vec<&ApiResource>> = HashMap::new();
    for resource in &found.resources {
        let versions = kinds.entry(resource.group_resource());
        versions.or_default().push(resource);
    }
    let mut refused = Vec::new();
    entries.retain(|listed| {
        let id = &listed.id();
        let reason = refusal_of_names(id).or_else(|| {
            let mut versions = kinds.get(&id.resource).into_iter().flatten();
            versions.find_map(|resource| refusal(resource, id))
        });
        match reason {
            Some(reason) => {
                refused.push((id.clone(), reason));
                false
            }
            None => true,
        }
    });
    refused
}

/// Why the object cannot be one of this kind.
pub(crate) fn refusal(resource: &ApiResource, id: &ObjectId) -> Option<String> {
    let kind = &id.resource;
    match (&id.namespace, resource.namespaced) {
        (Some(namespace), false) => Some(format!(
            "the archive holds it in namespace `{namespace}`, and the scope of `{kind}` is the whole cluster; \
             it is not restored"
        )),
        (None, true) => Some(format!(
            "the archive holds it in no namespace, and the scope of `{kind}` is a namespace; it is not \
             restored"
        )),
        _ => None,
    }
}

fn refusal_of_names(id: &ObjectId) -> Option<String> {
    let namespace = id.namespace.as_deref();
    namespace
        .and_then(|namespace| Some((namespace, refusal_of_namespace(namespace)?)))
        .or_else(|| Some((id.name.as_str(), refusal_of_name(&id.name)?)))
        .map(|(name, why)| format!("`{name}` in its entry is no name: {why}; it is not restored"))
}
