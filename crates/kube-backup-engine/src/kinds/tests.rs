//! The tables, held to the Kubernetes API and to each other.

use k8s_openapi::api;
use k8s_openapi::serde::de::DeserializeOwned;
use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::builtin;
use super::companions::{Brought, Companions, bring_others, come_along, come_along_by_content};
use super::document::Raw;
use super::follow::{Named, Row, named, rows};
use super::names::{CLAIMS, Kind, NAMESPACES};
use super::order::{ReadStage, Tier};
use super::references::{Along, Strength};
use crate::{GroupResource, ObjectId};

/// Puts `value` where `pointer` leads, on a way that is made.
fn put(object: &mut Value, pointer: &str, value: Value) {
    let Some(rest) = pointer.strip_prefix('/') else {
        merge(object, value);
        return;
    };
    let (step, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if step == "*" {
        if !object.is_array() {
            *object = json!([]);
        }
        let mut element = Value::Null;
        put(&mut element, rest, value);
        object.as_array_mut().unwrap().push(element);
    } else {
        let name = step.replace("~1", "/").replace("~0", "~");
        if !object.is_object() {
            *object = json!({});
        }
        put(
            object
                .as_object_mut()
                .unwrap()
                .entry(name)
                .or_insert(Value::Null),
            rest,
            value,
        );
    }
}

fn merge(object: &mut Value, value: Value) {
    match (object, value) {
        (Value::Object(old), Value::Object(new)) => old.extend(new),
        (object, value) => *object = value,
    }
}

/// An object that names `name` in the place of `row`.
fn add_reference(object: &mut Value, row: &Row, name: &str) {
    let reference = row.reference;
    let value = if reference.key.is_empty() {
        name.into()
    } else {
        let mut holder = Map::new();
        holder.insert(reference.key.into(), name.into());
        if !reference.of_kind.is_empty() {
            holder.insert("kind".into(), reference.of_kind.into());
        }
        if reference.elsewhere {
            holder.insert("namespace".into(), elsewhere(row).into());
        }
        holder.into()
    };
    put(object, &row.place.pointer, value);
}

/// The namespace that a reference names: for those that come along with what is there, their own.
fn elsewhere(row: &Row) -> &'static str {
    match row.reference.along {
        Along::Referrer => "shop",
        Along::Nothing | Along::Target => "elsewhere",
    }
}

fn own_namespace(kind: Kind) -> Option<&'static str> {
    kind.namespaced.then_some("shop")
}

/// What `row` says that its object names, when that is called `name`.
fn target(row: &Row, name: &str) -> ObjectId {
    let namespace = if !row.reference.to.namespaced {
        None
    } else if row.reference.elsewhere {
        Some(elsewhere(row))
    } else {
        own_namespace(row.place.kind)
    };
    ObjectId {
        resource: row.reference.to.group_resource(),
        namespace: namespace.map(str::to_owned),
        name: name.into(),
    }
}

fn references_of(kind: Kind, object: &Value) -> Vec<Named> {
    let raw = object.to_string();
    named(
        &kind.group_resource(),
        own_namespace(kind),
        Raw(raw.as_bytes()),
    )
}

fn current_rows() -> Vec<Row> {
    rows().filter(|row| !row.place.is_past).collect()
}

