//! Where workloads keep the specification of their Pods.

use serde_json::Value;

use super::names::{
    CONTROLLER_REVISIONS, CRON_JOBS, DAEMON_SETS, DEPLOYMENTS, JOBS, Kind, POD_TEMPLATES, PODS,
    REPLICA_SETS, REPLICATION_CONTROLLERS, STATEFUL_SETS,
};
use crate::GroupResource;
use crate::pointer::for_each_value;

/// The place in each kind.
pub(crate) const POD_SPECS: [(Kind, &str); 9] = [
    (PODS, "/spec"),
    (POD_TEMPLATES, "/template/spec"),
    (REPLICATION_CONTROLLERS, "/spec/template/spec"),
    (REPLICA_SETS, "/spec/template/spec"),
    (DEPLOYMENTS, "/spec/template/spec"),
    (STATEFUL_SETS, "/spec/template/spec"),
    (DAEMON_SETS, "/spec/template/spec"),
    (JOBS, "/spec/template/spec"),
    (CRON_JOBS, "/spec/jobTemplate/spec/template/spec"),
];

/// What was a Pod's specification once. A ControllerRevision keeps that of its StatefulSet or DaemonSet,
/// and nothing that it names needs to be there any more; but were only one of both changed, the owner
/// would see a new revision and roll its Pods.
pub(crate) const PAST_POD_SPECS: [(Kind, &str); 1] =
    [(CONTROLLER_REVISIONS, "/data/spec/template/spec")];

/// Calls `act` with the specification of the Pods of `object`, if it is a workload.
pub(crate) fn for_each_pod_spec(
    kind: &GroupResource,
    object: &mut Value,
    act: &mut dyn FnMut(&mut Value),
) {
    for (of, pointer) in POD_SPECS.iter().chain(&PAST_POD_SPECS) {
        if of.is(kind) {
            for_each_value(object, pointer, act);
        }
    }
}
