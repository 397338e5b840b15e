//! Objects of several namespaces that go into one: of those with one name, the first is restored.

use std::collections::{BTreeSet, HashMap};

use super::spec::RestoreSpec;
use crate::kinds::names::NAMESPACES;
use crate::{Entry, GroupResource, ObjectId};

/// Where several namespaces go into one, the first one's object of a name is restored (Velero,
/// restore.go): takes the others out.
pub(super) fn displace(spec: &RestoreSpec, entries: &mut Vec<Entry>) -> Vec<(ObjectId, String)> {
    if spec.namespace_mapping.is_empty() {
        return Vec::new();
    }
    let target_of = |id: &ObjectId| -> Option<String> {
        let name = match &id.namespace {
            Some(namespace) => namespace,
            None if NAMESPACES.is(&id.resource) => &id.name,
            None => return None,
        };
        Some(spec.target_namespace(name).to_owned())
    };
    let mut sources: HashMap<String, BTreeSet<String>> = HashMap::new();
    for entry in entries.iter() {
        if let Some(target) = target_of(&entry.id) {
            let source = entry.id.namespace.as_ref().unwrap_or(&entry.id.name);
            let known = sources.entry(target).or_default();
            if !known.contains(source) {
                known.insert(source.clone());
            }
        }
    }
    sources.retain(|_, sources| sources.len() > 1);
    if sources.is_empty() {
        return Vec::new();
    }
    entries.sort_by(|a, b| a.id.cmp(&b.id));
    let mut taken: HashMap<(GroupResource, String, String), String> = HashMap::new();
    let mut displaced = Vec::new();
    entries.retain(|entry| {
        let id = &entry.id;
        let Some(target) = target_of(id).filter(|target| sources.contains_key(target)) else {
            return true;
        };
        let (source, name) = match &id.namespace {
            Some(namespace) => (namespace.clone(), id.name.clone()),
            None => (id.name.clone(), String::new()),
        };
        match taken.entry((id.resource.clone(), target, name)) {
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(source);
                true
            }
            std::collections::hash_map::Entry::Occupied(place) => {
                displaced.push((id.clone(), place.get().clone()));
                false
            }
        }
    });
    displaced
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: &str, namespace: Option<&str>, name: &str) -> Entry {
        Entry {
            id: ObjectId {
                resource: kind.parse().unwrap(),
                namespace: namespace.map(str::to_owned),
                name: name.to_owned(),
            },
            api_version: None,
            kind: None,
            size: 0,
            sha256: crate::Digest::of(b""),
            location: None,
        }
    }

    #[test]
    fn of_two_objects_for_one_place_the_first_is_restored() {
        let mut spec = RestoreSpec::named("r");
        spec.namespace_mapping = [("b".to_owned(), "a".to_owned())].into();
        let mut entries = vec![
            entry("configmaps", Some("b"), "x"),
            entry("configmaps", Some("b"), "y"),
            entry("configmaps", Some("a"), "x"),
            entry("secrets", Some("b"), "x"),
            entry("namespaces", None, "b"),
            entry("namespaces", None, "a"),
            entry("persistentvolumes", None, "b"),
        ];
        let displaced = displace(&spec, &mut entries);
        let names: Vec<String> = displaced
            .iter()
            .map(|(id, by)| format!("{id} by {by}"))
            .collect();
        assert_eq!(names, ["configmaps b/x by a", "namespaces b by a"]);
        assert_eq!(entries.len(), 5);
    }
}