/// What a backup takes along, a restore brings along and a verification misses: for every row of the
/// table, the three say the same.
#[test]
fn what_is_taken_along_is_brought_back_and_missed_when_it_is_not_there() {
    for row in current_rows() {
        let kind = row.place.kind;
        let of = kind.group_resource();
        let shown = format!("{of} {}", row.place.pointer);
        let mut object = json!({});
        add_reference(&mut object, &row, "x");
        let target = target(&row, "x");

        let found = references_of(kind, &object);
        let missed = found.iter().any(|named| named.to == target);
        assert_eq!(
            missed,
            row.reference.strength != Strength::Matched,
            "{shown}"
        );

        let mut companions = Companions::default();
        companions.note(
            &of,
            Brought::by(&of, own_namespace(kind), "referrer", &object),
        );
        let namespace = target.namespace.as_deref();
        let brought = companions.want(&target.resource, namespace, "x", &json!({}));
        assert_eq!(brought, row.reference.along == Along::Target, "{shown}");
        assert!(
            !companions.want(&target.resource, namespace, "other", &json!({})),
            "{shown}"
        );

        let mut companions = Companions::default();
        let brought_by = Brought::by(&target.resource, namespace, "x", &json!({}));
        companions.note(&target.resource, brought_by);
        let follows = companions.want(&of, own_namespace(kind), "referrer", &object);
        assert_eq!(follows, row.reference.along == Along::Referrer, "{shown}");

        let comes_along = brought || follows;
        assert!(
            !comes_along || missed,
            "{shown}: comes along, and nobody misses it"
        );
        if !row.reference.to.namespaced || row.reference.strength <= Strength::Granted {
            assert_eq!(
                brought, missed,
                "{shown}: what is in no namespace or looked for comes along"
            );
        }
        assert!(!brought || come_along(&target.resource), "{shown}");
        assert!(!follows || come_along_by_content(&of), "{shown}");
        assert_eq!(comes_along, comes_along && bring_others(&of), "{shown}");
    }
}

proptest! {
    /// However references are combined in one object, each is found, once, and nothing else, whether the
    /// object is parsed or raw.
    #[test]
    fn references_do_not_hide_each_other(
        chosen in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        indented in any::<bool>(),
    ) {
        let all = current_rows();
        let kind = chosen.first().map_or(CLAIMS, |first| first.get(&all).place.kind);
        let mut of_kind: Vec<&Row> = chosen.iter().map(|at| at.get(&all)).collect();
        of_kind.retain(|row| row.place.kind == kind && row.reference.strength != Strength::Matched);
        // One place cannot hold two, unless it is in an array.
        of_kind.sort_by_key(|row| &row.place.pointer);
        of_kind.dedup_by_key(|row| &row.place.pointer);
        let mut object = json!({});
        let mut expected = Vec::new();
        for (n, row) in of_kind.iter().enumerate() {
            let name = format!("n{n}");
            add_reference(&mut object, row, &name);
            expected.push((target(row, &name), row.place.field.clone()));
        }
        if kind.namespaced {
            let namespace = ObjectId {
                resource: NAMESPACES.group_resource(),
                namespace: None,
                name: "shop".into(),
            };
            expected.push((namespace, "metadata.namespace".into()));
        }
        let raw = if indented {
            serde_json::to_vec_pretty(&object).unwrap()
        } else {
            serde_json::to_vec(&object).unwrap()
        };
        let of = kind.group_resource();
        let sorted = |found: Vec<Named>| {
            let mut found: Vec<_> =
                found.into_iter().map(|named| (named.to, named.field.to_owned())).collect();
            found.sort();
            found
        };
        expected.sort();
        prop_assert_eq!(&sorted(named(&of, own_namespace(kind), Raw(&raw))), &expected);
        prop_assert_eq!(&sorted(named(&of, own_namespace(kind), &object)), &expected);
    }
}

#[test]
fn what_is_looked_for_is_restored_before_who_names_it() {
    for row in current_rows() {
        let (from, to) = (
            row.place.kind.group_resource(),
            row.reference.to.group_resource(),
        );
        let looked_for = row.reference.strength <= Strength::Granted;
        // The server looks at an account's pull Secrets when a Pod of it is made, and not before; tokens among
        // the Secrets need their account.
        let is_pull_secret = from.is("", "serviceaccounts") && to.is("", "secrets");
        if looked_for || row.reference.along == Along::Target {
            assert!(
                Tier::of(&to) < Tier::of(&from)
                    || is_pull_secret
                    || from.is("admissionregistration.k8s.io", &from.resource),
                "{to} before {from}"
            );
        }
    }
}

fn is_referrer_of(row: &Row, kind: &GroupResource) -> bool {
    row.reference.along == Along::Referrer && row.reference.to.is(kind)
}

