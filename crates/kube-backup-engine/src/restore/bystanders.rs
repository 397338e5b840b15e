//! Whom a change to an existing object would harm: those that it serves and that the restore is not about.
//!
//! A policy says what becomes of the restore's own objects. What others use too stays as it is under every
//! policy: the original beside a copy, the applications of the other cluster, and the cluster itself.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::spec::RestoreSpec;
use crate::archive::Entries;
use crate::kinds::backends::backends_of;
use crate::kinds::cluster_owned::is_lock;
use crate::kinds::names::{
    CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, DEFINITIONS, NAMESPACES, ROLE_BINDINGS, ROLES, VOLUMES,
};
use crate::powers::SystemNames;
use crate::{GroupResource, ObjectId};

/// What a restore is about, as opposed to what is around it.
#[derive(Debug, Default)]
pub(crate) struct Bystanders {
    /// The namespaces in the cluster that it fills, but for the cluster's own.
    targets: BTreeSet<String>,
    /// Which namespaces are the cluster's own.
    system: SystemNames,
    /// Those of them that were asked for by their names.
    named: BTreeSet<String>,
    /// Whether it is a copy: a namespace goes into another one.
    is_copy: bool,
}

impl Bystanders {
    pub(crate) fn of(spec: &RestoreSpec, entries: &Entries) -> Self {
        let mut bystanders = Self {
            system: SystemNames::with(&spec.powers.system_namespaces),
            ..Self::default()
        };
        for namespace in &spec.selection.included_namespaces {
            let target = spec.target_namespace(namespace);
            if bystanders.system.have(target) {
                bystanders.named.insert(target.to_owned());
            }
        }
        for listed in entries.iter() {
            let namespace = match listed.namespace() {
                Some(namespace) => namespace,
                None if NAMESPACES.is(listed.resource()) => listed.name(),
                None => continue,
            };
            let target = spec.target_namespace(namespace);
            bystanders.is_copy |= target != namespace;
            if !bystanders.targets.contains(target) && bystanders.may_fill(target) {
                bystanders.targets.insert(target.to_owned());
            }
        }
        bystanders
    }

    fn may_fill(&self, namespace: &str) -> bool {
        !self.system.have(namespace) || self.named.contains(namespace)
    }

    fn is_about(&self, namespace: &str) -> bool {
        self.targets.contains(namespace)
    }

    /// Why an existing object is not to be changed into what the backup holds.
    pub(crate) fn harm(&self, id: &ObjectId, live: &Value, wanted: &Value) -> Option<String> {
        let kind = &id.resource;
        if is_lock(kind, live) {
            return Some("it says which process holds it now".to_owned());
        }
        let name = live["metadata"]["name"].as_str().unwrap_or_default();
        let namespace = match live["metadata"]["namespace"].as_str() {
            None if NAMESPACES.is(kind) => Some(name),
            namespace => namespace,
        };
        if let Some(namespace) = namespace {
            return (!self.may_fill(namespace)).then(|| {
                format!(
                    "namespace `{namespace}` is the cluster's own: what is in it is changed only where it \
                     is asked for by its name"
                )
            });
        }
        let of_roles = [CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS, ROLES, ROLE_BINDINGS];
        if name.starts_with("system:") && of_roles.iter().any(|of| of.is(kind)) {
            return Some("its name is one that Kubernetes keeps for the cluster itself".to_owned());
        }
        if CLUSTER_ROLE_BINDINGS.is(kind) && self.is_shared(live) {
            return Some("others have their rights by it".to_owned());
        }
        let foreign = |object: &Value| {
            backends_of(id, object)
                .into_iter()
                .find(|backend| !self.is_about(&backend.namespace))
        };
        if let Some(backend) = foreign(live) {
            return Some(format!(
                "it calls Service `{}/{}`, which this restore is not about",
                backend.namespace, backend.service
            ));
        }
        if DEFINITIONS.is(kind)
            && let Some(lost) = lost_of_definition(live, wanted)
        {
            return Some(format!(
                "objects in the cluster may be made of {lost}, which the one of the backup does not have"
            ));
        }
        // Volumes go by their claims.
        (self.is_copy && !VOLUMES.is(kind)).then(|| {
            "the original, and others, use it too, and the copy uses it as it is".to_owned()
        })
    }

    /// Whether accounts of other namespaces have their rights by a binding.
    fn is_shared(&self, binding: &Value) -> bool {
        let subjects = binding["subjects"].as_array();
        subjects
            .into_iter()
            .flatten()
            .any(|subject| namespace_of(subject).is_some_and(|namespace| !self.is_about(namespace)))
    }

    /// The subjects of an existing binding with those added that the backup's has; `None` where it is the
    /// restore's alone, or lacks none.
    pub(crate) fn joint_subjects(
        &self,
        kind: &GroupResource,
        live: &Value,
        wanted: &Value,
    ) -> Option<Joint> {
        if !CLUSTER_ROLE_BINDINGS.is(kind) || live["roleRef"] != wanted["roleRef"] {
            return None;
        }
        let of = |object: &Value| object["subjects"].as_array().cloned().unwrap_or_default();
        let (there, asked) = (of(live), of(wanted));
        let missing: Vec<Value> = asked
            .into_iter()
            .filter(|subject| !there.contains(subject))
            .collect();
        if !(self.is_shared(live) || self.is_copy) || missing.is_empty() {
            return None;
        }
        let names: Vec<String> = missing.iter().map(in_words).collect();
        Some(Joint {
            missing: names.join(", "),
            patch: json!({"subjects": there.into_iter().chain(missing).collect::<Vec<_>>()}),
        })
    }
}

