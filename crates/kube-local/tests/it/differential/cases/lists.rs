//! Lists, pages, selectors and watches.

use serde_json::json;

use super::{CONFIG_MAPS, SECRETS, at};
use crate::differential::agree::agree;
use crate::differential::script::{MERGE, Script};

/// Five Secrets; nothing else makes Secrets in the namespace.
fn five(title: &'static str) -> Script {
    let mut script = Script::new(title);
    for (name, tier, colour) in [
        ("a", "front", "red"),
        ("b", "front", "blue"),
        ("c", "back", "red"),
        ("d", "back", "blue"),
        ("e", "", "red"),
    ] {
        let mut labels = json!({"colour": colour});
        if !tier.is_empty() {
            labels["tier"] = tier.into();
        }
        let kind = if name == "a" {
            "example.com/a"
        } else {
            "Opaque"
        };
        script = script.post(
            SECRETS,
            json!({"metadata": {"name": name, "labels": labels}, "type": kind}),
        );
    }
    script
}

#[tokio::test]
async fn pages_agree() {
    let page = |query: &str| format!("{SECRETS}?{query}");
    agree(vec![
        five("pages are of one point in time")
            .get(SECRETS)
            .keep("rv", "/metadata/resourceVersion")
            .get(page("limit=2"))
            .keep("token", "/metadata/continue")
            .delete(at(SECRETS, "c"))
            .patch(
                MERGE,
                at(SECRETS, "d"),
                json!({"metadata": {"labels": {"changed": "yes"}}}),
            )
            .post(SECRETS, json!({"metadata": {"name": "cc"}}))
            .get(page("limit=2&continue=$token"))
            .keep("token", "/metadata/continue")
            .get(page("limit=2&continue=$token"))
            .get(page("limit=2")),
        five("a limit that is just enough")
            .get(page("limit=5"))
            .get(page("limit=4"))
            .keep("token", "/metadata/continue")
            .get(page("limit=4&continue=$token"))
            .get(page("limit=0"))
            .get(page("limit=2&labelSelector=colour=red"))
            .keep("token", "/metadata/continue")
            .get(page("limit=2&labelSelector=colour=red&continue=$token"))
            .get(page("limit=1&fieldSelector=type=Opaque")),
        five("wrong pages")
            .get(page("limit=2"))
            .keep("token", "/metadata/continue")
            .keep("rv", "/metadata/resourceVersion")
            .get(page("limit=2&continue=nonsense"))
            .get(page("limit=2&continue=e30"))
            .get(page("limit=2&continue=$token&resourceVersion=$rv"))
            .get(page("limit=nonsense"))
            .get(page("limit=-1")),
        five("versions")
            .get(SECRETS)
            .keep("rv", "/metadata/resourceVersion")
            .delete(at(SECRETS, "a"))
            .get(page("resourceVersion=$rv&resourceVersionMatch=Exact"))
            .get(page(
                "resourceVersion=$rv&resourceVersionMatch=Exact&limit=2",
            ))
            .keep("token", "/metadata/continue")
            .get(page("limit=2&continue=$token"))
            .get(page(
                "resourceVersion=$rv&resourceVersionMatch=NotOlderThan",
            ))
            .get(page("resourceVersion=0"))
            .get(page("resourceVersion=0&limit=2"))
            .get(page("resourceVersion=nonsense"))
            .get(page("resourceVersionMatch=Exact"))
            .get(page("resourceVersion=0&resourceVersionMatch=Exact"))
            .get(page("resourceVersion=$rv&resourceVersionMatch=Nonsense"))
            .get(page("sendInitialEvents=true"))
            .get(at(SECRETS, "b?resourceVersion=0")),
        Script::new("an empty list")
            .get(SECRETS)
            .get("/apis/apps/v1/namespaces/$ns/deployments?limit=1"),
    ])
    .await;
}

