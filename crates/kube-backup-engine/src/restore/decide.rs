//! What to do about an object that exists already, decided from both objects and nothing else.

use serde_json::{Map, Value, json};

use super::report::Outcome;
use super::spec::ExistingResourcePolicy;
use crate::GroupResource;
use crate::compare::{Comparison, Diff};
use crate::format::annotations::{FORMER_RESTORED_BY, RESTORED_BY};
use crate::format::labels::{BACKUP_NAME, RESTORE_NAME};
use crate::kinds::names::{SERVICE_ACCOUNTS, VOLUMES};

/// What is to be done about an object that exists.
#[derive(Debug, PartialEq)]
pub(crate) enum Decision {
    /// Nothing: an earlier run of this restore, or a request whose response was lost, did this.
    Done(Outcome),
    /// Nothing: it is as in the backup.
    Equal,
    /// Nothing: it differs, and is not to be changed.
    Skip(Diff),
    /// Patch it to what the backup holds.
    Update(Diff),
    /// Add what it lacks.
    Merge(Value),
}

/// Decides: `live` is the object in the cluster, `wanted` what would have been created.
pub(crate) fn decide(
    kind: &GroupResource,
    policy: ExistingResourcePolicy,
    live: &Value,
    wanted: &Value,
) -> Decision {
    let restore = &wanted["metadata"]["labels"][RESTORE_NAME];
    let touched = touched(live, restore);
    if is_ours(live, wanted) {
        let outcome = match touched {
            Some("updated") => Outcome::Updated,
            _ => Outcome::Created,
        };
        return Decision::Done(outcome);
    }
    let mut diff = Comparison::default().diff(kind, wanted, live);
    if SERVICE_ACCOUNTS.is(kind) && (!diff.is_empty() || touched.is_some()) {
        let overwrite = policy == ExistingResourcePolicy::Update;
        return match missing_of_account(live, wanted, overwrite) {
            Some(mut patch) => {
                touch(&mut patch, restore, "merged");
                Decision::Merge(patch)
            }
            None if touched == Some("merged") => Decision::Done(Outcome::Merged),
            None => {
                diff.merge_patch = json!({});
                Decision::Skip(diff)
            }
        };
    }
    if diff.is_empty() {
        return Decision::Equal;
    }
    let patch = &mut diff.merge_patch;
    // Owner references are put back later, with the owners' new uids.
    if let Some(metadata) = patch.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("ownerReferences");
    }
    // Patching it to the backup's claim would take the volume from the claim that it is bound to.
    let is_taken = VOLUMES.is(kind) && !is_for_the_same_claim(live, wanted);
    if policy == ExistingResourcePolicy::None || is_taken {
        return Decision::Skip(diff);
    }
    for label in [BACKUP_NAME, RESTORE_NAME] {
        patch["metadata"]["labels"][label] = wanted["metadata"]["labels"][label].clone();
    }
    touch(patch, restore, "updated");
    Decision::Update(diff)
}

/// Whether an existing volume can be bound to the claim that the restored one was for.
pub(crate) fn is_for_the_same_claim(live: &Value, wanted: &Value) -> bool {
    let lost = matches!(
        live["status"]["phase"].as_str(),
        Some("Released" | "Failed")
    );
    let claim = |volume: &Value| {
        let claim = volume["spec"].get("claimRef")?;
        Some((claim["namespace"].clone(), claim["name"].clone()))
    };
    !lost && claim(live).is_none_or(|bound| claim(wanted) == Some(bound))
}

/// Whether `live` has the labels of this very restore.
fn is_ours(live: &Value, wanted: &Value) -> bool {
    [BACKUP_NAME, RESTORE_NAME].iter().all(|label| {
        let of = |object: &Value| {
            object["metadata"]["labels"][*label]
                .as_str()
                .map(str::to_owned)
        };
        of(live).is_some() && of(live) == of(wanted)
    })
}

/// What `restore` noted that it did to the object.
fn touched<'a>(live: &'a Value, restore: &Value) -> Option<&'a str> {
    let annotations = &live["metadata"]["annotations"];
    let (by, what) = [RESTORED_BY, FORMER_RESTORED_BY]
        .iter()
        .find_map(|name| annotations[*name].as_str())?
        .rsplit_once(' ')?;
    (restore == by).then_some(what)
}

fn touch(patch: &mut Value, restore: &Value, what: &str) {
    let restore = restore.as_str().unwrap_or_default();
    patch["metadata"]["annotations"][RESTORED_BY] = format!("{restore} {what}").into();
}

