//! Ownership across a restore.
//!
//! An owner reference holds the owner's uid, and a restored owner has another one: a reference to
//! the old uid would have the garbage collector delete the object within seconds. So references are
//! stripped on create. The built-in workload controllers adopt by selector. To everything else, such
//! as a custom resource that owns a ConfigMap, references are put back: on create where the owner's
//! new uid is known by then, and otherwise by a patch, once all owners are there.

use std::collections::{HashMap, HashSet};

use futures::StreamExt as _;
use http::StatusCode;
use memchr::memmem;
use serde::Deserialize;
use serde_json::{Value, json};

use super::served::Served;
use crate::cluster::failure::Failure;
use crate::cluster::writer::ClusterWriter;
use crate::compare::{ZeroValues, walk_lost};
use crate::kinds::adoption::{group_of, is_adopted};
use crate::scan::raw_at;
use crate::{Error, GroupResource, ObjectId, Result};

/// The references of one object that no controller will put back.
#[derive(Debug)]
pub(crate) struct Orphan {
    pub(crate) id: ObjectId,
    pub(crate) path: String,
    pub(crate) namespace: Option<String>,
    pub(crate) references: Vec<Value>,
}

/// An owner as references name it, in the target cluster. References do not say whether it lives in
/// the namespace of what it owns or in none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct OwnerKey {
    group: String,
    kind: String,
    namespace: Option<String>,
    name: String,
}

