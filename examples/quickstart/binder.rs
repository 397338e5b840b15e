//! What binds claims to volumes in the embedded cluster, and lets volumes go whose claims are gone: `kube-local` has no such controller.

use std::time::Duration;

use http::Request;
use kube::Client;
use serde_json::{Value, json};

/// Binds every claim that names its volume, and releases volumes that are being deleted, for as long as this is polled.
pub(crate) async fn bind_claims(client: Client) {
    loop {
        let claims = items(&client, "/api/v1/persistentvolumeclaims").await;
        for claim in claims.iter().filter(|it| it["status"]["phase"] != "Bound") {
            // One that is being deleted meanwhile is looked at again.
            let _ = bind(&client, claim).await;
        }
        for volume in items(&client, "/api/v1/persistentvolumes").await {
            let of = |it: &Value| it["metadata"]["uid"] == volume["spec"]["claimRef"]["uid"];
            let is_going = volume["metadata"].get("deletionTimestamp").is_some();
            if let (true, false, Some(name)) = (
                is_going,
                claims.iter().any(of),
                volume["metadata"]["name"].as_str(),
            ) {
                let path = format!("/api/v1/persistentvolumes/{name}");
                let released = json!({"metadata": {"finalizers": null}});
                let _ = patch(&client, &path, &released).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn items(client: &Client, list: &str) -> Vec<Value> {
    let Ok(request) = Request::get(list).body(Vec::new()) else {
        return Vec::new();
    };
    let list: Result<Value, _> = client.request(request).await;
    let items = list.ok().and_then(|list| list["items"].as_array().cloned());
    items.unwrap_or_default()
}

async fn bind(client: &Client, claim: &Value) -> Result<(), Box<dyn std::error::Error>> {
    let text = |pointer: &str| {
        claim
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
    let volume = text("/spec/volumeName");
    if volume.is_empty() {
        return Ok(());
    }
    let path = format!("/api/v1/persistentvolumes/{volume}");
    let found: Value = client
        .request(Request::get(&path).body(Vec::new())?)
        .await?;
    let of = &found["spec"]["claimRef"];
    if of["namespace"] != namespace || of["name"] != name {
        return Ok(());
    }
    let owner = json!({"spec": {"claimRef": {"uid": text("/metadata/uid")}}});
    let bound = json!({"status": {"phase": "Bound"}});
    patch(client, &path, &owner).await?;
    patch(client, &format!("{path}/status"), &bound).await?;
    let own = format!("/api/v1/namespaces/{namespace}/persistentvolumeclaims/{name}/status");
    patch(client, &own, &bound).await
}

async fn patch(
    client: &Client,
    path: &str,
    change: &Value,
) -> Result<(), Box<dyn std::error::Error>> {
    let request = Request::patch(path)
        .header("content-type", "application/merge-patch+json")
        .body(serde_json::to_vec(change)?)?;
    client.request::<Value>(request).await?;
    Ok(())
}
