//! What a backup holds, found by its index or, without one, by a single pass.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures::TryStreamExt as _;
use serde_json::Value;

use crate::archive::{Entries, EntryRef, Found};
use crate::kinds::names::{DEFINITIONS, NAMESPACES};
use crate::repository::shelf::Shelf;
use crate::{
    ApiResource, Discovery, Entry, EntryFilter, Error, GroupResource, ObjectId, OpenBackup,
    RefusedEntry, Result,
};

/// The entries of a backup.
pub(crate) struct Archived<'a> {
    pub(crate) backup: &'a OpenBackup,
    /// All of them, without an index.
    pub(crate) all: Option<Entries>,
    /// What was met that cannot be read, by its path, and whether somebody asked for it.
    refused: Mutex<BTreeMap<String, (RefusedEntry, bool)>>,
}

impl<'a> Archived<'a> {
    pub(crate) async fn open(backup: &'a OpenBackup) -> Result<Self> {
        let mut archived = Self {
            backup,
            all: None,
            refused: Mutex::default(),
        };
        if !backup.has_index().await? {
            let mut shelf = Shelf::default();
            let keep = |entry: &Entry, bytes: Bytes| shelf.put(entry, bytes);
            archived.all = Some(archived.list(&EntryFilter::default(), keep).await?);
            // One that was filled before holds what it was filled with: objects are asked for by their digests.
            let _ = backup.shelf.set(shelf);
        }
        Ok(archived)
    }

    pub(crate) fn has_index(&self) -> bool {
        self.all.is_none()
    }

    /// Lists what passes `filter`, and hands over what is read for that.
    async fn list(
        &self,
        filter: &EntryFilter,
        mut read: impl FnMut(&Entry, Bytes),
    ) -> Result<Entries> {
        let mut entries = Entries::default();
        let refused = self.backup.list(filter, |entry, bytes| {
            entries.push(&entry);
            if let Some(bytes) = bytes {
                read(&entry, bytes);
            }
        });
        for refused in refused.await? {
            self.refuse(refused, false);
        }
        Ok(entries)
    }

    pub(crate) async fn find(&self, filter: &EntryFilter) -> Result<Entries> {
        match &self.all {
            None => self.list(filter, |_, _| {}).await,
            Some(all) => {
                let mut found = all.clone();
                found.retain(|listed| filter.matches(&listed.id()));
                Ok(found)
            }
        }
    }

    fn refuse(&self, refused: RefusedEntry, is_needed: bool) {
        let mut known = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(refused.path.clone(), (refused, is_needed));
    }

    /// The object that was read; what cannot be read is noted.
    pub(crate) fn readable(&self, found: Found) -> Option<(ObjectId, Bytes)> {
        match found {
            Found::Object(Entry { id, .. }, bytes) => Some((id, bytes)),
            Found::Refused(refused) => {
                self.refuse(refused, true);
                None
            }
        }
    }

    /// Takes out what was found to be unreadable.
    pub(crate) fn drop_refused(&self, entries: &mut Entries) {
        let known = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let bad: HashSet<&ObjectId> = known
            .values()
            .filter_map(|(bad, _)| bad.id.as_ref())
            .collect();
        if !bad.is_empty() {
            entries.retain(|listed| !bad.contains(&listed.id()));
        }
    }

    /// What was to be read and cannot be, and what was listed so that `may_be_chosen` applies to it, or nobody
    /// knows what it is.
    pub(crate) fn refused(&self, may_be_chosen: impl Fn(&ObjectId) -> bool) -> Vec<RefusedEntry> {
        let known = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let concerns = known.values().filter(|(refused, is_needed)| {
            *is_needed || refused.id.as_ref().is_none_or(&may_be_chosen)
        });
        concerns.map(|(refused, _)| refused.clone()).collect()
    }

    /// The kinds in it, and whether they lie in namespaces.
    pub(crate) async fn kinds(&self) -> Result<BTreeSet<(GroupResource, bool)>> {
        if let Some(kinds) = self.backup.listed_kinds().await? {
            return Ok(kinds);
        }
        let all = self.all.iter().flat_map(Entries::iter);
        let kinds: BTreeSet<_> = all
            .map(|listed| (listed.resource(), listed.namespace().is_some()))
            .collect();
        let copy = |(kind, is_namespaced): (&GroupResource, bool)| (kind.clone(), is_namespaced);
        Ok(kinds.into_iter().map(copy).collect())
    }