impl OwnerKey {
    /// The owner that `object` would be.
    pub(crate) fn itself(object: &Value, namespace: Option<&str>, name: &str) -> Self {
        Self {
            group: group_of(object).to_owned(),
            kind: object["kind"].as_str().unwrap_or_default().to_owned(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        }
    }

    /// Who a reference may mean.
    fn meant(reference: &Value, namespace: Option<&str>) -> Vec<Self> {
        let of = |namespace: Option<&str>| {
            let name = reference["name"].as_str().unwrap_or_default();
            Self::itself(reference, namespace, name)
        };
        match namespace {
            None => vec![of(None)],
            some => vec![of(some), of(None)],
        }
    }
}

/// The uids that owners have in the target cluster.
pub(crate) type Uids = HashMap<OwnerKey, String>;

/// Notes whom the references in a raw object mean, so that these owners' uids are kept when they
/// are restored. Most objects have none, and are not parsed to see that.
pub(crate) fn note(
    kind: &GroupResource,
    raw: &[u8],
    namespace: Option<&str>,
    owners: &mut HashSet<OwnerKey>,
) {
    #[derive(Deserialize)]
    struct Metadata {
        #[serde(default, rename = "ownerReferences")]
        references: Vec<Value>,
    }
    if memmem::find(raw, b"\"ownerReferences\"").is_none() {
        return;
    }
    let metadata = raw_at(raw, &["metadata"])
        .and_then(|metadata| serde_json::from_slice::<Metadata>(metadata).ok());
    for reference in metadata.map(|m| m.references).into_iter().flatten() {
        if !is_adopted(kind, &reference) {
            owners.extend(OwnerKey::meant(&reference, namespace));
        }
    }
}

/// Takes the references off an object, and keeps those that no controller puts back.
pub(crate) fn strip(kind: &GroupResource, object: &mut Value) -> Vec<Value> {
    let Some(metadata) = object["metadata"].as_object_mut() else {
        return Vec::new();
    };
    let Some(Value::Array(references)) = metadata.remove("ownerReferences") else {
        return Vec::new();
    };
    references
        .into_iter()
        .filter(|reference| !is_adopted(kind, reference))
        .collect()
}

/// The references with the owners' new uids; `None` while one of them is not known.
pub(crate) fn renewed(
    references: &[Value],
    namespace: Option<&str>,
    uids: &Uids,
) -> Option<Vec<Value>> {
    references
        .iter()
        .map(|reference| {
            let uid = OwnerKey::meant(reference, namespace)
                .iter()
                .find_map(|owner| uids.get(owner))?;
            let mut reference = reference.clone();
            reference["uid"] = uid.clone().into();
            Some(reference)
        })
        .collect()
}

/// Puts the references back, with the owners' new uids. Returns the objects of which an owner is not
/// in the cluster, and what went wrong with others.
pub(crate) async fn put_back(
    api: &ClusterWriter,
    served: &Served,
    uids: &mut Uids,
    orphans: Vec<Orphan>,
    parallel: usize,
) -> (Vec<Orphan>, Vec<String>) {
    let mut warnings = learn(api, served, uids, &orphans, parallel).await;
    let uids = &*uids;
    let (known, unknown): (Vec<_>, Vec<_>) = orphans.into_iter().partition(|orphan| {
        renewed(&orphan.references, orphan.namespace.as_deref(), uids).is_some()
    });
    let failed: Vec<String> = futures::stream::iter(known)
        .map(|orphan| async move {
            let references = renewed(&orphan.references, orphan.namespace.as_deref(), uids)?;
            patch(api, &orphan, references).await
        })
        .buffer_unordered(parallel)
        .filter_map(futures::future::ready)
        .collect()
        .await;
    warnings.extend(failed);
    (unknown, warnings)
}

/// Puts back those references whose owners exist, and names the others.
pub(crate) async fn put_back_some(
    api: &ClusterWriter,
    uids: &Uids,
    orphans: Vec<Orphan>,
    parallel: usize,
) -> Vec<String> {
    let warnings: Vec<Vec<String>> = futures::stream::iter(orphans)
        .map(|orphan| async move {
            let mut warnings = Vec::new();
            let mut there = Vec::new();
            for reference in &orphan.references {
                let one = std::slice::from_ref(reference);
                match renewed(one, orphan.namespace.as_deref(), uids) {
                    Some(renewed) => there.extend(renewed),
                    None => warnings.push(format!(
                        "{} keeps no reference to its owner {} `{}`, which was not found in the cluster",
                        orphan.id,
                        reference["kind"].as_str().unwrap_or_default(),
                        reference["name"].as_str().unwrap_or_default(),
                    )),
                }
            }
            if !there.is_empty() {
                warnings.extend(patch(api, &orphan, there).await);
            }
            warnings
        })
        .buffer_unordered(parallel)
        .collect()
        .await;
    warnings.into_iter().flatten().collect()
}

async fn patch(api: &ClusterWriter, orphan: &Orphan, references: Vec<Value>) -> Option<String> {
    let patch = json!({"metadata": {"ownerReferences": references}});
    let reason = match api.merge(&orphan.path, &patch).await {
        Ok(response) if response.status.is_success() => {
            let mut is_whole = true;
            let answer = response.json();
            walk_lost(&patch, &answer, ZeroValues::LeftOut, &mut |_, _| {
                is_whole = false;
            });
            if is_whole {
                return None;
            }
            "the server accepted them and did not keep them".to_owned()
        }
        Ok(response) => response.message(),
        Err(error) => error.chain(),
    };
    Some(format!("put the owners of {} back: {reason}", orphan.id))
}

/// Looks up the uids that are not known, once each; returns what could not be looked for.
async fn learn(
    api: &ClusterWriter,
    served: &Served,
    uids: &mut Uids,
    orphans: &[Orphan],
    parallel: usize,
) -> Vec<String> {
    let mut unknown: HashMap<String, OwnerKey> = HashMap::new();
    for orphan in orphans {
        for reference in &orphan.references {
            let namespace = orphan.namespace.as_deref();
            let meant = OwnerKey::meant(reference, namespace);
            if meant.iter().any(|owner| uids.contains_key(owner)) {
                continue;
            }
            let kind = reference["kind"].as_str().unwrap_or_default();
            if let (Some(resource), Some(name)) = (
                served.of_kind(group_of(reference), kind),
                reference["name"].as_str(),
            ) {
                let namespace = namespace.filter(|_| resource.namespaced);
                let owner = OwnerKey::itself(reference, namespace, name);
                unknown.insert(resource.object_path(namespace, name), owner);
            }
        }
    }
    let found: Vec<(OwnerKey, Result<Option<String>>)> = futures::stream::iter(unknown)
        .map(|(path, owner)| async move { (owner, uid_of(api, &path).await) })
        .buffer_unordered(parallel)
        .collect()
        .await;
    let mut unseen = Vec::new();
    for (owner, uid) in found {
        match uid {
            Ok(uid) => uids.extend(uid.map(|uid| (owner, uid))),
            Err(error) => unseen.push(error.chain()),
        }
    }
    unseen
}

/// Only a 404 says that an owner is not there.
async fn uid_of(api: &ClusterWriter, path: &str) -> Result<Option<String>> {
    let response = api.get(path).await?;
    match Failure::of(&response) {
        None => Ok(uid(&response.json())),
        Some(_) if response.status == StatusCode::NOT_FOUND => Ok(None),
        Some(failure) => Err(Error::cluster(format!("look for owner `{path}`"), failure)),
    }
}

pub(crate) fn uid(object: &Value) -> Option<String> {
    object["metadata"]["uid"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(references: &[Value]) -> Vec<&str> {
        let name = |reference| {
            let reference: &Value = reference;
            reference["name"].as_str().unwrap()
        };
        references.iter().map(name).collect()
    }

    #[test]
    fn only_what_no_controller_adopts_is_kept() {
        let references = json!([
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "a", "uid": "1", "controller": true},
            {"apiVersion": "example.com/v1", "kind": "Shop", "name": "b", "uid": "2", "controller": true},
            {"apiVersion": "batch/v1", "kind": "CronJob", "name": "c", "uid": "3", "controller": true},
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "d", "uid": "4"},
        ]);
        let mut pod = json!({"metadata": {"ownerReferences": references.clone()}});
        let kept = strip(&GroupResource::core("pods"), &mut pod);
        assert_eq!(names(&kept), ["b", "c", "d"]);
        assert_eq!(pod, json!({"metadata": {}}));
        // No workload adopts a ConfigMap.
        let mut map = json!({"metadata": {"ownerReferences": references}});
        let kept = strip(&GroupResource::core("configmaps"), &mut map);
        assert_eq!(names(&kept), ["a", "b", "c", "d"]);
    }

    #[test]
    fn owners_are_noted_in_raw_objects_and_known_by_their_new_uid() {
        let raw = br#"{"metadata":{"name":"m","ownerReferences":[
            {"apiVersion":"example.com/v1","kind":"Shop","name":"s","uid":"old"}]}}"#;
        let mut owners = HashSet::new();
        note(
            &GroupResource::core("configmaps"),
            raw,
            Some("copy"),
            &mut owners,
        );
        let shop = json!({"apiVersion": "example.com/v1", "kind": "Shop"});
        let cluster_wide = OwnerKey::itself(&shop, None, "s");
        let namespaced = OwnerKey::itself(&shop, Some("copy"), "s");
        assert_eq!(
            owners,
            HashSet::from([cluster_wide.clone(), namespaced.clone()])
        );

        let references =
            [json!({"apiVersion": "example.com/v1", "kind": "Shop", "name": "s", "uid": "old"})];
        assert_eq!(renewed(&references, Some("copy"), &Uids::new()), None);
        for owner in [cluster_wide, namespaced] {
            let uids = Uids::from([(owner, "new".to_owned())]);
            let renewed = renewed(&references, Some("copy"), &uids).unwrap();
            assert_eq!(renewed[0]["uid"], "new");
        }
    }
}
