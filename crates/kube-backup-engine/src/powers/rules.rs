//! Roles and their bindings, wherever they stand.

use serde_json::{Map, Value};

use super::power::{Danger, Power, Powers};

/// Roles of Kubernetes that every cluster has, and what they are worth in a whole cluster.
const KNOWN_ROLES: [(&str, Danger); 4] = [
    ("cluster-admin", Danger::Critical),
    ("admin", Danger::High),
    ("edit", Danger::High),
    ("view", Danger::Medium),
];

/// Groups and users that many, or the mightiest, are.
const EVERYBODY: [&str; 4] = [
    "system:masters",
    "system:authenticated",
    "system:unauthenticated",
    "system:anonymous",
];

fn texts<'a>(rule: &'a Map<String, Value>, field: &str) -> Vec<&'a str> {
    let values = rule.get(field).and_then(Value::as_array);
    let values = values.into_iter().flatten();
    values.filter_map(Value::as_str).collect()
}

/// Whether an object is a rule of a role.
pub(super) fn is_rule(object: &Map<String, Value>) -> bool {
    let has = |field: &str| object.get(field).is_some_and(Value::is_array);
    has("verbs") && (has("resources") || has("nonResourceURLs"))
}

/// What one rule of a role allows.
pub(super) fn add_rule(rule: &Map<String, Value>, place: &str, powers: &mut Powers) {
    let verbs = texts(rule, "verbs");
    let resources = texts(rule, "resources");
    let has_verb = |wanted: &[&str]| {
        verbs
            .iter()
            .any(|verb| *verb == "*" || wanted.contains(verb))
    };
    let mut add = |danger, what: &str| {
        powers.add(Power::Rbac, danger, format!("`{place}` allows {what}"));
    };
    if verbs.is_empty() {
        return;
    }
    if verbs.contains(&"*") && resources.contains(&"*") {
        add(Danger::Critical, "everything");
    }
    for verb in ["escalate", "bind", "impersonate"] {
        if verbs.contains(&verb) {
            add(Danger::Critical, &format!("to {verb}"));
        }
    }
    for resource in &resources {
        let (kind, part) = match resource.split_once('/') {
            Some((kind, part)) => (kind, part),
            None => (*resource, ""),
        };
        let any = kind == "*";
        // `*` means parts as well.
        let is_part = |of: &[&str], parts: &[&str]| {
            *resource == "*"
                || (any || of.contains(&kind)) && (part == "*" || parts.contains(&part))
        };
        if (any || kind == "secrets") && part.is_empty() && has_verb(&["get", "list", "watch"]) {
            add(Danger::High, &format!("to read Secrets (`{resource}`)"));
        }
        let enters = ["exec", "attach", "portforward", "ephemeralcontainers"];
        if is_part(&["pods"], &enters) && has_verb(&["create", "get", "update", "patch"]) {
            add(Danger::High, &format!("to enter Pods (`{resource}`)"));
        }
        if is_part(&["pods", "nodes", "services"], &["proxy"]) && has_verb(&["create", "get"]) {
            add(
                Danger::High,
                &format!("to reach through the API server (`{resource}`)"),
            );
        }
        if is_part(&["serviceaccounts"], &["token"]) && has_verb(&["create"]) {
            add(
                Danger::High,
                &format!("to make tokens of accounts (`{resource}`)"),
            );
        }
        let signs =
            is_part(&["certificatesigningrequests"], &["approval", "status"]) || kind == "signers";
        if signs && has_verb(&["update", "patch", "approve", "sign", "attest"]) {
            add(
                Danger::High,
                &format!("to approve certificates (`{resource}`)"),
            );
        }
        let decides = [
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
            "apiservices",
            "customresourcedefinitions",
            "roles",
            "rolebindings",
            "clusterroles",
            "clusterrolebindings",
        ];
        let writes = ["create", "update", "patch"];
        if (any || decides.contains(&kind)) && has_verb(&writes) {
            add(
                Danger::High,
                &format!("to write what decides on others (`{resource}`)"),
            );
        }
        let runs = [
            "pods",
            "deployments",
            "daemonsets",
            "statefulsets",
            "replicasets",
            "replicationcontrollers",
            "jobs",
            "cronjobs",
        ];
        if (any || runs.contains(&kind)) && part.is_empty() && has_verb(&writes) {
            add(Danger::Medium, &format!("to run Pods (`{resource}`)"));
        }
    }
    add(Danger::Low, &format!("to {}", verbs.join(", ")));
}

/// What a binding gives, and to whom. `holder` is the object that has `roleRef`.
pub(super) fn add_binding(
    role: &Map<String, Value>,
    holder: &Map<String, Value>,
    place: &str,
    powers: &mut Powers,
) {
    let text = |of: &Map<String, Value>, field: &str| {
        let text = of.get(field).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let name = text(role, "name");
    let subjects = holder.get("subjects").and_then(Value::as_array);
    let subjects: Vec<String> = subjects
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .map(|subject| {
            let namespace = text(subject, "namespace");
            let name = text(subject, "name");
            let slash = if namespace.is_empty() { "" } else { "/" };
            format!("{} {namespace}{slash}{name}", text(subject, "kind"))
        })
        .collect();
    let known = KNOWN_ROLES.iter().find(|(known, _)| *known == name);
    let by_name = known.map_or(Danger::Medium, |(_, danger)| *danger);
    let is_system = name.starts_with("system:");
    let danger = if is_system {
        Danger::High.max(by_name)
    } else {
        by_name
    };
    let to = if subjects.is_empty() {
        "nobody yet".to_owned()
    } else {
        subjects.join(", ")
    };
    powers.add(
        Power::Rbac,
        danger,
        format!("`{place}` binds {} `{name}` to {to}", text(role, "kind")),
    );
    for subject in &subjects {
        let who = subject.rsplit(' ').next().unwrap_or_default();
        let is_all_accounts = subject.contains("system:serviceaccounts");
        if EVERYBODY.contains(&who) || is_all_accounts {
            powers.add(
                Power::Rbac,
                Danger::High,
                format!("`{place}` binds `{name}` to many: {subject}"),
            );
        }
    }
}
