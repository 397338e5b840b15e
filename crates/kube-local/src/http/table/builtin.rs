//! What the server prints of built-in kinds, column by column (Kubernetes,
//! pkg/printers/internalversion/printers.go).

use serde_json::{Value, json};

use super::age::age;
use super::event;

/// The cell of a kind's own column; `None` where there is nothing of its own to print.
pub(super) fn cell(kind: &str, item: &Value, column: &str) -> Option<Value> {
    let (spec, status) = (&item["spec"], &item["status"]);
    let cell = match (kind, column) {
        ("pods", _) => return pod(item, column),
        ("events", _) => return event::cell(item, column),
        ("services", _) => return service(spec, status, column),
        ("persistentvolumeclaims", _) => return claim(item, column),
        ("persistentvolumes", _) => return volume(item, column),
        ("ingresses", _) => return ingress(spec, column),
        ("rolebindings" | "clusterrolebindings", _) => return binding(item, column),
        ("storageclasses", _) => return storage_class(item, column),
        ("apiservices", "Service") => match spec["service"].as_object() {
            Some(service) => joined([&service["namespace"], &service["name"]], "/").into(),
            None => "Local".into(),
        },
        ("deployments" | "statefulsets", "Ready") => {
            let ready = number(&status["readyReplicas"]);
            format!("{ready}/{}", number(&spec["replicas"])).into()
        }
        ("deployments", "Up-to-date") => json!(number(&status["updatedReplicas"])),
        ("deployments", "Available") => json!(number(&status["availableReplicas"])),
        ("replicasets" | "replicationcontrollers", "Desired") => json!(number(&spec["replicas"])),
        ("replicasets" | "replicationcontrollers", "Current") => json!(number(&status["replicas"])),
        ("replicasets" | "replicationcontrollers", "Ready") => {
            json!(number(&status["readyReplicas"]))
        }
        ("daemonsets", "Desired") => json!(number(&status["desiredNumberScheduled"])),
        ("daemonsets", "Current") => json!(number(&status["currentNumberScheduled"])),
        ("daemonsets", "Ready") => json!(number(&status["numberReady"])),
        ("daemonsets", "Up-to-date") => json!(number(&status["updatedNumberScheduled"])),
        ("daemonsets", "Available") => json!(number(&status["numberAvailable"])),
        ("daemonsets", "Node Selector") => labels(&spec["template"]["spec"]["nodeSelector"]).into(),
        ("jobs", "Status") => job_status(item).into(),
        ("jobs", "Completions") => completions(spec, status).into(),
        ("cronjobs", "Schedule") => spec["schedule"].clone(),
        ("cronjobs", "Timezone") => return text(&spec["timeZone"]),
        ("cronjobs", "Suspend") => boolean(&spec["suspend"]),
        ("cronjobs", "Active") => json!(status["active"].as_array().map_or(0, Vec::len)),
        ("cronjobs", "Last Schedule") => age(status["lastScheduleTime"].as_str()?).into(),
        ("networkpolicies", "Pod-Selector") => selector(&spec["podSelector"]).into(),
        (_, "Containers" | "Images") => {
            let template = if kind == "cronjobs" {
                &spec["jobTemplate"]["spec"]["template"]
            } else if kind == "podtemplates" {
                &item["template"]
            } else {
                &spec["template"]
            };
            let key = if column == "Images" { "image" } else { "name" };
            let containers = template["spec"]["containers"].as_array()?;
            joined(containers.iter().map(|container| &container[key]), ",").into()
        }
        ("replicationcontrollers", "Selector") => labels(&spec["selector"]).into(),
        ("podtemplates", "Pod Labels") => labels(&item["template"]["metadata"]["labels"]).into(),
        ("cronjobs", "Selector") => selector(&spec["jobTemplate"]["spec"]["selector"]).into(),
        (_, "Selector") => selector(&spec["selector"]).into(),
        _ => return None,
    };
    Some(cell)
}

fn pod(item: &Value, column: &str) -> Option<Value> {
    let (spec, status) = (&item["spec"], &item["status"]);
    let containers = || status["containerStatuses"].as_array().into_iter().flatten();
    let waiting =
        || containers().find_map(|container| text(&container["state"]["waiting"]["reason"]));
    Some(match column {
        "Ready" => {
            let ready = containers()
                .filter(|container| container["ready"] == true)
                .count();
            format!(
                "{ready}/{}",
                spec["containers"].as_array().map_or(0, Vec::len)
            )
            .into()
        }
        "Status" if !item["metadata"]["deletionTimestamp"].is_null() => "Terminating".into(),
        "Status" => text(&status["reason"])
            .or_else(waiting)
            .or_else(|| text(&status["phase"]))?,
        "Restarts" => {
            let restarts: u64 = containers()
                .map(|container| number(&container["restartCount"]))
                .sum();
            restarts.to_string().into()
        }
        "IP" => text(&status["podIP"])?,
        "Node" => text(&spec["nodeName"])?,
        "Nominated Node" => text(&status["nominatedNodeName"])?,
        _ => return None,
    })
}

