//! Between the tiers: waiting for what later ones need, and putting owners back. Each step returns what
//! it found, with warnings for the report.

use std::collections::BTreeSet;

use futures::stream::BoxStream;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use http::StatusCode;
use serde_json::{Value, json};

use super::environment::Environment;
use super::health;
use super::owners::{self, Orphan, Uids};
use super::planned::Planned;
use super::served::Served;
use super::state::State;
use crate::archive::{Entries, EntryRef};
use crate::cluster::failure::Failure;
use crate::cluster::path::{path, path_of_definition};
use crate::cluster::schema::Schemas;
use crate::cluster::wait;
use crate::format::labels;
use crate::kinds::backends::backends_of;
use crate::kinds::namespaces::map_namespaces;
use crate::{ApiResource, Discovery, Entry, Error, GroupResource, ObjectId, Result};

/// Waits until the restored definitions are served, and asks again for the kinds that the server has.
pub(crate) async fn for_definitions(
    environment: &Environment<'_>,
    names: Vec<String>,
) -> (Option<Served>, Vec<String>) {
    let mut warnings = Vec::new();
    if names.is_empty() || environment.is_plan() {
        return (None, warnings);
    }
    let api = &environment.api;
    let waiting = futures::stream::iter(names)
        .map(async |name| {
            let path = path_of_definition(&name);
            wait::until(api, &path, "Established", wait::is_established).await
        })
        .buffer_unordered(environment.parallel())
        .filter_map(async |done| done.err().map(|error| error.chain()));
    let found = async {
        let step = "wait for the restored definitions to be Established";
        collect(environment, step, waiting.boxed(), &mut warnings).await?;
        let reader = api.reader();
        let step = "discover the restored kinds";
        let found = Discovery::of(&reader);
        environment.deadline.within(step, found).await?
    };
    // Without it, what was restored so far is still worth a report.
    let served = match found.await {
        Ok(found) => Some(Served::new(found)),
        Err(error) => {
            warnings.push(error.chain());
            None
        }
    };
    (served, warnings)
}

