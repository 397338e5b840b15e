//! What holds for every Service, Job, quota and Endpoints, however they are made up.

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::restore::RestoreSpec;

/// Transforms an object of a kind, beside these Services.
fn transformed(kind: &str, object: &Value, services: &Services) -> Option<Value> {
    let spec = RestoreSpec::named("r");
    let (volumes, nodes) = (Volumes::default(), HashSet::new());
    let context = TransformContext {
        spec: &spec,
        backup: "b",
        volumes: &volumes,
        services,
        nodes: &nodes,
    };
    let mut object = object.clone();
    match transform(&kind.parse().unwrap(), &mut object, &context) {
        Verdict::Skip(_) => None,
        _ => Some(object),
    }
}

/// How a field came to be what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// It is not set.
    Absent,
    /// The cluster filled it in.
    Allocated,
    /// By `kubectl apply`.
    Applied,
    /// By another client.
    Written,
    /// By a controller of the cluster.
    Controlled,
}

use Origin::{Absent, Allocated, Applied, Controlled, Written};

impl Origin {
    fn is_asked(self) -> bool {
        matches!(self, Applied | Written)
    }
}

fn origin() -> impl Strategy<Value = Origin> {
    prop::sample::select(vec![Absent, Allocated, Applied, Written, Controlled])
}

const FIELDS: [(&str, &str); 5] = [
    ("clusterIP", "\"10.0.0.10\""),
    ("ipFamilies", "[\"IPv4\"]"),
    ("ipFamilyPolicy", "\"SingleStack\""),
    ("healthCheckNodePort", "31000"),
    ("loadBalancerIP", "\"192.0.2.7\""),
];

fn service(fields: &[Origin], ports: &[Origin]) -> Value {
    let (mut spec, mut applied) = (Map::new(), Map::new());
    let (mut written, mut controlled) = (Map::new(), Map::new());
    for ((name, value), origin) in FIELDS.iter().zip(fields) {
        let value: Value = serde_json::from_str(value).unwrap();
        if *origin != Absent {
            spec.insert((*name).to_owned(), value.clone());
        }
        let owned = format!("f:{name}");
        match origin {
            Applied => drop(applied.insert((*name).to_owned(), value)),
            Written => drop(written.insert(owned, json!({}))),
            Controlled => drop(controlled.insert(owned, json!({}))),
            Absent | Allocated => {}
        }
    }
    let (mut all, mut applied_ports, mut owned_ports) = (Vec::new(), Vec::new(), Map::new());
    for (n, origin) in ports.iter().enumerate() {
        let mut port = json!({"name": format!("p{n}"), "port": 80 + n});
        if *origin == Applied {
            let mut port = port.clone();
            port["nodePort"] = json!(30000 + n);
            applied_ports.push(port);
        }
        if *origin != Absent {
            port["nodePort"] = json!(30000 + n);
        }
        let mut owned = json!({".": {}, "f:port": {}});
        if *origin == Written {
            owned["f:nodePort"] = json!({});
        }
        owned_ports.insert(
            format!("k:{{\"port\":{},\"protocol\":\"TCP\"}}", 80 + n),
            owned,
        );
        all.push(port);
    }
    spec.insert("ports".into(), all.into());
    applied.insert("ports".into(), applied_ports.into());
    written.insert("f:ports".into(), owned_ports.into());
    json!({"metadata": {"name": "s",
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": json!({"spec": applied}).to_string()},
        "managedFields": [
            {"manager": "somebody", "fieldsV1": {"f:spec": written}},
            {"manager": "kube-controller-manager", "fieldsV1": {"f:spec": controlled}},
            {"manager": "somebody", "subresource": "status", "fieldsV1": {"f:spec": {"f:clusterIP": {}}}},
        ]}, "spec": spec})
}

