//! The objects that stand for a CSI snapshot which is there already, while a claim is made from it: a
//! VolumeSnapshotContent and its VolumeSnapshot.
//!
//! The snapshot is the backup's. Whatever becomes of these objects, it stays: the content retains it
//! (external-snapshotter, pkg/sidecar-controller), and both bear the marks of the restore, so that what a
//! killed run has left is found by the next.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::environment::Environment;
use super::super::marks::are_of_one_restore;
use super::super::served::Served;
use crate::cluster::failure::Failure;
use crate::cluster::query::with_query;
use crate::cluster::wait::{self, Pauses};
use crate::format::labels;
use crate::{ApiResource, Error, Result};

pub(crate) const GROUP: &str = "snapshot.storage.k8s.io";
const GROUPS: &str = "groupsnapshot.storage.k8s.io";
const CONTENT: &str = "VolumeSnapshotContent";
const GROUP_CONTENT: &str = "VolumeGroupSnapshotContent";
const SNAPSHOT: &str = "VolumeSnapshot";
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(2)];

/// A VolumeSnapshot that a claim was made from, and is not needed once that is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StaticSnapshot {
    /// Path of the claim.
    pub(crate) claim: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl StaticSnapshot {
    /// That of a claim in the cluster, or as it is about to be created, at `path`.
    pub(crate) fn of(claim: &Value, path: &str) -> Option<Self> {
        let source = &claim["spec"]["dataSource"];
        let is_snapshot = source["kind"] == SNAPSHOT && source["apiGroup"] == GROUP;
        Some(Self {
            claim: path.to_owned(),
            namespace: claim["metadata"]["namespace"].as_str()?.to_owned(),
            name: source["name"].as_str().filter(|_| is_snapshot)?.to_owned(),
        })
    }
}

/// Puts labels and marks of the restore on an object of its own.
pub(crate) fn mark(environment: &Environment<'_>, object: &mut Value) {
    if !object["metadata"]["labels"].is_object() {
        object["metadata"]["labels"] = Value::Object(Map::new());
    }
    let labels = &mut object["metadata"]["labels"];
    labels[labels::BACKUP_NAME] = labels::value(environment.backup_name()).into();
    labels[labels::RESTORE_NAME] = labels::value(&environment.spec.name).into();
    environment.marks.put_on(object);
}

/// Creates what a claim is made from, in this order. What an earlier run has created stays.
///
/// # Errors
/// When one of them cannot be created, or another object has its name.
pub(crate) async fn create(
    environment: &Environment<'_>,
    served: &Served,
    objects: &[Value],
) -> Result<()> {
    for object in objects {
        let mut object = object.clone();
        mark(environment, &mut object);
        let to = match object["kind"].as_str() {
            Some(CONTENT) => Some("/spec/volumeSnapshotRef"),
            Some(GROUP_CONTENT) => Some("/spec/volumeGroupSnapshotRef"),
            _ => None,
        };
        if let Some(to) = to {
            object["spec"]["deletionPolicy"] = "Retain".into();
            if let Some(to) = object.pointer_mut(to) {
                // With a uid that is not its VolumeSnapshot's, it is never bound again.
                to.as_object_mut().map(|to| to.remove("uid"));
            }
        }
        create_one(environment, served, &object).await?;
    }
    Ok(())
}

/// The kind of an object in its version, and where it is.
fn place<'a>(served: &'a Served, object: &Value) -> Result<(&'a ApiResource, String)> {
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let kind = object["kind"].as_str().unwrap_or_default();
    let (group, _) = version.rsplit_once('/').unwrap_or_default();
    let known = served.of_kind(group, kind);
    let versions = known.map(|known| served.versions(&known.group_resource()));
    let resource = versions
        .into_iter()
        .flatten()
        .find(|resource| resource.api_version() == version);
    let Some(resource) = resource else {
        return Err(Error::cluster(
            format!("create {kind} of `{version}`"),
            "the cluster does not serve that kind in that version",
        ));
    };
    let namespace = object["metadata"]["namespace"].as_str();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    Ok((resource, resource.object_path(namespace, name)))
}

