//! What to do about an object that exists already, decided from both objects and nothing else.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::altered::altered;
use super::bystanders::Bystanders;
use super::marks::{are_of_one_restore, have_same_uids};
use super::outcome::Outcome;
use super::spec::ExistingResourcePolicy;
use super::transform::lowered;
use crate::compare::{Comparison, Diff};
use crate::format::annotations::{BACKUP_UID, FORMER_RESTORED_BY, RESTORE_UID, RESTORED_BY};
use crate::format::labels::{BACKUP_NAME, RESTORE_NAME};
use crate::kinds::identity;
use crate::kinds::names::{SERVICE_ACCOUNTS, VOLUMES};
use crate::{GroupResource, ObjectId};

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
    /// Nothing, whatever the policy: it differs, and a change would harm others, for this reason.
    Keep(Diff, String),
    /// Patch it to what the backup holds.
    Update(Diff),
    /// Add what it lacks.
    Merge(Value),
}

/// What is known of a restore when it meets an object that exists.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) policy: ExistingResourcePolicy,
    pub(crate) bystanders: &'a Bystanders,
    /// Whether the object lies in a namespace that this restore made: then what is there came with it.
    pub(crate) in_new_namespace: bool,
}

/// Decides: `live` is the object in the cluster, `wanted` what would have been created.
///
/// The marks of this restore say who put the object there, and not that it is still as it was.
pub(crate) fn decide(
    comparison: &Comparison,
    id: &ObjectId,
    rules: Rules<'_>,
    live: &Value,
    wanted: &Value,
) -> Decision {
    let kind = &id.resource;
    let created = wanted;
    let wanted = &as_it_stays(live, wanted);
    let Rules {
        policy, bystanders, ..
    } = rules;
    let touched = touched(live, wanted);
    // An interrupted run leaves what it created as it created it.
    let is_kept = |wanted: &Value| is_kept(comparison, kind, live, wanted);
    if are_of_one_restore(live, wanted) && (is_kept(wanted) || is_kept(created)) {
        let outcome = match touched {
            Some("updated") => Outcome::Updated,
            _ => Outcome::Created,
        };
        return Decision::Done(outcome);
    }
    let mut diff = comparison.diff(kind, wanted, live);
    let harm = || bystanders.harm(id, live, wanted);
    if SERVICE_ACCOUNTS.is(kind) && (!diff.is_empty() || touched.is_some()) {
        if let Some(harm) = harm() {
            return Decision::Keep(diff, harm);
        }
        return match missing_of_account(live, wanted, Gain::of(rules, &id.name)) {
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
    if touched == Some("merged") {
        return Decision::Done(Outcome::Merged);
    }
    if diff.is_empty() {
        return Decision::Equal;
    }
    let patch = &mut diff.merge_patch;
    // Owner references are put back later, with the owners' new uids.
    if let Some(metadata) = patch.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("ownerReferences");
    }
    if let Some(joint) = bystanders.joint_subjects(kind, live, wanted) {
        if policy == ExistingResourcePolicy::None {
            let why = format!(
                "others have their rights by it; {} has none by it, since the policy leaves what exists alone: \
                 restore with the policy `update` to add it",
                joint.missing
            );
            return Decision::Keep(diff, why);
        }
        let mut patch = joint.patch;
        touch(&mut patch, live, wanted, "merged");
        return Decision::Merge(patch);
    }
    if let Some(harm) = harm() {
        return Decision::Keep(diff, harm);
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

/// What an existing object is to be in the end: with the finalizers that it has, since who put them on has
/// something to clean up for it, and without what a restore does to fill new quotas.
fn as_it_stays<'a>(live: &Value, wanted: &'a Value) -> Cow<'a, Value> {
    let mut wanted = match lowered(wanted) {
        Some(lowered) => Cow::Owned(lowered),
        None => Cow::Borrowed(wanted),
    };
    let of = |object: &Value| {
        let finalizers = object["metadata"]["finalizers"].as_array();
        finalizers.cloned().unwrap_or_default()
    };
    let (there, asked) = (of(live), of(&wanted));
    if there.iter().any(|finalizer| !asked.contains(finalizer)) {
        let more = asked.into_iter().filter(|asked| !there.contains(asked));
        let all: Vec<Value> = there.iter().cloned().chain(more).collect();
        if let Some(metadata) = wanted.to_mut()["metadata"].as_object_mut() {
            metadata.insert("finalizers".to_owned(), all.into());
        }
    }
    wanted
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

/// What an existing account may gain. Every namespace has its `default` one before anything is restored into
/// it, and images are pulled with the Secrets that it names (Velero, merge_service_account.go). Beyond that,
/// an account is who its Pods are, and a policy that leaves what exists alone leaves it what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gain {
    Nothing,
    /// The Secrets that it names.
    Secrets,
    /// What it lacks.
    Missing,
    /// What it lacks, and what differs.
    Different,
}

impl Gain {
    fn of(rules: Rules<'_>, name: &str) -> Self {
        if rules.policy == ExistingResourcePolicy::Update {
            return Self::Different;
        }
        match (name, rules.in_new_namespace) {
            ("default", true) => Self::Missing,
            ("default", false) => Self::Secrets,
            _ => Self::Nothing,
        }
    }
}

/// The merge patch with what an account gains: what it has besides stays, and who it is outside of the
/// cluster.
fn missing_of_account(live: &Value, wanted: &Value, gain: Gain) -> Option<Value> {
    let is_missing = |new: &Value, old: Option<&Value>| match old {
        None => gain != Gain::Secrets,
        Some(old) => gain == Gain::Different && old != new,
    };
    if gain == Gain::Nothing {
        return None;
    }
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
            .filter(|(key, _)| !identity::annotations().any(|known| known == *key))
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

    fn met(
        kind: &str,
        policy: ExistingResourcePolicy,
        live: &Value,
        wanted: &Value,
        in_new_namespace: bool,
    ) -> Decision {
        let name = live["metadata"]["name"].as_str().unwrap().to_owned();
        let id = ObjectId {
            resource: GroupResource::core(kind),
            namespace: None,
            name,
        };
        let bystanders = Bystanders::default();
        let rules = Rules {
            policy,
            bystanders: &bystanders,
            in_new_namespace,
        };
        decide(&Comparison::default(), &id, rules, live, wanted)
    }

    fn wanted() -> Value {
        json!({"metadata": {"name": "a", "labels": {BACKUP_NAME: "b", RESTORE_NAME: "r"}},
            "data": {"colour": "red"}})
    }

    fn live(restore: &str, touched: &str, colour: &str) -> Value {
        json!({"metadata": {"name": "a", "labels": {BACKUP_NAME: "b", RESTORE_NAME: restore},
            "annotations": {RESTORED_BY: touched}}, "data": {"colour": colour}})
    }

    fn of(live: &Value, policy: ExistingResourcePolicy) -> Decision {
        met("configmaps", policy, live, &wanted(), false)
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
            let live = live("r", "r updated", "blue");
            let decision = met(
                "configmaps",
                ExistingResourcePolicy::Update,
                &live,
                &wanted,
                false,
            );
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
    fn a_finalizer_is_never_taken_off() {
        let with = |finalizers: Value, colour: &str| {
            let mut object = live("other", "", colour);
            object["metadata"]["finalizers"] = finalizers;
            object
        };
        let mut wanted = wanted();
        wanted["metadata"]["finalizers"] = json!(["a", "b"]);
        let decided = |live: &Value| {
            met(
                "configmaps",
                ExistingResourcePolicy::Update,
                live,
                &wanted,
                false,
            )
        };
        let there = with(json!(["theirs", "b"]), "red");
        let Decision::Update(diff) = decided(&there) else {
            panic!("it is not updated");
        };
        assert_eq!(
            diff.merge_patch["metadata"]["finalizers"],
            json!(["theirs", "b", "a"])
        );
        let there = with(json!(["theirs", "b", "a"]), "red");
        assert_eq!(decided(&there), Decision::Equal);
    }

    #[test]
    fn a_volume_is_never_taken_from_another_claim() {
        let volume = |claim: &str, phase: &str, policy: &str| {
            json!({"metadata": {"name": "pv", "labels": {BACKUP_NAME: "b", RESTORE_NAME: "r"}},
                "spec": {"claimRef": {"namespace": claim, "name": "data"}, "persistentVolumeReclaimPolicy": policy},
                "status": {"phase": phase}})
        };
        let decided = |live: &mut Value| {
            live["metadata"]["labels"][RESTORE_NAME] = "other".into();
            let wanted = volume("copy", "Bound", "Retain");
            met(
                "persistentvolumes",
                ExistingResourcePolicy::Update,
                live,
                &wanted,
                false,
            )
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

    const ROLE: &str = "pod-identity.alibabacloud.com/role-name";

    fn account(name: &str, secret: &str, team: &str, labels: &Value) -> Value {
        json!({"metadata": {"name": name, "annotations": {"team": team}, "labels": labels},
            "imagePullSecrets": [{"name": secret}]})
    }

    fn wanted_account(name: &str) -> Value {
        let ours = json!({BACKUP_NAME: "b", RESTORE_NAME: "r", "app": "shop"});
        let mut wanted = account(name, "registry", "a", &ours);
        wanted["metadata"]["annotations"][ROLE] = "admin".into();
        wanted["metadata"]["annotations"]["owner"] = "a".into();
        wanted
    }

    fn gained(name: &str, policy: ExistingResourcePolicy, in_new_namespace: bool) -> Option<Value> {
        let there = account(name, "own", "b", &json!({}));
        match met(
            "serviceaccounts",
            policy,
            &there,
            &wanted_account(name),
            in_new_namespace,
        ) {
            Decision::Merge(patch) => Some(patch),
            Decision::Skip(diff) => {
                assert_eq!(diff.merge_patch, json!({}));
                None
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_account_gains_what_the_policy_says_and_never_an_identity() {
        use ExistingResourcePolicy::{None as Leave, Update};

        // None means none; but for the Secrets of the account that every namespace has by itself.
        assert_eq!(gained("bot", Leave, false), None);
        assert_eq!(gained("bot", Leave, true), None);
        let both = json!([{"name": "own"}, {"name": "registry"}]);
        let touched = json!({"annotations": {RESTORED_BY: "r merged"}});
        let patch = json!({"imagePullSecrets": both, "metadata": touched});
        assert_eq!(gained("default", Leave, false), Some(patch));
        // What came with the namespace of this restore is as good as new.
        let patch = json!({"imagePullSecrets": both, "metadata": {"labels": {"app": "shop"},
            "annotations": {"owner": "a", RESTORED_BY: "r merged"}}});
        assert_eq!(gained("default", Leave, true), Some(patch));
        let patch = json!({"imagePullSecrets": both, "metadata": {"labels": {"app": "shop"},
            "annotations": {"owner": "a", "team": "a", RESTORED_BY: "r merged"}}});
        for name in ["default", "bot"] {
            assert_eq!(gained(name, Update, false), Some(patch.clone()));
        }
        for in_new_namespace in [false, true] {
            for policy in [Leave, Update] {
                let patch = gained("default", policy, in_new_namespace).unwrap();
                assert!(!patch.to_string().contains(ROLE), "{patch}");
            }
        }
    }

    #[test]
    fn what_an_account_has_stays_and_what_differs_is_named() {
        let there = account("default", "registry", "b", &json!({"app": "shop"}));
        let mut wanted = wanted_account("default");
        wanted["metadata"]["annotations"] = json!({"team": "a"});
        let decided = |there: &Value, policy| met("serviceaccounts", policy, there, &wanted, true);
        assert_eq!(
            decided(&there, ExistingResourcePolicy::None),
            Decision::Skip(Diff {
                pointers: vec!["/metadata/annotations/team".to_owned()],
                merge_patch: json!({}),
            })
        );
        let mut merged = there;
        merged["metadata"]["annotations"][RESTORED_BY] = "r merged".into();
        assert_eq!(
            decided(&merged, ExistingResourcePolicy::None),
            Decision::Done(Outcome::Merged)
        );
    }
}
