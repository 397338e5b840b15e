//! Golden cases: an object of a backup, what is created of it, and why.

#![expect(clippy::needless_pass_by_value, reason = "cases are written in place")]

use std::collections::HashSet;

use serde_json::json;

use super::*;

fn run(kind: &str, object: &Value) -> Result<Value, &'static str> {
    let mut spec = RestoreSpec::named("r");
    spec.namespace_mapping = [("shop".to_owned(), "copy".to_owned())].into();
    let volumes = HashSet::from(["kept".to_owned()]);
    let context = Context {
        spec: &spec,
        backup: "b",
        volumes: &volumes,
    };
    let mut object = object.clone();
    match transform(&kind.parse().unwrap(), &mut object, &context) {
        Verdict::Skip(reason) => Err(reason),
        Verdict::Restore => {
            // Both labels are on everything; the cases below show the rest.
            for label in [BACKUP_LABEL, RESTORE_LABEL] {
                assert!(
                    object["metadata"]["labels"].get(label).is_some(),
                    "{object}"
                );
                remove(&mut object, "/metadata/labels", label);
            }
            if object["metadata"]["labels"] == json!({}) {
                remove(&mut object, "/metadata", "labels");
            }
            Ok(object)
        }
    }
}

#[track_caller]
fn becomes(kind: &str, input: Value, output: Value) {
    assert_eq!(run(kind, &input), Ok(output));
}

#[track_caller]
fn is_skipped(kind: &str, input: Value) {
    assert!(run(kind, &input).is_err());
}

#[test]
fn metadata_of_the_server_goes_and_the_namespace_is_mapped() {
    becomes(
        "configmaps",
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "shop",
            "uid": "u", "resourceVersion": "7", "generation": 2, "creationTimestamp": "t", "selfLink": "/x",
            "generateName": "a-", "managedFields": [{}], "deletionTimestamp": "t", "deletionGracePeriodSeconds": 0,
            "labels": {"app": "x"}, "annotations": {"note": "y"}, "finalizers": ["f"]},
            "data": {"k": "v"}, "status": {"x": 1}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "copy",
            "labels": {"app": "x"}, "annotations": {"note": "y"}, "finalizers": ["f"]}, "data": {"k": "v"}}),
    );
}

#[test]
fn long_names_are_cut_for_labels_as_velero_cuts_them() {
    assert_eq!(label_value("short"), "short");
    let long = label_value(&"a".repeat(64));
    assert_eq!(long.len(), 63);
    // printf 'a%.0s' {1..64} | sha256sum
    assert!(long.ends_with("ffe054"), "{long}");
}

#[test]
fn a_namespace_is_renamed_with_its_label() {
    becomes(
        "namespaces",
        json!({"metadata": {"name": "shop", "labels": {"kubernetes.io/metadata.name": "shop", "team": "a"}},
            "spec": {"finalizers": ["kubernetes"]}}),
        json!({"metadata": {"name": "copy", "labels": {"kubernetes.io/metadata.name": "copy", "team": "a"}}, "spec": {}}),
    );
}

#[test]
fn pods_that_ended_or_that_others_start_are_skipped() {
    for phase in ["Succeeded", "Failed"] {
        is_skipped(
            "pods",
            json!({"metadata": {"name": "a"}, "status": {"phase": phase}}),
        );
    }
    is_skipped(
        "pods",
        json!({"metadata": {"name": "a", "annotations": {"kubernetes.io/config.mirror": "x"}}}),
    );
    for (version, kind) in [("apps/v1", "DaemonSet"), ("batch/v1", "Job")] {
        is_skipped(
            "pods",
            json!({"metadata": {"name": "a", "ownerReferences":
            [{"apiVersion": version, "kind": kind, "name": "o", "controller": true}]}}),
        );
    }
}

#[test]
fn a_pod_forgets_its_node_and_its_old_token() {
    becomes(
        "pods",
        json!({"metadata": {"name": "a", "namespace": "other"}, "spec": {"nodeName": "n", "priority": 10,
            "priorityClassName": "high", "serviceAccountName": "bot", "ephemeralContainers": [{"name": "debug"}],
            "volumes": [{"name": "bot-token-x1", "secret": {"secretName": "bot-token-x1"}},
                {"name": "kube-api-access-x", "projected": {}}, {"name": "data", "emptyDir": {}}],
            "initContainers": [{"name": "i", "volumeMounts": [{"name": "bot-token-x1"}, {"name": "data"}]}],
            "containers": [{"name": "c", "volumeMounts": [{"name": "bot-token-x1"}, {"name": "kube-api-access-x"}]}]},
            "status": {"phase": "Running"}}),
        json!({"metadata": {"name": "a", "namespace": "other"}, "spec": {
            "priorityClassName": "high", "serviceAccountName": "bot",
            "volumes": [{"name": "kube-api-access-x", "projected": {}}, {"name": "data", "emptyDir": {}}],
            "initContainers": [{"name": "i", "volumeMounts": [{"name": "data"}]}],
            "containers": [{"name": "c", "volumeMounts": [{"name": "kube-api-access-x"}]}]}}),
    );
}