async fn create_one(environment: &Environment<'_>, served: &Served, object: &Value) -> Result<()> {
    let api = &environment.api;
    let (resource, path) = place(served, object)?;
    let list = resource.list_path(object["metadata"]["namespace"].as_str());
    let step = format!("create `{path}`");
    let mut pauses = Pauses::new(api, step.clone(), PAUSES, api.request_timeout());
    loop {
        let response = api.create(&list, object).await?;
        let Some(failure) = Failure::of(&response) else {
            return Ok(());
        };
        if response.reason() != "AlreadyExists" {
            return Err(Error::cluster(step, failure));
        }
        let live = api.get(&path).await?;
        if live.status != StatusCode::NOT_FOUND {
            if let Some(failure) = Failure::of(&live) {
                return Err(Error::cluster(step, failure));
            }
            let live = live.json();
            if !are_of_one_restore(&live, object) || !holds(&live["spec"], &object["spec"]) {
                return Err(Error::cluster(
                    step,
                    "another object has its name; restore under another name",
                ));
            }
            let is_going = live["metadata"].get("deletionTimestamp").is_some();
            if !is_going && !is_misbound(environment, served, &live).await? {
                return Ok(());
            }
            remove(environment, &path, &live).await?;
        }
        if !pauses.pause("an object of its name is being deleted").await {
            return Err(Error::cluster(step, "an object of its name is still there"));
        }
    }
}

/// Whether all that was asked for is there.
fn holds(live: &Value, asked: &Value) -> bool {
    match asked {
        Value::Object(asked) => asked.iter().all(|(key, value)| holds(&live[key], value)),
        asked => live == asked,
    }
}

/// Whether a content has been bound to a VolumeSnapshot that is not there: then it never binds again.
async fn is_misbound(
    environment: &Environment<'_>,
    served: &Served,
    content: &Value,
) -> Result<bool> {
    let to = &content["spec"]["volumeSnapshotRef"];
    let Some(uid) = to["uid"].as_str().filter(|_| content["kind"] == CONTENT) else {
        return Ok(false);
    };
    let snapshot = json!({"apiVersion": content["apiVersion"], "kind": SNAPSHOT,
        "metadata": {"namespace": to["namespace"], "name": to["name"]}});
    let (_, path) = place(served, &snapshot)?;
    let live = environment.api.get(&path).await?;
    if live.status == StatusCode::NOT_FOUND {
        return Ok(true);
    }
    if let Some(failure) = Failure::of(&live) {
        return Err(Error::cluster(format!("look at `{path}`"), failure));
    }
    Ok(live.json()["metadata"]["uid"] != uid)
}

/// Deletes an object as it was seen, and waits until it is gone.
async fn remove(environment: &Environment<'_>, path: &str, live: &Value) -> Result<()> {
    let api = &environment.api;
    let uid = live["metadata"]["uid"].as_str().unwrap_or_default();
    let response = api.delete(path, uid).await?;
    let is_gone = matches!(
        response.status,
        StatusCode::NOT_FOUND | StatusCode::CONFLICT
    );
    if let Some(failure) = Failure::of(&response).filter(|_| !is_gone) {
        return Err(Error::cluster(format!("take `{path}` away"), failure));
    }
    let is_another = |object: Option<&Value>| object.is_none_or(|it| it["metadata"]["uid"] != uid);
    wait::until(api, path, "gone", is_another).await
}

/// Deletes the objects that stand for the snapshots of claims that are bound by now. Returns what stays, and why.
pub(crate) async fn clean_up(
    environment: &Environment<'_>,
    served: &Served,
    snapshots: &[StaticSnapshot],
) -> Vec<String> {
    let mut left = Vec::new();
    let mut done = Vec::new();
    for snapshot in snapshots {
        match clean_up_one(environment, served, snapshot).await {
            Ok(true) => done.push(snapshot),
            Ok(false) => left.push(format!(
                "VolumeSnapshot `{}/{}` stays until its claim has a volume; running the restore again takes it away",
                snapshot.namespace, snapshot.name
            )),
            Err(error) => left.push(stays(&error)),
        }
    }
    for (group, kind, to) in [
        (GROUP, CONTENT, "volumeSnapshotRef"),
        (GROUPS, GROUP_CONTENT, "volumeGroupSnapshotRef"),
    ] {
        let Some(resource) = served.of_kind(group, kind).filter(|_| !done.is_empty()) else {
            continue;
        };
        if let Err(error) = clean_up_contents(environment, resource, to, &done).await {
            left.push(stays(&error));
        }
    }
    left
}

