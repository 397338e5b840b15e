//! What `kubectl get` prints.

use serde_json::{Value, json};

use super::{CONFIG_MAPS, POD_TEMPLATES, SECRETS, at, config_map, pod_template};
use crate::differential::agree::agree;
use crate::differential::script::Script;

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const NAMESPACE: &str = "/api/v1/namespaces/$ns";

/// Ages differ by the second, ports and addresses are handed out at random, and only the real cluster
/// has a controller that makes a volume Available.
fn comparable(table: &mut Value) {
    let columns: Vec<String> = table["columnDefinitions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|column| column["name"].as_str().unwrap_or_default().to_owned())
        .collect();
    let of_volumes = columns.iter().any(|column| column == "Reclaim Policy");
    for row in table["rows"].as_array_mut().into_iter().flatten() {
        for (column, cell) in columns
            .iter()
            .zip(row["cells"].as_array_mut().into_iter().flatten())
        {
            match (column.as_str(), cell.as_str()) {
                ("Age", Some(age)) if age.ends_with('s') => *cell = "<age>".into(),
                ("Cluster-IP", Some(address)) if address.starts_with("10.") => {
                    *cell = "<address>".into();
                }
                ("Port(s)", Some(ports)) if ports.starts_with("80:3") => {
                    *cell = "80:<port>/TCP".into();
                }
                ("Status", Some("Pending" | "Available")) if of_volumes => *cell = "<phase>".into(),
                _ => {}
            }
        }
    }
}

/// Creates objects and reads each as a table.
fn printed(title: &'static str, objects: Vec<(String, Value)>) -> Script {
    let mut script = Script::new(title);
    for (list, object) in objects {
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        script = script.post(&list, object).get(at(&list, &name));
        script = as_table(script);
    }
    script
}

/// Has the last request answered by a table.
pub(super) fn as_table(script: Script) -> Script {
    script
        .accept(TABLE)
        .filtered(comparable)
        .ignoring(&["/columnDefinitions/*/description", "/rows/*/object"])
}

#[tokio::test]
async fn objects_are_printed_alike() {
    let of = |path: &str| format!("{NAMESPACE}/{path}");
    let group = |group: &str, path: &str| format!("/apis/{group}/v1/namespaces/$ns/{path}");
    let pod = json!({"containers": [{"name": "one", "image": "one:1"}, {"name": "two", "image": "two:2"}]});
    let template = json!({"metadata": {"labels": {"app": "a"}}, "spec": pod});
    agree(vec![
        printed(
            "tables of configuration",
            vec![
                (CONFIG_MAPS.into(), config_map("one")),
                (SECRETS.into(), json!({"metadata": {"name": "s"}, "data": {"a": "YQ=="}})),
                (of("serviceaccounts"), json!({"metadata": {"name": "a"}})),
                (POD_TEMPLATES.into(), pod_template("t")),
            ],
        ),
        printed(
            "tables of the network",
            vec![
                (of("services"), json!({"metadata": {"name": "web"}, "spec": {"selector": {"b": "2", "a": "1"},
                    "ports": [{"name": "x", "port": 80}, {"name": "y", "port": 53, "protocol": "UDP"}]}})),
                (of("services"), json!({"metadata": {"name": "headless"}, "spec": {"clusterIP": "None"}})),
                (of("services"), json!({"metadata": {"name": "else"}, "spec": {"type": "ExternalName", "externalName": "example.com"}})),
                (of("services"), json!({"metadata": {"name": "outside"}, "spec": {"type": "NodePort",
                    "ports": [{"port": 80}]}})),
                (group("networking.k8s.io", "ingresses"), json!({"metadata": {"name": "in"}, "spec": {"ingressClassName": "nginx",
                    "tls": [{"hosts": ["a.example"]}], "rules": [{"host": "a.example"}, {"host": "b.example"}]}})),
                (group("networking.k8s.io", "ingresses"), json!({"metadata": {"name": "all"}, "spec": {
                    "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}})),
                (group("networking.k8s.io", "networkpolicies"), json!({"metadata": {"name": "np"}, "spec": {"podSelector": {
                    "matchLabels": {"z": "1"}, "matchExpressions": [{"key": "a", "operator": "In", "values": ["y", "x"]},
                    {"key": "b", "operator": "DoesNotExist"}]}}})),
            ],
        ),
        printed(
            "tables of workloads at rest",
            vec![
                (of("pods"), json!({"metadata": {"name": "p"}, "spec": pod})),
                (group("batch", "cronjobs"), json!({"metadata": {"name": "c"}, "spec": {"schedule": "0 0 1 1 *", "suspend": true,
                    "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": pod["containers"]}}}}}})),
                (group("apps", "deployments"), json!({"metadata": {"name": "none"}, "spec": {"replicas": 0, "paused": true,
                    "selector": {"matchLabels": {"app": "a"}}, "template": template}})),
                (of("persistentvolumeclaims"), json!({"metadata": {"name": "pvc"}, "spec": {"storageClassName": "none-$id",
                    "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}})),
            ],
        ),
        printed(
            "tables of rights and storage",
            vec![
                (group("rbac.authorization.k8s.io", "rolebindings"), json!({"metadata": {"name": "rb"},
                    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
                    "subjects": [{"kind": "ServiceAccount", "name": "sa", "namespace": "ns"},
                        {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "u"},
                        {"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "g"},
                        {"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "h"}]})),
                ("/apis/storage.k8s.io/v1/storageclasses".into(), json!({"metadata": {"name": "sc-$id"}, "provisioner": "example.com/p",
                    "allowVolumeExpansion": true})),
                ("/api/v1/persistentvolumes".into(), json!({"metadata": {"name": "pv-$id"}, "spec": {"capacity": {"storage": "1Gi"},
                    "accessModes": ["ReadWriteMany", "ReadWriteOnce"], "storageClassName": "slow", "hostPath": {"path": "/tmp"}}})),
            ],
        ),
    ])
    .await;
}
