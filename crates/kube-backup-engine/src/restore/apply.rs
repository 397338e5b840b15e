//! One object: into the cluster, or the reason why not.
//!
//! With an API for dry runs the same steps are taken, each as a dry run, and nothing is waited for.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::changes::Change;
use super::decide::{Decision, decide};
use super::owners;
use super::report::{Outcome, SkipReason};
use super::spec::ExistingResourcePolicy;
use crate::cluster::failure::ApiResponse;
use crate::cluster::writer::ClusterWriter;
use crate::{ApiResource, GroupResource, Result};

/// Most differences that a report names for one object.
const SHOWN: usize = 5;

/// An object ready to be created.
pub(crate) struct Wanted<'a> {
    pub(crate) kind: &'a GroupResource,
    pub(crate) resource: &'a ApiResource,
    pub(crate) namespace: Option<&'a str>,
    pub(crate) name: &'a str,
    pub(crate) object: &'a Value,
    /// References to owners that are put back once all are there.
    pub(crate) references: &'a [Value],
    /// The status to be written back, where one is.
    pub(crate) status: Option<&'a Value>,
    /// Whether other objects need its uid.
    pub(crate) is_owner: bool,
}

impl Wanted<'_> {
    pub(crate) fn path(&self) -> String {
        self.resource.object_path(self.namespace, self.name)
    }
}

