//! One object: into the cluster, or the reason why not.

use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::Value;

use super::existing;
use super::report::Outcome;
use super::spec::ExistingPolicy;
use crate::api::patient::{Answer, PatientApi};
use crate::{ApiResource, GroupResource, Result};

/// An object ready to be created.
pub(crate) struct Wanted<'a> {
    pub(crate) kind: &'a GroupResource,
    pub(crate) resource: &'a ApiResource,
    pub(crate) namespace: Option<&'a str>,
    pub(crate) name: &'a str,
    pub(crate) object: &'a Value,
    /// References to owners that are put back once all are there.
    pub(crate) references: &'a [Value],
}

impl Wanted<'_> {
    fn path(&self) -> String {
        self.resource.object_path(self.namespace, self.name)
    }
}

/// What became of the object, and the object in the cluster when the server showed it.
pub(crate) struct Applied {
    pub(crate) outcome: Outcome,
    pub(crate) live: Option<Value>,
}

impl From<Outcome> for Applied {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            live: None,
        }
    }
}

/// Creates an object, or settles with the one that is there.
pub(crate) async fn apply(
    api: &PatientApi,
    wanted: &Wanted<'_>,
    policy: ExistingPolicy,
) -> Applied {
    match try_apply(api, wanted, policy).await {
        Ok(applied) => applied,
        Err(error) => Outcome::Failed(error.chain()).into(),
    }
}

async fn try_apply(
    api: &PatientApi,
    wanted: &Wanted<'_>,
    policy: ExistingPolicy,
) -> Result<Applied> {
    let list_path = wanted.resource.list_path(wanted.namespace);
    let started = Instant::now();
    let mut pause = Duration::from_millis(50);
    loop {
        let answer = api.create(&list_path, wanted.object).await?;
        match answer.status {
            status if status.is_success() => {
                return Ok(Applied {
                    outcome: Outcome::Created,
                    live: None,
                });
            }
            StatusCode::CONFLICT if answer.reason() == "AlreadyExists" => {
                if let Some(applied) = settle(api, wanted, policy).await? {
                    return Ok(applied);
                }
                // It is gone or going: its name will be free.
            }
            // A definition can be Established a moment before each server serves its objects.
            StatusCode::NOT_FOUND if is_custom(wanted.resource) => {}
            // A port of the Service's own copy that is there already is refused before its name is.
            StatusCode::UNPROCESSABLE_ENTITY if wanted.kind.is("", "services") => {
                return match settle(api, wanted, policy).await? {
                    Some(applied) => Ok(applied),
                    None => Ok(refused(&answer)),
                };
            }
            _ => return Ok(refused(&answer)),
        }
        if started.elapsed() + pause >= api.patience() {
            let outcome = if answer.status == StatusCode::NOT_FOUND {
                Outcome::Failed(format!("its kind is not served: {}", answer.message()))
            } else {
                Outcome::Failed(format!(
                    "an object of its name is being deleted and still there after {:?}; see its finalizers",
                    api.patience()
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

fn refused(answer: &Answer) -> Applied {
    Outcome::Failed(answer.message()).into()
}

/// Settles with the object that is there; `None` when there is none, or none to stay.
async fn settle(
    api: &PatientApi,
    wanted: &Wanted<'_>,
    policy: ExistingPolicy,
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
    let mut complete = wanted.object.clone();
    if !wanted.references.is_empty() {
        complete["metadata"]["ownerReferences"] = wanted.references.into();
    }
    let outcome = existing::resolve(api, wanted.kind, &path, policy, &live, &complete).await?;
    Ok(Some(Applied {
        outcome,
        live: Some(live),
    }))
}
