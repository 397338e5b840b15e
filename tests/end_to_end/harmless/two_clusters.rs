//! A whole cluster, restored with `Update` into another one that is equipped differently: all of the
//! other's own objects are after it what they were before, byte for byte, and the applications are there.

use std::collections::BTreeMap;
use std::path::Path;

use ack_backup_center::engine::Discovery;
use ack_backup_center::engine::backup::BackupSpec;
use ack_backup_center::engine::restore::{ExistingResourcePolicy, RestoreReport, RestoreSpec};
use control_plane::{Binaries, ControlPlane};
use http::Method;
use kube::Client;
use serde_json::{Value, json};

use super::{apply, back_up, make_namespace, restore_by, says};
use crate::cluster::{create, get, send, until};
use crate::roles;

/// A control plane with an address and an authority of its own, as clusters have.
async fn plane(address: &'static str, authority: &Path) -> ControlPlane {
    let authority = authority.display().to_string();
    tokio::task::spawn_blocking(move || {
        let flags = [
            "--endpoint-reconciler-type=lease".to_owned(),
            format!("--advertise-address={address}"),
            format!("--client-ca-file={authority}"),
        ];
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        ControlPlane::start_with_flags(&Binaries::find().unwrap(), &flags).unwrap()
    })
    .await
    .unwrap()
}

/// Every object that the cluster shows, by its path. What passes by itself is left out: Events, and when
/// leases were renewed.
async fn everything(client: &Client) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for resource in Discovery::run(client).await.unwrap().preferred() {
        if !resource.can("list") || resource.plural == "events" {
            continue;
        }
        let list = send(client, Method::GET, &resource.list_path(None), &Value::Null).await;
        for mut object in list.unwrap()["items"]
            .as_array()
            .cloned()
            .unwrap_or_default()
        {
            let metadata = &object["metadata"];
            let namespace = metadata["namespace"].as_str();
            let path = resource.object_path(namespace, metadata["name"].as_str().unwrap());
            if resource.plural == "leases" {
                object["spec"]["renewTime"] = Value::Null;
                object["metadata"]["resourceVersion"] = Value::Null;
                object["metadata"]["managedFields"] = Value::Null;
            }
            all.insert(path, object);
        }
    }
    all
}

/// What both clusters have under one name, each in its own way.
fn shared(cluster: &str) -> String {
    let provisioner = format!("{cluster}.csi.example.com");
    format!(
        r#"
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: {cluster}-disk
  annotations: {{storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: {provisioner}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata:
  name: {cluster}-gateway
  annotations: {{ingressclass.kubernetes.io/is-default-class: "true"}}
spec: {{controller: {cluster}.example.com/gateway}}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {{name: {cluster}-usual}}
value: 10
globalDefault: true
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: resolver, namespace: kube-system}}
data: {{cluster: {cluster}}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: resolver, namespace: kube-system, annotations: {{cluster: {cluster}}}}}
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {{name: the-leader, namespace: kube-system}}
spec: {{holderIdentity: {cluster}-1, leaseDurationSeconds: 15}}
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {{name: {cluster}-node-1, namespace: kube-node-lease}}
spec: {{holderIdentity: {cluster}-node-1, leaseDurationSeconds: 40}}
---
apiVersion: v1
kind: Namespace
metadata: {{name: {cluster}-app, labels: {{of: {cluster}}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: hook, namespace: {cluster}-app}}
spec: {{selector: {{app: hook}}, ports: [{{port: 443}}]}}
---
apiVersion: v1
kind: Secret
metadata: {{name: key, namespace: {cluster}-app}}
stringData: {{cluster: {cluster}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: viewers}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}}
subjects: [{{kind: ServiceAccount, name: default, namespace: {cluster}-app}}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {{name: policies}}
webhooks:
- name: policies.example.com
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Ignore
  timeoutSeconds: 1
  clientConfig: {{service: {{namespace: {cluster}-app, name: hook}}}}
  rules: [{{apiGroups: [nothing.example.com], apiVersions: ["*"], operations: [CREATE], resources: [nothings]}}]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: boats.two.example.com}}
