//! Powers that are told by the shape of a part, wherever in an object of whatever kind it stands: an
//! operator's custom resource can hold the specification of a Pod, rules of a role or a webhook's address.

use serde_json::{Map, Value};

use super::capabilities;
use super::power::{Danger, Power, Powers};
use super::rules::{add_binding, add_rule, is_rule};
use crate::GroupResource;
use crate::kinds::names::{API_SERVICES, DEFINITIONS, is_built_in};

pub(super) fn add(kind: &GroupResource, object: &Value, powers: &mut Powers) {
    let Some(fields) = object.as_object() else {
        return;
    };
    let walk = Walk {
        kind,
        // Their rules say whose requests wait how long.
        knows_rules: kind.group != "flowcontrol.apiserver.k8s.io",
    };
    // What is in metadata is text and names; in a status, it is what was.
    let parts = fields
        .iter()
        .filter(|(name, _)| *name != "metadata" && *name != "status");
    let mut place = String::new();
    walk.object(fields, &mut place, powers, false);
    for (name, part) in parts {
        walk.field(name, part, &mut place, powers);
    }
}

struct Walk<'a> {
    kind: &'a GroupResource,
    knows_rules: bool,
}

impl Walk<'_> {
    fn field(&self, name: &str, value: &Value, place: &mut String, powers: &mut Powers) {
        let length = place.len();
        if !place.is_empty() {
            place.push('.');
        }
        place.push_str(name);
        self.value(value, place, powers);
        place.truncate(length);
    }

    /// Objects and arrays are nested no deeper than JSON of an object may be.
    fn value(&self, value: &Value, place: &mut String, powers: &mut Powers) {
        match value {
            Value::Object(fields) => self.object(fields, place, powers, true),
            Value::Array(elements) => {
                let length = place.len();
                for (at, element) in elements.iter().enumerate() {
                    if matches!(element, Value::Object(_) | Value::Array(_)) {
                        place.push_str(&format!("[{at}]"));
                        self.value(element, place, powers);
                        place.truncate(length);
                    }
                }
            }
            _ => {}
        }
    }

    fn object(
        &self,
        fields: &Map<String, Value>,
        place: &mut String,
        powers: &mut Powers,
        descend: bool,
    ) {
        if self.knows_rules && is_rule(fields) {
            add_rule(fields, place, powers);
        }
        for (name, value) in fields {
            let at = || match place.is_empty() {
                true => name.clone(),
                false => format!("{place}.{name}"),
            };
            match (name.as_str(), value) {
                ("roleRef", Value::Object(role)) if role.contains_key("name") => {
                    add_binding(role, fields, &at(), powers);
                }
                ("clientConfig", Value::Object(config)) => {
                    self.client_config(config, &at(), powers);
                }
                ("externalIPs", Value::Array(addresses)) if !addresses.is_empty() => powers.add(
                    Power::Network,
                    Danger::High,
                    format!("`{}` takes traffic for any address", at()),
                ),
                _ => add_of_pod(name, value, &at, powers),
            }
        }
        if descend {
            for (name, value) in fields {
                if matches!(value, Value::Object(_) | Value::Array(_)) {
                    self.field(name, value, place, powers);
                }
            }
        }
    }

    /// Where requests are sent to.
    fn client_config(&self, config: &Map<String, Value>, at: &str, powers: &mut Powers) {
        let url = config.get("url").and_then(Value::as_str);
        let power = if DEFINITIONS.is(self.kind) || API_SERVICES.is(self.kind) {
            Power::ApiServing
        } else {
            Power::Admission
        };
        let doubt = match is_built_in(self.kind) {
            true => "",
            false => ", by its shape",
        };
        match url {
            Some(url) => {
                // What comes after could be a password.
                let host = url.split("://").nth(1).unwrap_or(url);
                let host = host.split('/').next().unwrap_or_default();
                let host = host.rsplit('@').next().unwrap_or_default();
                powers.add(
                    power,
                    Danger::Critical,
                    format!("`{at}` sends requests to `{host}`, outside the cluster{doubt}"),
                );
            }
            None if config.contains_key("service") => powers.add(
                power,
                Danger::High,
                format!("`{at}` sends requests to a Service{doubt}"),
            ),
            None => {}
        }
    }
}

/// Fields of a Pod's specification.
fn add_of_pod(name: &str, value: &Value, at: &dyn Fn() -> String, powers: &mut Powers) {
    let mut add = |danger, what: String| {
        powers.add(Power::Node, danger, format!("`{}` {what}", at()));
    };
    match (name, value) {
        ("hostNetwork" | "hostPID" | "hostIPC" | "hostProcess", Value::Bool(true)) => {
            add(Danger::High, "shares it with the machine".to_owned());
        }
        ("privileged", Value::Bool(true)) => {
            add(Danger::High, "is as good as the machine".to_owned());
        }
        ("hostPath", Value::Object(volume)) => {
            if let Some(path) = volume.get("path").and_then(Value::as_str) {
                add(Danger::High, format!("is `{path}` of the machine"));
            }
        }
        ("capabilities", Value::Object(capabilities)) => {
            let added = capabilities.get("add").and_then(Value::as_array);
            for capability in added.into_iter().flatten().filter_map(Value::as_str) {
                if let Some(danger) = capabilities::danger(capability) {
                    add(danger, format!("adds {capability}"));
                }
            }
        }
        ("hostPort", Value::Number(port)) if port.as_u64() != Some(0) => {
            add(Danger::Medium, format!("is port {port} of the machine"));
        }
        ("sysctls", Value::Array(sysctls)) if !sysctls.is_empty() => {
            add(Danger::Medium, "sets parameters of the kernel".to_owned());
        }
        ("procMount", Value::String(mount)) if mount == "Unmasked" => {
            add(Danger::Medium, "shows all of `/proc`".to_owned());
        }
        ("seccompProfile" | "appArmorProfile", Value::Object(profile))
            if profile.get("type").is_some_and(|kind| kind == "Unconfined") =>
        {
            add(Danger::Medium, "allows every system call".to_owned());
        }
        _ => {}
    }
}
