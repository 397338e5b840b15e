//! Events, written and read by both of their API groups, and printed; times that nobody has set.

use serde_json::{Value, json};

use super::{at, tables};
use crate::differential::agree::agree;
use crate::differential::script::{MERGE, Script};

const CORE: &str = "/api/v1/namespaces/$ns/events";
const GROUP: &str = "/apis/events.k8s.io/v1/namespaces/$ns/events";
const LONG_AGO: &str = "2020-01-02T03:04:05Z";
const LONG_AGO_MICRO: &str = "2020-01-02T03:04:05.000006Z";

/// As clients write them today: nothing but what is not deprecated.
fn written_today(name: &str) -> Value {
    json!({
        "metadata": {"name": name},
        "regarding": {"apiVersion": "example.com/v1", "kind": "Widget", "name": "one", "namespace": "$ns"},
        "eventTime": LONG_AGO_MICRO, "type": "Warning", "reason": "Failed", "action": "Reconcile",
        "note": "it failed", "reportingController": "example.com/controller", "reportingInstance": "pod-1",
    })
}

/// As clients wrote them before.
fn written_before(name: &str) -> Value {
    json!({
        "metadata": {"name": name},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "name": "one", "namespace": "$ns", "fieldPath": "spec.containers{a}"},
        "firstTimestamp": LONG_AGO, "lastTimestamp": LONG_AGO, "count": 3, "type": "Normal", "reason": "Pulled",
        "message": " it was pulled ", "source": {"component": "kubelet", "host": "node-1"},
    })
}

fn each_way(script: Script, name: &str) -> Script {
    let script = script.get(at(CORE, name)).get(at(GROUP, name));
    [CORE, GROUP].into_iter().fold(script, |script, list| {
        tables::as_table(script.get(at(list, name)))
    })
}

#[tokio::test]
async fn events_are_read_and_printed_alike_by_both_groups() {
    let of_a_series = {
        let mut event = written_today("series");
        event["series"] = json!({"count": 7, "lastObservedTime": LONG_AGO_MICRO});
        event
    };
    let of_nothing = json!({"metadata": {"name": "bare"}, "involvedObject": {"namespace": "$ns"}});
    agree(vec![
        each_way(
            Script::new("an event of today").post(GROUP, written_today("today")),
            "today",
        ),
        each_way(
            Script::new("an event of a series").post(GROUP, of_a_series),
            "series",
        ),
        each_way(
            Script::new("an event of before").post(CORE, written_before("before")),
            "before",
        ),
        each_way(
            Script::new("an event that says nothing").post(CORE, of_nothing),
            "bare",
        ),
    ])
    .await;
}

/// A time that is not set is null, wherever it stands and is printed all the same.
#[tokio::test]
async fn times_that_nobody_has_set_are_printed_alike() {
    let labels = json!({"app": "a"});
    let deployment = json!({"metadata": {"name": "none"}, "spec": {"replicas": 0, "paused": true,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "a"}]}}}});
    let list = "/apis/apps/v1/namespaces/$ns/deployments";
    let status = json!({"status": {"conditions": [{"type": "Odd", "status": "True"}]}});
    let claim = json!({"metadata": {"name": "c"}, "spec": {"storageClassName": "none-$id",
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    let claims = "/api/v1/namespaces/$ns/persistentvolumeclaims";
    let resizing = json!({"status": {"conditions": [{"type": "Resizing", "status": "True"}]}});
    agree(vec![
        Script::new("conditions of a Deployment")
            .post(list, deployment)
            .ignoring(&[
                "/status",
                "/metadata/managedFields",
                "/metadata/resourceVersion",
            ])
            .patch(MERGE, format!("{list}/none/status"), status)
            .filtered(odd_conditions),
        Script::new("conditions of a claim")
            .post(claims, claim)
            .patch(MERGE, format!("{claims}/c/status"), resizing),
    ])
    .await;
}

/// The real cluster has a controller that adds its own.
fn odd_conditions(deployment: &mut Value) {
    let all = deployment["status"]["conditions"].as_array();
    let odd: Vec<_> = all
        .into_iter()
        .flatten()
        .filter(|condition| condition["type"] == "Odd")
        .cloned()
        .collect();
    *deployment = odd.into();
}
