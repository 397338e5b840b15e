//! Looking at the cluster: the few lists that show whether what was restored is healthy.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use super::{HealthIssue, checks};
use crate::cluster::failure::Failure;
use crate::cluster::path::{path, refusal_of_namespace};
use crate::cluster::query::with_query;
use crate::cluster::wait::Pauses;
use crate::cluster::writer::ClusterWriter;
use crate::kinds::adoption::{ADOPTERS, adopter};
use crate::kinds::backends::Backend;
use crate::kinds::names::{CLAIMS, DEPLOYMENTS, Kind, PODS, REPLICA_SETS, SERVICES};
use crate::{Error, GroupResource, Result};

/// Objects in one page of a list: Pods are large.
const PAGE: &str = "250";
/// Most pages of one list: more Pods than a cluster can have. A server that goes on is not believed.
const MOST_PAGES: usize = 1000;
/// Most EndpointSlices of one Service that are looked at.
const MOST_SLICES: usize = 1000;
/// With more namespaces than these, one list of all of them is less work.
const FEW: usize = 8;
/// Between two looks, the first and the longest.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

/// What a look at the cluster shows.
#[derive(Debug, Default)]
pub(crate) struct Look {
    /// What is not healthy.
    pub(crate) health_issues: Vec<HealthIssue>,
    /// What could not be looked at, and why.
    pub(crate) unseen: Vec<String>,
}

/// Looks until all is healthy or the time is over; returns what is not healthy then.
pub(crate) async fn look<'a>(
    api: &ClusterWriter,
    restored: impl Iterator<Item = (&'a GroupResource, &'a str, &'a str)>,
    backends: &[Backend],
    time: Duration,
) -> Look {
    let restored = Restored::of(restored);
    let what = "wait for what was restored to be healthy";
    let mut pauses = Pauses::new(api, what, PAUSES, time);
    loop {
        let look = look_once(api, &restored, backends).await;
        let Some(first) = look.health_issues.first() else {
            return look;
        };
        let state = match look.health_issues.len() {
            1 => format!("{}: {}", first.id, first.reason),
            more => format!("{}: {}, and {} more", first.id, first.reason, more - 1),
        };
        if !pauses.pause(state).await {
            return look;
        }
    }
}

/// Waits until all of these Services that exist have a ready endpoint, or the time is over. One that
/// cannot be looked at may be there and not ready, so the time passes; it is named in what is returned.
pub(crate) async fn await_backends(
    api: &ClusterWriter,
    backends: &[Backend],
    time: Duration,
) -> Vec<String> {
    let what = "wait for the backends of webhooks to be ready";
    let mut pauses = Pauses::new(api, what, PAUSES, time);
    loop {
        let mut unready = Vec::new();
        let mut unseen = Vec::new();
        for (namespace, name) in services_of(backends) {
            match backend(api, namespace, name).await {
                Ok((Some(_), slices)) if !checks::has_ready_endpoint(&slices) => {
                    unready.push(format!("Service `{namespace}/{name}` has no ready endpoint"));
                }
                // One that does not exist by now is not coming.
                Ok(_) => {}
                Err(error) => unseen.push(format!(
                    "whether Service `{namespace}/{name}` is ready is not known, and what calls it is \
                     restored all the same: {}",
                    error.chain()
                )),
            }
        }
        let Some(state) = unready.first().or(unseen.first()) else {
            return unseen;
        };
        if !pauses.pause(state.as_str()).await {
            return unseen;
        }
    }
}

/// Restored objects that a look is for, as kind, namespace and name.
struct Restored<'a>(HashSet<(Kind, &'a str, &'a str)>);

/// The kinds whose objects make Pods, or are Pods.
fn workloads() -> Vec<Kind> {
    let adopters = ADOPTERS.iter().map(|adopter| adopter.of);
    std::iter::once(PODS).chain(adopters).collect()
}

impl<'a> Restored<'a> {
    fn of(restored: impl Iterator<Item = (&'a GroupResource, &'a str, &'a str)>) -> Self {
        let mut kinds = workloads();
        kinds.extend([CLAIMS, SERVICES]);
        let kind = |resource: &GroupResource| kinds.iter().find(|kind| kind.is(resource)).copied();
        Self(
            restored
                .filter_map(|(resource, namespace, name)| Some((kind(resource)?, namespace, name)))
                .collect(),
        )
    }

    fn namespaces(&self, kinds: &[Kind]) -> BTreeSet<&'a str> {
        let of_kinds = self.0.iter().filter(|(kind, ..)| kinds.contains(kind));
        of_kinds.map(|(_, namespace, _)| *namespace).collect()
    }

    fn holds(&self, kind: Kind, object: &Value) -> bool {
        let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default();
        self.0.contains(&(kind, text("namespace"), text("name")))
    }

    /// Whether a Pod was restored, or made by a workload that was.
    fn holds_pod(&self, pod: &Value) -> bool {
        if self.holds(PODS, pod) {
            return true;
        }
        let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
        let references = pod["metadata"]["ownerReferences"].as_array();
        references.into_iter().flatten().any(|owner| {
            let Some(adopter) = adopter(owner) else {
                return false;
            };
            let name = owner["name"].as_str().unwrap_or_default();
            let restored = |kind: Kind, name: &str| self.0.contains(&(kind, namespace, name));
            // A Deployment names its ReplicaSets `<its own name>-<hash>`.
            let deployment = name.rsplit_once('-').map(|(deployment, _)| deployment);
            restored(adopter.of, name)
                || adopter.of == REPLICA_SETS
                    && deployment.is_some_and(|name| restored(DEPLOYMENTS, name))
        })
    }
}