    /// The kinds that definitions in it define.
    pub(crate) async fn defined_kinds(&self) -> Result<Vec<ApiResource>> {
        let filter = EntryFilter {
            resources: [DEFINITIONS.group_resource()].into(),
            ..EntryFilter::default()
        };
        let definitions = self.find(&filter).await?;
        let mut defined = Vec::new();
        let mut objects = self.backup.read_found(&definitions);
        while let Some(found) = objects.try_next().await? {
            let Some((id, raw)) = self.readable(found) else {
                continue;
            };
            let definition: Value = serde_json::from_slice(&raw).map_err(|error| {
                Error::corrupt(format!("read what {id} defines")).with_source(error)
            })?;
            defined.extend(defined_by(&definition));
        }
        Ok(defined)
    }
}

/// The namespaces of entries, and those that are among them.
pub(crate) fn namespaces_of(entries: &Entries) -> HashSet<&str> {
    let lying = entries.iter().filter_map(EntryRef::namespace);
    let themselves = entries
        .iter()
        .filter(|listed| NAMESPACES.is(listed.resource()));
    lying.chain(themselves.map(EntryRef::name)).collect()
}

/// One kind in each of its versions.
fn defined_by(definition: &Value) -> Vec<ApiResource> {
    let spec = &definition["spec"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let texts = |value: &Value| {
        let values = value.as_array().into_iter().flatten();
        values.map(text).collect::<Vec<_>>()
    };
    let names = &spec["names"];
    let of_version = |version: &Value| ApiResource {
        group: text(&spec["group"]),
        version: text(&version["name"]),
        kind: text(&names["kind"]),
        plural: text(&names["plural"]),
        singular: text(&names["singular"]),
        short_names: texts(&names["shortNames"]),
        namespaced: spec["scope"] == "Namespaced",
        verbs: Vec::new(),
        subresources: Vec::new(),
    };
    let versions = spec["versions"].as_array().into_iter().flatten();
    versions.map(of_version).collect()
}

/// Every kind that can be meant: those of the backup first, as the cluster or a definition in the backup
/// knows them, and then the cluster's others.
pub(crate) fn known_kinds(
    archived: &BTreeSet<(GroupResource, bool)>,
    found: &Discovery,
    defined: &[ApiResource],
) -> Vec<ApiResource> {
    let held: HashSet<&GroupResource> = archived.iter().map(|(kind, _)| kind).collect();
    let (mut known, others): (Vec<ApiResource>, Vec<ApiResource>) = found
        .resources
        .iter()
        .cloned()
        .partition(|resource| held.contains(&resource.group_resource()));
    known.extend(defined.iter().cloned());
    known.extend(archived.iter().map(|(kind, namespaced)| ApiResource {
        group: kind.group.clone(),
        version: String::new(),
        kind: String::new(),
        plural: kind.resource.clone(),
        singular: String::new(),
        short_names: Vec::new(),
        namespaced: *namespaced,
        verbs: Vec::new(),
        subresources: Vec::new(),
    }));
    known.extend(others);
    known
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::spec::kind_names::resolve;

    #[test]
    fn kinds_have_the_names_of_the_cluster_and_of_definitions_in_the_backup() {
        let resource = |group: &str, kind: &str, plural: &str| ApiResource {
            group: group.into(),
            version: "v1".into(),
            kind: kind.into(),
            plural: plural.into(),
            singular: kind.to_lowercase(),
            short_names: Vec::new(),
            namespaced: true,
            verbs: Vec::new(),
            subresources: Vec::new(),
        };
        let found = Discovery {
            resources: vec![
                resource("a.example.com", "Shop", "shops"),
                resource("", "Secret", "secrets"),
            ],
            failed: Default::default(),
        };
        let archived: BTreeSet<(GroupResource, bool)> = ["secrets", "shops.b.io", "carts.b.io"]
            .map(|kind| (kind.parse().unwrap(), true))
            .into();
        let carts = defined_by(&json!({"spec": {"group": "b.io", "scope": "Namespaced",
            "names": {"plural": "carts", "kind": "Cart", "singular": "cart", "shortNames": ["ca"]},
            "versions": [{"name": "v1"}, {"name": "v2"}]}}));
        let known = known_kinds(&archived, &found, &carts);
        for (name, kind) in [
            ("Secret", "secrets"),
            ("ca", "carts.b.io"),
            ("Cart", "carts.b.io"),
            ("carts.v2.b.io", "carts.b.io"),
            // That of the backup comes before one that only the cluster has.
            ("shops", "shops.b.io"),
            ("shop.a.example.com", "shops.a.example.com"),
        ] {
            let kinds = resolve(name, &known);
            assert_eq!(kinds, [kind.parse().unwrap()], "{name}");
        }
        assert_eq!(resolve("", &known), []);
        assert_eq!(resolve("carts.v3.b.io", &known), []);
    }
}
