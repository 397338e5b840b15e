//! Creating one object, or finding out why not.
//!
//! With a writer for dry runs the same steps are taken, each as a dry run, and nothing is waited for.

use std::borrow::Cow;
use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use super::allocation::without_refused;
use super::altered::{AlteredField, altered, explain, is_custom, zero_values};
use super::changes::Change;
use super::decide::{Decision, Rules, decide};
use super::outcome::{Outcome, SkipReason};
use super::owners;
use super::request::Request;
use crate::cluster::failure::ApiResponse;
use crate::cluster::wait::Pauses;
use crate::cluster::writer::ClusterWriter;
use crate::compare::{Comparison, WholeAnswer};
use crate::kinds::names::SERVICES;
use crate::{Error, Result};

/// Most differences that a report names for one object.
const SHOWN: usize = 5;
/// Between two attempts at an object whose name or kind is not free yet, the first and the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(2)];

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
    /// What the server accepted and did not keep.
    pub(crate) altered: Vec<AlteredField>,
    /// What is to be said of this object: the server's own warnings, and what went wrong beside it.
    pub(crate) warnings: Vec<String>,
}

impl From<Outcome> for Applied {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            live: None,
            uid: None,
            remark: None,
            changes: Vec::new(),
            altered: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

impl Applied {
    pub(crate) fn with_remark(mut self, remark: impl Into<String>) -> Self {
        self.remark = Some(remark.into());
        self
    }

    pub(crate) fn with_altered(mut self, altered: Vec<AlteredField>) -> Self {
        self.altered = altered;
        self
    }

    /// What came of a write that the server accepted: `done`, and what it made of `asked`.
    fn accepted(done: Outcome, request: &Request, asked: &Value, response: ApiResponse) -> Self {
        // A patch does not say what the object is called.
        if done == Outcome::Created
            && let zero_values = zero_values(&request.id.resource)
            && let Some(whole) = WholeAnswer::read(asked, &response.body, zero_values)
        {
            return Self {
                uid: whole.uid,
                warnings: response.warnings,
                ..done.into()
            };
        }
        let answer = response.json();
        if let Some(reason) = request.mistaken(&answer) {
            return Outcome::Failed(reason).into();
        }
        let kind = &request.id.resource;
        Self {
            uid: owners::uid(&answer),
            altered: altered(&request.comparison(), kind, asked, &answer),
            warnings: response.warnings,
            ..done.into()
        }
    }
}

impl Request {
    /// How the object is compared with the cluster's.
    fn comparison(&self) -> Comparison {
        Comparison::default().with_status(self.status_is_data)
    }

