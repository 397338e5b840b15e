//! Filling claims that were restored empty.
//!
//! Whoever copies files does so through the mount of a Pod. That is a Pod of the restore's own, which does
//! nothing, and is gone before the application's Pods are restored: those never see an empty or half-filled
//! volume. A claim says itself whether it is filled, so that no later run fills it again over what has been
//! written since.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::super::environment::Environment;
use super::super::marks::are_of_one_restore;
use super::machine::Placement;
use super::plan::FromSnapshot;
use super::snapshots::{is_ours, mark};
use super::turns::Turns;
use crate::cluster::failure::Failure;
use crate::cluster::path::path;
use crate::cluster::wait::{self, Pauses};
use crate::format::annotations::FILL;
use crate::format::{labels, names};
use crate::volumes::{FillState, FillTarget, Mount, ObjectRef};
use crate::{Error, ErrorKind, Result};

const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(10)];
/// The volume's name in the Pod.
const VOLUME: &str = "data";

/// A claim that is to be filled.
#[derive(Debug)]
pub(crate) struct Filling {
    pub(crate) namespace: String,
    pub(crate) claim: String,
    pub(crate) from: Box<FromSnapshot>,
    /// An earlier run has filled it; its Pod may still be there.
    pub(crate) is_filled: bool,
}

impl Filling {
    fn claim_path(&self) -> String {
        path([
            "api",
            "v1",
            "namespaces",
            &self.namespace,
            "persistentvolumeclaims",
            &self.claim,
        ])
    }

    fn pods_path(&self) -> String {
        path(["api", "v1", "namespaces", &self.namespace, "pods"])
    }

    fn pod_name(&self, environment: &Environment<'_>) -> String {
        names::filler(&environment.restore_uid, &self.namespace, &self.claim)
    }
}

/// Fills a claim, and notes on it that it is.
///
/// # Errors
/// When it is not filled; [`ErrorKind::Timeout`] when it may yet be: the same restore goes on with it.
pub(crate) async fn fill(
    environment: &Environment<'_>,
    turns: &Turns,
    filling: &Filling,
) -> Result<()> {
    let name = filling.pod_name(environment);
    let at = format!("{}/{name}", filling.pods_path());
    if filling.is_filled {
        return stop(environment, turns, &at).await;
    }
    let filled = async {
        let claim = turns.take(get(environment, &filling.claim_path())).await?;
        start(environment, turns, filling, &claim, &name).await?;
        let mount = mounted(environment, turns, filling, &at).await?;
        bring_back(environment, turns, filling, mount).await?;
        // Before the Pod goes: through another one, it would be filled once more.
        let patch = json!({"metadata": {"annotations": {FILL: "done"}}});
        let path = filling.claim_path();
        let noted = turns.take(environment.api.merge(&path, &patch)).await?;
        match Failure::of(&noted) {
            Some(failure) => Err(Error::cluster("note that it is filled", failure)),
            None => Ok(()),
        }
    };
    let filled = filled.await;
    // What is under way reads and writes through the Pod.
    if matches!(&filled, Err(error) if error.kind() == ErrorKind::Timeout) {
        return filled;
    }
    let stopped = stop(environment, turns, &at).await;
    filled.and(stopped)
}

async fn get(environment: &Environment<'_>, path: &str) -> Result<Value> {
    let response = environment.api.get(path).await?;
    match Failure::of(&response) {
        Some(failure) => Err(Error::cluster(format!("look at `{path}`"), failure)),
        None => Ok(response.json()),
    }
}