spec:
  group: two.example.com
  scope: Namespaced
  names: {{plural: boats, singular: boat, kind: Boat, listKind: BoatList}}
  conversion:
    strategy: Webhook
    webhook: {{conversionReviewVersions: [v1], clientConfig: {{service: {{namespace: {cluster}-app, name: hook}}}}}}
  versions:
  - {{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}}}
---
apiVersion: two.example.com/v1
kind: Boat
metadata: {{name: {cluster}-boat, namespace: {cluster}-app}}
spec: {{of: {cluster}}}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {{name: {cluster}-level}}
spec: {{type: Limited, limited: {{nominalConcurrencyShares: 5, limitResponse: {{type: Reject}}}}}}
"#
    )
}

/// What only the source has: an application with all its parts.
const APPLICATION: &str = r#"
apiVersion: v1
kind: ServiceAccount
metadata: {name: web, namespace: source-app}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: source-web}
rules: [{apiGroups: [""], resources: [nodes], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: source-web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: source-web}
subjects: [{kind: ServiceAccount, name: web, namespace: source-app}]
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: pods, namespace: source-app}
spec: {hard: {pods: "2"}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: source-app}
spec: {podSelector: {}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: source-app}
spec: {type: NodePort, clusterIP: 10.0.33.33, selector: {app: web}, ports: [{port: 80, nodePort: 32333}]}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: source-app}
spec: {storageClassName: source-disk, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: source-app}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {serviceAccountName: web, containers: [{name: c, image: "registry.test/web:1"}]}
"#;

async fn fill(client: &Client, cluster: &str) {
    apply(client, &shared(cluster)).await;
    if cluster == "source" {
        // The other has none: its controllers would note that nobody answers for it.
        let node = json!({"metadata": {"name": "source-node-1"}});
        create(client, "/api/v1/nodes", &node).await;
        for document in APPLICATION.split("---\n") {
            apply(client, document).await;
            if document.contains("ResourceQuota") {
                let quota = "/api/v1/namespaces/source-app/resourcequotas/pods";
                until(client, quota, "in force", |quota| {
                    quota["status"]["hard"]["pods"] == "2"
                })
                .await;
            }
        }
        let pods = "/api/v1/namespaces/source-app/pods";
        until(client, pods, "two", |list| {
            list["items"].as_array().is_some_and(|pods| pods.len() == 2)
        })
        .await;
    } else {
        // Nothing that it needs is free here.
        make_namespace(client, "taken").await;
        let service = json!({"metadata": {"name": "s"}, "spec": {"type": "NodePort", "clusterIP": "10.0.33.33",
            "ports": [{"port": 80, "nodePort": 32333}]}});
        create(client, "/api/v1/namespaces/taken/services", &service).await;
    }
}