/// Every namespace has its `default` account before anything is restored into it, and images are
/// pulled with the Secrets it names: what it lacks is added, what it has stays (Velero,
/// merge_service_account.go), unless it is to be overwritten.
fn missing_of_account(live: &Value, wanted: &Value, overwrite: bool) -> Option<Value> {
    let is_missing = |new: &Value, old: Option<&Value>| match old {
        None => true,
        Some(old) => overwrite && old != new,
    };
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
    let automount = "automountServiceAccountToken";
    if let Some(new) = wanted
        .get(automount)
        .filter(|new| is_missing(new, live.get(automount)))
    {
        patch.insert(automount.into(), new.clone());
    }
    let mut metadata = Map::new();
    for map in ["labels", "annotations"] {
        let there = &live["metadata"][map];
        let missing: Map<String, Value> = wanted["metadata"][map]
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| *key != BACKUP_NAME && *key != RESTORE_NAME)
            .filter(|(key, new)| is_missing(new, there.get(key.as_str())))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if !missing.is_empty() {
            metadata.insert(map.into(), Value::Object(missing));
        }
    }
    if !metadata.is_empty() {
        patch.insert("metadata".into(), Value::Object(metadata));
    }
    (!patch.is_empty()).then(|| json!(patch))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Value {
        json!({"metadata": {"name": "a", "labels": {BACKUP_NAME: "b", RESTORE_NAME: "r"}},
            "data": {"colour": "red"}})
    }

    fn live(restore: &str, touched: &str, colour: &str) -> Value {
        json!({"metadata": {"name": "a", "labels": {BACKUP_NAME: "b", RESTORE_NAME: restore},
            "annotations": {RESTORED_BY: touched}}, "data": {"colour": colour}})
    }

    fn of(live: &Value, policy: ExistingResourcePolicy) -> Decision {
        decide(&GroupResource::core("configmaps"), policy, live, &wanted())
    }

    #[test]
    fn what_this_restore_did_is_not_done_again_and_said_again() {
        for policy in [ExistingResourcePolicy::None, ExistingResourcePolicy::Update] {
            let created = live("r", "r2 updated", "blue");
            assert_eq!(of(&created, policy), Decision::Done(Outcome::Created));
            let updated = live("r", "r updated", "red");
            assert_eq!(of(&updated, policy), Decision::Done(Outcome::Updated));
            let mut earlier = live("r", "", "red");
            earlier["metadata"]["annotations"] = json!({FORMER_RESTORED_BY: "r updated"});
            assert_eq!(of(&earlier, policy), Decision::Done(Outcome::Updated));
        }
    }

    #[test]
    fn what_differs_is_left_or_patched_and_marked() {
        let other = live("other", "other updated", "blue");
        let change = json!({"data": {"colour": "red"}});
        let Decision::Skip(diff) = of(&other, ExistingResourcePolicy::None) else {
            panic!("it is not skipped");
        };
        assert_eq!(diff.pointers, ["/data/colour"]);
        assert_eq!(diff.merge_patch, change);
        let mut patch = change;
        patch["metadata"] = json!({"labels": {BACKUP_NAME: "b", RESTORE_NAME: "r"},
            "annotations": {RESTORED_BY: "r updated"}});
        let Decision::Update(diff) = of(&other, ExistingResourcePolicy::Update) else {
            panic!("it is not updated");
        };
        assert_eq!(diff.pointers, ["/data/colour"]);
        assert_eq!(diff.merge_patch, patch);
        assert_eq!(
            of(&live("other", "", "red"), ExistingResourcePolicy::Update),
            Decision::Equal
        );
    }

    #[test]
    fn a_volume_is_never_taken_from_another_claim() {
        let kind = GroupResource::core("persistentvolumes");
        let volume = |claim: &str, phase: &str, policy: &str| {
            json!({"metadata": {"name": "pv", "labels": {BACKUP_NAME: "b", RESTORE_NAME: "r"}},
                "spec": {"claimRef": {"namespace": claim, "name": "data"}, "persistentVolumeReclaimPolicy": policy},
                "status": {"phase": phase}})
        };
        let decided = |live: &mut Value| {
            live["metadata"]["labels"][RESTORE_NAME] = "other".into();
            let wanted = volume("copy", "Bound", "Retain");
            decide(&kind, ExistingResourcePolicy::Update, live, &wanted)
        };
        for mut live in [
            volume("shop", "Bound", "Retain"),
            volume("copy", "Released", "Delete"),
        ] {
            let decision = decided(&mut live);
            assert!(matches!(decision, Decision::Skip(..)), "{decision:?}");
        }
        let decision = decided(&mut volume("copy", "Bound", "Delete"));
        assert!(matches!(decision, Decision::Update(..)), "{decision:?}");
    }

    #[test]
    fn an_account_gains_what_it_lacks_and_keeps_what_it_has() {
        let kind = GroupResource::core("serviceaccounts");
        let account = |secret: &str, team: &str, labels: Value| {
            json!({"metadata": {"name": "default", "annotations": {"team": team}, "labels": labels},
                "imagePullSecrets": [{"name": secret}]})
        };
        let ours = json!({BACKUP_NAME: "b", RESTORE_NAME: "r", "app": "shop"});
        let wanted = account("registry", "a", ours);
        let there = account("own", "b", json!({}));
        let patch = json!({"imagePullSecrets": [{"name": "own"}, {"name": "registry"}],
            "metadata": {"labels": {"app": "shop"}, "annotations": {RESTORED_BY: "r merged"}}});
        assert_eq!(
            decide(&kind, ExistingResourcePolicy::None, &there, &wanted),
            Decision::Merge(patch)
        );
        // What it has stays, and what differs is named; or is overwritten.
        let lacking_nothing = account("registry", "b", json!({"app": "shop"}));
        assert_eq!(
            decide(
                &kind,
                ExistingResourcePolicy::None,
                &lacking_nothing,
                &wanted
            ),
            Decision::Skip(Diff {
                pointers: vec!["/metadata/annotations/team".to_owned()],
                merge_patch: json!({}),
            })
        );
        let patch = json!({"metadata": {"annotations": {"team": "a", RESTORED_BY: "r merged"}}});
        assert_eq!(
            decide(
                &kind,
                ExistingResourcePolicy::Update,
                &lacking_nothing,
                &wanted
            ),
            Decision::Merge(patch)
        );
        let mut merged = account("registry", "b", json!({"app": "shop"}));
        merged["metadata"]["annotations"][RESTORED_BY] = "r merged".into();
        assert_eq!(
            decide(&kind, ExistingResourcePolicy::None, &merged, &wanted),
            Decision::Done(Outcome::Merged)
        );
    }
}
