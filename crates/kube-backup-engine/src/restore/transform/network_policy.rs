//! NetworkPolicies.

use serde_json::Value;

use super::{Context, Verdict};

/// The label that selects one namespace by its name.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

pub(super) fn transform(policy: &mut Value, context: &Context<'_>) -> Verdict {
    if context.spec.namespace_mapping.is_empty() {
        return Verdict::Restore;
    }
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        let rules = policy["spec"]
            .get_mut(direction)
            .and_then(Value::as_array_mut);
        for rule in rules.into_iter().flatten() {
            for peer in rule
                .get_mut(peers)
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
            {
                if let Some(selector) = peer.get_mut("namespaceSelector") {
                    map_selector(selector, context);
                }
            }
        }
    }
    Verdict::Restore
}

fn map_selector(selector: &mut Value, context: &Context<'_>) {
    if let Some(labels) = selector.get_mut("matchLabels") {
        context.map_namespace(labels, NAME_LABEL);
    }
    let expressions = selector
        .get_mut("matchExpressions")
        .and_then(Value::as_array_mut);
    for expression in expressions.into_iter().flatten() {
        if expression["key"] != NAME_LABEL {
            continue;
        }
        let values = expression.get_mut("values").and_then(Value::as_array_mut);
        for value in values.into_iter().flatten() {
            if let Value::String(name) = value {
                *name = context.spec.target_namespace(name).to_owned();
            }
        }
    }
}
