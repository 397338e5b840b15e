//! Objects that are there already.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::report::Outcome;
use super::spec::ExistingPolicy;
use super::transform::{BACKUP_LABEL, RESTORE_LABEL};
use crate::api::patient::PatientApi;
use crate::compare::Comparison;
use crate::{GroupResource, Result};

/// Most differences that a report names for one object.
const SHOWN: usize = 5;

/// Whether `live` was made by this very restore: in an earlier run of it, or by a request whose answer
/// was lost.
pub(crate) fn is_ours(live: &Value, wanted: &Value) -> bool {
    [BACKUP_LABEL, RESTORE_LABEL].iter().all(|label| {
        let of = |object: &Value| {
            object["metadata"]["labels"][*label]
                .as_str()
                .map(str::to_owned)
        };
        of(live).is_some() && of(live) == of(wanted)
    })
}

/// What becomes of an object that is there: `live` is it, `wanted` what would have been created.
pub(crate) async fn resolve(
    api: &PatientApi,
    kind: &GroupResource,
    path: &str,
    policy: ExistingPolicy,
    live: &Value,
    wanted: &Value,
) -> Result<Outcome> {
    if is_ours(live, wanted) {
        return Ok(Outcome::Created);
    }
    let differences = Comparison::default().differences(kind, wanted, live);
    if differences.is_empty() {
        return Ok(Outcome::Unchanged);
    }
    if kind.is("", "serviceaccounts") {
        return merge_account(api, path, live, wanted).await;
    }
    match policy {
        ExistingPolicy::Leave => {
            let more = differences.len().saturating_sub(SHOWN);
            let mut shown: Vec<String> = differences.into_iter().take(SHOWN).collect();
            if more > 0 {
                shown.push(format!("{more} more"));
            }
            Ok(Outcome::Left(shown))
        }
        ExistingPolicy::Update => {
            let Some(mut patch) = Comparison::default().patch(kind, wanted, live) else {
                return Ok(Outcome::Unchanged);
            };
            // With the owners' new uids, they are put back like everybody's.
            if let Some(metadata) = patch.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.remove("ownerReferences");
            }
            for label in [BACKUP_LABEL, RESTORE_LABEL] {
                patch["metadata"]["labels"][label] = wanted["metadata"]["labels"][label].clone();
            }
            send(api, path, &patch, Outcome::Updated).await
        }
    }
}

/// Every namespace has its `default` account before anything is restored into it, and images are
/// pulled with the Secrets it names: what it lacks is added, what it has stays (Velero,
/// merge_service_account.go).
async fn merge_account(
    api: &PatientApi,
    path: &str,
    live: &Value,
    wanted: &Value,
) -> Result<Outcome> {
    let mut patch = Map::new();
    for list in ["secrets", "imagePullSecrets"] {
        let of = |object: &Value| object[list].as_array().cloned().unwrap_or_default();
        let there = of(live);
        let missing: Vec<Value> = of(wanted)
            .into_iter()
            .filter(|new| !there.iter().any(|old| old["name"] == new["name"]))
            .collect();
        if !missing.is_empty() {
            patch.insert(list.into(), there.into_iter().chain(missing).collect());
        }
    }
    let mut metadata = Map::new();
    for map in ["labels", "annotations"] {
        let there = &live["metadata"][map];
        let missing: Map<String, Value> = wanted["metadata"][map]
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| {
                there.get(key).is_none() && *key != BACKUP_LABEL && *key != RESTORE_LABEL
            })
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if !missing.is_empty() {
            metadata.insert(map.into(), Value::Object(missing));
        }
    }
    if !metadata.is_empty() {
        patch.insert("metadata".into(), Value::Object(metadata));
    }
    if patch.is_empty() {
        return Ok(Outcome::Unchanged);
    }
    send(api, path, &json!(patch), Outcome::Merged).await
}

async fn send(api: &PatientApi, path: &str, patch: &Value, done: Outcome) -> Result<Outcome> {
    let answer = api.merge(path, patch).await?;
    Ok(match answer.status {
        status if status.is_success() => done,
        StatusCode::NOT_FOUND => {
            Outcome::Failed("it was deleted while it was being restored".into())
        }
        _ => Outcome::Failed(format!("patch it: {}", answer.message())),
    })
}