/// Creates the Pod, unless an earlier run has.
async fn start(
    environment: &Environment<'_>,
    turns: &Turns,
    filling: &Filling,
    claim: &Value,
    name: &str,
) -> Result<()> {
    let api = &environment.api;
    let is_block = claim["spec"]["volumeMode"] == "Block";
    let image = &environment.options.filler_image;
    let mut pod = pod(&filling.claim, is_block, image, &filling.from.placement);
    pod["metadata"]["name"] = name.into();
    pod["metadata"]["namespace"] = filling.namespace.clone().into();
    mark(environment, &mut pod);
    pod["metadata"]["labels"][labels::EXCLUDE] = "true".into();
    let step = format!("start Pod `{}/{name}` to fill it", filling.namespace);
    let mut pauses = Pauses::new(api, step.clone(), PAUSES, api.request_timeout());
    loop {
        let created = turns.take(api.create(&filling.pods_path(), &pod)).await?;
        let Some(failure) = Failure::of(&created) else {
            return Ok(());
        };
        let state = match created.reason().as_str() {
            "AlreadyExists" => {
                let at = format!("{}/{name}", filling.pods_path());
                let live = turns.take(api.get(&at)).await?;
                let live = live.json();
                if are_of_one_restore(&live, &pod)
                    && live["metadata"].get("deletionTimestamp").is_none()
                {
                    return Ok(());
                }
                "an earlier Pod of its name is still there"
            }
            // A namespace is a moment older than its account.
            "Forbidden" if created.message().contains("service account") => {
                "its service account is not there yet"
            }
            _ => return Err(Error::cluster(step, failure)),
        };
        if !pauses.pause(state).await {
            return Err(Error::cluster(step, state));
        }
    }
}

/// A Pod that has the claim mounted and does nothing, by the strictest of Kubernetes' Pod security standards.
fn pod(claim: &str, is_block: bool, image: &str, placement: &Placement) -> Value {
    let mut container = json!({
        "name": "fill",
        "image": image,
        "resources": {"requests": {"cpu": "1m", "memory": "8Mi"}, "limits": {"cpu": "100m", "memory": "32Mi"}},
        "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
    });
    if is_block {
        container["volumeDevices"] = json!([{"name": VOLUME, "devicePath": "/dev/data"}]);
    } else {
        container["volumeMounts"] = json!([{"name": VOLUME, "mountPath": "/data"}]);
    }
    let mut spec = json!({
        "automountServiceAccountToken": false,
        "enableServiceLinks": false,
        "terminationGracePeriodSeconds": 0,
        "securityContext": {"runAsNonRoot": true, "runAsUser": 65535, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": VOLUME, "persistentVolumeClaim": {"claimName": claim}}],
    });
    // Where what uses the claim can run: its volume may stay where it is first mounted.
    let Placement {
        node_selector,
        node_affinity,
        tolerations,
    } = placement;
    for (field, value) in [
        ("nodeSelector", node_selector),
        ("tolerations", tolerations),
    ] {
        if !value.is_null() {
            spec[field] = value.clone();
        }
    }
    if !node_affinity.is_null() {
        spec["affinity"] = json!({"nodeAffinity": node_affinity});
    }
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {}}, "spec": spec})
}

