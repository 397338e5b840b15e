//! Who adopts what: the workload controllers take what their selector matches for their own again.

use serde_json::Value;

use super::names::{
    CONTROLLER_REVISIONS, DAEMON_SETS, DEPLOYMENTS, JOBS, Kind, PODS, REPLICA_SETS,
    REPLICATION_CONTROLLERS, STATEFUL_SETS,
};
use crate::GroupResource;

/// A controller that adopts.
#[derive(Debug)]
pub(crate) struct Adopter {
    /// Its objects as references name them.
    pub(crate) kind: &'static str,
    pub(crate) of: Kind,
    /// What its objects adopt.
    adopted: &'static [Kind],
}

/// Kubernetes, controller_ref_manager.go and each controller's use of it.
pub(crate) static ADOPTERS: [Adopter; 6] = [
    Adopter {
        kind: "Deployment",
        of: DEPLOYMENTS,
        adopted: &[REPLICA_SETS],
    },
    Adopter {
        kind: "ReplicaSet",
        of: REPLICA_SETS,
        adopted: &[PODS],
    },
    Adopter {
        kind: "StatefulSet",
        of: STATEFUL_SETS,
        adopted: &[PODS, CONTROLLER_REVISIONS],
    },
    Adopter {
        kind: "DaemonSet",
        of: DAEMON_SETS,
        adopted: &[PODS, CONTROLLER_REVISIONS],
    },
    Adopter {
        kind: "ReplicationController",
        of: REPLICATION_CONTROLLERS,
        adopted: &[PODS],
    },
    Adopter {
        kind: "Job",
        of: JOBS,
        adopted: &[PODS],
    },
];

/// Whether an owner reference on an object of `kind` is to an owner that adopts it again.
pub(crate) fn is_adopted(kind: &GroupResource, reference: &Value) -> bool {
    reference["controller"] == true
        && adopter(reference).is_some_and(|adopter| adopter.adopted.iter().any(|of| of.is(kind)))
}

/// The adopting controller whose object an owner reference names.
pub(crate) fn adopter(reference: &Value) -> Option<&'static Adopter> {
    let group = group_of(reference);
    ADOPTERS
        .iter()
        .find(|adopter| reference["kind"] == adopter.kind && adopter.of.group == group)
}

/// The API group of an object, or of an owner reference.
pub(crate) fn group_of(object: &Value) -> &str {
    object["apiVersion"]
        .as_str()
        .and_then(|version| version.split_once('/'))
        .map_or("", |(group, _)| group)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn workloads_adopt_what_their_selector_matches_and_nothing_else() {
        let owner = |version: &str, kind: &str| json!({"apiVersion": version, "kind": kind, "controller": true});
        for (version, kind, owned, adopted) in [
            ("apps/v1", "ReplicaSet", "pods", true),
            ("apps/v1", "ReplicaSet", "configmaps", false),
            ("apps/v1", "Deployment", "replicasets.apps", true),
            ("apps/v1", "Deployment", "pods", false),
            ("apps/v1", "StatefulSet", "controllerrevisions.apps", true),
            ("v1", "ReplicationController", "pods", true),
            ("batch/v1", "Job", "pods", true),
            ("batch/v1", "CronJob", "jobs.batch", false),
            ("example.com/v1", "ReplicaSet", "pods", false),
        ] {
            let owned: GroupResource = owned.parse().unwrap();
            assert_eq!(
                is_adopted(&owned, &owner(version, kind)),
                adopted,
                "{kind} {owned}"
            );
        }
        let mut not_controlling = owner("apps/v1", "ReplicaSet");
        not_controlling["controller"] = false.into();
        assert!(!is_adopted(&PODS.group_resource(), &not_controlling));
    }
}