/// One pass over what may come along is enough: each stage knows all that names its objects.
#[test]
fn what_comes_along_is_read_after_what_brings_it() {
    let mut of_companions = 0;
    for row in current_rows() {
        let (from, to) = (
            row.place.kind.group_resource(),
            row.reference.to.group_resource(),
        );
        match row.reference.along {
            Along::Target if come_along(&from) => {
                assert!(
                    ReadStage::of(&from) < ReadStage::of(&to),
                    "{from} before {to}"
                );
                of_companions += 1;
            }
            // It is named by chosen objects only, so that it is known when what names it is read.
            Along::Target if rows().any(|row| is_referrer_of(&row, &to)) => {
                assert!(!come_along(&from), "{from} brings {to}");
            }
            _ => {}
        }
    }
    assert!(of_companions > 2);
}

fn through<T: DeserializeOwned + Serialize>(object: Value) -> Value {
    let typed: T = serde_json::from_value(object).unwrap();
    serde_json::to_value(typed).unwrap()
}

/// The object as the typed API reads and writes it, without the fields that it does not know.
fn typed(kind: Kind, object: Value) -> Value {
    use api::admissionregistration::v1 as admission;
    use api::rbac::v1 as rbac;
    match (kind.group, kind.resource) {
        ("", "endpoints") => through::<api::core::v1::Endpoints>(object),
        ("", "namespaces") => through::<api::core::v1::Namespace>(object),
        ("", "persistentvolumeclaims") => through::<api::core::v1::PersistentVolumeClaim>(object),
        ("", "persistentvolumes") => through::<api::core::v1::PersistentVolume>(object),
        ("", "pods") => through::<api::core::v1::Pod>(object),
        ("", "podtemplates") => through::<api::core::v1::PodTemplate>(object),
        ("", "replicationcontrollers") => through::<api::core::v1::ReplicationController>(object),
        ("", "serviceaccounts") => through::<api::core::v1::ServiceAccount>(object),
        ("apps", "controllerrevisions") => through::<api::apps::v1::ControllerRevision>(object),
        ("apps", "daemonsets") => through::<api::apps::v1::DaemonSet>(object),
        ("apps", "deployments") => through::<api::apps::v1::Deployment>(object),
        ("apps", "replicasets") => through::<api::apps::v1::ReplicaSet>(object),
        ("apps", "statefulsets") => through::<api::apps::v1::StatefulSet>(object),
        ("autoscaling", _) => through::<api::autoscaling::v2::HorizontalPodAutoscaler>(object),
        ("batch", "cronjobs") => through::<api::batch::v1::CronJob>(object),
        ("batch", "jobs") => through::<api::batch::v1::Job>(object),
        ("discovery.k8s.io", _) => through::<api::discovery::v1::EndpointSlice>(object),
        ("networking.k8s.io", "ingresses") => through::<api::networking::v1::Ingress>(object),
        ("networking.k8s.io", "ingressclasses") => through::<api::networking::v1::IngressClass>(object),
        ("networking.k8s.io", "networkpolicies") => through::<api::networking::v1::NetworkPolicy>(object),
        (_, "rolebindings") => through::<rbac::RoleBinding>(object),
        (_, "clusterrolebindings") => through::<rbac::ClusterRoleBinding>(object),
        (_, "mutatingwebhookconfigurations") => through::<admission::MutatingWebhookConfiguration>(object),
        (_, "validatingwebhookconfigurations") => through::<admission::ValidatingWebhookConfiguration>(object),
        (_, "mutatingadmissionpolicies") => through::<admission::MutatingAdmissionPolicy>(object),
        (_, "mutatingadmissionpolicybindings") => through::<admission::MutatingAdmissionPolicyBinding>(object),
        (_, "validatingadmissionpolicies") => through::<admission::ValidatingAdmissionPolicy>(object),
        (_, "validatingadmissionpolicybindings") => through::<admission::ValidatingAdmissionPolicyBinding>(object),
        (_, "apiservices") => {
            through::<k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService>(object)
        }
        (_, "customresourcedefinitions") => through::<
            k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
        >(object),
        _ => panic!("{kind:?} is in a table and not in this list"),
    }
}