#[test]
fn a_service_gives_back_what_was_handed_out() {
    let service = |annotations: Value, managed: Value, ip: &str| {
        json!({"metadata": {"name": "s", "annotations": annotations, "managedFields": managed},
            "spec": {"clusterIP": ip, "clusterIPs": [ip], "healthCheckNodePort": 31000, "ports":
                [{"name": "http", "port": 80, "nodePort": 30080}, {"name": "dns", "port": 53, "protocol": "UDP", "nodePort": 30053}]}})
    };
    let ports = |output: Result<Value, _>| -> Vec<i64> {
        let output = output.unwrap();
        output["spec"]["ports"]
            .as_array()
            .unwrap()
            .iter()
            .map(|port| port["nodePort"].as_i64().unwrap_or(0))
            .collect()
    };
    let plain = run("services", &service(json!({}), json!([]), "10.0.0.1")).unwrap();
    assert_eq!(
        plain["spec"],
        json!({"ports": [{"name": "http", "port": 80}, {"name": "dns", "port": 53, "protocol": "UDP"}]})
    );
    let headless = run("services", &service(json!({}), json!([]), "None")).unwrap();
    assert_eq!(headless["spec"]["clusterIP"], "None");
    // What `kubectl apply` was given, by the name of the port.
    let applied = json!({"kubectl.kubernetes.io/last-applied-configuration":
        r#"{"spec":{"ports":[{"name":"http","port":80,"nodePort":30080},{"name":"dns","port":53}]}}"#});
    assert_eq!(
        ports(run("services", &service(applied, json!([]), "10.0.0.1"))),
        [30080, 0]
    );
    // What a manager owns, by number and protocol.
    let managed = json!([{"manager": "m", "fieldsV1": {"f:spec": {"f:healthCheckNodePort": {}, "f:ports":
        {"k:{\"port\":53,\"protocol\":\"UDP\"}": {".": {}, "f:nodePort": {}}, "k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}}}}}}]);
    let kept = run("services", &service(json!({}), managed, "10.0.0.1"));
    assert_eq!(kept.as_ref().unwrap()["spec"]["healthCheckNodePort"], 31000);
    assert_eq!(ports(kept), [0, 30053]);
}

#[test]
fn tokens_are_made_anew() {
    becomes(
        "secrets",
        json!({"metadata": {"name": "t", "annotations": {"kubernetes.io/service-account.name": "bot",
            "kubernetes.io/service-account.uid": "u"}}, "type": "kubernetes.io/service-account-token",
            "data": {"token": "a", "ca.crt": "b", "namespace": "c", "extra": "d"}}),
        json!({"metadata": {"name": "t", "annotations": {"kubernetes.io/service-account.name": "bot"}},
            "type": "kubernetes.io/service-account-token", "data": {"extra": "d"}}),
    );
    becomes(
        "secrets",
        json!({"metadata": {"name": "t"}, "type": "Opaque", "data": {"token": "a"}}),
        json!({"metadata": {"name": "t"}, "type": "Opaque", "data": {"token": "a"}}),
    );
    becomes(
        "serviceaccounts",
        json!({"metadata": {"name": "bot"}, "secrets": [{"name": "bot-token-x"}, {"name": "registry"}]}),
        json!({"metadata": {"name": "bot"}, "secrets": [{"name": "registry"}]}),
    );
}

#[test]
fn a_job_gets_a_new_uid_unless_its_selector_is_its_own() {
    let job = |manual: bool| {
        json!({"metadata": {"name": "j", "labels": {"controller-uid": "u", "app": "x"}}, "spec": {"manualSelector": manual,
            "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}},
            "template": {"metadata": {"labels": {"controller-uid": "u", "batch.kubernetes.io/controller-uid": "u", "job-name": "j"}}}}})
    };
    becomes(
        "jobs.batch",
        job(false),
        json!({"metadata": {"name": "j", "labels": {"app": "x"}}, "spec": {"manualSelector": false,
            "selector": {"matchLabels": {}}, "template": {"metadata": {"labels": {"job-name": "j"}}}}}),
    );
    becomes("jobs.batch", job(true), job(true));
    is_skipped(
        "jobs.batch",
        json!({"metadata": {"name": "j"}, "status": {"completionTime": "t"}}),
    );
}

#[test]
fn a_volume_is_free_for_its_restored_claim() {
    becomes(
        "persistentvolumes",
        json!({"metadata": {"name": "pv", "annotations": {"pv.kubernetes.io/bound-by-controller": "yes"}},
            "spec": {"persistentVolumeReclaimPolicy": "Retain",
                "claimRef": {"name": "c", "namespace": "shop", "uid": "u", "resourceVersion": "1"}}}),
        json!({"metadata": {"name": "pv", "annotations": {}}, "spec": {"persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {"name": "c", "namespace": "copy"}}}),
    );
    is_skipped(
        "persistentvolumes",
        json!({"metadata": {"name": "pv"}, "spec": {"persistentVolumeReclaimPolicy": "Delete"}}),
    );
}

#[test]
fn a_claim_keeps_its_volume_only_if_it_is_there() {
    let claim = |volume: Value| {
        json!({"metadata": {"name": "c", "annotations": {"pv.kubernetes.io/bind-completed": "yes",
            "volume.kubernetes.io/selected-node": "n", "own": "x"}}, "spec": volume})
    };
    let output =
        |spec: Value| json!({"metadata": {"name": "c", "annotations": {"own": "x"}}, "spec": spec});
    becomes(
        "persistentvolumeclaims",
        claim(json!({"volumeName": "kept"})),
        output(json!({"volumeName": "kept"})),
    );
    becomes(
        "persistentvolumeclaims",
        claim(json!({"volumeName": "gone"})),
        output(json!({})),
    );
}

#[test]
fn what_controllers_make_is_skipped() {
    is_skipped(
        "configmaps",
        json!({"metadata": {"name": "kube-root-ca.crt"}}),
    );
    is_skipped(
        "endpointslices.discovery.k8s.io",
        json!({"metadata": {"name": "e", "labels":
        {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}}}),
    );
    is_skipped(
        "endpoints",
        json!({"metadata": {"name": "e", "annotations":
        {"endpoints.kubernetes.io/last-change-trigger-time": "t"}}}),
    );
    is_skipped(
        "apiservices.apiregistration.k8s.io",
        json!({"metadata": {"name": "v1.apps", "labels":
        {"kube-aggregator.kubernetes.io/automanaged": "onstart"}}}),
    );
    is_skipped(
        "ipaddresses.networking.k8s.io",
        json!({"metadata": {"name": "10.0.0.1", "labels":
            {"ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io"}}}),
    );
    // By hand, for a Service without selector.
    let by_hand =
        json!({"metadata": {"name": "e"}, "subsets": [{"addresses": [{"ip": "192.0.2.1"}]}]});
    becomes("endpoints", by_hand.clone(), by_hand);
}

#[test]
fn references_to_namespaces_follow_the_mapping() {
    becomes(
        "clusterrolebindings.rbac.authorization.k8s.io",
        json!({"metadata": {"name": "b"}, "subjects": [{"kind": "ServiceAccount", "name": "bot", "namespace": "shop"},
            {"kind": "Group", "name": "system:serviceaccounts:shop"}, {"kind": "User", "name": "shop"}]}),
        json!({"metadata": {"name": "b"}, "subjects": [{"kind": "ServiceAccount", "name": "bot", "namespace": "copy"},
            {"kind": "Group", "name": "system:serviceaccounts:copy"}, {"kind": "User", "name": "shop"}]}),
    );
    becomes(
        "networkpolicies.networking.k8s.io",
        json!({"metadata": {"name": "n"}, "spec": {
            "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop", "x": "shop"}}}]}],
            "egress": [{"to": [{"namespaceSelector": {"matchExpressions":
                [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["shop", "other"]}]}}]}]}}),
        json!({"metadata": {"name": "n"}, "spec": {
            "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "copy", "x": "shop"}}}]}],
            "egress": [{"to": [{"namespaceSelector": {"matchExpressions":
                [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["copy", "other"]}]}}]}]}}),
    );
    becomes(
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        json!({"metadata": {"name": "w"}, "webhooks": [{"sideEffects": "Unknown", "clientConfig": {"service": {"name": "s", "namespace": "shop"}}}]}),
        json!({"metadata": {"name": "w"}, "webhooks": [{"sideEffects": "None", "clientConfig": {"service": {"name": "s", "namespace": "copy"}}}]}),
    );
    becomes(
        "apiservices.apiregistration.k8s.io",
        json!({"metadata": {"name": "v1.x"}, "spec": {"service": {"name": "s", "namespace": "shop"}}}),
        json!({"metadata": {"name": "v1.x"}, "spec": {"service": {"name": "s", "namespace": "copy"}}}),
    );
}

#[test]
fn a_definition_of_v1beta1_is_written_as_v1_wants_it() {
    becomes(
        "customresourcedefinitions.apiextensions.k8s.io",
        json!({"metadata": {"name": "c"}, "spec": {"preserveUnknownFields": true,
            "conversion": {"webhook": {"clientConfig": {"service": {"namespace": "shop", "name": "s"}}}},
            "versions": [{"name": "v1", "schema": {"openAPIV3Schema": {"type": "object"}}}]}, "status": {}}),
        json!({"metadata": {"name": "c"}, "spec": {
            "conversion": {"webhook": {"clientConfig": {"service": {"namespace": "copy", "name": "s"}}}},
            "versions": [{"name": "v1", "schema": {"openAPIV3Schema": {"type": "object",
                "x-kubernetes-preserve-unknown-fields": true}}}]}}),
    );
}
