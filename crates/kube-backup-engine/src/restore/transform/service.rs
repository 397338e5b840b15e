//! Services: what the old cluster handed out is not asked for again, and what somebody asked for is.

use serde_json::Value;

use super::{TransformContext, Verdict, elements, remove, text};
use crate::kinds::evidence::Evidence;

pub(super) fn transform(service: &mut Value, context: &TransformContext<'_>) -> Verdict {
    let asked = Asked::of(service);
    // "None" is a choice and not an address.
    if !asked.address && text(service, "/spec/clusterIP") != "None" {
        remove(service, "/spec", "clusterIP");
        remove(service, "/spec", "clusterIPs");
    }
    if !asked.families {
        // The cluster's own, which the target need not have.
        remove(service, "/spec", "ipFamilies");
    }
    if !asked.family_policy {
        remove(service, "/spec", "ipFamilyPolicy");
    }
    if !asked.balancer {
        remove(service, "/spec", "loadBalancerIP");
    }
    if context.spec.preserve_node_ports {
        return Verdict::Restore;
    }
    if !asked.health_check {
        remove(service, "/spec", "healthCheckNodePort");
    }
    for (port, asked) in elements(service, "/spec/ports").zip(asked.node_ports) {
        if !asked {
            remove(port, "", "nodePort");
        }
    }
    Verdict::Restore
}

/// What was asked for.
struct Asked {
    address: bool,
    families: bool,
    family_policy: bool,
    balancer: bool,
    health_check: bool,
    /// Port by port.
    node_ports: Vec<bool>,
}

impl Asked {
    fn of(service: &Value) -> Self {
        let evidence = Evidence::of(service);
        let ports = service["spec"]["ports"].as_array();
        Self {
            address: evidence.asks_for(&["spec", "clusterIP"])
                || evidence.asks_for(&["spec", "clusterIPs"]),
            families: evidence.asks_for(&["spec", "ipFamilies"]),
            family_policy: evidence.asks_for(&["spec", "ipFamilyPolicy"]),
            // The API server hands none out: only a controller can have written it unasked.
            balancer: !evidence.is_there() || evidence.asks_for(&["spec", "loadBalancerIP"]),
            health_check: evidence.asks_for(&["spec", "healthCheckNodePort"]),
            node_ports: ports
                .into_iter()
                .flatten()
                .map(|port| evidence.asks_for_port(port, "nodePort"))
                .collect(),
        }
    }
}
