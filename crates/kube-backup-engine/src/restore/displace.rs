//! Objects of several namespaces that go into one: of those with one name, the first is restored.

use std::collections::{BTreeSet, HashMap};

use super::spec::RestoreSpec;
use crate::archive::{Entries, EntryRef};
use crate::kinds::names::NAMESPACES;
use crate::{GroupResource, ObjectId};

/// Where several namespaces go into one, the first one's object of a name is restored (Velero,
/// restore.go): takes the others out.
pub(super) fn displace(spec: &RestoreSpec, entries: &mut Entries) -> Vec<(ObjectId, String)> {
    if spec.namespace_mapping.is_empty() {
        return Vec::new();
    }
    let mut sources: HashMap<String, BTreeSet<String>> = HashMap::new();
    for source in entries.iter().filter_map(source_of) {
        let target = spec.target_namespace(source);
        match sources.get_mut(target) {
            Some(known) if known.contains(source) => {}
            Some(known) => {
                known.insert(source.to_owned());
            }
            None => {
                sources.insert(target.to_owned(), [source.to_owned()].into());
            }
        }
    }
    sources.retain(|_, sources| sources.len() > 1);
    if sources.is_empty() {
        return Vec::new();
    }
    entries.sort_by_id();
    let mut taken: HashMap<(GroupResource, String, String), String> = HashMap::new();
    let mut displaced = Vec::new();
    entries.retain(|listed| {
        let Some(source) = source_of(listed) else {
            return true;
        };
        let target = spec.target_namespace(source);
        if !sources.contains_key(target) {
            return true;
        }
        let name = listed.namespace().map_or("", |_| listed.name());
        let place = (
            listed.resource().clone(),
            target.to_owned(),
            name.to_owned(),
        );
        match taken.entry(place) {
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(source.to_owned());
                true
            }
            std::collections::hash_map::Entry::Occupied(place) => {
                displaced.push((listed.id(), place.get().clone()));
                false
            }
        }
    });
    displaced
}

/// The namespace that an object is in, or is.
fn source_of(listed: EntryRef<'_>) -> Option<&str> {
    match listed.namespace() {
        Some(namespace) => Some(namespace),
        None if NAMESPACES.is(listed.resource()) => Some(listed.name()),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Entry;

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
        let entries = [
            entry("configmaps", Some("b"), "x"),
            entry("configmaps", Some("b"), "y"),
            entry("configmaps", Some("a"), "x"),
            entry("secrets", Some("b"), "x"),
            entry("namespaces", None, "b"),
            entry("namespaces", None, "a"),
            entry("persistentvolumes", None, "b"),
        ];
        let mut entries: Entries = entries.into_iter().collect();
        let displaced = displace(&spec, &mut entries);
        let names: Vec<String> = displaced
            .iter()
            .map(|(id, by)| format!("{id} by {by}"))
            .collect();
        assert_eq!(names, ["configmaps b/x by a", "namespaces b by a"]);
        assert_eq!(entries.len(), 5);
    }
}
