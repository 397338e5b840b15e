//! Where workloads keep the specification of their Pods.

use serde_json::Value;

use crate::GroupResource;
use crate::pointer::for_each_value;

/// The place in each kind. A ControllerRevision keeps that of its StatefulSet or DaemonSet: were only
/// one of both changed, the owner would see a new revision and roll its Pods.
pub(crate) const POD_SPECS: [(&str, &str); 10] = [
    ("pods", "/spec"),
    ("podtemplates", "/template/spec"),
    ("replicationcontrollers", "/spec/template/spec"),
    ("replicasets.apps", "/spec/template/spec"),
    ("deployments.apps", "/spec/template/spec"),
    ("statefulsets.apps", "/spec/template/spec"),
    ("daemonsets.apps", "/spec/template/spec"),
    ("controllerrevisions.apps", "/data/spec/template/spec"),
    ("jobs.batch", "/spec/template/spec"),
    ("cronjobs.batch", "/spec/jobTemplate/spec/template/spec"),
];

/// Calls `act` with the specification of the Pods of `object`, if it is a workload.
pub(crate) fn pod_specs(kind: &GroupResource, object: &mut Value, act: &mut dyn FnMut(&mut Value)) {
    let name = kind.to_string();
    for (of, pointer) in POD_SPECS {
        if of == name {
            for_each_value(object, pointer, act);
        }
    }
}
