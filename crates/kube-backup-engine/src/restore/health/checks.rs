//! Judging single objects: plain functions over what the cluster shows.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{HealthIssue, HealthIssueKind};
use crate::kinds::backends::Backend;
use crate::{GroupResource, ObjectId};

fn id_of(plural: &str, object: &Value) -> ObjectId {
    let text = |key: &str| object["metadata"][key].as_str().map(str::to_owned);
    ObjectId {
        resource: GroupResource::core(plural),
        namespace: text("namespace"),
        name: text("name").unwrap_or_default(),
    }
}

fn going(object: &Value) -> bool {
    object["metadata"].get("deletionTimestamp").is_some()
}

fn condition<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let all = object["status"]["conditions"].as_array()?;
    all.iter().find(|condition| condition["type"] == name)
}

/// A Pod that is neither Ready nor done.
pub(crate) fn pod(pod: &Value) -> Option<HealthIssue> {
    let ready = condition(pod, "Ready").is_some_and(|ready| ready["status"] == "True");
    if ready || going(pod) || pod["status"]["phase"] == "Succeeded" {
        return None;
    }
    let id = id_of("pods", pod);
    let namespace = id.namespace.clone().unwrap_or_default();
    let look = format!(
        "see its events: kubectl -n {namespace} describe pod {}",
        id.name
    );
    let (reason, remedy) = if let Some((reason, message)) = unscheduled(pod) {
        let remedy = "make room, add nodes, or restore the claims and nodes' labels it asks for";
        (format!("{reason}: {message}"), remedy.to_owned())
    } else if let Some((container, reason)) = waiting(pod) {
        let remedy = match reason.as_str() {
            "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" => {
                "push the image where the cluster can pull it, or map it with `image_mapping`, and \
                 check its imagePullSecrets"
                    .to_owned()
            }
            "CreateContainerConfigError" => {
                "a ConfigMap or Secret that it names is missing: restore that as well".to_owned()
            }
            "CrashLoopBackOff" => format!(
                "read why it ends: kubectl -n {namespace} logs {} -c {container} --previous",
                id.name
            ),
            _ => look,
        };
        (format!("container `{container}` waits: {reason}"), remedy)
    } else if pod["status"]["phase"] == "Failed" {
        let reason = pod["status"]["reason"].as_str().unwrap_or("it failed");
        (reason.to_owned(), look)
    } else if pod["spec"]["nodeName"].is_null() {
        ("no node is chosen for it yet".to_owned(), look)
    } else {
        ("its containers are not ready yet".to_owned(), look)
    };
    Some(HealthIssue {
        issue: HealthIssueKind::PodNotReady,
        id,
        reason,
        remedy,
    })
}

fn unscheduled(pod: &Value) -> Option<(&str, &str)> {
    let scheduled = condition(pod, "PodScheduled").filter(|c| c["status"] == "False")?;
    Some((
        scheduled["reason"].as_str().unwrap_or("Unschedulable"),
        scheduled["message"].as_str().unwrap_or_default(),
    ))
}

/// A container that is waiting for something other than its start.
fn waiting(pod: &Value) -> Option<(String, String)> {
    ["initContainerStatuses", "containerStatuses"]
        .iter()
        .filter_map(|list| pod["status"][*list].as_array())
        .flatten()
        .find_map(|status| {
            let reason = status["state"]["waiting"]["reason"].as_str()?;
            let usual = matches!(reason, "ContainerCreating" | "PodInitializing");
            (!usual).then(|| {
                let name = status["name"].as_str().unwrap_or_default();
                (name.to_owned(), reason.to_owned())
            })
        })
}

/// On a claim: where its first Pod goes.
const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";