fn stays(error: &Error) -> String {
    format!(
        "an object that a claim was made from stays; running the restore again takes it away: {}",
        error.chain()
    )
}

/// Returns whether the VolumeSnapshot is gone.
async fn clean_up_one(
    environment: &Environment<'_>,
    served: &Served,
    snapshot: &StaticSnapshot,
) -> Result<bool> {
    let api = &environment.api;
    let step = || format!("look at `{}`", snapshot.claim);
    let claim = api.get(&snapshot.claim).await?;
    if claim.status != StatusCode::NOT_FOUND {
        if let Some(failure) = Failure::of(&claim) {
            return Err(Error::cluster(step(), failure));
        }
        if claim.json()["status"]["phase"] != "Bound" {
            return Ok(false);
        }
    }
    let object = json!({"apiVersion": format!("{GROUP}/v1"), "kind": SNAPSHOT,
        "metadata": {"namespace": snapshot.namespace, "name": snapshot.name}});
    let (_, path) = place(served, &object)?;
    let live = api.get(&path).await?;
    if live.status == StatusCode::NOT_FOUND {
        return Ok(true);
    }
    if let Some(failure) = Failure::of(&live) {
        return Err(Error::cluster(format!("look at `{path}`"), failure));
    }
    let live = live.json();
    if is_ours(environment, &live) {
        if let Some(content) = live["spec"]["source"]["volumeSnapshotContentName"].as_str() {
            retain(environment, served, content).await?;
        }
        remove(environment, &path, &live).await?;
    }
    Ok(true)
}

/// Sees to it that a content keeps its snapshot, before anything of it is deleted.
async fn retain(environment: &Environment<'_>, served: &Served, content: &str) -> Result<()> {
    let object = json!({"apiVersion": format!("{GROUP}/v1"), "kind": CONTENT,
        "metadata": {"name": content}});
    let (_, path) = place(served, &object)?;
    let live = environment.api.get(&path).await?;
    if live.status == StatusCode::NOT_FOUND || live.json()["spec"]["deletionPolicy"] == "Retain" {
        return Ok(());
    }
    let patch = json!({"spec": {"deletionPolicy": "Retain"}});
    let patched = environment.api.merge(&path, &patch).await?;
    if patched.json()["spec"]["deletionPolicy"] != "Retain" {
        return Err(Error::cluster(
            format!("have `{path}` keep the backup's snapshot"),
            patched.message(),
        ));
    }
    Ok(())
}

/// Deletes the contents of a kind, each of which says in `to` what it is the content of.
async fn clean_up_contents(
    environment: &Environment<'_>,
    resource: &ApiResource,
    to: &str,
    done: &[&StaticSnapshot],
) -> Result<()> {
    let selector = format!(
        "{}={}",
        labels::RESTORE_NAME,
        labels::value(&environment.spec.name)
    );
    let mut token = String::new();
    loop {
        let list = resource.list_path(None);
        let query = [
            ("labelSelector", selector.as_str()),
            ("limit", "250"),
            ("continue", &token),
        ];
        let response = environment.api.get(&with_query(&list, &query)).await?;
        if let Some(failure) = Failure::of(&response) {
            return Err(Error::cluster(format!("list `{list}`"), failure));
        }
        let page = response.json();
        for content in page["items"].as_array().into_iter().flatten() {
            let to = &content["spec"][to];
            let is_done = done
                .iter()
                .any(|it| to["namespace"] == it.namespace && to["name"] == it.name);
            let keeps = content["spec"]["deletionPolicy"] == "Retain";
            if is_done && keeps && is_ours(environment, content) {
                let name = content["metadata"]["name"].as_str().unwrap_or_default();
                remove(environment, &resource.object_path(None, name), content).await?;
            }
        }
        let next = page["metadata"]["continue"].as_str().unwrap_or_default();
        if next.is_empty() || next == token {
            return Ok(());
        }
        token = next.to_owned();
    }
}

/// Whether this restore has put an object there.
pub(crate) fn is_ours(environment: &Environment<'_>, object: &Value) -> bool {
    let mut ours = json!({"metadata": {}});
    mark(environment, &mut ours);
    are_of_one_restore(object, &ours)
}