    /// Why the answer to a write is not about this object.
    fn mistaken(&self, answer: &Value) -> Option<String> {
        let places = [
            "/apiVersion",
            "/kind",
            "/metadata/name",
            "/metadata/namespace",
        ];
        let other = places.iter().find(|at| {
            let asked = self.object.pointer(at);
            asked.is_some() && answer.pointer(at) != asked
        })?;
        let found = match answer.pointer(other) {
            None => "nothing".to_owned(),
            Some(value) => format!("`{value}`").chars().take(100).collect(),
        };
        Some(format!(
            "the server accepted it, and its answer is not about it: it has {found} at `{other}`; see what \
             stands between here and the API server"
        ))
    }
}

/// Creates an object, or does with the one that exists what the policy says.
pub(crate) async fn apply(api: &ClusterWriter, request: &Request, rules: Rules<'_>) -> Applied {
    let mut applied = match create(api, request, rules).await {
        Ok(applied) => applied,
        Err(error) => Outcome::Failed(error.chain()).into(),
    };
    if let Some(status) = &request.status
        && applied.outcome == Outcome::Created
        && !api.is_dry_run()
    {
        let warning = write_status(api, request, status).await;
        applied.warnings.extend(warning);
    }
    applied
}

async fn create(api: &ClusterWriter, request: &Request, rules: Rules<'_>) -> Result<Applied> {
    let kind = &request.id.resource;
    let what = format!("create {}", request.id);
    let mut pauses = Pauses::new(api, what, PAUSES, api.request_timeout());
    let mut object = Cow::Borrowed(&request.object);
    let mut warnings = Vec::new();
    loop {
        let text = request.original.print(&object)?;
        let response = api.create_text(&request.list_path, text).await?;
        match response.status {
            status if status.is_success() => {
                let mut applied = Applied::accepted(Outcome::Created, request, &object, response);
                applied.warnings.extend(warnings);
                return Ok(applied);
            }
            StatusCode::CONFLICT if response.reason() == "AlreadyExists" => {
                if let Some(applied) = meet(api, request, rules).await? {
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
                if let Some(applied) = meet(api, request, rules).await? {
                    return Ok(applied);
                }
                let Some((changed, what)) = without_refused(kind, &object, &response.json()) else {
                    return Ok(refused(&response));
                };
                object = Cow::Owned(changed);
                warnings.push(what);
                continue;
            }
            _ => return Ok(refused(&response)),
        }
        let state = match response.status {
            StatusCode::NOT_FOUND => "its kind is not served yet",
            _ => "an object of this name is being deleted",
        };
        if !pauses.pause(state).await {
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
    }
}

fn refused(response: &ApiResponse) -> Applied {
    Outcome::Failed(response.message()).into()
}

/// Decides on the object that exists; `None` when there is none, or it is being deleted.
async fn meet(api: &ClusterWriter, request: &Request, rules: Rules<'_>) -> Result<Option<Applied>> {
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
    if let Some(reason) = request.mistaken(&live) {
        return Ok(Some(Outcome::Failed(reason).into()));
    }
    let id = &request.id;
    let comparison = request.comparison();
    let decision = if request.has_references || request.references.is_empty() {
        decide(&comparison, id, rules, &live, &request.object)
    } else {
        let mut complete = request.object.clone();
        if let Some(metadata) = complete["metadata"].as_object_mut() {
            let references = request.references.as_slice().into();
            metadata.insert("ownerReferences".to_owned(), references);
        }
        decide(&comparison, id, rules, &live, &complete)
    };
    let mut applied = carry_out(api, request, &live, decision).await?;
    applied.uid = owners::uid(&live);
    applied.live = Some(live);
    Ok(Some(applied))
}

async fn carry_out(
    api: &ClusterWriter,
    request: &Request,
    live: &Value,
    decision: Decision,
) -> Result<Applied> {
    let (kind, path) = (&request.id.resource, request.path.as_str());
    let (patch, pointers, done) = match decision {
        Decision::Done(outcome) => {
            return Ok(Applied::from(outcome).with_remark("an earlier run of this restore did it"));
        }
        Decision::Equal => return Ok(Outcome::Unchanged.into()),
        Decision::Keep(diff, reason) => {
            let differences = shortened(&diff.pointers);
            let reason = SkipReason::Shared {
                differences,
                reason,
            };
            return Ok(Applied::from(Outcome::Skipped(reason)));
        }
        Decision::Skip(diff) => {
            let reason = SkipReason::Exists(shortened(&diff.pointers));
            let mut applied = Applied::from(Outcome::Skipped(reason));
            if api.is_dry_run() {
                let patch = request.original.print(&diff.merge_patch)?;
                let response = api.merge_text(path, patch).await?;
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
    let text = request.original.print(&patch)?;
    let response = api.merge_text(path, text).await?;
    let refusal = match response.status {
        status if status.is_success() => {
            // An account keeps what it has; of an update, all is to be as in the backup.
            let asked = match done {
                Outcome::Updated => &request.object,
                _ => &patch,
            };
            let changes = match api.is_dry_run() {
                true => Change::between(kind, live, &response.json()),
                false => Vec::new(),
            };
            return Ok(Applied {
                changes,
                ..Applied::accepted(done, request, asked, response)
            });
        }
        StatusCode::NOT_FOUND => "it was deleted while it was being restored".to_owned(),
        _ => why_not_patched(&pointers, &response),
    };
    Ok(Outcome::Failed(refusal).into())
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
        "it differs at {} and stays as it was, since the server lets nobody change {fields} in place; to have \
         the one of the backup as well, restore it into another namespace or cluster",
        shortened(pointers).join(", ")
    )
}

/// Writes the status back; returns what went wrong.
async fn write_status(api: &ClusterWriter, request: &Request, status: &Value) -> Option<String> {
    let path = format!("{}/status", request.path);
    let patch = json!({ "status": status });
    let written = async {
        let text = request.original.print(&patch)?;
        api.merge_text(&path, text).await
    };
    let reason = match written.await {
        Ok(response) if response.status.is_success() => {
            let kind = &request.id.resource;
            let comparison = Comparison::default().with_status(true);
            let fields = altered(&comparison, kind, &patch, &response.json());
            if fields.is_empty() {
                return None;
            }
            format!("the server took it {}", explain(kind, &fields))
        }
        Ok(response) => response.message(),
        Err(error) => error.chain(),
    };
    Some(format!(
        "write the status of {} `{}` back: {reason}",
        request.id.resource, request.name
    ))
}
