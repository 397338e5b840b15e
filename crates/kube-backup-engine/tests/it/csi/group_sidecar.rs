//! What csi-snapshotter does with groups of snapshots.
//!
//! It follows external-snapshotter 8.7 (pkg/sidecar-controller/groupsnapshot_helper.go) step by step, with its
//! conditions: what it would not do is not done here.

use chrono::DateTime;
use http::Method;
use kube::Client;
use serde_json::{Value, json};
use test_support::{get, send};

use super::storage::Storage;

pub(crate) const GROUP_CONTENTS: &str =
    "/apis/groupsnapshot.storage.k8s.io/v1/volumegroupsnapshotcontents";
pub(crate) const GROUP_CLASSES: &str =
    "/apis/groupsnapshot.storage.k8s.io/v1/volumegroupsnapshotclasses";
const FINALIZER: &str =
    "groupsnapshot.storage.kubernetes.io/volumegroupsnapshotcontent-bound-protection";
const BEING_CREATED: &str = "groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-being-created";
const BEING_DELETED: &str = "groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-being-deleted";

async fn patch(client: &Client, path: &str, change: Value) -> Result<(), kube::Error> {
    send(client, Method::PATCH, path, &change).await.map(drop)
}

/// `syncGroupSnapshotContent`.
pub(crate) async fn sync(
    client: &Client,
    content: &Value,
    storage: &Storage,
) -> Result<(), kube::Error> {
    let name = content["metadata"]["name"].as_str().unwrap_or_default();
    let path = format!("{GROUP_CONTENTS}/{name}");
    let status = format!("{path}/status");
    let source = &content["spec"]["source"];
    let given = source["groupSnapshotHandles"]["volumeGroupSnapshotHandle"].as_str();
    if should_delete(content) {
        let handle = content["status"]["volumeGroupSnapshotHandle"].as_str();
        if content["spec"]["deletionPolicy"] == "Delete"
            && let Some(handle) = handle
        {
            let members = members(content);
            if members.is_empty() || !storage.delete_group(handle, &members) {
                // It is tried again, for ever.
                return Ok(());
            }
            let cleared = json!({"status": {"volumeGroupSnapshotHandle": null, "readyToUse": null,
                "creationTime": null, "error": null}});
            return patch(client, &status, cleared).await;
        }
        let kept = content["metadata"]["finalizers"].as_array();
        let kept = kept.into_iter().flatten().filter(|it| **it != FINALIZER);
        let kept: Vec<&Value> = kept.collect();
        return patch(client, &path, json!({"metadata": {"finalizers": kept}})).await;
    }
    if content["status"]["readyToUse"] == true {
        return Ok(());
    }
    if let Some(handle) = given {
        // `GetGroupSnapshotStatus`: the driver holds the handles of the members against its own.
        let Some((cut_at, ready)) = storage.find_group(handle, &members(content)) else {
            return Ok(());
        };
        let told = json!({"status": {"volumeGroupSnapshotHandle": handle, "readyToUse": ready,
            "creationTime": DateTime::from_timestamp_nanos(cut_at)}});
        return patch(client, &status, told).await;
    }
    let class = content["spec"]["volumeGroupSnapshotClassName"].as_str();
    let class = format!("{GROUP_CLASSES}/{}", class.unwrap_or_default());
    if get(client, &class).await.is_none() {
        return Ok(());
    }
    let created = json!({"metadata": {"annotations": {BEING_CREATED: "yes"}}});
    patch(client, &path, created).await?;
    let uid = content["spec"]["volumeGroupSnapshotRef"]["uid"]
        .as_str()
        .unwrap_or_default();
    let volumes = source["volumeHandles"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let volumes: Vec<&str> = volumes.iter().filter_map(Value::as_str).collect();
    let change = match storage.create_group(&format!("groupsnapshot-{uid}"), &volumes) {
        Ok((handle, cuts, ready)) => {
            let list: Vec<Value> = cuts.iter().map(|(volume, snapshot, cut)| {
                json!({"volumeHandle": volume, "snapshotHandle": snapshot, "creationTime": cut.cut_at,
                    "readyToUse": ready, "restoreSize": 1_i64 << 30})
            }).collect();
            let cut_at = cuts
                .first()
                .map(|(_, _, cut)| DateTime::from_timestamp_nanos(cut.cut_at));
            json!({"status": {"volumeGroupSnapshotHandle": handle, "readyToUse": ready,
                "creationTime": cut_at, "volumeSnapshotInfoList": list, "error": null}})
        }
        Err(message) => json!({"status": {"readyToUse": false,
            "error": {"message": format!("Failed to create group snapshot: {message}")}}}),
    };
    patch(client, &status, change).await?;
    let done = json!({"metadata": {"annotations": {BEING_CREATED: null}}});
    patch(client, &path, done).await
}

/// What the driver is told of the members: those that it named, or those that are given.
fn members(content: &Value) -> Vec<String> {
    let told = content["status"]["volumeSnapshotInfoList"].as_array();
    let told: Vec<String> = told
        .into_iter()
        .flatten()
        .filter_map(|it| it["snapshotHandle"].as_str().map(str::to_owned))
        .collect();
    if !told.is_empty() {
        return told;
    }
    let given = &content["spec"]["source"]["groupSnapshotHandles"]["volumeSnapshotHandles"];
    let given = given.as_array().into_iter().flatten();
    given
        .filter_map(|it| it.as_str().map(str::to_owned))
        .collect()
}

/// `shouldDeleteGroupSnapshotContent`.
fn should_delete(content: &Value) -> bool {
    let annotations = &content["metadata"]["annotations"];
    let uid = content["spec"]["volumeGroupSnapshotRef"]["uid"]
        .as_str()
        .unwrap_or_default();
    !content["metadata"]["deletionTimestamp"].is_null()
        && (!content["spec"]["source"]["groupSnapshotHandles"].is_null() && uid.is_empty()
            || annotations[BEING_CREATED].is_null() && !annotations[BEING_DELETED].is_null())
}