/// Waits until the Pod runs, and with it the volume is mounted.
async fn mounted(
    environment: &Environment<'_>,
    turns: &Turns,
    filling: &Filling,
    at: &str,
) -> Result<Mount> {
    let time = environment.options.volume_timeout;
    let what = format!(
        "wait for Pod `{at}` to have claim `{}` mounted",
        filling.claim
    );
    let mut pauses = Pauses::new(&environment.api, what.clone(), PAUSES, time);
    loop {
        let pod = turns.take(get(environment, at)).await?;
        let text = |pointer: &str| {
            let text = pod.pointer(pointer).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let node = text("/spec/nodeName");
        match text("/status/phase").as_str() {
            "Running" if !node.is_empty() => {
                let of = ObjectRef {
                    namespace: filling.namespace.clone(),
                    name: text("/metadata/name"),
                    uid: text("/metadata/uid"),
                };
                return Ok(Mount::new(of, node, VOLUME));
            }
            "Failed" | "Succeeded" => {
                let why = format!("it has ended: {}", text("/status/message"));
                return Err(Error::cluster(what, why));
            }
            _ => {}
        }
        let state = state_of(&pod);
        if !pauses.pause(state.as_str()).await {
            return Err(late(&what, time, &state));
        }
    }
}

/// Why a Pod does not run, as far as it says.
fn state_of(pod: &Value) -> String {
    let conditions = pod["status"]["conditions"].as_array();
    let message = conditions
        .into_iter()
        .flatten()
        .filter(|condition| condition["status"] == "False")
        .find_map(|condition| condition["message"].as_str());
    message.unwrap_or("it does not run yet").to_owned()
}

fn late(what: &str, time: Duration, state: &str) -> Error {
    Error::new(
        ErrorKind::Timeout,
        format!(
            "{what}: it is not done after {time:?}: {state}; running the restore again goes on with it"
        ),
    )
}

/// Has the snapshotter fill the volume through this mount.
async fn bring_back(
    environment: &Environment<'_>,
    turns: &Turns,
    filling: &Filling,
    mount: Mount,
) -> Result<()> {
    let claim = turns.take(get(environment, &filling.claim_path())).await?;
    let volume = claim["spec"]["volumeName"].as_str().unwrap_or_default();
    let at = path(["api", "v1", "persistentvolumes", volume]);
    let volume = turns.take(get(environment, &at)).await?;
    let typed = |error| Error::internal("read the claim that is to be filled", error);
    let target = FillTarget::new(
        &environment.restore_uid,
        serde_json::from_value(claim).map_err(typed)?,
        serde_json::from_value(volume).map_err(typed)?,
        mount,
    );
    let FromSnapshot {
        snapshotter,
        record,
        ..
    } = &*filling.from;
    let time = environment.options.volume_timeout;
    let what = format!(
        "fill claim `{}/{}` by `{}`",
        filling.namespace,
        filling.claim,
        snapshotter.name()
    );
    let mut pauses = Pauses::new(&environment.api, what.clone(), PAUSES, time);
    loop {
        let filling = timeout(time, snapshotter.fill(record, &target));
        let state = match turns.take(filling).await {
            Ok(Ok(FillState::Done)) => return Ok(()),
            Ok(Ok(FillState::Failed { reason })) => {
                return Err(Error::new(ErrorKind::Volume, format!("{what}: {reason}")));
            }
            Ok(Ok(FillState::Running {
                bytes_done,
                bytes_total,
            })) => progress(bytes_done, bytes_total),
            Ok(Err(error)) if error.is_retryable() => error.chain(),
            Ok(Err(error)) => return Err(error),
            Err(_) => "it does not respond".to_owned(),
        };
        if !pauses.pause(state.as_str()).await {
            return Err(late(&what, time, &state));
        }
    }
}

fn progress(done: Option<u64>, total: Option<u64>) -> String {
    match (done, total) {
        (Some(done), Some(total)) => format!("{done} of {total} bytes are back"),
        (Some(done), None) => format!("{done} bytes are back"),
        _ => "it is being filled".to_owned(),
    }
}

/// Deletes the Pod, and waits until it is gone: a volume may be for one node at a time.
async fn stop(environment: &Environment<'_>, turns: &Turns, at: &str) -> Result<()> {
    let api = &environment.api;
    let live = turns.take(api.get(at)).await?;
    if live.status == StatusCode::NOT_FOUND {
        return Ok(());
    }
    let live = live.json();
    if !is_ours(environment, &live) {
        return Ok(());
    }
    let uid = live["metadata"]["uid"].clone();
    let uid = uid.as_str().unwrap_or_default();
    let deleted = turns.take(api.delete(at, uid)).await?;
    if deleted.status != StatusCode::NOT_FOUND
        && let Some(failure) = Failure::of(&deleted)
    {
        return Err(Error::cluster(
            format!("take `{at}` away, which has filled it"),
            failure,
        ));
    }
    wait::until(api, at, "gone", |pod| {
        pod.is_none_or(|pod| pod["metadata"]["uid"] != uid)
    })
    .await
}