/// What the two have in common, and is added to: everything that was in it stays.
const MERGED: &str = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/viewers";

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_cluster_goes_into_another_and_harms_nothing_there() {
    if control_plane::shared().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let authority = |name: &str| {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, made.cert.pem()).unwrap();
        path
    };
    let (of_source, of_target) = (authority("source-ca"), authority("target-ca"));
    let (source, target) = tokio::join!(
        plane("10.111.0.1", &of_source),
        plane("10.222.0.2", &of_target),
    );
    let (from, to) = (source.client(), target.client());
    tokio::join!(fill(&from, "source"), fill(&to, "target"));
    // The rights of whoever restores are the target's own, and are left as they are.
    roles::client_of(&target, roles::DISASTER).await;
    let repository = back_up(&source, BackupSpec::named("a")).await;
    let before = everything(&to).await;
    // Its own comings and goings are over.
    crate::cluster::settled(&to).await;
    let before = {
        let again = everything(&to).await;
        assert!(again.len() >= before.len());
        again
    };
    let spec = |name: &str| RestoreSpec {
        existing_resource_policy: ExistingResourcePolicy::Update,
        ..RestoreSpec::named(name)
    };
    let plan = restore_by(roles::DISASTER, &target, &repository, spec("move")).await;
    let plan = plan.plan().await.unwrap();
    assert_eq!(everything(&to).await, before, "a plan changes nothing");
    let restore = restore_by(roles::DISASTER, &target, &repository, spec("move")).await;
    let report = restore.run().await.unwrap();
    let after = everything(&to).await;

    let mut changed = Vec::new();
    for (path, object) in &before {
        match after.get(path) {
            _ if path == MERGED => {}
            Some(now) if now == object => {}
            now => changed.push(format!(
                "{path}\n  was {object}\n  is  {}",
                now.unwrap_or(&Value::Null)
            )),
        }
    }
    assert!(changed.is_empty(), "{}\n{report}", changed.join("\n"));
    let subjects = |binding: &Value| binding["subjects"].as_array().unwrap().clone();
    for subject in subjects(&before[MERGED]) {
        assert!(subjects(&after[MERGED]).contains(&subject), "{report}");
    }
    assert_eq!(subjects(&after[MERGED]).len(), 2, "{report}");
    check_application(&to, &report).await;
    // The plan foresaw what was left alone and what was changed.
    for item in &report.items {
        let planned = plan.items.iter().find(|planned| planned.id == item.id);
        let planned = planned.unwrap_or_else(|| panic!("{} is not in the plan", item.id));
        if planned.unchecked.is_none() && planned.action.name() == "update" {
            assert_eq!(item.outcome.name(), "updated", "{planned:?}");
        }
    }
}

async fn check_application(to: &Client, report: &RestoreReport) {
    assert!(report.is_complete(), "{report}");
    let of = |path: &str| {
        let path = path.to_owned();
        async move { get(to, &path).await.unwrap_or_else(|| panic!("{path}")) }
    };
    let core = "/api/v1/namespaces/source-app";
    let service = of(&format!("{core}/services/web")).await;
    // Another had them already, and this is said.
    assert_ne!(service["spec"]["clusterIP"], "10.0.33.33");
    assert_ne!(service["spec"]["ports"][0]["nodePort"], 32333);
    assert!(
        says(report, "services source-app/web", "10.0.33.33"),
        "{report}"
    );
    of(&format!("{core}/persistentvolumeclaims/data")).await;
    of("/apis/networking.k8s.io/v1/namespaces/source-app/networkpolicies/closed").await;
    of("/apis/apps/v1/namespaces/source-app/deployments/web").await;
    let boat = of("/apis/two.example.com/v1/namespaces/source-app/boats/source-boat").await;
    assert_eq!(boat["spec"], json!({"of": "source"}));
    let quota = of(&format!("{core}/resourcequotas/pods")).await;
    assert_eq!(quota["spec"]["hard"], json!({"pods": "2"}));
    let pods = of(&format!("{core}/pods")).await;
    assert_eq!(pods["items"].as_array().unwrap().len(), 2, "{report}");
    // What is once in a cluster is there once, and it is said of whom.
    let defaults = [
        (
            "/apis/storage.k8s.io/v1/storageclasses/source-disk",
            "source-disk",
        ),
        (
            "/apis/networking.k8s.io/v1/ingressclasses/source-gateway",
            "source-gateway",
        ),
        (
            "/apis/scheduling.k8s.io/v1/priorityclasses/source-usual",
            "source-usual",
        ),
    ];
    for (path, name) in defaults {
        let class = of(path).await;
        assert_ne!(class["globalDefault"], true);
        let annotations = class["metadata"]["annotations"].as_object();
        let claims = annotations
            .into_iter()
            .flatten()
            .any(|(key, value)| key.ends_with("/is-default-class") && value == "true");
        assert!(!claims, "{class}");
        let item = report.items.iter().find(|item| item.id.name == name);
        let warnings = item.unwrap().warnings;
        let mut warnings = warnings.iter();
        let said = warnings.any(|warning| warning.contains("no longer the default of its kind"));
        assert!(said, "{name}: {report}");
    }
    // Nothing of the old cluster's machines.
    for path in [
        "/api/v1/nodes/source-node-1",
        "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/source-node-1",
    ] {
        assert_eq!(get(to, path).await, None, "{path}");
    }
}