/// Makes the namespaces that are needed and not in the backup, and waits until all can be used. A plan
/// returns those that would be made. Those that this restore made are returned too.
pub(crate) async fn for_namespaces(
    environment: &Environment<'_>,
    state: &State,
    needed: &BTreeSet<String>,
) -> (Vec<Planned>, Vec<String>, Vec<String>) {
    let waiting = futures::stream::iter(needed)
        .map(async |name| {
            let known = state.namespaces.contains(name);
            let mut made = None;
            let done = if !environment.is_plan() {
                ensure_namespace(environment, name, known).await.map(|is_ours| {
                    made = is_ours.then(|| name.clone());
                    false
                })
            } else if known || state.planned.has_namespace(name) {
                Ok(false)
            } else {
                let there = look_for_namespace(environment, name).await;
                there.map(|there| there != Presence::There)
            };
            match done {
                Ok(false) => (None, made, None),
                Ok(true) => (
                    Some(Planned::Namespace(name.clone())),
                    None,
                    Some(format!(
                        "namespace `{name}` is neither in the cluster nor restored from the backup; it \
                         is made without its labels and annotations"
                    )),
                ),
                Err(error) => (None, None, Some(error.chain())),
            }
        })
        .buffer_unordered(environment.parallel());
    let mut found = Vec::new();
    let step = "wait for the namespaces to be Active";
    let late = collect(environment, step, waiting.boxed(), &mut found)
        .await
        .err();
    let (mut planned, mut made, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    for (plan, name, warning) in found {
        planned.extend(plan);
        made.extend(name);
        warnings.extend(warning);
    }
    warnings.extend(late.map(|error| error.chain()));
    (planned, made, warnings)
}

/// Adds what is found to `found`, until the deadline.
async fn collect<T: Send>(
    environment: &Environment<'_>,
    step: &str,
    mut waiting: BoxStream<'_, T>,
    found: &mut Vec<T>,
) -> Result<()> {
    let all = async {
        while let Some(next) = waiting.next().await {
            found.push(next);
        }
    };
    // Boxed, or the compiler cannot tell that the whole restore is `Send`.
    environment.deadline.within(step, all.boxed()).await
}

/// Returns whether it was missing in the backup and made by this run.
async fn ensure_namespace(environment: &Environment<'_>, name: &str, known: bool) -> Result<bool> {
    let api = &environment.api;
    let mut is_made = false;
    let path = path(["api", "v1", "namespaces", name]);
    if !known {
        let there = look_for_namespace(environment, name).await?;
        if there == Presence::Going {
            let what = "gone, since it is being deleted";
            wait::until(api, &path, what, |object| object.is_none()).await?;
        }
        if there != Presence::There {
            let labels = json!({
                labels::BACKUP_NAME: labels::value(environment.backup_name()),
                labels::RESTORE_NAME: labels::value(&environment.spec.name),
            });
            let mut namespace = json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": name, "labels": labels}});
            environment.marks.put_on(&mut namespace);
            let response = api.create("/api/v1/namespaces", &namespace).await?;
            if !response.status.is_success() && response.reason() != "AlreadyExists" {
                return Err(Error::cluster(
                    format!("create namespace `{name}`"),
                    response.message(),
                ));
            }
            is_made = response.status.is_success();
        }
    }
    wait::until(api, &path, "Active", wait::is_active).await?;
    Ok(is_made)
}

/// Reads what the cluster keeps of these kinds, by its own definitions and documents, into `state`. The
/// definitions that the plan would bring count instead of the cluster's.
pub(crate) async fn read_schemas(
    environment: &Environment<'_>,
    state: &mut State,
    kinds: &BTreeSet<&GroupResource>,
) -> Vec<String> {
    let unknown = kinds
        .iter()
        .filter(|kind| !state.planned.has_definition(kind));
    let versions: Vec<ApiResource> = unknown
        .flat_map(|kind| state.served.versions(kind))
        .cloned()
        .collect();
    if versions.is_empty() {
        return Vec::new();
    }
    let reader = environment.api.reader();
    let step = "read the cluster's definitions";
    let reading = Schemas::load(&reader, &versions);
    match environment.deadline.within(step, reading).await {
        Ok((schemas, unread)) => {
            state.schemas.extend(schemas);
            let what = "what the cluster would not keep of some objects is not known";
            unread.iter().map(|why| format!("{what}: {why}")).collect()
        }
        Err(late) => vec![late.chain()],
    }
}

/// Whether something is in the cluster.
#[derive(Debug, PartialEq, Eq)]
enum Presence {
    There,
    /// It is being deleted.
    Going,
    Missing,
}

/// Only a 404 says that there is no namespace of this name.
async fn look_for_namespace(environment: &Environment<'_>, name: &str) -> Result<Presence> {
    let path = path(["api", "v1", "namespaces", name]);
    let there = environment.api.get(&path).await?;
    match Failure::of(&there) {
        None if there.json()["metadata"].get("deletionTimestamp").is_some() => Ok(Presence::Going),
        None => Ok(Presence::There),
        Some(_) if there.status == StatusCode::NOT_FOUND => Ok(Presence::Missing),
        Some(failure) => {
            let step = format!("look for namespace `{name}`");
            Err(Error::cluster(step, failure))
        }
    }
}

/// Waits until what webhooks and APIServices send requests to is ready. Restored before it, a webhook
/// refuses everybody's requests, those that would start its own Pods among them.
pub(crate) async fn for_backends(
    environment: &Environment<'_>,
    entries: &Entries,
    deferred: &[Entry],
) -> Vec<String> {
    let spec = environment.spec;
    let mut warnings = Vec::new();
    let entries = entries.iter().map(EntryRef::entry);
    let entries: Vec<Entry> = entries.chain(deferred.iter().cloned()).collect();
    if environment.is_plan() || environment.options.wait_for_ready.is_zero() || entries.is_empty() {
        return warnings;
    }
    let wait = async {
        let mut backends = Vec::new();
        let mut objects = environment.backup.read(&entries);
        while let Some((Entry { id, .. }, bytes)) = objects.try_next().await? {
            let mut object: Value = match serde_json::from_slice(&bytes) {
                Ok(object) => object,
                Err(error) => {
                    warnings.push(format!("what {id} sends requests to is not known: {error}"));
                    continue;
                }
            };
            map_namespaces(&id.resource, &mut object, &spec.namespace_mapping);
            backends.extend(backends_of(&id, &object));
        }
        let time = environment.options.wait_for_ready;
        warnings.extend(health::await_backends(&environment.api, &backends, time).await);
        Ok(())
    };
    let step = "wait for the backends of webhooks to be ready";
    let done = environment.deadline.within(step, wait).await;
    if let Err(error) = done.and_then(|done| done) {
        warnings.push(error.chain());
    }
    warnings
}

/// Waits until restored quotas are in force: until their controller has counted what there is, the API server
/// lets everything pass them.
pub(crate) async fn for_quotas(environment: &Environment<'_>, paths: Vec<String>) -> Vec<String> {
    let mut warnings = Vec::new();
    if paths.is_empty() || environment.is_plan() {
        return warnings;
    }
    let api = &environment.api;
    let waiting = futures::stream::iter(paths)
        .map(async |path| wait::until(api, &path, "in force", is_in_force).await)
        .buffer_unordered(environment.parallel())
        .filter_map(async |done| done.err().map(|error| error.chain()));
    let step = "wait for the restored quotas to be in force";
    if let Err(late) = collect(environment, step, waiting.boxed(), &mut warnings).await {
        warnings.push(late.chain());
    }
    warnings
}

/// Whether a quota has been counted; one that is gone is waited for no more.
fn is_in_force(quota: Option<&Value>) -> bool {
    quota.is_none_or(|quota| {
        let hard = quota["spec"]["hard"].as_object();
        let counted = &quota["status"]["hard"];
        let mut limits = hard.into_iter().flatten();
        limits.all(|(resource, limit)| counted[resource] == *limit)
    })
}

/// Makes quotas and ranges of limits what they were, and waits until that is in force.
pub(crate) async fn lower(
    environment: &Environment<'_>,
    raised: Vec<(String, Value)>,
) -> Vec<String> {
    let (mut warnings, mut quotas) = (Vec::new(), Vec::new());
    if raised.is_empty() || environment.is_plan() {
        return warnings;
    }
    for (path, patch) in raised {
        let reason = match environment.api.merge(&path, &patch).await {
            Ok(response) if response.status.is_success() => {
                quotas.extend(Some(path).filter(|path| path.contains("/resourcequotas/")));
                continue;
            }
            Ok(response) => response.message(),
            Err(error) => error.chain(),
        };
        warnings.push(format!(
            "`{path}` still allows what was there, and not what it allowed: {reason}; running the restore \
             again completes it"
        ));
    }
    warnings.extend(for_quotas(environment, quotas).await);
    warnings
}

/// Says of a finalizer that it waits for its controller.
pub(crate) fn for_whom_finalizers_wait(
    (finalizer, (count, first)): (String, (usize, ObjectId)),
) -> String {
    let more = match count {
        1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    format!(
        "{first}{more} came with finalizer `{finalizer}`: until its controller runs in this cluster, neither \
         they nor their namespaces can be deleted"
    )
}

/// Puts owners back where they are in the cluster by now; returns the objects of which one is not.
pub(crate) async fn put_owners_back(
    environment: &Environment<'_>,
    served: &Served,
    uids: &mut Uids,
    orphans: Vec<Orphan>,
) -> (Vec<Orphan>, Vec<String>) {
    if environment.is_plan() || orphans.is_empty() {
        return (orphans, Vec::new());
    }
    let parallel = environment.parallel();
    let work = owners::put_back(&environment.api, served, uids, orphans, parallel);
    match environment.deadline.within("put owners back", work).await {
        Ok(done) => done,
        Err(late) => (Vec::new(), vec![late.chain()]),
    }
}

/// Puts back those owners that are in the cluster, and names the others.
pub(crate) async fn put_known_owners_back(
    environment: &Environment<'_>,
    uids: &Uids,
    orphans: Vec<Orphan>,
) -> Vec<String> {
    if environment.is_plan() || orphans.is_empty() {
        return Vec::new();
    }
    let work = owners::put_back_some(&environment.api, uids, orphans, environment.parallel());
    match environment.deadline.within("put owners back", work).await {
        Ok(warnings) => warnings,
        Err(late) => vec![late.chain()],
    }
}
