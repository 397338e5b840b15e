//! Services: addresses and ports that the old cluster assigned are not asked for again.

use serde_json::Value;

use super::{TransformContext, Verdict, elements, remove, text};

const LAST_APPLIED: &str =
    "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration";

pub(super) fn transform(service: &mut Value, context: &TransformContext<'_>) -> Verdict {
    // "None" is a choice and not an address.
    if text(service, "/spec/clusterIP") != "None" {
        remove(service, "/spec", "clusterIP");
        remove(service, "/spec", "clusterIPs");
    }
    if context.spec.preserve_node_ports {
        return Verdict::Restore;
    }
    let requested = Requested::of(service);
    if !requested.health_check {
        remove(service, "/spec", "healthCheckNodePort");
    }
    for port in elements(service, "/spec/ports") {
        if port.get("nodePort").is_some() && !requested.has(port) {
            remove(port, "", "nodePort");
        }
    }
    Verdict::Restore
}

/// Node ports that were asked for, as opposed to assigned.
struct Requested {
    /// Name of the port, and its number, of `kubectl apply`.
    applied: Vec<(String, i64)>,
    /// `{"port":80,"protocol":"TCP"}` of the managers.
    managed: Vec<Value>,
    health_check: bool,
}

impl Requested {
    fn of(service: &Value) -> Self {
        let applied: Value = serde_json::from_str(text(service, LAST_APPLIED)).unwrap_or_default();
        let mut requested = Self {
            applied: Vec::new(),
            managed: Vec::new(),
            health_check: applied["spec"]["healthCheckNodePort"]
                .as_i64()
                .is_some_and(|port| port > 0),
        };
        for port in applied["spec"]["ports"].as_array().into_iter().flatten() {
            if let Some(number) = port["nodePort"].as_i64().filter(|number| *number > 0) {
                requested
                    .applied
                    .push((text(port, "/name").to_owned(), number));
            }
        }
        for entry in service["metadata"]["managedFields"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let spec = &entry["fieldsV1"]["f:spec"];
            requested.health_check |= spec.get("f:healthCheckNodePort").is_some();
            for (key, fields) in spec["f:ports"].as_object().into_iter().flatten() {
                if fields.get("f:nodePort").is_some()
                    && let Some(key) = key
                        .strip_prefix("k:")
                        .and_then(|key| serde_json::from_str(key).ok())
                {
                    requested.managed.push(key);
                }
            }
        }
        requested
    }

    fn has(&self, port: &Value) -> bool {
        let number = port["nodePort"].as_i64().unwrap_or_default();
        let name = text(port, "/name");
        self.applied
            .iter()
            .any(|(applied, asked)| applied == name && *asked == number)
            || self.managed.iter().any(|key| {
                let protocol =
                    |value: &Value| value["protocol"].as_str().unwrap_or("TCP").to_owned();
                key["port"] == port["port"] && protocol(key) == protocol(port)
            })
    }
}