proptest! {
    /// Of a Service comes back what somebody asked for, and nothing else of what a cluster hands out.
    #[test]
    fn services_ask_for_what_was_asked_for(
        fields in prop::collection::vec(origin(), FIELDS.len()),
        ports in prop::collection::vec(origin(), 1..4),
    ) {
        let service = service(&fields, &ports);
        let made = transformed("services", &service, &Services::default()).unwrap();
        for ((name, value), origin) in FIELDS.iter().zip(&fields) {
            let value: Value = serde_json::from_str(value).unwrap();
            let expected = origin.is_asked().then_some(&value);
            prop_assert_eq!(made["spec"].get(*name), expected, "{} {:?}", name, origin);
        }
        for (n, origin) in ports.iter().enumerate() {
            let port = &made["spec"]["ports"][n];
            prop_assert_eq!(&port["port"], 80 + n);
            prop_assert_eq!(port.get("nodePort").is_some(), origin.is_asked(), "{:?}", origin);
        }
    }

    /// Whatever the marks say, what is made for a Service that selects its backends is not restored, and what
    /// is written for one that does not is.
    #[test]
    fn endpoints_are_told_by_their_service(selects in any::<bool>(), marks in 0..8u8, is_slice in any::<bool>()) {
        let mut metadata = json!({"name": "s", "namespace": "n", "labels": {"kubernetes.io/service-name": "s"}});
        if marks & 1 > 0 {
            let label = "endpointslice.kubernetes.io/managed-by";
            metadata["labels"][label] = "endpointslice-controller.k8s.io".into();
        }
        if marks & 2 > 0 {
            metadata["labels"]["endpoints.kubernetes.io/managed-by"] = "endpoint-controller".into();
        }
        if marks & 4 > 0 {
            metadata["annotations"] = json!({"endpoints.kubernetes.io/last-change-trigger-time": "t"});
        }
        let selector = if selects { json!({"app": "x"}) } else { json!({}) };
        let mut services = Services::default();
        services.note(&json!({"metadata": {"name": "s", "namespace": "n"}, "spec": {"selector": selector}}));
        let kind = if is_slice { "endpointslices.discovery.k8s.io" } else { "endpoints" };
        let made = transformed(kind, &json!({"metadata": metadata}), &services);
        prop_assert_eq!(made.is_none(), selects);
    }

    /// A Job is restored if and only if nothing says that it is over.
    #[test]
    fn jobs_that_are_over_are_not_run_again(
        conditions in prop::collection::vec((
            prop::sample::select(vec!["Complete", "Failed", "FailureTarget", "SuccessCriteriaMet", "Suspended"]),
            prop::sample::select(vec!["True", "False", "Unknown"]),
        ), 0..4),
        completed in any::<bool>(),
        suspend in any::<bool>(),
    ) {
        let is_over = completed
            || conditions.iter().any(|(kind, status)| *kind != "Suspended" && *status == "True");
        let conditions: Vec<Value> = conditions
            .iter()
            .map(|(kind, status)| json!({"type": kind, "status": status}))
            .collect();
        let mut job = json!({"metadata": {"name": "j"}, "spec": {"suspend": suspend},
            "status": {"conditions": conditions}});
        if completed {
            job["status"]["completionTime"] = "t".into();
        }
        let made = transformed("jobs.batch", &job, &Services::default());
        prop_assert_eq!(made.is_none(), is_over);
        if let Some(made) = made {
            prop_assert_eq!(&made["spec"]["suspend"], suspend);
        }
    }

    /// Until all is there a quota lets in all that was there and nothing more, and afterwards it is what it was.
    #[test]
    fn quotas_let_in_what_was_there_and_are_what_they_were(
        limits in prop::collection::btree_map(
            prop::sample::select(vec!["pods", "requests.cpu", "services", "count/secrets", "requests.storage"]),
            (0..9u32, 0..9u32),
            0..6,
        ),
    ) {
        let side = |pick: fn(&(u32, u32)) -> u32| -> Value {
            let all: Map<String, Value> = limits
                .iter()
                .map(|(name, both)| ((*name).to_owned(), pick(both).to_string().into()))
                .collect();
            all.into()
        };
        let (hard, used) = (side(|both| both.0), side(|both| both.1));
        let quota = json!({"metadata": {"name": "q"}, "spec": {"hard": hard}, "status": {"used": used}});
        let made = transformed("resourcequotas", &quota, &Services::default()).unwrap();
        for (name, (limit, used)) in &limits {
            let made: u32 = made["spec"]["hard"][*name].as_str().unwrap().parse().unwrap();
            prop_assert_eq!(made, *limit.max(used), "{}", name);
        }
        let after = lowered(&made);
        prop_assert_eq!(after.is_some(), limits.values().any(|(limit, used)| used > limit));
        let after = after.unwrap_or_else(|| made.clone());
        prop_assert_eq!(&after["spec"]["hard"], &hard);
        prop_assert_eq!(&after["metadata"]["annotations"], &Value::Null);
        // Of Pods it allows no more than it did before anything makes others.
        let patch = lowering(&"resourcequotas".parse().unwrap(), &made).and_then(|all| all.after_pods);
        for (name, (limit, used)) in &limits {
            let of_pods = matches!(*name, "pods" | "requests.cpu");
            let lowered = patch.as_ref().and_then(|patch| patch["spec"]["hard"].get(*name));
            let expected = (of_pods && used > limit).then(|| json!(limit.to_string()));
            prop_assert_eq!(lowered, expected.as_ref(), "{}", name);
        }
    }
}