async fn look_once(api: &ClusterWriter, restored: &Restored<'_>, backends: &[Backend]) -> Look {
    let mut health_issues = Vec::new();
    let mut unseen = Vec::new();
    let mut note = |done: Result<()>| unseen.extend(done.err().map(|error| error.chain()));
    let pods = restored.namespaces(&workloads());
    let look = each(api, PODS, &pods, |pod| {
        health_issues.extend(checks::pod(pod).filter(|_| restored.holds_pod(pod)));
    });
    note(look.await);
    let claims = restored.namespaces(&[CLAIMS]);
    if !claims.is_empty() {
        let look = async {
            let classes = storage_classes(api).await?;
            let look = each(api, CLAIMS, &claims, |claim| {
                let issue = checks::claim(claim, &classes);
                health_issues.extend(issue.filter(|_| restored.holds(CLAIMS, claim)));
            });
            look.await
        };
        note(look.await);
    }
    let services = restored.namespaces(&[SERVICES]);
    let look = each(api, SERVICES, &services, |service| {
        let issue = checks::service(service);
        health_issues.extend(issue.filter(|_| restored.holds(SERVICES, service)));
    });
    note(look.await);
    for (namespace, name) in services_of(backends) {
        let (service, slices) = match backend(api, namespace, name).await {
            Ok(found) => found,
            Err(error) => {
                note(Err(error));
                continue;
            }
        };
        let of_service = backends
            .iter()
            .filter(|backend| backend.namespace == namespace && backend.service == name);
        health_issues.extend(
            of_service.filter_map(|backend| checks::backend(backend, service.as_ref(), &slices)),
        );
    }
    health_issues.sort();
    Look {
        health_issues,
        unseen,
    }
}

fn services_of(backends: &[Backend]) -> BTreeSet<(&str, &str)> {
    backends
        .iter()
        .map(|backend| (backend.namespace.as_str(), backend.service.as_str()))
        .collect()
}

/// A Service, if there is one, and its EndpointSlices.
async fn backend(
    api: &ClusterWriter,
    namespace: &str,
    name: &str,
) -> Result<(Option<Value>, Vec<Value>)> {
    // Both are labels, and no Service has another name: whoever names one does not get it asked for.
    if refusal_of_namespace(namespace).is_some() || refusal_of_namespace(name).is_some() {
        return Ok((None, Vec::new()));
    }
    let at = path(["api", "v1", "namespaces", namespace, "services", name]);
    let service = api.get(&at).await?;
    if service.status == StatusCode::NOT_FOUND {
        return Ok((None, Vec::new()));
    }
    if let Some(failure) = Failure::of(&service) {
        let step = format!("look at Service `{namespace}/{name}`");
        return Err(Error::cluster(step, failure));
    }
    let mut slices = Vec::new();
    let group = ["apis", "discovery.k8s.io", "v1"];
    let list = path(
        group
            .into_iter()
            .chain(["namespaces", namespace, "endpointslices"]),
    );
    let selector = format!("kubernetes.io/service-name={name}");
    let listing = pages(api, &list, &selector, |slice| {
        if slices.len() < MOST_SLICES {
            slices.push(slice.clone());
        }
    });
    listing.await?;
    Ok((Some(service.json()), slices))
}

async fn storage_classes(api: &ClusterWriter) -> Result<BTreeMap<String, String>> {
    let mut classes = BTreeMap::new();
    pages(api, "/apis/storage.k8s.io/v1/storageclasses", "", |class| {
        let name = class["metadata"]["name"].as_str().unwrap_or_default();
        let mode = class["volumeBindingMode"].as_str().unwrap_or("Immediate");
        classes.insert(name.to_owned(), mode.to_owned());
    })
    .await?;
    Ok(classes)
}

/// Calls `act` with every object of a core kind in these namespaces.
async fn each(
    api: &ClusterWriter,
    kind: Kind,
    namespaces: &BTreeSet<&str>,
    mut act: impl FnMut(&Value),
) -> Result<()> {
    let plural = kind.resource;
    if namespaces.len() > FEW {
        return pages(api, &path(["api", "v1", plural]), "", |object| {
            let namespace = object["metadata"]["namespace"].as_str();
            if namespace.is_some_and(|namespace| namespaces.contains(namespace)) {
                act(object);
            }
        })
        .await;
    }
    for namespace in namespaces {
        let list = path(["api", "v1", "namespaces", namespace, plural]);
        pages(api, &list, "", &mut act).await?;
    }
    Ok(())
}

/// Calls `act` with every object of a list, holding one page at a time.
async fn pages(
    api: &ClusterWriter,
    list: &str,
    selector: &str,
    mut act: impl FnMut(&Value),
) -> Result<()> {
    let mut token = String::new();
    for _ in 0..MOST_PAGES {
        let path = with_query(
            list,
            &[
                ("limit", PAGE),
                ("labelSelector", selector),
                ("continue", &token),
            ],
        );
        let response = api.get(&path).await?;
        if response.status == StatusCode::GONE && !token.is_empty() {
            // The list has expired; reading it again is not worth the time for what it would add.
            return Ok(());
        }
        if let Some(failure) = Failure::of(&response) {
            return Err(Error::cluster(format!("list `{list}`"), failure));
        }
        let page = response.json();
        if !page.is_object() {
            return Err(Error::cluster(
                format!("list `{list}`"),
                "the response is no list",
            ));
        }
        page["items"]
            .as_array()
            .into_iter()
            .flatten()
            .for_each(&mut act);
        match page["metadata"]["continue"].as_str() {
            Some(next) if !next.is_empty() && next != token => next.clone_into(&mut token),
            _ => return Ok(()),
        }
    }
    Err(Error::cluster(
        format!("list `{list}`"),
        format!("it does not end after {MOST_PAGES} pages"),
    ))
}
