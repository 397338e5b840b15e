//! Pods.

use serde_json::Value;

use super::{TransformContext, Verdict, elements, is_controlled_by, remove, text};
use crate::kinds::evidence::Evidence;
use crate::kinds::names::{DAEMON_SETS, JOBS};
use crate::kinds::tokens::is_made_up;

pub(super) fn transform(pod: &mut Value, context: &TransformContext<'_>) -> Verdict {
    if matches!(text(pod, "/status/phase"), "Succeeded" | "Failed") {
        return Verdict::Skip("it has run to its end");
    }
    if pod
        .pointer("/metadata/annotations/kubernetes.io~1config.mirror")
        .is_some()
    {
        return Verdict::Skip("a kubelet mirrors it from a file of its node");
    }
    if is_controlled_by(pod, DAEMON_SETS) {
        // It is bound to a node by name, and the new cluster has other nodes.
        return Verdict::Skip("its DaemonSet makes one for every node");
    }
    if is_controlled_by(pod, JOBS) {
        // It is selected by the uid of the old Job, and would run beside the Pod that the new Job starts.
        return Verdict::Skip("its Job starts it again");
    }
    // The scheduler's choice is no wish: it writes it without being a manager of the field.
    let node = text(pod, "/spec/nodeName").to_owned();
    let was_asked_for = Evidence::of(pod).asks_for(&["spec", "nodeName"]);
    let stays = was_asked_for && context.nodes.contains(&node);
    // A node of another cluster, what admission computed from the priority class (and refuses where the
    // target's class says otherwise), and debug containers, which are refused on create.
    for field in ["priority", "preemptionPolicy", "ephemeralContainers"] {
        remove(pod, "/spec", field);
    }
    if !stays {
        remove(pod, "/spec", "nodeName");
    }
    drop_token_volumes(pod);
    if was_asked_for && !stays {
        return Verdict::RestoreWith(format!(
            "it was to run on node `{node}`, which the cluster does not show; any may run it"
        ));
    }
    Verdict::Restore
}

/// Volumes `<service account>-token-<suffix>` of Kubernetes before 1.22 name Secrets that the new
/// cluster will not have; admission mounts a fresh token.
fn drop_token_volumes(pod: &mut Value) {
    let account = match text(pod, "/spec/serviceAccountName") {
        "" => "default".to_owned(),
        account => account.to_owned(),
    };
    let is_token = |name: &Value| {
        let name = name.as_str().unwrap_or_default();
        is_made_up(name, &account)
    };
    if let Some(volumes) = pod
        .pointer_mut("/spec/volumes")
        .and_then(Value::as_array_mut)
    {
        volumes.retain(|volume| !(is_token(&volume["name"]) && volume.get("secret").is_some()));
    }
    let kept: Vec<String> = elements(pod, "/spec/volumes")
        .filter_map(|volume| volume["name"].as_str().map(str::to_owned))
        .collect();
    for containers in ["/spec/containers", "/spec/initContainers"] {
        for container in elements(pod, containers) {
            if let Some(mounts) = container
                .get_mut("volumeMounts")
                .and_then(Value::as_array_mut)
            {
                mounts.retain(|mount| {
                    !is_token(&mount["name"])
                        || kept.iter().any(|volume| mount["name"] == volume.as_str())
                });
            }
        }
    }
}
