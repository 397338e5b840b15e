//! What to do about an object that exists already, decided from both objects and nothing else.

use serde_json::{Map, Value, json};

use super::altered::altered;
use super::marks::{are_of_one_restore, have_same_uids};
use super::report::Outcome;
use super::spec::ExistingResourcePolicy;
use crate::GroupResource;
use crate::compare::{Comparison, Diff};
use crate::format::annotations::{BACKUP_UID, FORMER_RESTORED_BY, RESTORE_UID, RESTORED_BY};
use crate::format::labels::{BACKUP_NAME, RESTORE_NAME};
use crate::kinds::names::{SERVICE_ACCOUNTS, VOLUMES};

/// What is to be done about an object that exists.
#[derive(Debug, PartialEq)]
pub(crate) enum Decision {
    /// Nothing: an earlier run of this restore, or a request whose response was lost, did this, and it is
    /// still so.
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
///
/// The marks of this restore say who put the object there, and not that it is still as it was.
pub(crate) fn decide(
    comparison: &Comparison,
    kind: &GroupResource,
    policy: ExistingResourcePolicy,
    live: &Value,
    wanted: &Value,
) -> Decision {
    let touched = touched(live, wanted);
    if are_of_one_restore(live, wanted) && is_kept(comparison, kind, live, wanted) {
        let outcome = match touched {
            Some("updated") => Outcome::Updated,
            _ => Outcome::Created,
        };
        return Decision::Done(outcome);
    }
    let mut diff = comparison.diff(kind, wanted, live);
    if SERVICE_ACCOUNTS.is(kind) && (!diff.is_empty() || touched.is_some()) {
        let overwrite = policy == ExistingResourcePolicy::Update;
        return match missing_of_account(live, wanted, overwrite) {
            Some(mut patch) => {
                touch(&mut patch, live, wanted, "merged");
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
        let value = wanted["metadata"]["labels"][label].clone();
        put(patch, "labels", label, value);
    }
    touch(patch, live, wanted, "updated");
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

/// Whether all that is wanted is there. What has come to it since is its controllers', and its owners are
/// put back later.
fn is_kept(comparison: &Comparison, kind: &GroupResource, live: &Value, wanted: &Value) -> bool {
    let lost = altered(comparison, kind, wanted, live);
    let owners = "/metadata/ownerReferences";
    lost.iter().all(|field| field.pointer.starts_with(owners))
}

/// What this very restore noted that it did to the object.
fn touched<'a>(live: &'a Value, wanted: &Value) -> Option<&'a str> {
    if !have_same_uids(live, wanted) {
        return None;
    }
    let restore = &wanted["metadata"]["labels"][RESTORE_NAME];
    let annotations = &live["metadata"]["annotations"];
    let (by, what) = [RESTORED_BY, FORMER_RESTORED_BY]
        .iter()
        .find_map(|name| annotations[*name].as_str())?
        .rsplit_once(' ')?;
    (restore == by).then_some(what)
}

/// Notes in a patch what this restore does.
fn touch(patch: &mut Value, live: &Value, wanted: &Value, what: &str) {
    let restore = wanted["metadata"]["labels"][RESTORE_NAME].as_str();
    let note = format!("{} {what}", restore.unwrap_or_default());
    put(patch, "annotations", RESTORED_BY, note.into());
    for name in [BACKUP_UID, RESTORE_UID] {
        let uid = |object: &Value| object["metadata"]["annotations"][name].clone();
        if uid(live) != uid(wanted) {
            put(patch, "annotations", name, uid(wanted));
        }
    }
}

/// Puts a value into a map of a patch's metadata.
fn put(patch: &mut Value, map: &str, key: &str, value: Value) {
    let metadata = fields_of(patch).entry("metadata").or_insert(Value::Null);
    let map = fields_of(metadata).entry(map).or_insert(Value::Null);
    fields_of(map).insert(key.to_owned(), value);
}

/// The fields of what becomes an object, if it is none.
fn fields_of(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("it is an object by now")
}

/// What a restore puts on what it creates.
const MARKS: [&str; 4] = [BACKUP_NAME, RESTORE_NAME, BACKUP_UID, RESTORE_UID];

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
            .filter(|(key, _)| !MARKS.contains(&key.as_str()))
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

    fn decided(
        kind: &GroupResource,
        policy: ExistingResourcePolicy,
        live: &Value,
        wanted: &Value,
    ) -> Decision {
        decide(&Comparison::default(), kind, policy, live, wanted)
    }

    fn of(live: &Value, policy: ExistingResourcePolicy) -> Decision {
        decided(&GroupResource::core("configmaps"), policy, live, &wanted())
    }

    #[test]
    fn what_this_restore_did_is_not_done_again_and_said_again() {
        for policy in [ExistingResourcePolicy::None, ExistingResourcePolicy::Update] {
            let created = live("r", "r2 updated", "red");
            assert_eq!(of(&created, policy), Decision::Done(Outcome::Created));
            // What has come to it since is not the restore's.
            let mut created = created;
            created["data"]["more"] = "1".into();
            created["metadata"]["finalizers"] = json!(["x"]);
            assert_eq!(of(&created, policy), Decision::Done(Outcome::Created));
            let updated = live("r", "r updated", "red");
            assert_eq!(of(&updated, policy), Decision::Done(Outcome::Updated));
            let mut earlier = live("r", "", "red");
            earlier["metadata"]["annotations"] = json!({FORMER_RESTORED_BY: "r updated"});
            assert_eq!(of(&earlier, policy), Decision::Done(Outcome::Updated));
        }
    }

    #[test]
    fn an_object_with_the_marks_that_is_another_is_not_done() {
        let broken = live("r", "", "blue");
        let Decision::Skip(diff) = of(&broken, ExistingResourcePolicy::None) else {
            panic!("it is not skipped");
        };
        assert_eq!(diff.pointers, ["/data/colour"]);
        let decision = of(&broken, ExistingResourcePolicy::Update);
        assert!(matches!(decision, Decision::Update(_)), "{decision:?}");
        // Of a backup of the same name.
        let mut anew = live("r", "r updated", "red");
        anew["metadata"]["annotations"][BACKUP_UID] = "other".into();
        assert_eq!(of(&anew, ExistingResourcePolicy::None), Decision::Equal);
    }

    #[test]
    fn a_patch_is_made_of_whatever_stands_in_the_way() {
        for odd in [json!("x"), json!([1]), json!(1), Value::Null] {
            let mut wanted = wanted();
            wanted["metadata"]["labels"] = odd.clone();
            wanted["metadata"]["annotations"] = odd;
            let kind = GroupResource::core("configmaps");
            let live = live("r", "r updated", "blue");
            let decision = decided(&kind, ExistingResourcePolicy::Update, &live, &wanted);
            assert!(matches!(decision, Decision::Update(_)), "{decision:?}");
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
        let update = |live: &mut Value| {
            live["metadata"]["labels"][RESTORE_NAME] = "other".into();
            let wanted = volume("copy", "Bound", "Retain");
            decided(&kind, ExistingResourcePolicy::Update, live, &wanted)
        };
        for mut live in [
            volume("shop", "Bound", "Retain"),
            volume("copy", "Released", "Delete"),
        ] {
            let decision = update(&mut live);
            assert!(matches!(decision, Decision::Skip(..)), "{decision:?}");
        }
        let decision = update(&mut volume("copy", "Bound", "Delete"));
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
            decided(&kind, ExistingResourcePolicy::None, &there, &wanted),
            Decision::Merge(patch)
        );
        // What it has stays, and what differs is named; or is overwritten.
        let lacking_nothing = account("registry", "b", json!({"app": "shop"}));
        assert_eq!(
            decided(
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
            decided(
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
            decided(&kind, ExistingResourcePolicy::None, &merged, &wanted),
            Decision::Done(Outcome::Merged)
        );
    }
}
