//! Objects that stand for one run: created again after it, they would run again.

use serde_json::Value;

use super::names::{JOBS, Kind, namespaced};
use crate::GroupResource;

/// How an object says that its run is over.
#[derive(Debug, Clone, Copy)]
enum Over {
    /// One of these conditions is true.
    Condition(&'static [&'static str]),
    /// The place is set.
    Set(&'static str),
    /// The text at the place is one of these, whatever its letters' case.
    Text(&'static str, &'static [&'static str]),
}

use Over::{Condition, Set, Text};

const ENDED: &[&str] = &["Complete", "Completed", "Succeeded", "Failed"];
const PHASES: &[&str] = &[
    "completed",
    "complete",
    "succeeded",
    "failed",
    "error",
    "stopped",
    "aborted",
    "terminated",
];

/// Sources: the API types of Kubernetes (batch/v1), Argo Workflows, Tekton, Kubeflow, Ray, Spark, Volcano and
/// CloudNativePG.
#[rustfmt::skip]
const RUNS: &[(Kind, Over)] = &[
    (JOBS, Condition(&["Complete", "Failed", "FailureTarget", "SuccessCriteriaMet"])),
    (JOBS, Set("/status/completionTime")),
    (namespaced("argoproj.io", "workflows"), Text("/status/phase", PHASES)),
    (namespaced("argoproj.io", "analysisruns"), Text("/status/phase", &["successful", "failed", "error", "inconclusive"])),
    (namespaced("tekton.dev", "taskruns"), Set("/status/completionTime")),
    (namespaced("tekton.dev", "pipelineruns"), Set("/status/completionTime")),
    (namespaced("tekton.dev", "customruns"), Set("/status/completionTime")),
    (namespaced("kubeflow.org", "pytorchjobs"), Condition(ENDED)),
    (namespaced("kubeflow.org", "tfjobs"), Condition(ENDED)),
    (namespaced("kubeflow.org", "mpijobs"), Condition(ENDED)),
    (namespaced("kubeflow.org", "xgboostjobs"), Condition(ENDED)),
    (namespaced("ray.io", "rayjobs"), Text("/status/jobStatus", PHASES)),
    (namespaced("sparkoperator.k8s.io", "sparkapplications"), Text("/status/applicationState/state", PHASES)),
    (namespaced("batch.volcano.sh", "jobs"), Text("/status/state/phase", PHASES)),
    (namespaced("postgresql.cnpg.io", "backups"), Text("/status/phase", PHASES)),
];

/// Whether an object's run is over.
pub(crate) fn is_over(kind: &GroupResource, object: &Value) -> bool {
    RUNS.iter()
        .any(|(of, over)| of.is(kind) && over.is_true_of(object))
}

impl Over {
    fn is_true_of(self, object: &Value) -> bool {
        match self {
            Condition(kinds) => {
                let conditions = object["status"]["conditions"].as_array();
                conditions.into_iter().flatten().any(|condition| {
                    condition["status"] == "True"
                        && kinds.iter().any(|kind| condition["type"] == *kind)
                })
            }
            Set(place) => object.pointer(place).is_some_and(|time| !time.is_null()),
            Text(place, words) => {
                let text = object.pointer(place).and_then(Value::as_str);
                text.is_some_and(|text| words.iter().any(|word| text.eq_ignore_ascii_case(word)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_way_to_end_is_seen_and_what_still_runs_is_not() {
        for (of, over) in RUNS {
            let kind = of.group_resource();
            let ends: Vec<Value> = match over {
                Condition(kinds) => kinds
                    .iter()
                    .map(|kind| json!({"status": {"conditions": [{"type": kind, "status": "True"}]}}))
                    .collect(),
                Set(_) => vec![json!({"status": {"completionTime": "t"}})],
                Text(place, words) => words
                    .iter()
                    .map(|word| {
                        let steps = place.rsplit('/').filter(|step| !step.is_empty());
                        steps.fold(json!(word.to_uppercase()), |value, step| json!({step: value}))
                    })
                    .collect(),
            };
            for object in ends {
                assert!(is_over(&kind, &object), "{kind} {object}");
            }
            for object in [
                json!({"status": {"phase": "Running", "active": 1}}),
                json!({"status": {"conditions": [{"type": "Failed", "status": "False"},
                    {"type": "Suspended", "status": "True"}]}}),
                json!({}),
            ] {
                assert!(!is_over(&kind, &object), "{kind} {object}");
            }
        }
    }
}