#[tokio::test]
async fn selectors_agree() {
    let mut labels = five("by label");
    for selector in [
        "tier=front",
        "tier==front",
        "tier!=front",
        "tier",
        "!tier",
        "tier in (front, back)",
        "tier notin (front)",
        "tier=front,colour=red",
        "colour in (red),!tier",
        "tier=",
        "",
        "tier in ()",
        "tier in (front",
        "=x",
        "tier=a=b",
        "Bad Key=x",
        "tier=bad value!",
        "tier>1",
        "tier>x",
        "a/b/c=d",
        ",",
        "tier,",
    ] {
        let encoded = encode(selector);
        labels = labels.get(format!("{SECRETS}?labelSelector={encoded}"));
    }
    let mut fields = five("by field");
    for selector in [
        "metadata.name=a",
        "metadata.name!=a",
        "metadata.namespace=$ns",
        "metadata.namespace=other",
        "type=Opaque",
        "type!=Opaque",
        "metadata.name=a,type=Opaque",
        "data=x",
        "metadata.labels=x",
        "metadata.name",
        "=",
        "",
        "metadata.name=a\\,b",
    ] {
        fields = fields.get(format!("{SECRETS}?fieldSelector={}", encode(selector)));
    }
    let mut kinds = Script::new("fields of other kinds");
    for path in [
        "/api/v1/namespaces/$ns/pods?fieldSelector=status.phase=Running,spec.nodeName=n,spec.restartPolicy=Always,spec.schedulerName=x,spec.serviceAccountName=x,status.podIP=1.2.3.4,status.nominatedNodeName=x,spec.hostNetwork=true",
        "/api/v1/namespaces/$ns/pods?fieldSelector=spec.nonsense=1",
        "/api/v1/namespaces/$ns/services?fieldSelector=spec.clusterIP=None,spec.type=ClusterIP",
        "/api/v1/namespaces/$ns/events?fieldSelector=involvedObject.name=x,involvedObject.uid=x,reason=y,type=Normal,source=s,reportingComponent=c,involvedObject.kind=k",
        "/apis/events.k8s.io/v1/namespaces/$ns/events?fieldSelector=regarding.name=x,reason=y",
        "/apis/apps/v1/namespaces/$ns/replicasets?fieldSelector=status.replicas=1",
        "/apis/apps/v1/namespaces/$ns/deployments?fieldSelector=spec.replicas=1",
        "/apis/batch/v1/namespaces/$ns/jobs?fieldSelector=status.successful=1",
        "/api/v1/namespaces?fieldSelector=metadata.name=$ns,status.phase=Active",
        "/api/v1/nodes?fieldSelector=spec.unschedulable=true",
        "/api/v1/persistentvolumes?fieldSelector=metadata.name=none",
        "/apis/certificates.k8s.io/v1/certificatesigningrequests?fieldSelector=spec.signerName=x",
    ] {
        kinds = kinds.get(path);
    }
    agree(vec![labels, fields, kinds.ignoring(&[])]).await;
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'$' => char::from(b).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[tokio::test]
async fn watches_agree() {
    let watch = |query: &str| format!("{SECRETS}?watch=1&timeoutSeconds=1{query}");
    let maps = |query: &str| format!("{CONFIG_MAPS}?watch=1&timeoutSeconds=1{query}");
    agree(vec![
        Script::new("changes since a revision")
            .get(SECRETS).keep("rv", "/metadata/resourceVersion")
            .post(SECRETS, json!({"metadata": {"name": "a", "labels": {"x": "1"}}}))
            .post(SECRETS, json!({"metadata": {"name": "b"}, "stringData": {"k": "v"}}))
            .patch(MERGE, at(SECRETS, "a"), json!({"data": {"k": "dg=="}}))
            .patch(MERGE, at(SECRETS, "a"), json!({"metadata": {"labels": {"x": "2"}}}))
            .delete(at(SECRETS, "b"))
            .get(watch("&resourceVersion=$rv"))
            .get(watch("&resourceVersion=$rv&labelSelector=x%3D1"))
            .get(watch("&resourceVersion=$rv&labelSelector=x%3D2"))
            .get(watch("&resourceVersion=$rv&fieldSelector=metadata.name%3Db"))
            .get(watch("&resourceVersion=$rv&allowWatchBookmarks=true"))
            .get(watch(""))
            .get(watch("&resourceVersion=0"))
            .get(watch("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"))
            .get(watch("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"))
            .get(watch("&sendInitialEvents=true&allowWatchBookmarks=true"))
            .get(watch("&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=$rv"))
            .get(watch("&resourceVersion=nonsense"))
            .get(watch("&limit=1&resourceVersion=$rv"))
            .get(watch("&resourceVersion=$rv")).accept("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"),
        Script::new("watch one object")
            .post(SECRETS, json!({"metadata": {"name": "a"}}))
            .keep("rv", "/metadata/resourceVersion")
            .patch(MERGE, at(SECRETS, "a"), json!({"data": {"k": "dg=="}}))
            .get(at(SECRETS, "a?watch=1&timeoutSeconds=1"))
            .get("/api/v1/watch/namespaces/$ns/secrets?timeoutSeconds=1&resourceVersion=$rv&watch=1"),
        Script::new("watch a kind whose label selector never matched")
            .get(maps("&labelSelector=never%3Dever")),
    ])
    .await;
}
