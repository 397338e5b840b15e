//! Pods and pod templates.

use serde_json::{Value, json};

use super::fields::{default_to, object};
use crate::error::Cause;

pub(super) fn set_defaults(pod: &mut Value) {
    let spec = object(pod, "spec");
    default_to(spec, "enableServiceLinks", true);
    let mut taken = Value::Object(std::mem::take(spec));
    default_spec(&mut taken);
    // Requests follow limits in Pods, not in templates.
    for list in ["containers", "initContainers"] {
        for container in taken[list].as_array_mut().into_iter().flatten() {
            requests_follow_limits(container);
        }
    }
    pod["spec"] = taken;
}

fn requests_follow_limits(container: &mut Value) {
    let Some(limits) = container["resources"]["limits"].as_object().cloned() else {
        return;
    };
    let requests = object(&mut container["resources"], "requests");
    for (name, quantity) in limits {
        default_to(requests, &name, quantity);
    }
}

/// A template of Pods: the defaults of its spec.
pub(super) fn default_template(template: &mut Value) {
    if template.is_null() {
        return;
    }
    object(template, "spec");
    default_spec(&mut template["spec"]);
}

fn default_spec(spec: &mut Value) {
    let host_network = spec["hostNetwork"] == true;
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            default_container(container, host_network);
        }
    }
    for volume in spec["volumes"].as_array_mut().into_iter().flatten() {
        default_volume(volume);
    }
    let account = spec["serviceAccountName"].clone();
    let deprecated = spec["serviceAccount"].clone();
    let Some(map) = spec.as_object_mut() else {
        return;
    };
    match (
        account.as_str().unwrap_or_default(),
        deprecated.as_str().unwrap_or_default(),
    ) {
        ("", "") => {
            map.remove("serviceAccount");
            map.remove("serviceAccountName");
        }
        ("", old) => {
            map.insert("serviceAccountName".into(), old.into());
        }
        (name, _) => {
            map.insert("serviceAccount".into(), name.into());
        }
    }
    default_to(map, "dnsPolicy", "ClusterFirst");
    default_to(map, "restartPolicy", "Always");
    default_to(map, "schedulerName", "default-scheduler");
    default_to(map, "terminationGracePeriodSeconds", 30);
    default_to(map, "securityContext", json!({}));
    for constraint in map
        .get_mut("topologySpreadConstraints")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        if let Some(constraint) = constraint.as_object_mut() {
            default_to(constraint, "whenUnsatisfiable", "DoNotSchedule");
        }
    }
}

