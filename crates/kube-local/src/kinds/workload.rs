//! Deployments, StatefulSets, DaemonSets, ReplicaSets, Jobs, CronJobs and autoscalers.

use serde_json::{Value, json};

use super::fields::{default_to, object};
use super::{pod, storage};
use crate::catalog::Resource;
use crate::error::Cause;

pub(super) fn set_defaults(resource: &Resource, value: &mut Value) {
    if resource.name == "controllerrevisions" {
        return;
    }
    object(value, "spec");
    let spec = &mut value["spec"];
    match resource.name.as_str() {
        "cronjobs" => {
            // The Job's own defaults come with the Job, not with the template.
            pod::default_template(&mut spec["jobTemplate"]["spec"]["template"]);
            let Some(map) = spec.as_object_mut() else {
                return;
            };
            default_to(map, "concurrencyPolicy", "Allow");
            default_to(map, "suspend", false);
            default_to(map, "successfulJobsHistoryLimit", 3);
            default_to(map, "failedJobsHistoryLimit", 1);
            return;
        }
        "jobs" => return default_job(value),
        _ => pod::default_template(&mut spec["template"]),
    }
    if resource.name == "replicationcontrollers" {
        let labels = spec["template"]["metadata"]["labels"].clone();
        if spec["selector"].is_null() && labels.is_object() {
            spec["selector"] = labels;
        }
    }
    for claim in spec["volumeClaimTemplates"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        claim["apiVersion"] = "v1".into();
        claim["kind"] = "PersistentVolumeClaim".into();
        storage::default_claim_spec(&mut claim["spec"]);
        claim["status"] = json!({"phase": "Pending"});
    }
    let rolling = json!({"type": "RollingUpdate"});
    let Some(map) = spec.as_object_mut() else {
        return;
    };
    map.retain(|_, v| !v.is_null());
    match resource.name.as_str() {
        "deployments" => {
            default_to(map, "replicas", 1);
            default_to(map, "revisionHistoryLimit", 10);
            default_to(map, "progressDeadlineSeconds", 600);
            let strategy = object(spec, "strategy");
            default_to(strategy, "type", "RollingUpdate");
            if strategy["type"] == "RollingUpdate" {
                let update = object(&mut spec["strategy"], "rollingUpdate");
                default_to(update, "maxUnavailable", "25%");
                default_to(update, "maxSurge", "25%");
            }
        }
        "replicasets" | "replicationcontrollers" => default_to(map, "replicas", 1),
        "statefulsets" => {
            default_to(map, "replicas", 1);
            default_to(map, "revisionHistoryLimit", 10);
            default_to(map, "podManagementPolicy", "OrderedReady");
            default_to(map, "updateStrategy", rolling);
            default_to(
                map,
                "persistentVolumeClaimRetentionPolicy",
                json!({"whenDeleted": "Retain", "whenScaled": "Retain"}),
            );
            if spec["updateStrategy"]["type"] == "RollingUpdate" {
                let update = object(&mut spec["updateStrategy"], "rollingUpdate");
                default_to(update, "partition", 0);
            }
        }
        "daemonsets" => {
            default_to(map, "revisionHistoryLimit", 10);
            default_to(map, "updateStrategy", rolling);
            if spec["updateStrategy"]["type"] == "RollingUpdate" {
                let update = object(&mut spec["updateStrategy"], "rollingUpdate");
                default_to(update, "maxUnavailable", 1);
                default_to(update, "maxSurge", 0);
            }
        }
        _ => {}
    }
}

fn default_job(job: &mut Value) {
    let spec = &mut job["spec"];
    pod::default_template(&mut spec["template"]);
    let Some(map) = spec.as_object_mut() else {
        return;
    };
    map.retain(|_, v| !v.is_null());
    if !map.contains_key("completions") && !map.contains_key("parallelism") {
        map.insert("completions".into(), 1.into());
    }
    default_to(map, "parallelism", 1);
    default_to(map, "backoffLimit", 6);
    default_to(map, "completionMode", "NonIndexed");
    default_to(map, "suspend", false);
    default_to(map, "podReplacementPolicy", "TerminatingOrFailed");
    if map.contains_key("podFailurePolicy") {
        map.insert("podReplacementPolicy".into(), "Failed".into());
    }
}

