//! Whether somebody asked for a field, or the cluster filled it in.
//!
//! Two things tell. What `kubectl apply` was last given is kept in an annotation. And every write is noted
//! in `metadata.managedFields` with the fields that it held, before the API server hands out addresses,
//! ports and families (k8s.io/apiserver, pkg/endpoints/handlers/create.go: the field manager runs before
//! the registry's allocators): a field without a manager was handed out. What controllers of Kubernetes
//! wrote was not asked for either.

use serde_json::Value;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Managers that write what a cluster decides: they run in the control plane, or for it.
const OF_THE_CLUSTER: [&str; 6] = [
    "kube-controller-manager",
    "cloud-controller-manager",
    "kube-scheduler",
    "kube-apiserver",
    "kubelet",
    "csi-provisioner",
];

/// What an object tells about who wanted it as it is.
#[derive(Debug)]
pub(crate) struct Evidence<'a> {
    applied: Value,
    /// The fields of each write that was somebody's.
    managed: Vec<&'a Value>,
    /// Whether the object tells at all.
    has_managers: bool,
}

impl<'a> Evidence<'a> {
    pub(crate) fn of(object: &'a Value) -> Self {
        let metadata = &object["metadata"];
        let applied = metadata["annotations"][LAST_APPLIED].as_str();
        let entries = metadata["managedFields"].as_array();
        let managed = entries.into_iter().flatten().filter(|entry| {
            let manager = entry["manager"].as_str().unwrap_or_default();
            entry["subresource"].as_str().unwrap_or_default().is_empty()
                && !OF_THE_CLUSTER.contains(&manager)
        });
        Self {
            applied: applied
                .and_then(|applied| serde_json::from_str(applied).ok())
                .unwrap_or_default(),
            managed: managed.map(|entry| &entry["fieldsV1"]).collect(),
            has_managers: entries.is_some_and(|entries| !entries.is_empty()),
        }
    }

    /// Whether it says anything. Without, a field may be either.
    pub(crate) fn is_there(&self) -> bool {
        self.has_managers || !self.applied.is_null()
    }

    /// Whether somebody asked for the field at these steps.
    pub(crate) fn asks_for(&self, steps: &[&str]) -> bool {
        let mut applied = Some(&self.applied);
        for step in steps {
            applied = applied.and_then(|value| value.get(*step));
        }
        let is_applied = applied.is_some_and(|value| !value.is_null() && value != "");
        is_applied || self.managed.iter().any(|fields| owns(fields, steps))
    }

    /// Whether somebody asked for the field `field` of this port of a Service.
    pub(crate) fn asks_for_port(&self, port: &Value, field: &str) -> bool {
        let is_applied = self.applied["spec"]["ports"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|applied| {
                text(applied, "name") == text(port, "name")
                    && applied[field] == port[field]
                    && applied[field].as_i64().is_some_and(|number| number > 0)
            });
        let owned = format!("f:{field}");
        is_applied
            || self.managed.iter().any(|fields| {
                let ports = fields["f:spec"]["f:ports"].as_object();
                ports.into_iter().flatten().any(|(key, fields)| {
                    let key: Option<Value> = key
                        .strip_prefix("k:")
                        .and_then(|key| serde_json::from_str(key).ok());
                    let is_it = key.is_some_and(|key| {
                        key["port"] == port["port"] && protocol(&key) == protocol(port)
                    });
                    is_it && fields.get(&owned).is_some()
                })
            })
    }

    /// Whether somebody asked for this finalizer.
    pub(crate) fn asks_for_finalizer(&self, name: &str) -> bool {
        let applied = self.applied["metadata"]["finalizers"].as_array();
        applied.into_iter().flatten().any(|applied| applied == name)
    }
}

fn owns(fields: &Value, steps: &[&str]) -> bool {
    let mut fields = Some(fields);
    for step in steps {
        fields = fields.and_then(|value| value.get(format!("f:{step}")));
    }
    fields.is_some()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn protocol(port: &Value) -> &str {
    port["protocol"].as_str().unwrap_or("TCP")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_applied_or_written_was_asked_for_and_what_controllers_wrote_was_not() {
        let applied = r#"{"spec":{"clusterIP":"10.0.0.10","empty":""}}"#;
        let object = json!({"metadata": {
        "annotations": {LAST_APPLIED: applied},
        "managedFields": [
            {"manager": "kubectl-create", "fieldsV1": {"f:spec": {"f:volumeName": {}}}},
            {"manager": "kube-controller-manager", "fieldsV1": {"f:spec": {"f:bound": {}}}},
            {"manager": "helm", "subresource": "status", "fieldsV1": {"f:spec": {"f:status": {}}}},
        ]}});
        let evidence = Evidence::of(&object);
        for (field, asked) in [
            ("clusterIP", true),
            ("volumeName", true),
            ("empty", false),
            ("bound", false),
            ("status", false),
            ("nothing", false),
        ] {
            assert_eq!(evidence.asks_for(&["spec", field]), asked, "{field}");
        }
        assert!(evidence.is_there());
        assert!(!Evidence::of(&json!({"metadata": {}})).is_there());
    }
}