fn service(spec: &Value, status: &Value, column: &str) -> Option<Value> {
    Some(match column {
        "Type" => spec["type"].clone(),
        "Cluster-IP" => text(&spec["clusterIPs"][0])?,
        "External-IP" => {
            let balanced = status["loadBalancer"]["ingress"]
                .as_array()
                .into_iter()
                .flatten();
            let balanced = balanced.map(|at| {
                if at["ip"].is_string() {
                    &at["ip"]
                } else {
                    &at["hostname"]
                }
            });
            let external = spec["externalIPs"].as_array().into_iter().flatten();
            match spec["type"].as_str() {
                Some("ExternalName") => spec["externalName"].clone(),
                Some("LoadBalancer") => {
                    let all = joined(balanced.chain(external), ",");
                    if all.is_empty() {
                        "<pending>".into()
                    } else {
                        all.into()
                    }
                }
                _ => some(joined(external, ","))?,
            }
        }
        "Port(s)" => {
            let ports = spec["ports"].as_array()?.iter().map(|port| {
                let node = port["nodePort"].as_u64().filter(|node| *node > 0);
                let node = node.map(|node| format!(":{node}")).unwrap_or_default();
                let protocol = port["protocol"].as_str().unwrap_or("TCP");
                format!("{}{node}/{protocol}", number(&port["port"]))
            });
            some(ports.collect::<Vec<_>>().join(","))?
        }
        "Selector" => labels(&spec["selector"]).into(),
        _ => return None,
    })
}

fn claim(item: &Value, column: &str) -> Option<Value> {
    let (spec, status) = (&item["spec"], &item["status"]);
    let bound = text(&spec["volumeName"]).is_some();
    Some(match column {
        "Status" if !item["metadata"]["deletionTimestamp"].is_null() => "Terminating".into(),
        "Volume" => spec["volumeName"].as_str().unwrap_or_default().into(),
        "Capacity" | "Access Modes" if !bound => "".into(),
        "Capacity" => status["capacity"]["storage"]
            .as_str()
            .unwrap_or_default()
            .into(),
        "Access Modes" => access_modes(&status["accessModes"]).into(),
        "StorageClass" => spec["storageClassName"].as_str().unwrap_or_default().into(),
        "VolumeAttributesClass" => or_unset(&spec["volumeAttributesClassName"]),
        "VolumeMode" => or_unset(&spec["volumeMode"]),
        _ => return None,
    })
}

fn volume(item: &Value, column: &str) -> Option<Value> {
    let (spec, status) = (&item["spec"], &item["status"]);
    Some(match column {
        "Capacity" => spec["capacity"]["storage"].clone(),
        "Access Modes" => access_modes(&spec["accessModes"]).into(),
        "Reclaim Policy" => spec["persistentVolumeReclaimPolicy"].clone(),
        "Status" if !item["metadata"]["deletionTimestamp"].is_null() => "Terminating".into(),
        "Claim" => match &spec["claimRef"] {
            Value::Null => "".into(),
            claim => joined([&claim["namespace"], &claim["name"]], "/").into(),
        },
        "StorageClass" => spec["storageClassName"].as_str().unwrap_or_default().into(),
        "VolumeAttributesClass" => or_unset(&spec["volumeAttributesClassName"]),
        "Reason" => status["reason"].as_str().unwrap_or_default().into(),
        "VolumeMode" => or_unset(&spec["volumeMode"]),
        _ => return None,
    })
}

fn ingress(spec: &Value, column: &str) -> Option<Value> {
    Some(match column {
        "Class" => text(&spec["ingressClassName"])?,
        "Hosts" => {
            let rules = spec["rules"].as_array().into_iter().flatten();
            let hosts = joined(
                rules
                    .map(|rule| &rule["host"])
                    .filter(|host| host.is_string()),
                ",",
            );
            if hosts.is_empty() {
                "*".into()
            } else {
                hosts.into()
            }
        }
        "Address" => "".into(),
        "Ports" if spec["tls"].as_array().is_some_and(|tls| !tls.is_empty()) => "80, 443".into(),
        "Ports" => "80".into(),
        _ => return None,
    })
}