/// What a shared binding lacks of the restore's.
#[derive(Debug)]
pub(crate) struct Joint {
    /// The subjects, in words.
    pub(crate) missing: String,
    /// The merge patch that adds them.
    pub(crate) patch: Value,
}

/// The namespace whose accounts a subject is, or is one of.
fn namespace_of(subject: &Value) -> Option<&str> {
    if subject["kind"] == "ServiceAccount" {
        return subject["namespace"].as_str();
    }
    let name = subject["name"].as_str()?;
    let rest = name
        .strip_prefix("system:serviceaccounts:")
        .or_else(|| name.strip_prefix("system:serviceaccount:"))?;
    rest.split(':').next()
}

fn in_words(subject: &Value) -> String {
    let text = |key: &str| subject[key].as_str().unwrap_or_default();
    match subject["namespace"].as_str() {
        Some(namespace) => format!("{} `{namespace}/{}`", text("kind"), text("name")),
        None => format!("{} `{}`", text("kind"), text("name")),
    }
}

/// What a definition would lose: a version, or a field of one, of which objects may be made. They are read
/// without it from then on, and written so.
fn lost_of_definition(live: &Value, wanted: &Value) -> Option<String> {
    let versions = |definition: &Value| {
        let versions = definition["spec"]["versions"].as_array();
        versions.cloned().unwrap_or_default()
    };
    let kept = versions(wanted);
    for version in versions(live) {
        let name = version["name"].as_str().unwrap_or_default();
        let is_served = |version: &Value| version["served"] == true;
        let same = kept
            .iter()
            .find(|kept| kept["name"] == version["name"])
            .filter(|kept| is_served(kept) || !is_served(&version));
        let Some(same) = same else {
            return Some(format!("version `{name}`"));
        };
        let schema = |version: &Value| version["schema"]["openAPIV3Schema"].clone();
        if let Some(field) = lost_field(&schema(&version), &schema(same)) {
            return Some(format!("field `{field}` of version `{name}`"));
        }
    }
    None
}

