//! Creating one object, or finding out why not.
//!
//! With a writer for dry runs the same steps are taken, each as a dry run, and nothing is waited for.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::changes::Change;
use super::decide::{Decision, decide};
use super::owners;
use super::report::{Outcome, SkipReason};
use super::request::Request;
use super::spec::ExistingResourcePolicy;
use crate::cluster::failure::ApiResponse;
use crate::cluster::writer::ClusterWriter;
use crate::kinds::names::SERVICES;
use crate::{Error, GroupResource, Result};

/// Most differences that a report names for one object.
const SHOWN: usize = 5;

/// The result for one object.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) outcome: Outcome,
    /// The object in the cluster, if it existed already.
    pub(crate) live: Option<Value>,
    /// Its uid, where others need it.
    pub(crate) uid: Option<String>,
    /// More than the outcome says, for a plan.
    pub(crate) remark: Option<String>,
    /// What would be changed, for a plan.
    pub(crate) changes: Vec<Change>,
    /// A warning for the report.
    pub(crate) warning: Option<String>,
}

impl From<Outcome> for Applied {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            live: None,
            uid: None,
            remark: None,
            changes: Vec::new(),
            warning: None,
        }
    }
}

impl Applied {
    pub(crate) fn with_remark(mut self, remark: impl Into<String>) -> Self {
        self.remark = Some(remark.into());
        self
    }
}

/// Creates an object, or does with the one that exists what the policy says.
pub(crate) async fn apply(
    api: &ClusterWriter,
    request: &Request,
    policy: ExistingResourcePolicy,
) -> Applied {
    let mut applied = match create(api, request, policy).await {
        Ok(applied) => applied,
        Err(error) => Outcome::Failed(error.chain()).into(),
    };
    if let Some(status) = &request.status
        && applied.outcome == Outcome::Created
        && !api.is_dry_run()
    {
        applied.warning = write_status(api, request, status).await;
    }
    applied
}