fn default_container(container: &mut Value, host_network: bool) {
    let image = container["image"].as_str().unwrap_or_default().to_owned();
    for port in container["ports"].as_array_mut().into_iter().flatten() {
        let number = port["containerPort"].clone();
        if let Some(port) = port.as_object_mut() {
            default_to(port, "protocol", "TCP");
            if host_network {
                default_to(port, "hostPort", number);
            }
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if container[probe].is_object() {
            default_probe(&mut container[probe]);
        }
    }
    for hook in ["postStart", "preStop"] {
        if container["lifecycle"][hook]["httpGet"].is_object() {
            default_http_get(&mut container["lifecycle"][hook]["httpGet"]);
        }
    }
    for variable in container["env"].as_array_mut().into_iter().flatten() {
        if let Some(field) = variable
            .pointer_mut("/valueFrom/fieldRef")
            .and_then(Value::as_object_mut)
        {
            default_to(field, "apiVersion", "v1");
        }
    }
    canonical_resources(&mut container["resources"]);
    let Some(map) = container.as_object_mut() else {
        return;
    };
    let policy = if is_latest(&image) {
        "Always"
    } else {
        "IfNotPresent"
    };
    default_to(map, "imagePullPolicy", policy);
    default_to(map, "terminationMessagePath", "/dev/termination-log");
    default_to(map, "terminationMessagePolicy", "File");
    if map.get("resources").is_some_and(Value::is_null) {
        map.remove("resources");
    }
}

fn canonical_resources(resources: &mut Value) {
    if resources.is_null() {
        return;
    }
    for list in ["limits", "requests"] {
        super::storage::canonical_quantities(&mut resources[list]);
        if resources[list].is_null()
            && let Some(map) = resources.as_object_mut()
        {
            map.remove(list);
        }
    }
}

fn is_latest(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or_default();
    if name.contains('@') {
        return false;
    }
    name.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

fn default_probe(probe: &mut Value) {
    if probe["httpGet"].is_object() {
        default_http_get(&mut probe["httpGet"]);
    }
    if let Some(grpc) = probe["grpc"].as_object_mut()
        && !grpc.contains_key("service")
    {
        grpc.insert("service".into(), "".into());
    }
    let Some(map) = probe.as_object_mut() else {
        return;
    };
    for absent in ["httpGet", "grpc"] {
        if map.get(absent).is_some_and(Value::is_null) {
            map.remove(absent);
        }
    }
    for (key, value) in [
        ("timeoutSeconds", 1),
        ("periodSeconds", 10),
        ("successThreshold", 1),
        ("failureThreshold", 3),
    ] {
        if map.get(key).is_none_or(|v| v == 0) {
            map.insert(key.into(), value.into());
        }
    }
}

fn default_http_get(get: &mut Value) {
    if let Some(get) = get.as_object_mut() {
        default_to(get, "path", "/");
        default_to(get, "scheme", "HTTP");
    }
}

fn default_volume(volume: &mut Value) {
    let Some(map) = volume.as_object_mut() else {
        return;
    };
    let sources = map.keys().filter(|key| *key != "name").count();
    if sources == 0 {
        map.insert("emptyDir".into(), json!({}));
    }
    for source in ["secret", "configMap", "projected", "downwardAPI"] {
        if let Some(source) = map.get_mut(source).and_then(Value::as_object_mut) {
            default_to(source, "defaultMode", 0o644);
        }
    }
    if let Some(host) = map.get_mut("hostPath").and_then(Value::as_object_mut)
        && !host.contains_key("type")
    {
        host.insert("type".into(), "".into());
    }
    let token = map
        .get_mut("projected")
        .map(|p| &mut p["sources"])
        .and_then(Value::as_array_mut);
    for source in token.into_iter().flatten() {
        if let Some(token) = source["serviceAccountToken"].as_object_mut() {
            default_to(token, "expirationSeconds", 3600);
        }
        source
            .pointer_mut("/downwardAPI/items")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
            .for_each(default_field_ref);
        if let Some(map) = source.as_object_mut() {
            map.retain(|_, value| !value.is_null());
        }
    }
    if let Some(items) = map.get_mut("downwardAPI").map(|d| &mut d["items"]) {
        items
            .as_array_mut()
            .into_iter()
            .flatten()
            .for_each(default_field_ref);
    }
    if let Some(template) = map
        .get_mut("ephemeral")
        .map(|e| &mut e["volumeClaimTemplate"])
    {
        super::storage::default_claim_spec(&mut template["spec"]);
    }
}

fn default_field_ref(item: &mut Value) {
    if let Some(field) = item["fieldRef"].as_object_mut() {
        default_to(field, "apiVersion", "v1");
    }
    if let Some(map) = item.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
}

pub(super) fn prepare_create(pod: &mut Value) {
    let class = qos_class(pod);
    pod["status"] = json!({"phase": "Pending", "qosClass": class});
}

fn qos_class(pod: &Value) -> &'static str {
    let mut all: Vec<&Value> = Vec::new();
    for list in ["containers", "initContainers"] {
        all.extend(pod["spec"][list].as_array().into_iter().flatten());
    }
    let quantity = |c: &Value, list: &str, name: &str| {
        c["resources"][list][name]
            .as_str()
            .map(str::to_owned)
            .filter(|q| q != "0")
    };
    let (mut any, mut guaranteed) = (false, true);
    for container in all {
        for name in ["cpu", "memory"] {
            let limit = quantity(container, "limits", name);
            let request = quantity(container, "requests", name);
            any |= limit.is_some() || request.is_some();
            guaranteed &= limit.is_some() && (request.is_none() || request == limit);
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

/// What ServiceAccount and DefaultTolerationSeconds admission add to a new Pod.
pub(crate) fn admit(pod: &mut Value, account: &Value, name_suffix: &str) {
    let spec = &mut pod["spec"];
    let account_name = account["metadata"]["name"].clone();
    spec["serviceAccountName"] = account_name.clone();
    spec["serviceAccount"] = account_name;
    let mounts = spec["automountServiceAccountToken"]
        .as_bool()
        .or_else(|| account["automountServiceAccountToken"].as_bool())
        .unwrap_or(true);
    if mounts {
        mount_token(spec, name_suffix);
    }
    if spec["imagePullSecrets"]
        .as_array()
        .is_none_or(Vec::is_empty)
        && let Some(secrets) = account.get("imagePullSecrets")
    {
        spec["imagePullSecrets"] = secrets.clone();
    }
    add_tolerations(spec);
    if let Some(spec) = spec.as_object_mut() {
        spec.retain(|_, value| !value.is_null());
    }
}

const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

fn mount_token(spec: &mut Value, suffix: &str) {
    let has_token_volume = |name: &str| name.starts_with("kube-api-access-");
    let existing = spec["volumes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|v| v["name"].as_str())
        .find(|name| has_token_volume(name))
        .map(str::to_owned);
    let volume = existing
        .clone()
        .unwrap_or_else(|| format!("kube-api-access-{suffix}"));
    let mut used = false;
    for list in ["initContainers", "containers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            let mounted = container["volumeMounts"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|m| m["mountPath"] == TOKEN_PATH);
            if mounted {
                continue;
            }
            used = true;
            let mount = json!({"name": volume, "readOnly": true, "mountPath": TOKEN_PATH});
            match container["volumeMounts"].as_array_mut() {
                Some(mounts) => mounts.push(mount),
                None => container["volumeMounts"] = json!([mount]),
            }
        }
    }
    if !used || existing.is_some() {
        return;
    }
    let source = json!({"name": volume, "projected": {"defaultMode": 0o644, "sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace",
            "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
    ]}});
    match spec["volumes"].as_array_mut() {
        Some(volumes) => volumes.push(source),
        None => spec["volumes"] = json!([source]),
    }
}

fn add_tolerations(spec: &mut Value) {
    for key in [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ] {
        let tolerated = spec["tolerations"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|t| {
                (t["key"] == key || t["key"].as_str().is_none_or(str::is_empty))
                    && matches!(t["effect"].as_str(), Some("NoExecute" | "") | None)
            });
        if tolerated {
            continue;
        }
        let toleration = json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
        match spec["tolerations"].as_array_mut() {
            Some(list) => list.push(toleration),
            None => spec["tolerations"] = json!([toleration]),
        }
    }
}

pub(super) fn carry_over(old: &Value, new: &mut Value) {
    // Clients that replace a Pod without what admission added keep it.
    for field in [
        "serviceAccountName",
        "serviceAccount",
        "enableServiceLinks",
        "priority",
    ] {
        if new["spec"][field].is_null() && !old["spec"][field].is_null() {
            new["spec"][field] = old["spec"][field].clone();
        }
    }
    if let Some(spec) = new["spec"].as_object_mut() {
        spec.retain(|_, value| !value.is_null());
    }
}

/// A spec of Pods has containers, each with a name of its own and an image.
pub(super) fn check_spec(spec: &Value, path: &str, causes: &mut Vec<Cause>) {
    let containers = spec["containers"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if containers.is_empty() {
        causes.push(Cause::required(format!("{path}.containers"), ""));
    }
    let volumes: Vec<&str> = spec["volumes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|v| v["name"].as_str())
        .collect();
    let mut names: Vec<&str> = Vec::new();
    for list in ["containers", "initContainers"] {
        for (index, container) in spec[list].as_array().into_iter().flatten().enumerate() {
            let at = format!("{path}.{list}[{index}]");
            match container["name"].as_str() {
                None | Some("") => causes.push(Cause::required(format!("{at}.name"), "")),
                Some(name) if names.contains(&name) => {
                    causes.push(Cause::duplicate(format!("{at}.name"), &name.into()));
                }
                Some(name) => names.push(name),
            }
            if container["image"].as_str().is_none_or(str::is_empty) {
                causes.push(Cause::required(format!("{at}.image"), ""));
            }
            for (m, mount) in container["volumeMounts"]
                .as_array()
                .into_iter()
                .flatten()
                .enumerate()
            {
                if !mount["name"]
                    .as_str()
                    .is_some_and(|name| volumes.contains(&name))
                {
                    let message = format!("{at}.volumeMounts[{m}].name");
                    causes.push(Cause::not_found(message, &mount["name"]));
                }
            }
        }
    }
    if !matches!(
        spec["restartPolicy"].as_str(),
        Some("Always" | "OnFailure" | "Never") | None
    ) {
        causes.push(Cause::unsupported(
            format!("{path}.restartPolicy"),
            &spec["restartPolicy"],
            &["Always", "Never", "OnFailure"],
        ));
    }
}

const MUTABLE: &str = "pod updates may not change fields other than \
    `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
    `spec.tolerations` (only additions to existing tolerations),\
    `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

pub(super) fn check_update(old: &Value, new: &Value, causes: &mut Vec<Cause>) {
    let rest = |pod: &Value| {
        let mut spec = pod["spec"].clone();
        for list in ["containers", "initContainers"] {
            for container in spec[list].as_array_mut().into_iter().flatten() {
                container["image"] = Value::Null;
            }
        }
        spec["activeDeadlineSeconds"] = Value::Null;
        spec["tolerations"] = Value::Null;
        spec["terminationGracePeriodSeconds"] = Value::Null;
        spec
    };
    if rest(old) != rest(new) {
        causes.push(Cause::forbidden("spec", MUTABLE));
    }
}
