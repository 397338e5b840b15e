//! The machines of the target, and which of them a Pod can run on.

use std::collections::BTreeMap;

use serde_json::Value;

/// A node, as far as it matters where a volume is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Machine {
    labels: BTreeMap<String, String>,
    /// Key, value and effect.
    taints: Vec<[String; 3]>,
    is_cordoned: bool,
}

impl Machine {
    pub(crate) fn of(node: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let labels = node["metadata"]["labels"].as_object().into_iter().flatten();
        let taints = node["spec"]["taints"].as_array().into_iter().flatten();
        Self {
            labels: labels
                .map(|(key, value)| (key.clone(), text(value)))
                .collect(),
            taints: taints
                .map(|taint| ["key", "value", "effect"].map(|field| text(&taint[field])))
                .collect(),
            is_cordoned: node["spec"]["unschedulable"] == true,
        }
    }

    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str)
    }
}

/// Where the Pods that use a volume can run, by what they ask for.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Placement {
    /// `spec.nodeSelector`.
    pub(crate) node_selector: Value,
    /// `spec.affinity.nodeAffinity`.
    pub(crate) node_affinity: Value,
    /// `spec.tolerations`.
    pub(crate) tolerations: Value,
}

impl Placement {
    /// What the specification of a Pod asks for.
    pub(crate) fn of(pod_spec: &Value) -> Self {
        Self {
            node_selector: pod_spec["nodeSelector"].clone(),
            node_affinity: pod_spec["affinity"]["nodeAffinity"].clone(),
            tolerations: pod_spec["tolerations"].clone(),
        }
    }

    /// Whether a machine takes such a Pod.
    pub(crate) fn allows(&self, machine: &Machine) -> bool {
        !machine.is_cordoned
            && self.selects(machine)
            && self.attracts(machine)
            && machine.taints.iter().all(|taint| self.tolerates(taint))
    }

    fn selects(&self, machine: &Machine) -> bool {
        let wanted = self.node_selector.as_object();
        let mut wanted = wanted.into_iter().flatten();
        wanted.all(|(key, value)| machine.label(key) == value.as_str())
    }

    /// Whether the required affinity holds: one of its terms, with all of its expressions.
    fn attracts(&self, machine: &Machine) -> bool {
        let required = &self.node_affinity["requiredDuringSchedulingIgnoredDuringExecution"];
        let Some(terms) = required["nodeSelectorTerms"].as_array() else {
            return true;
        };
        let holds = |term: &Value| {
            let all = term["matchExpressions"].as_array();
            let mut all = all.into_iter().flatten();
            all.all(|expression| is_met(expression, machine))
        };
        terms.iter().any(holds)
    }

    fn tolerates(&self, [key, value, effect]: &[String; 3]) -> bool {
        if effect == "PreferNoSchedule" {
            return true;
        }
        let all = self.tolerations.as_array();
        all.into_iter().flatten().any(|toleration| {
            let text = |field: &str| toleration[field].as_str().unwrap_or_default();
            let fits_effect = text("effect").is_empty() || text("effect") == effect;
            let fits = match text("operator") {
                "Exists" => text("key").is_empty() || text("key") == key,
                _ => text("key") == key && text("value") == value,
            };
            fits_effect && fits
        })
    }
}

/// Whether an expression of a node's labels holds (core/v1, NodeSelectorRequirement).
fn is_met(expression: &Value, machine: &Machine) -> bool {
    let label = machine.label(expression["key"].as_str().unwrap_or_default());
    let values = expression["values"].as_array().map(Vec::as_slice);
    let values = values.unwrap_or_default();
    let is_in = |label: &str| values.iter().any(|value| value == label);
    let numbers = || {
        let asked = values.first()?.as_str()?.parse::<i64>().ok()?;
        Some((label?.parse::<i64>().ok()?, asked))
    };
    match expression["operator"].as_str().unwrap_or_default() {
        "In" => label.is_some_and(is_in),
        "NotIn" => !label.is_some_and(is_in),
        "Exists" => label.is_some(),
        "DoesNotExist" => label.is_none(),
        "Gt" => numbers().is_some_and(|(label, asked)| label > asked),
        "Lt" => numbers().is_some_and(|(label, asked)| label < asked),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn machine(labels: &Value, spec: &Value) -> Machine {
        Machine::of(&json!({"metadata": {"name": "n", "labels": labels}, "spec": spec}))
    }

    #[test]
    fn a_pod_runs_where_it_asks_to_and_is_let() {
        let plain = machine(&json!({"disk": "ssd", "cpus": "8"}), &json!({}));
        let tainted = machine(
            &json!({"disk": "ssd"}),
            &json!({"taints": [{"key": "gpu", "value": "a", "effect": "NoSchedule"}]}),
        );
        let cordoned = machine(&json!({"disk": "ssd"}), &json!({"unschedulable": true}));
        let affinity = |expression: Value| {
            json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
                {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}}})
        };
        for (spec, allowed) in [
            (json!({}), [true, false, false]),
            (
                json!({"nodeSelector": {"disk": "ssd"}}),
                [true, false, false],
            ),
            (
                json!({"nodeSelector": {"disk": "hdd"}}),
                [false, false, false],
            ),
            (
                json!({"tolerations": [{"operator": "Exists"}]}),
                [true, true, false],
            ),
            (
                json!({"tolerations": [{"key": "gpu", "value": "a", "effect": "NoSchedule"}]}),
                [true, true, false],
            ),
            (
                json!({"tolerations": [{"key": "gpu", "value": "b"}]}),
                [true, false, false],
            ),
            (
                affinity(json!({"key": "disk", "operator": "In", "values": ["ssd"]})),
                [true, false, false],
            ),
            (
                affinity(json!({"key": "disk", "operator": "NotIn", "values": ["ssd"]})),
                [false, false, false],
            ),
            (
                affinity(json!({"key": "cpus", "operator": "Gt", "values": ["4"]})),
                [true, false, false],
            ),
            (
                affinity(json!({"key": "x", "operator": "DoesNotExist"})),
                [true, false, false],
            ),
        ] {
            let placement = Placement::of(&spec);
            let found = [&plain, &tainted, &cordoned].map(|machine| placement.allows(machine));
            assert_eq!(found, allowed, "{spec}");
        }
    }
}