fn binding(item: &Value, column: &str) -> Option<Value> {
    let subjects = |kind: &str| -> Vec<String> {
        let all = item["subjects"].as_array().into_iter().flatten();
        let of_kind = all.filter(|subject| subject["kind"] == kind);
        of_kind
            .map(|subject| match subject["namespace"].as_str() {
                Some(namespace) => format!(
                    "{namespace}/{}",
                    subject["name"].as_str().unwrap_or_default()
                ),
                None => subject["name"].as_str().unwrap_or_default().to_owned(),
            })
            .collect()
    };
    Some(match column {
        "Role" => joined([&item["roleRef"]["kind"], &item["roleRef"]["name"]], "/").into(),
        "Users" => subjects("User").join(", ").into(),
        "Groups" => subjects("Group").join(", ").into(),
        "ServiceAccounts" => subjects("ServiceAccount").join(", ").into(),
        _ => return None,
    })
}

fn storage_class(item: &Value, column: &str) -> Option<Value> {
    Some(match column {
        "Name" => {
            let default =
                &item["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"];
            let name = item["metadata"]["name"].as_str().unwrap_or_default();
            if default == "true" {
                format!("{name} (default)").into()
            } else {
                name.into()
            }
        }
        "Provisioner" => item["provisioner"].clone(),
        "ReclaimPolicy" => text(&item["reclaimPolicy"]).unwrap_or_else(|| "Delete".into()),
        "VolumeBindingMode" => {
            text(&item["volumeBindingMode"]).unwrap_or_else(|| "Immediate".into())
        }
        "AllowVolumeExpansion" => json!(item["allowVolumeExpansion"] == true),
        _ => return None,
    })
}

fn job_status(item: &Value) -> &'static str {
    let has = |kind: &str| {
        let conditions = item["status"]["conditions"].as_array();
        conditions
            .into_iter()
            .flatten()
            .any(|c| c["type"] == kind && c["status"] == "True")
    };
    if has("Complete") {
        "Complete"
    } else if has("Failed") {
        "Failed"
    } else if !item["metadata"]["deletionTimestamp"].is_null() {
        "Terminating"
    } else if has("Suspended") {
        "Suspended"
    } else if has("FailureTarget") {
        "FailureTarget"
    } else if has("SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    }
}

fn completions(spec: &Value, status: &Value) -> String {
    let succeeded = number(&status["succeeded"]);
    match (spec["completions"].as_u64(), spec["parallelism"].as_u64()) {
        (Some(completions), _) => format!("{succeeded}/{completions}"),
        (None, Some(parallel)) if parallel > 1 => format!("{succeeded}/1 of {parallel}"),
        (None, _) => format!("{succeeded}/1"),
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

fn boolean(value: &Value) -> Value {
    match value.as_bool() {
        Some(true) => "True".into(),
        Some(false) => "False".into(),
        None => "<unset>".into(),
    }
}

fn some(text: String) -> Option<Value> {
    (!text.is_empty()).then(|| text.into())
}

fn text(value: &Value) -> Option<Value> {
    some(value.as_str().unwrap_or_default().to_owned())
}

fn or_unset(value: &Value) -> Value {
    text(value).unwrap_or_else(|| "<unset>".into())
}

fn joined<'a>(values: impl IntoIterator<Item = &'a Value>, separator: &str) -> String {
    let texts: Vec<&str> = values.into_iter().filter_map(Value::as_str).collect();
    texts.join(separator)
}

fn access_modes(modes: &Value) -> String {
    let short = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let has = |mode: &str| {
        modes
            .as_array()
            .is_some_and(|all| all.iter().any(|m| m == mode))
    };
    let found: Vec<&str> = short
        .iter()
        .filter(|(mode, _)| has(mode))
        .map(|(_, s)| *s)
        .collect();
    found.join(",")
}

/// `a=b,c=d`, or `<none>`.
fn labels(map: &Value) -> String {
    let pairs: Vec<String> = map
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    if pairs.is_empty() {
        "<none>".into()
    } else {
        pairs.join(",")
    }
}

/// A label selector as it is typed.
fn selector(selector: &Value) -> String {
    let mut parts: Vec<(String, String)> = selector["matchLabels"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| {
            (
                key.clone(),
                format!("{key}={}", value.as_str().unwrap_or_default()),
            )
        })
        .collect();
    for expression in selector["matchExpressions"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let key = expression["key"].as_str().unwrap_or_default();
        let mut values: Vec<&str> = expression["values"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        values.sort_unstable();
        let values = values.join(",");
        let part = match expression["operator"].as_str() {
            Some("In") => format!("{key} in ({values})"),
            Some("NotIn") => format!("{key} notin ({values})"),
            Some("DoesNotExist") => format!("!{key}"),
            _ => key.to_owned(),
        };
        parts.push((key.to_owned(), part));
    }
    parts.sort();
    let parts: Vec<String> = parts.into_iter().map(|(_, part)| part).collect();
    if parts.is_empty() {
        "<none>".into()
    } else {
        parts.join(",")
    }
}
