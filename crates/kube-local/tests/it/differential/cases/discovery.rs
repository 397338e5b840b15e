//! What the servers say they serve.

use super::crds::widgets;
use crate::differential::agree::agree;
use crate::differential::script::Script;

#[tokio::test]
async fn discovery_agrees() {
    let mut script = Script::new("groups and resources")
        .get("/api")
        .ignoring(&["/serverAddressByClientCIDRs"])
        .get("/api/v1");
    for group in [
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    ] {
        script = script
            .get(format!("/apis/{group}"))
            .get(format!("/apis/{group}/v1"));
    }
    script = script
        .get("/apis/autoscaling/v2")
        .get("/apis/nothing")
        .get("/apis/apps/v1beta1");
    // CRDs of other scripts come and go in these two.
    let without_custom = |v: &mut serde_json::Value| {
        for list in ["groups", "items"] {
            if let Some(groups) = v[list].as_array_mut() {
                groups.retain(|g| {
                    let name = g["name"]
                        .as_str()
                        .or(g["metadata"]["name"].as_str())
                        .unwrap_or("");
                    !name.ends_with("example.com")
                });
            }
        }
        if let Some(map) = v.as_object_mut() {
            map.retain(|_, value| !value.is_null());
        }
    };
    let aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    let custom = widgets("discovery of a CRD")
        .get("/apis/$id.example.com")
        .get("/apis/$id.example.com/v1");
    let whole = Script::new("the whole")
        .get("/apis")
        .filtered(without_custom)
        .get("/api")
        .accept(aggregated)
        .filtered(without_custom)
        .get("/apis")
        .accept(aggregated)
        .filtered(without_custom)
        .get("/version")
        .ignoring(&[
            "/gitCommit",
            "/gitTreeState",
            "/buildDate",
            "/goVersion",
            "/compiler",
        ])
        .get("/healthz")
        .get("/livez")
        .get("/readyz");
    agree(vec![script, custom, whole]).await;
}
