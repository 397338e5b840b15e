#![expect(clippy::needless_pass_by_value, reason = "cases are written in place")]

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::GroupResource;
use crate::kinds::backends::backends_of;

fn pod(status: Value) -> Value {
    json!({"metadata": {"name": "web-1", "namespace": "shop"}, "spec": {}, "status": status})
}

fn of_pod(status: Value) -> Option<(String, String)> {
    checks::pod(&pod(status)).map(|issue| (issue.reason, issue.remedy))
}

#[test]
fn a_pod_that_is_ready_done_or_going_is_well() {
    let ready = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
    assert_eq!(of_pod(ready), None);
    assert_eq!(of_pod(json!({"phase": "Succeeded"})), None);
    let mut going = pod(json!({"phase": "Running"}));
    going["metadata"]["deletionTimestamp"] = "t".into();
    assert_eq!(checks::pod(&going), None);
}

#[test]
fn a_pod_that_is_not_ready_says_why_and_what_to_do() {
    let waiting = |reason: &str| {
        json!({"phase": "Pending", "containerStatuses":
            [{"name": "web", "state": {"waiting": {"reason": reason}}}]})
    };
    let (reason, remedy) = of_pod(waiting("ImagePullBackOff")).unwrap();
    assert_eq!(reason, "container `web` waits: ImagePullBackOff");
    assert!(remedy.contains("image_mapping"), "{remedy}");
    let (_, remedy) = of_pod(waiting("CrashLoopBackOff")).unwrap();
    assert!(
        remedy.contains("kubectl -n shop logs web-1 -c web --previous"),
        "{remedy}"
    );
    let (_, remedy) = of_pod(waiting("CreateContainerConfigError")).unwrap();
    assert!(remedy.contains("ConfigMap or Secret"), "{remedy}");
    // Its turn will come.
    let (reason, _) = of_pod(waiting("ContainerCreating")).unwrap();
    assert_eq!(reason, "no node is chosen for it yet");
    let unscheduled = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
        "reason": "Unschedulable", "message": "0/3 nodes are available"}]});
    let (reason, remedy) = of_pod(unscheduled).unwrap();
    assert_eq!(reason, "Unschedulable: 0/3 nodes are available");
    assert!(remedy.contains("add nodes"), "{remedy}");
}

#[test]
fn a_claim_without_volume_says_what_it_waits_for() {
    let classes: BTreeMap<String, String> =
        [("now", "Immediate"), ("later", "WaitForFirstConsumer")]
            .map(|(name, mode)| (name.to_owned(), mode.to_owned()))
            .into();
    let of = |spec: Value, phase: &str| {
        let claim = json!({"metadata": {"name": "data", "namespace": "shop"}, "spec": spec,
            "status": {"phase": phase}});
        checks::claim(&claim, &classes).map(|issue| (issue.reason, issue.remedy))
    };
    assert_eq!(of(json!({"storageClassName": "now"}), "Bound"), None);
    let cases = [
        (json!({}), "no default one", "is-default-class"),
        (
            json!({"storageClassName": ""}),
            "by hand",
            "PersistentVolume",
        ),
        (
            json!({"storageClassName": "gp2"}),
            "no storage class `gp2`",
            "storage_class_mapping",
        ),
        (
            json!({"storageClassName": "now"}),
            "not made its volume",
            "provisioner",
        ),
        (
            json!({"volumeName": "pv-1"}),
            "volume `pv-1`",
            "kubectl get pv pv-1",
        ),
    ];
    for (spec, reason, remedy) in cases {
        let found = of(spec, "Pending").unwrap();
        assert!(found.0.contains(reason), "{found:?}");
        assert!(found.1.contains(remedy), "{found:?}");
    }
    // Until a Pod uses it, nothing is wrong; once one is on its way to a node, its volume is due.
    assert_eq!(of(json!({"storageClassName": "later"}), "Pending"), None);
    let mut chosen = json!({"metadata": {"name": "data", "namespace": "shop"},
        "spec": {"storageClassName": "later"}, "status": {"phase": "Pending"}});
    chosen["metadata"]["annotations"] = json!({"volume.kubernetes.io/selected-node": "node-a"});
    let issue = checks::claim(&chosen, &classes).unwrap();
    assert!(issue.reason.contains("not made its volume"), "{issue:?}");
    let remedy = of(json!({}), "Lost").unwrap().1;
    assert!(remedy.contains("make a PersistentVolume of it"), "{remedy}");
}

#[test]
fn a_load_balancer_needs_an_address_and_other_services_none() {
    let of = |kind: &str, ingress: Value| {
        let service = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"type": kind},
            "status": {"loadBalancer": {"ingress": ingress}}});
        checks::service(&service)
    };
    assert_eq!(of("ClusterIP", Value::Null), None);
    assert_eq!(of("LoadBalancer", json!([{"ip": "192.0.2.1"}])), None);
    let issue = of("LoadBalancer", json!([])).unwrap();
    assert_eq!(issue.issue, HealthIssueKind::NoAddress);
    assert!(issue.remedy.contains("cloud controller manager"));
}

#[test]
fn a_webhook_is_healthy_once_its_service_has_a_ready_endpoint() {
    let id = |kind: &str| ObjectId {
        resource: kind.parse::<GroupResource>().unwrap(),
        namespace: None,
        name: "policy".into(),
    };
    let webhooks = json!({"webhooks": [
        {"name": "deny.example.com", "failurePolicy": "Fail", "clientConfig": {"service": {"namespace": "a", "name": "s"}}},
        {"name": "warn.example.com", "failurePolicy": "Ignore", "clientConfig": {"service": {"namespace": "a", "name": "s"}}},
        {"name": "far.example.com", "clientConfig": {"url": "https://example.com"}}]});
    let kind = "validatingwebhookconfigurations.admissionregistration.k8s.io";
    let backends = backends_of(&id(kind), &webhooks);
    assert_eq!(backends.len(), 2);
    let service = json!({"spec": {"type": "ClusterIP"}});
    let slices = |ready: Value| vec![json!({"endpoints": [{"conditions": {"ready": ready}}]})];
    assert_eq!(
        checks::backend(&backends[0], Some(&service), &slices(json!(true))),
        None
    );
    assert_eq!(
        checks::backend(&backends[0], Some(&service), &slices(Value::Null)),
        None
    );
    let external = json!({"spec": {"type": "ExternalName"}});
    assert_eq!(checks::backend(&backends[0], Some(&external), &[]), None);
    let closed = checks::backend(&backends[0], Some(&service), &slices(json!(false))).unwrap();
    assert_eq!(
        closed.reason,
        "`deny.example.com`: Service `a/s` has no ready endpoint, and until then the API server refuses \
         every request that it is for"
    );
    let missing = checks::backend(&backends[1], None, &[]).unwrap();
    assert!(
        missing
            .reason
            .contains("is not there, and until then requests pass it unseen")
    );

    let conversion = json!({"spec": {"conversion": {"webhook": {"clientConfig": {"service":
        {"namespace": "a", "name": "c"}}}}}});
    let kind = "customresourcedefinitions.apiextensions.k8s.io";
    assert_eq!(backends_of(&id(kind), &conversion)[0].service, "c");
    assert_eq!(backends_of(&id(kind), &json!({"spec": {}})), []);
    let local = json!({"spec": {"group": "apps"}});
    assert_eq!(
        backends_of(&id("apiservices.apiregistration.k8s.io"), &local),
        []
    );
}
