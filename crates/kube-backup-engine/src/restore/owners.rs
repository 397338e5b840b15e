//! Ownership across a restore.
//!
//! An owner reference holds the owner's uid, and a restored owner has another one: a reference to
//! the old uid would have the garbage collector delete the object within seconds. So references are
//! stripped on create. The built-in workload controllers adopt by selector; to everything else, such
//! as a custom resource that owns a ConfigMap, references are put back once the new uid is known.

use std::collections::HashMap;

use http::StatusCode;
use serde_json::{Value, json};

use crate::api::patient::PatientApi;
use crate::{ApiResource, ObjectId};

/// Kinds that adopt what their selector matches (Kubernetes, controller_ref_manager.go).
const ADOPTERS: [(&str, &str); 6] = [
    ("apps", "Deployment"),
    ("apps", "ReplicaSet"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("", "ReplicationController"),
    ("batch", "Job"),
];

/// References of one object that nobody will restore but us.
#[derive(Debug)]
pub(crate) struct Orphan {
    pub(crate) id: ObjectId,
    pub(crate) path: String,
    pub(crate) namespace: Option<String>,
    references: Vec<Value>,
}

/// Takes the references off an object, and keeps those that no controller puts back.
pub(crate) fn strip(object: &mut Value) -> Vec<Value> {
    let Some(metadata) = object["metadata"].as_object_mut() else {
        return Vec::new();
    };
    let Some(Value::Array(references)) = metadata.remove("ownerReferences") else {
        return Vec::new();
    };
    references
        .into_iter()
        .filter(|reference| !is_adopted(reference))
        .collect()
}

/// Whether a reference is to an owner that adopts again what it selects.
pub(crate) fn is_adopted(reference: &Value) -> bool {
    let kind = reference["kind"].as_str().unwrap_or_default();
    let version = reference["apiVersion"].as_str().unwrap_or_default();
    let group = version.split_once('/').map_or("", |(group, _)| group);
    ADOPTERS.contains(&(group, kind))
}

pub(crate) fn orphan(
    id: ObjectId,
    path: String,
    namespace: Option<String>,
    references: Vec<Value>,
) -> Option<Orphan> {
    (!references.is_empty()).then_some(Orphan {
        id,
        path,
        namespace,
        references,
    })
}

/// Puts the references back, by the owners' new uids. Returns what could not be put back.
pub(crate) async fn put_back(
    api: &PatientApi,
    kinds: &[ApiResource],
    orphans: Vec<Orphan>,
) -> Vec<String> {
    let mut uids: HashMap<String, Option<String>> = HashMap::new();
    let mut warnings = Vec::new();
    for orphan in orphans {
        let mut references = Vec::new();
        for mut reference in orphan.references {
            let path = owner_path(kinds, &reference, orphan.namespace.as_deref());
            let uid = match &path {
                None => None,
                Some(path) => {
                    if !uids.contains_key(path) {
                        let uid = uid_of(api, path).await;
                        uids.insert(path.clone(), uid);
                    }
                    uids.get(path).cloned().flatten()
                }
            };
            match uid {
                Some(uid) => {
                    reference["uid"] = uid.into();
                    references.push(reference);
                }
                None => warnings.push(format!(
                    "{} keeps no reference to its owner {} `{}`, which is not in the cluster",
                    orphan.id,
                    reference["kind"].as_str().unwrap_or_default(),
                    reference["name"].as_str().unwrap_or_default(),
                )),
            }
        }
        if references.is_empty() {
            continue;
        }
        let patch = json!({"metadata": {"ownerReferences": references}});
        match api.merge(&orphan.path, &patch).await {
            Ok(answer) if answer.status.is_success() => {}
            Ok(answer) => warnings.push(format!(
                "put the owners of {} back: {}",
                orphan.id,
                answer.message()
            )),
            Err(error) => warnings.push(format!(
                "put the owners of {} back: {}",
                orphan.id,
                error.chain()
            )),
        }
    }
    warnings
}

fn owner_path(kinds: &[ApiResource], reference: &Value, namespace: Option<&str>) -> Option<String> {
    let (version, kind) = (
        reference["apiVersion"].as_str()?,
        reference["kind"].as_str()?,
    );
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let resource = kinds
        .iter()
        .find(|resource| resource.group == group && resource.kind == kind)?;
    Some(resource.object_path(namespace, reference["name"].as_str()?))
}

async fn uid_of(api: &PatientApi, path: &str) -> Option<String> {
    let answer = api
        .get(path)
        .await
        .ok()
        .filter(|answer| answer.status == StatusCode::OK)?;
    answer.json()["metadata"]["uid"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_controller_adopts_is_kept() {
        let mut object = json!({"metadata": {"ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "a", "uid": "1"},
            {"apiVersion": "example.com/v1", "kind": "Shop", "name": "b", "uid": "2"},
            {"apiVersion": "batch/v1", "kind": "CronJob", "name": "c", "uid": "3"},
        ]}});
        let kept: Vec<_> = strip(&mut object)
            .iter()
            .map(|r| r["name"].clone())
            .collect();
        assert_eq!(kept, ["b", "c"]);
        assert_eq!(object, json!({"metadata": {}}));
    }
}