/// Labels and selector made from the Job's uid, unless the client selects by hand.
pub(super) fn prepare_job(job: &mut Value) {
    if job["spec"]["manualSelector"] == true {
        return;
    }
    let (uid, name) = (
        job["metadata"]["uid"].clone(),
        job["metadata"]["name"].clone(),
    );
    let template = &mut job["spec"]["template"];
    object(template, "metadata");
    let labels = object(&mut template["metadata"], "labels");
    for (key, value) in [
        ("batch.kubernetes.io/controller-uid", &uid),
        ("controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("job-name", &name),
    ] {
        labels.insert(key.to_owned(), value.clone());
    }
    let selector = object(&mut job["spec"], "selector");
    selector.insert(
        "matchLabels".into(),
        json!({"batch.kubernetes.io/controller-uid": uid}),
    );
    object(&mut job["metadata"], "labels");
    if job["metadata"]["labels"]
        .as_object()
        .is_some_and(serde_json::Map::is_empty)
        && let Some(metadata) = job["metadata"].as_object_mut()
    {
        metadata.remove("labels");
    }
}

/// A replaced Job keeps the selector it was given.
pub(super) fn carry_over_job(old: &Value, new: &mut Value) {
    if new["spec"]["selector"].is_null() {
        new["spec"]["selector"] = old["spec"]["selector"].clone();
        new["spec"]["template"]["metadata"]["labels"] =
            old["spec"]["template"]["metadata"]["labels"].clone();
    }
}

pub(super) fn default_autoscaler(resource: &Resource, value: &mut Value) {
    let spec = object(value, "spec");
    if spec.get("minReplicas").is_none_or(Value::is_null) {
        spec.insert("minReplicas".into(), 1.into());
    }
    if resource.version == "v2" && !spec.contains_key("metrics") {
        spec.insert(
            "metrics".into(),
            json!([{"type": "Resource", "resource": {"name": "cpu",
                "target": {"type": "Utilization", "averageUtilization": 80}}}]),
        );
    }
}

pub(super) fn check(resource: &Resource, value: &Value, causes: &mut Vec<Cause>) {
    let spec = &value["spec"];
    match resource.name.as_str() {
        "controllerrevisions" => return,
        "cronjobs" => {
            if spec["schedule"].as_str().is_none_or(str::is_empty) {
                causes.push(Cause::required("spec.schedule", ""));
            }
            pod::check_spec(
                &spec["jobTemplate"]["spec"]["template"]["spec"],
                "spec.jobTemplate.spec.template.spec",
                causes,
            );
            return;
        }
        _ => {}
    }
    if let Some(replicas) = spec["replicas"].as_i64().filter(|n| *n < 0) {
        causes.push(Cause::invalid(
            "spec.replicas",
            &replicas.into(),
            "must be greater than or equal to 0",
        ));
    }
    // A StatefulSet's template mounts claims that it does not have yet, and the server does not look
    // into it (kubernetes/pkg/apis/apps/validation, ValidatePodTemplateSpecForStatefulSet).
    if resource.name != "statefulsets" {
        pod::check_spec(&spec["template"]["spec"], "spec.template.spec", causes);
    }
    if resource.name == "jobs" {
        if !matches!(
            spec["template"]["spec"]["restartPolicy"].as_str(),
            Some("Never" | "OnFailure")
        ) {
            causes.push(Cause::required(
                "spec.template.spec.restartPolicy",
                "valid values: \"OnFailure\", \"Never\"",
            ));
        }
        return;
    }
    let selector = &spec["selector"];
    if selector.is_null() {
        causes.push(Cause::required("spec.selector", ""));
        return;
    }
    let labels = &spec["template"]["metadata"]["labels"];
    let missing = selector["matchLabels"]
        .as_object()
        .into_iter()
        .flatten()
        .any(|(key, value)| labels.get(key) != Some(value));
    if missing {
        causes.push(Cause::invalid(
            "spec.template.metadata.labels",
            labels,
            "`selector` does not match template `labels`",
        ));
    }
}

const STATEFUL_MUTABLE: &str = "updates to statefulset spec for fields other than 'replicas', \
    'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', \
    'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

pub(super) fn check_stateful_update(old: &Value, new: &Value, causes: &mut Vec<Cause>) {
    for field in [
        "selector",
        "serviceName",
        "podManagementPolicy",
        "volumeClaimTemplates",
    ] {
        if old["spec"][field] != new["spec"][field] {
            causes.push(Cause::forbidden("spec", STATEFUL_MUTABLE));
            return;
        }
    }
}
