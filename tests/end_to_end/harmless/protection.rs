//! What protects Pods is there before them, or they do not start.

use ack_backup_center::engine::Selection;
use ack_backup_center::engine::restore::{Outcome, RestoreSpec, Transformed};
use kube::Client;
use serde_json::{Value, json};

use super::{
    apply, back_up_namespaces, delete_namespace, items, make_namespace, outcome, restore_of,
};
use crate::cluster::{create, get, until};
use crate::roles;

const POLICIES: &str = "/apis/networking.k8s.io/v1/namespaces/closed/networkpolicies";

async fn deployment(client: &Client, namespace: &str) {
    make_namespace(client, namespace).await;
    let web = json!({"metadata": {"name": "web"}, "spec": {"replicas": 1,
        "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "c", "image": "registry.test/web:1"}]}}}});
    let list = format!("/apis/apps/v1/namespaces/{namespace}/deployments");
    create(client, &list, &web).await;
    let pods = format!("/api/v1/namespaces/{namespace}/pods");
    until(client, &pods, "one", |list| !list["items"][0].is_null()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_starts_where_its_network_policy_is_missing() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let client = plane.client();
    deployment(&client, "closed").await;
    deployment(&client, "open").await;
    let policy = json!({"metadata": {"name": "deny"}, "spec": {"podSelector": {}}});
    create(&client, POLICIES, &policy).await;
    let config = json!({"metadata": {"name": "c"}});
    create(&client, "/api/v1/namespaces/closed/configmaps", &config).await;
    let repository = back_up_namespaces(plane, &["closed", "open"]).await;
    for namespace in ["closed", "open"] {
        delete_namespace(&client, namespace).await;
    }
    let without_policy = |restore: ack_backup_center::engine::restore::Restore| {
        restore.with_transform("broken", |id, object| match id.resource.resource.as_str() {
            "networkpolicies" => Err("it cannot be had"),
            _ => Ok(Transformed::Object(object)),
        })
    };
    let plan = without_policy(restore_of(plane, &repository, RestoreSpec::named("r")).await);
    let plan = plan.plan().await.unwrap();
    let planned = plan
        .items
        .iter()
        .find(|item| item.id.to_string() == "deployments.apps closed/web");
    assert_eq!(planned.unwrap().action.name(), "fail", "{plan}");
    let restore = without_policy(restore_of(plane, &repository, RestoreSpec::named("r")).await);
    let report = restore.run().await.unwrap();
    let Outcome::Failed(reason) = outcome(&report, "deployments.apps closed/web") else {
        panic!("{report}");
    };
    assert!(
        reason.contains("networkpolicies.networking.k8s.io closed/deny"),
        "{reason}"
    );
    assert!(reason.contains("runUnprotected"), "{reason}");
    assert!(
        items(&client, "/api/v1/namespaces/closed/pods")
            .await
            .is_empty()
    );
    // One bad thing takes nothing else with it.
    assert_eq!(outcome(&report, "configmaps closed/c"), Outcome::Created);
    assert_eq!(
        outcome(&report, "deployments.apps open/web"),
        Outcome::Created
    );

    // Once the policy can be restored, the same restore completes what is left.
    let again = restore_of(plane, &repository, RestoreSpec::named("r")).await;
    let report = again.run().await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert!(
        get(&client, "/apis/apps/v1/namespaces/closed/deployments/web")
            .await
            .is_some()
    );
    // Or it is asked for.
    delete_namespace(&client, "closed").await;
    let spec = RestoreSpec {
        run_unprotected: true,
        ..RestoreSpec::named("open")
    };
    let report = without_policy(restore_of(plane, &repository, spec).await)
        .run()
        .await
        .unwrap();
    assert_eq!(
        outcome(&report, "deployments.apps closed/web"),
        Outcome::Created
    );
    assert_eq!(report.failed().count(), 1, "{report}");
}

const GUARDED: &str = r#"
apiVersion: v1
kind: LimitRange
metadata: {name: limits, namespace: guarded}
spec: {limits: [{type: Container, default: {cpu: 100m}}]}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: quota, namespace: guarded}
spec: {hard: {pods: "9"}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: guarded}
spec: {podSelector: {}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: rules.guarded.example.com}
spec:
  group: guarded.example.com
  scope: Namespaced
  names: {plural: rules, singular: rule, kind: Rule, listKind: RuleList}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
---
apiVersion: guarded.example.com/v1
kind: Rule
metadata: {name: most, namespace: guarded}
spec: {most: 5}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: guarded-plain}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [guarded.example.com], apiVersions: [v1], operations: [CREATE], resources: [nothings]}]}
  validations: [{expression: "true"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: guarded-plain}
spec: {policyName: guarded-plain, validationActions: [Deny]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: guarded-parameters}
spec:
  paramKind: {apiVersion: guarded.example.com/v1, kind: Rule}
  matchConstraints:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: guarded}}
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  validations: [{expression: "params.spec.most > 0"}]
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: guarded}
spec: {containers: [{name: c, image: "registry.test/web:1"}]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: guarded-parameters}
spec:
  policyName: guarded-parameters
  paramRef: {name: most, namespace: guarded, parameterNotFoundAction: Deny}
  validationActions: [Deny]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_protects_pods_comes_before_them() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let client = plane.client();
    make_namespace(&client, "guarded").await;
    for document in GUARDED.split("---\n") {
        apply(&client, document).await;
    }
    let admission = "/apis/admissionregistration.k8s.io/v1";
    let cluster: Vec<String> = ["plain", "parameters"]
        .iter()
        .flat_map(|name| {
            [
                "validatingadmissionpolicybindings",
                "validatingadmissionpolicies",
            ]
            .map(|kind| format!("{admission}/{kind}/guarded-{name}"))
        })
        .collect();
    let spec = ack_backup_center::engine::backup::BackupSpec {
        selection: Selection {
            include_cluster_resources: Some(true),
            ..Selection::of_namespaces(["guarded"])
        },
        ..ack_backup_center::engine::backup::BackupSpec::named("a")
    };
    let repository = super::back_up(plane, spec).await;
    for path in &cluster {
        crate::cluster::delete(&client, path).await;
    }
    delete_namespace(&client, "guarded").await;
    let spec = RestoreSpec {
        selection: Selection {
            included_names: [
                "limits",
                "quota",
                "deny",
                "most",
                "web",
                "guarded-plain",
                "guarded-parameters",
            ]
            .map(str::to_owned)
            .into(),
            include_cluster_resources: Some(true),
            ..Selection::default()
        },
        ..RestoreSpec::named("r")
    };
    // Admission is not for the role for restores.
    let restore = super::restore_by(roles::DISASTER, plane, &repository, spec).await;
    let report = restore.run().await.unwrap();
    assert!(report.is_complete(), "{report}");
    // One store counts all writes.
    let written = async |path: &str| -> u64 {
        let object = get(&client, path)
            .await
            .unwrap_or_else(|| panic!("{path}: {report}"));
        // The first write: what controllers noted since is not asked.
        let entries = object["metadata"]["creationTimestamp"].clone();
        assert!(!entries.is_null());
        version(&object)
    };
    let pod = written("/api/v1/namespaces/guarded/pods/web").await;
    let first = [
        "/api/v1/namespaces/guarded/limitranges/limits".to_owned(),
        "/apis/networking.k8s.io/v1/namespaces/guarded/networkpolicies/deny".to_owned(),
        cluster[0].clone(),
    ];
    for path in first {
        assert!(written(&path).await < pod, "{path}");
    }
    // And the limits held for it.
    let pod = get(&client, "/api/v1/namespaces/guarded/pods/web")
        .await
        .unwrap();
    assert_eq!(
        pod["spec"]["containers"][0]["resources"]["limits"]["cpu"],
        "100m"
    );
    // What binds parameters waits for them.
    let rule = written("/apis/guarded.example.com/v1/namespaces/guarded/rules/most").await;
    assert!(rule < written(&cluster[2]).await);
    for path in &cluster {
        crate::cluster::delete(&client, path).await;
    }
}

fn version(object: &Value) -> u64 {
    let version = object["metadata"]["resourceVersion"].as_str();
    version.unwrap().parse().unwrap()
}