async fn create(
    api: &ClusterWriter,
    request: &Request,
    policy: ExistingResourcePolicy,
) -> Result<Applied> {
    let kind = &request.id.resource;
    let started = Instant::now();
    let mut pause = Duration::from_millis(50);
    loop {
        let response = api.create(&request.list_path, &request.object).await?;
        match response.status {
            status if status.is_success() => {
                let mut applied = Applied::from(Outcome::Created);
                if request.owner.is_some() {
                    applied.uid = owners::uid(&response.json());
                }
                return Ok(applied);
            }
            StatusCode::CONFLICT if response.reason() == "AlreadyExists" => {
                if let Some(applied) = meet(api, request, policy).await? {
                    return Ok(applied);
                }
                // It is gone or going: its name will be free.
                if api.is_dry_run() {
                    return Ok(Applied::from(Outcome::Created).with_remark(
                        "an object of this name is being deleted; it is created after that",
                    ));
                }
            }
            // A definition can be Established before every server serves its objects.
            StatusCode::NOT_FOUND if is_custom(kind) && !api.is_dry_run() => {}
            // A port of the Service's own copy that exists already is refused before its name is.
            StatusCode::UNPROCESSABLE_ENTITY if SERVICES.is(kind) => {
                return match meet(api, request, policy).await? {
                    Some(applied) => Ok(applied),
                    None => Ok(refused(&response)),
                };
            }
            _ => return Ok(refused(&response)),
        }
        if started.elapsed() + pause >= api.request_timeout() {
            let outcome = if response.status == StatusCode::NOT_FOUND {
                Outcome::Failed(format!("its kind is not served: {}", response.message()))
            } else {
                Outcome::Failed(format!(
                    "an object of this name is being deleted and still exists after {:?}; see its finalizers",
                    api.request_timeout()
                ))
            };
            return Ok(outcome.into());
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}

fn is_custom(kind: &GroupResource) -> bool {
    kind.group.contains('.') && !kind.group.ends_with(".k8s.io")
}

fn refused(response: &ApiResponse) -> Applied {
    Outcome::Failed(response.message()).into()
}

/// Decides on the object that exists; `None` when there is none, or it is being deleted.
async fn meet(
    api: &ClusterWriter,
    request: &Request,
    policy: ExistingResourcePolicy,
) -> Result<Option<Applied>> {
    let response = api.get(&request.path).await?;
    if response.status == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    if !response.status.is_success() {
        return Ok(Some(refused(&response)));
    }
    let live = response.json();
    if !live.is_object() {
        return Err(Error::cluster(
            format!("read `{}`", request.path),
            "the response is no object",
        ));
    }
    if live["metadata"].get("deletionTimestamp").is_some() {
        return Ok(None);
    }
    let kind = &request.id.resource;
    let decision = if request.has_references || request.references.is_empty() {
        decide(kind, policy, &live, &request.object)
    } else {
        let mut complete = request.object.clone();
        complete["metadata"]["ownerReferences"] = request.references.as_slice().into();
        decide(kind, policy, &live, &complete)
    };
    let mut applied = carry_out(api, kind, &request.path, &live, decision).await?;
    applied.uid = owners::uid(&live);
    applied.live = Some(live);
    Ok(Some(applied))
}

async fn carry_out(
    api: &ClusterWriter,
    kind: &GroupResource,
    path: &str,
    live: &Value,
    decision: Decision,
) -> Result<Applied> {
    let (patch, pointers, done) = match decision {
        Decision::Done(outcome) => {
            return Ok(Applied::from(outcome).with_remark("an earlier run of this restore did it"));
        }
        Decision::Equal => return Ok(Outcome::Unchanged.into()),
        Decision::Skip(diff) => {
            let reason = SkipReason::Exists(shortened(&diff.pointers));
            let mut applied = Applied::from(Outcome::Skipped(reason));
            if api.is_dry_run() {
                let response = api.merge(path, &diff.merge_patch).await?;
                if response.status.is_success() {
                    applied.changes = Change::between(kind, live, &response.json());
                } else {
                    applied.remark = Some(why_not_patched(&diff.pointers, &response));
                }
            }
            return Ok(applied);
        }
        Decision::Update(diff) => (diff.merge_patch, diff.pointers, Outcome::Updated),
        Decision::Merge(patch) => (patch, Vec::new(), Outcome::Merged),
    };
    let response = api.merge(path, &patch).await?;
    let mut applied = Applied::from(match response.status {
        status if status.is_success() => done,
        StatusCode::NOT_FOUND => {
            Outcome::Failed("it was deleted while it was being restored".into())
        }
        _ => Outcome::Failed(why_not_patched(&pointers, &response)),
    });
    if api.is_dry_run() && response.status.is_success() {
        applied.changes = Change::between(kind, live, &response.json());
    }
    Ok(applied)
}

fn shortened(pointers: &[String]) -> Vec<String> {
    let more = pointers.len().saturating_sub(SHOWN);
    let mut shown: Vec<String> = pointers.iter().take(SHOWN).cloned().collect();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    shown
}

/// The server's refusal of a patch, in words that say what to do. What cannot be changed once it is
/// created is different for every kind and release; the server knows, and its 422 names the fields.
fn why_not_patched(pointers: &[String], response: &ApiResponse) -> String {
    if response.status != StatusCode::UNPROCESSABLE_ENTITY {
        return format!("patch it: {}", response.message());
    }
    let status = response.json();
    let causes = status["details"]["causes"].as_array();
    let mut fields: Vec<&str> = causes
        .into_iter()
        .flatten()
        .filter_map(|cause| cause["field"].as_str())
        .collect();
    fields.dedup();
    let fields = match fields.as_slice() {
        [] => "it".to_owned(),
        fields => format!("`{}`", fields.join("`, `")),
    };
    format!(
        "it differs at {} and stays as it was, since the server lets nobody change {fields} in place; \
         delete it and restore again to have it as in the backup",
        shortened(pointers).join(", ")
    )
}

/// Writes the status back; returns what went wrong.
async fn write_status(api: &ClusterWriter, request: &Request, status: &Value) -> Option<String> {
    let path = format!("{}/status", request.path);
    let reason = match api.merge(&path, &json!({"status": status})).await {
        Ok(response) if response.status.is_success() => return None,
        Ok(response) => response.message(),
        Err(error) => error.chain(),
    };
    Some(format!(
        "write the status of {} `{}` back: {reason}",
        request.id.resource, request.name
    ))
}