/// The first field that `live` has and `wanted` has not.
fn lost_field(live: &Value, wanted: &Value) -> Option<String> {
    const OPEN: &str = "x-kubernetes-preserve-unknown-fields";
    if wanted[OPEN] == true {
        return None;
    }
    if live[OPEN] == true {
        return Some("*".to_owned());
    }
    let none = Map::new();
    let of = |schema: &Value| schema["properties"].as_object().unwrap_or(&none).clone();
    let kept = of(wanted);
    for (name, schema) in of(live) {
        match kept.get(&name) {
            None => return Some(name),
            Some(kept) => {
                if let Some(inner) = lost_field(&schema, kept) {
                    return Some(format!("{name}.{inner}"));
                }
            }
        }
    }
    for inner in ["items", "additionalProperties"] {
        if live[inner].is_object()
            && wanted[inner].is_object()
            && let Some(lost) = lost_field(&live[inner], &wanted[inner])
        {
            return Some(format!("[].{lost}"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::compare::Comparison;
    use crate::restore::decide::{Decision, Rules, decide};
    use crate::restore::spec::ExistingResourcePolicy;

    fn about(targets: &[&str], is_copy: bool) -> Bystanders {
        Bystanders {
            targets: targets.iter().map(|name| (*name).to_owned()).collect(),
            is_copy,
            ..Bystanders::default()
        }
    }

    fn id(kind: &str) -> ObjectId {
        ObjectId {
            resource: kind.parse().unwrap(),
            namespace: None,
            name: "x".to_owned(),
        }
    }

    #[test]
    fn what_calls_a_service_of_others_is_theirs() {
        let webhook = |namespace: &str| {
            json!({"metadata": {"name": "x"}, "webhooks": [
                {"name": "w", "clientConfig": {"service": {"namespace": namespace, "name": "hook"}}}]})
        };
        let kind = id("validatingwebhookconfigurations.admissionregistration.k8s.io");
        let shop = about(&["shop"], false);
        assert_eq!(shop.harm(&kind, &webhook("shop"), &webhook("shop")), None);
        let harm = shop.harm(&kind, &webhook("other"), &webhook("shop"));
        assert!(harm.unwrap().contains("`other/hook`"));
    }

    #[test]
    fn what_is_shared_is_no_copys_and_what_the_cluster_has_is_its_own() {
        let role = json!({"metadata": {"name": "x"}});
        let kind = id("clusterroles.rbac.authorization.k8s.io");
        assert_eq!(about(&["a"], false).harm(&kind, &role, &role), None);
        assert!(about(&["b"], true).harm(&kind, &role, &role).is_some());
        let system = json!({"metadata": {"name": "system:x"}});
        assert!(about(&["a"], false).harm(&kind, &system, &system).is_some());
        let map = json!({"metadata": {"name": "x", "namespace": "kube-system"}});
        let kind = id("configmaps");
        assert!(about(&["a"], false).harm(&kind, &map, &map).is_some());
        let mut named = about(&["kube-system"], false);
        named.named.insert("kube-system".to_owned());
        assert_eq!(named.harm(&kind, &map, &map), None);
    }

    /// What is withheld as the cluster's own is what is not changed as its own: one table.
    #[test]
    fn the_clusters_own_namespaces_are_those_of_the_powers() {
        let mut spec = RestoreSpec::named("r");
        spec.powers.system_namespaces = ["ack-*".to_owned()].into();
        let kind = id("configmaps");
        for (namespace, is_own) in [
            ("kube-system", true),
            ("kube-flannel", true),
            ("ack-csi", true),
            ("shop", false),
            ("kubernetes", false),
        ] {
            let map = json!({"metadata": {"name": "x", "namespace": namespace}});
            let bystanders = Bystanders::of(&spec, &Entries::default());
            let harm = bystanders.harm(&kind, &map, &map);
            assert_eq!(harm.is_some(), is_own, "{namespace}");
            let system = SystemNames::with(&spec.powers.system_namespaces);
            assert_eq!(system.have(namespace), is_own, "{namespace}");
        }
    }

    #[test]
    fn a_definition_loses_no_field_of_any_depth() {
        let definition =
            |versions: Value| json!({"metadata": {"name": "x"}, "spec": {"versions": versions}});
        let version = |name: &str, schema: Value| json!({"name": name, "served": true, "schema": {"openAPIV3Schema": schema}});
        let deep = |field: &str| json!({"properties": {"spec": {"properties": {"list": {"items": {"properties": {"a": {}, field: {}}}}}}}});
        let lost = |live: Value, wanted: Value| {
            lost_of_definition(&definition(json!([live])), &definition(json!([wanted])))
        };
        assert_eq!(
            lost(version("v1", deep("b")), version("v1", deep("b"))),
            None
        );
        let found = lost(version("v1", deep("b")), version("v1", deep("a")));
        assert_eq!(found.unwrap(), "field `spec.list.[].b` of version `v1`");
        let found = lost(version("v2", json!({})), version("v1", json!({})));
        assert_eq!(found.unwrap(), "version `v2`");
        let open = json!({"x-kubernetes-preserve-unknown-fields": true});
        assert_eq!(
            lost(version("v1", deep("b")), version("v1", open.clone())),
            None
        );
        assert!(lost(version("v1", open), version("v1", deep("b"))).is_some());
    }

    proptest! {
        /// Whatever both bindings say and whatever the restore is about: a subject of others that has its rights
        /// by a binding keeps them, under every policy.
        #[test]
        fn nobody_loses_rights_to_a_restore(
            there in prop::collection::vec(0..6usize, 0..5),
            asked in prop::collection::vec(0..6usize, 0..5),
            targets in prop::collection::btree_set(0..3usize, 0..3),
            is_copy in any::<bool>(),
            updates in any::<bool>(),
            same_role in any::<bool>(),
        ) {
            let namespaces = ["a", "b", "c"];
            let subject = |n: &usize| match n {
                0..=2 => json!({"kind": "ServiceAccount", "name": "bot", "namespace": namespaces[*n]}),
                _ => json!({"kind": "Group", "name": format!("system:serviceaccounts:{}", namespaces[*n - 3])}),
            };
            let binding = |subjects: &[usize], role: &str| {
                let subjects: Vec<Value> = subjects.iter().map(subject).collect();
                json!({"metadata": {"name": "x"}, "roleRef": {"name": role}, "subjects": subjects})
            };
            let live = binding(&there, "edit");
            let wanted = binding(&asked, if same_role { "edit" } else { "view" });
            let targets: Vec<&str> = targets.iter().map(|n| namespaces[*n]).collect();
            let bystanders = about(&targets, is_copy);
            let policy = if updates { ExistingResourcePolicy::Update } else { ExistingResourcePolicy::None };
            let rules = Rules { policy, bystanders: &bystanders, in_new_namespace: false };
            let id = id("clusterrolebindings.rbac.authorization.k8s.io");
            let patch = match decide(&Comparison::default(), &id, rules, &live, &wanted) {
                Decision::Update(diff) => diff.merge_patch,
                Decision::Merge(patch) => patch,
                _ => json!({}),
            };
            prop_assert!(updates || patch == json!({}), "{}", patch);
            let after = patch["subjects"].as_array().or(live["subjects"].as_array()).unwrap();
            for subject in live["subjects"].as_array().unwrap() {
                let namespace = namespace_of(subject).unwrap();
                let is_theirs = is_copy || !targets.contains(&namespace);
                prop_assert!(!is_theirs || after.contains(subject), "{} of {}", subject, patch);
                // The role of a binding cannot be changed: it would be made anew.
                prop_assert!(!is_theirs || patch["roleRef"].is_null(), "{}", patch);
            }
        }
    }
}