/// A place that the API does not have would never be found in an object, and nobody would notice.
#[test]
fn every_place_of_the_tables_is_a_field_of_the_kubernetes_api() {
    let mut seen = 0;
    let mut check = |kind: Kind, pointer: &str, given: &Value| {
        let first = pointer.replace("/*", "/0");
        let wanted = given
            .pointer(&first)
            .unwrap_or_else(|| panic!("{pointer}: {given}"));
        let read = typed(kind, given.clone());
        let found = read
            .pointer(&first)
            .unwrap_or_else(|| panic!("{kind:?} has no {pointer}: {read}"));
        for (key, value) in wanted.as_object().into_iter().flatten() {
            assert_eq!(found.get(key), Some(value), "{kind:?} {pointer}");
        }
        assert!(wanted.is_object() || found == wanted, "{kind:?} {pointer}");
        seen += 1;
    };
    for row in rows() {
        let mut object = json!({});
        add_reference(&mut object, &row, "x");
        check(row.place.kind, &row.place.pointer, &object);
    }
    for (kind, pointer, value) in super::namespaces::places_to_check() {
        let mut object = json!({});
        put(&mut object, &pointer, value);
        check(kind, &pointer, &object);
    }
    assert!(seen > 200, "{seen}");
}

#[test]
fn what_brings_a_definition_along_is_a_kind_that_is_not_built_in() {
    let of = |kind: &str| {
        let kind: GroupResource = kind.parse().unwrap();
        let mut companions = Companions::default();
        companions.note(&kind, Brought::default());
        companions
            .take_fresh_names()
            .into_iter()
            .collect::<Vec<_>>()
    };
    assert_eq!(of("carts.example.com"), ["carts.example.com"]);
    assert_eq!(
        of("gateways.gateway.networking.k8s.io"),
        ["gateways.gateway.networking.k8s.io"]
    );
    assert_eq!(of("networkpolicies.networking.k8s.io"), [""; 0]);
    assert_eq!(of("configmaps"), [""; 0]);
}

#[test]
fn bindings_come_along_with_accounts_of_their_own_namespace_or_from_no_namespace() {
    let accounts = GroupResource::core("serviceaccounts");
    let mut companions = Companions::default();
    let pod = json!({"spec": {"serviceAccountName": "bot"}});
    let pods = GroupResource::core("pods");
    companions.note(&pods, Brought::by(&pods, Some("shop"), "web", &pod));
    assert!(companions.want(&accounts, Some("shop"), "bot", &json!({})));
    assert_eq!(companions.followed_namespaces(), ["shop".to_owned()].into());
    let wanted = |kind: &str, namespace: Option<&str>, of: Option<&str>| {
        let kind: GroupResource = format!("{kind}.rbac.authorization.k8s.io").parse().unwrap();
        let subject = json!({"kind": "ServiceAccount", "name": "bot", "namespace": of});
        companions.want(&kind, namespace, "b", &json!({"subjects": [subject]}))
    };
    assert!(wanted("rolebindings", Some("shop"), Some("shop")));
    assert!(wanted("rolebindings", Some("shop"), None));
    assert!(!wanted("rolebindings", Some("other"), Some("shop")));
    assert!(!wanted("rolebindings", Some("other"), None));
    assert!(wanted("clusterrolebindings", None, Some("shop")));
    assert!(!wanted("clusterrolebindings", None, Some("other")));
}

#[test]
fn what_every_cluster_has_does_not_come_along() {
    let pods = GroupResource::core("pods");
    let pod = json!({"spec": {"serviceAccountName": "default", "priorityClassName": "system-node-critical"}});
    let mut companions = Companions::default();
    companions.note(&pods, Brought::by(&pods, Some("shop"), "web", &pod));
    assert_eq!(companions.take_fresh_names(), [].into());
    assert!(!companions.are_followed());
}

#[test]
fn a_kind_of_the_table_is_known_by_its_plural_name_alone() {
    for row in rows() {
        for kind in [row.place.kind, row.reference.to] {
            assert_eq!(builtin::named(kind.resource), Some(kind.group_resource()));
        }
    }
}