/// What became of the object.
pub(crate) struct Applied {
    pub(crate) outcome: Outcome,
    /// The object in the cluster, where it was there already.
    pub(crate) live: Option<Value>,
    /// Its uid, where others need it.
    pub(crate) uid: Option<String>,
    /// More than the outcome says, for a plan.
    pub(crate) remark: Option<String>,
    /// What would be changed, for a plan.
    pub(crate) changes: Vec<Change>,
    /// What is to be known besides.
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

/// Creates an object, or settles with the one that is there.
pub(crate) async fn apply(
    api: &ClusterWriter,
    wanted: &Wanted<'_>,
    policy: ExistingResourcePolicy,
) -> Applied {
    let mut applied = match create(api, wanted, policy).await {
        Ok(applied) => applied,
        Err(error) => Outcome::Failed(error.chain()).into(),
    };
    if let Some(status) = wanted.status
        && applied.outcome == Outcome::Created
        && !api.is_dry_run()
    {
        applied.warning = write_status(api, wanted, status).await;
    }
    applied
}

async fn create(
    api: &ClusterWriter,
    wanted: &Wanted<'_>,
    policy: ExistingResourcePolicy,
) -> Result<Applied> {
    let list_path = wanted.resource.list_path(wanted.namespace);
    let started = Instant::now();
    let mut pause = Duration::from_millis(50);
    loop {
        let answer = api.create(&list_path, wanted.object).await?;
        match answer.status {
            status if status.is_success() => {
                let mut applied = Applied::from(Outcome::Created);
                if wanted.is_owner {
                    applied.uid = owners::uid(&answer.json());
                }
                return Ok(applied);
            }
            StatusCode::CONFLICT if answer.reason() == "AlreadyExists" => {
                if let Some(applied) = settle(api, wanted, policy).await? {
                    return Ok(applied);
                }
                // It is gone or going: its name will be free.
                if api.is_dry_run() {
                    return Ok(Applied::from(Outcome::Created).with_remark(
                        "the object of its name is being deleted; it follows that one",
                    ));
                }
            }
            // A definition can be Established a moment before each server serves its objects.
            StatusCode::NOT_FOUND if is_custom(wanted.resource) && !api.is_dry_run() => {}
            // A port of the Service's own copy that is there already is refused before its name is.
            StatusCode::UNPROCESSABLE_ENTITY if wanted.kind.is("", "services") => {
                return match settle(api, wanted, policy).await? {
                    Some(applied) => Ok(applied),
                    None => Ok(refused(&answer)),
                };
            }
            _ => return Ok(refused(&answer)),
        }
        if started.elapsed() + pause >= api.request_timeout() {
            let outcome = if answer.status == StatusCode::NOT_FOUND {
                Outcome::Failed(format!("its kind is not served: {}", answer.message()))
            } else {
                Outcome::Failed(format!(
                    "an object of its name is being deleted and still there after {:?}; see its finalizers",
                    api.request_timeout()
                ))
            };
            return Ok(outcome.into());
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}

fn is_custom(resource: &ApiResource) -> bool {
    resource.group.contains('.') && !resource.group.ends_with(".k8s.io")
}

fn refused(answer: &ApiResponse) -> Applied {
    Outcome::Failed(answer.message()).into()
}

/// Settles with the object that is there; `None` when there is none, or none to stay.
async fn settle(
    api: &ClusterWriter,
    wanted: &Wanted<'_>,
    policy: ExistingResourcePolicy,
) -> Result<Option<Applied>> {
    let path = wanted.path();
    let answer = api.get(&path).await?;
    if answer.status == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    if !answer.status.is_success() {
        return Ok(Some(refused(&answer)));
    }
    let live = answer.json();
    if live["metadata"].get("deletionTimestamp").is_some() {
        return Ok(None);
    }
    let decision = if wanted.references.is_empty() {
        decide(wanted.kind, policy, &live, wanted.object)
    } else {
        let mut complete = wanted.object.clone();
        complete["metadata"]["ownerReferences"] = wanted.references.into();
        decide(wanted.kind, policy, &live, &complete)
    };
    let mut applied = carry_out(api, wanted.kind, &path, &live, decision).await?;
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
    let (patch, differences, done) = match decision {
        Decision::Done(outcome) => {
            return Ok(Applied::from(outcome).with_remark("an earlier run of this restore did it"));
        }
        Decision::Equal => return Ok(Outcome::Unchanged.into()),
        Decision::Skip(differences, patch) => {
            let mut applied = Applied::from(Outcome::Skipped(SkipReason::Exists(shortened(
                &differences,
            ))));
            if api.is_dry_run() {
                let answer = api.merge(path, &patch).await?;
                if answer.status.is_success() {
                    applied.changes = Change::between(kind, live, &answer.json());
                } else {
                    applied.remark = Some(why_not_patched(&differences, &answer));
                }
            }
            return Ok(applied);
        }
        Decision::Update(differences, patch) => (patch, differences, Outcome::Updated),
        Decision::Merge(patch) => (patch, Vec::new(), Outcome::Merged),
    };
    let answer = api.merge(path, &patch).await?;
    let mut applied = Applied::from(match answer.status {
        status if status.is_success() => done,
        StatusCode::NOT_FOUND => {
            Outcome::Failed("it was deleted while it was being restored".into())
        }
        _ => Outcome::Failed(why_not_patched(&differences, &answer)),
    });
    if api.is_dry_run() && answer.status.is_success() {
        applied.changes = Change::between(kind, live, &answer.json());
    }
    Ok(applied)
}

fn shortened(differences: &[String]) -> Vec<String> {
    let more = differences.len().saturating_sub(SHOWN);
    let mut shown: Vec<String> = differences.iter().take(SHOWN).cloned().collect();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    shown
}

/// The server's refusal of a patch, in words that say what to do. What cannot be changed once it is
/// created is different for every kind and release; the server knows, and answers 422 with the fields.
fn why_not_patched(differences: &[String], answer: &ApiResponse) -> String {
    if answer.status != StatusCode::UNPROCESSABLE_ENTITY {
        return format!("patch it: {}", answer.message());
    }
    let told = answer.json();
    let causes = told["details"]["causes"].as_array();
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
        shortened(differences).join(", ")
    )
}

/// Answers what went wrong.
async fn write_status(api: &ClusterWriter, wanted: &Wanted<'_>, status: &Value) -> Option<String> {
    let path = format!("{}/status", wanted.path());
    let reason = match api.merge(&path, &json!({"status": status})).await {
        Ok(answer) if answer.status.is_success() => return None,
        Ok(answer) => answer.message(),
        Err(error) => error.chain(),
    };
    Some(format!(
        "write the status of {} `{}` back: {reason}",
        wanted.kind, wanted.name
    ))
}