/// A claim that has no volume. `classes` are the cluster's storage classes with their
/// `volumeBindingMode`.
pub(crate) fn claim(claim: &Value, classes: &BTreeMap<String, String>) -> Option<HealthIssue> {
    let phase = claim["status"]["phase"].as_str().unwrap_or("Pending");
    if phase == "Bound" || going(claim) {
        return None;
    }
    let id = id_of("persistentvolumeclaims", claim);
    let (reason, remedy) = if phase == "Lost" {
        (
            "its volume is gone".to_owned(),
            "its data may still be there: find its disk, and make a PersistentVolume of it; or restore into \
             another namespace, where a new volume is made"
                .to_owned(),
        )
    } else if let Some(volume) = claim["spec"]["volumeName"].as_str() {
        (
            format!("it waits for volume `{volume}`"),
            format!("see whether that belongs to another claim: kubectl get pv {volume}"),
        )
    } else {
        match claim["spec"]["storageClassName"].as_str() {
            None => (
                "it names no storage class and the cluster has no default one".to_owned(),
                "mark one: annotation storageclass.kubernetes.io/is-default-class".to_owned(),
            ),
            Some("") => (
                "it asks for a volume that is created by hand".to_owned(),
                "make a PersistentVolume that fits it".to_owned(),
            ),
            Some(class) => match classes.get(class).map(String::as_str) {
                None => (
                    format!("the cluster has no storage class `{class}`"),
                    "make that class, or map it to one of the cluster's with `storage_class_mapping`"
                        .to_owned(),
                ),
                // Nothing is wrong with it: its volume is made where the first Pod that uses it goes, and where that
                // is chosen, it says so (kubernetes/kubernetes, pkg/scheduler/framework/plugins/volumebinding).
                Some("WaitForFirstConsumer")
                    if claim["metadata"]["annotations"][SELECTED_NODE].is_null() =>
                {
                    return None;
                }
                Some(_) => (
                    format!("storage class `{class}` has not made its volume yet"),
                    "see its events and the log of the provisioner".to_owned(),
                ),
            },
        }
    };
    Some(HealthIssue {
        issue: HealthIssueKind::ClaimPending,
        id,
        reason,
        remedy,
    })
}

/// A load balancer without an address.
pub(crate) fn service(service: &Value) -> Option<HealthIssue> {
    let addresses = service["status"]["loadBalancer"]["ingress"].as_array();
    let has_address = addresses.is_some_and(|all| !all.is_empty());
    if service["spec"]["type"] != "LoadBalancer" || has_address || going(service) {
        return None;
    }
    Some(HealthIssue {
        issue: HealthIssueKind::NoAddress,
        id: id_of("services", service),
        reason: match service["spec"]["loadBalancerClass"].as_str() {
            Some(class) => format!("load balancer class `{class}` has not given it an address"),
            None => "the cloud has not given it an address".to_owned(),
        },
        remedy:
            "see its events and the log of the cloud controller manager; annotations that name a \
                 load balancer of the old cluster ask for that one"
                .to_owned(),
    })
}

/// Whether an endpoint of these EndpointSlices is ready. One that does not say is
/// (discovery.k8s.io/v1, EndpointConditions).
pub(crate) fn has_ready_endpoint(slices: &[Value]) -> bool {
    slices.iter().any(|slice| {
        let endpoints = slice["endpoints"].as_array();
        endpoints
            .into_iter()
            .flatten()
            .any(|endpoint| endpoint["conditions"]["ready"] != false)
    })
}

/// A backend without a ready endpoint.
pub(crate) fn backend(
    backend: &Backend,
    service: Option<&Value>,
    slices: &[Value],
) -> Option<HealthIssue> {
    // An external name is resolved elsewhere.
    let elsewhere = service.is_some_and(|service| service["spec"]["type"] == "ExternalName");
    if elsewhere || service.is_some() && has_ready_endpoint(slices) {
        return None;
    }
    let Backend {
        namespace,
        service: name,
        ..
    } = backend;
    let of = match backend.part.as_str() {
        "" => String::new(),
        part => format!("`{part}`: "),
    };
    let (what, remedy) = if service.is_none() {
        (
            "is not there",
            "restore it, or set what refers to it to the Service that is there".to_owned(),
        )
    } else {
        (
            "has no ready endpoint",
            format!("start its Pods: kubectl -n {namespace} get pods"),
        )
    };
    Some(HealthIssue {
        issue: HealthIssueKind::NoBackend,
        id: backend.id.clone(),
        reason: format!(
            "{of}Service `{namespace}/{name}` {what}, and until then {}",
            backend.consequence
        ),
        remedy,
    })
}
