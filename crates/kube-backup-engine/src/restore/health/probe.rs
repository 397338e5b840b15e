//! Looking at the cluster: the few lists that show whether what was restored is healthy.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use tokio::time::Instant;

use super::{HealthIssue, checks};
use crate::cluster::query::with_query;
use crate::cluster::writer::ClusterWriter;
use crate::kinds::adoption::{ADOPTERS, adopter};
use crate::kinds::backends::Backend;
use crate::kinds::names::{CLAIMS, DEPLOYMENTS, Kind, PODS, REPLICA_SETS, SERVICES};
use crate::{Error, GroupResource, Result};

/// Objects in one page of a list: Pods are large.
const PAGE: &str = "250";
/// With more namespaces than these, one list of all of them is less work.
const FEW: usize = 8;
/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Looks until all is healthy or the time is over; returns what is not healthy then.
pub(crate) async fn look<'a>(
    api: &ClusterWriter,
    restored: impl Iterator<Item = (&'a GroupResource, &'a str, &'a str)>,
    backends: &[Backend],
    time: Duration,
) -> Result<Vec<HealthIssue>> {
    let restored = Restored::of(restored);
    let started = Instant::now();
    let mut pause = PAUSE;
    loop {
        let health_issues = look_once(api, &restored, backends).await?;
        if health_issues.is_empty() || started.elapsed() + pause > time {
            return Ok(health_issues);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Waits until all of these Services that exist have a ready endpoint, or the time is over.
pub(crate) async fn await_backends(
    api: &ClusterWriter,
    backends: &[Backend],
    time: Duration,
) -> Result<()> {
    let started = Instant::now();
    let mut pause = PAUSE;
    loop {
        let mut waits = false;
        for (namespace, name) in services_of(backends) {
            let (service, slices) = backend(api, namespace, name).await?;
            // One that does not exist by now is not coming.
            waits |= service.is_some() && !checks::has_ready_endpoint(&slices);
        }
        if !waits || started.elapsed() + pause > time {
            return Ok(());
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
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

async fn look_once(
    api: &ClusterWriter,
    restored: &Restored<'_>,
    backends: &[Backend],
) -> Result<Vec<HealthIssue>> {
    let mut health_issues = Vec::new();
    each(api, PODS, &restored.namespaces(&workloads()), |pod| {
        health_issues.extend(checks::pod(pod).filter(|_| restored.holds_pod(pod)));
    })
    .await?;
    let claims = restored.namespaces(&[CLAIMS]);
    if !claims.is_empty() {
        let classes = storage_classes(api).await?;
        each(api, CLAIMS, &claims, |claim| {
            let issue = checks::claim(claim, &classes);
            health_issues.extend(issue.filter(|_| restored.holds(CLAIMS, claim)));
        })
        .await?;
    }
    each(
        api,
        SERVICES,
        &restored.namespaces(&[SERVICES]),
        |service| {
            let issue = checks::service(service);
            health_issues.extend(issue.filter(|_| restored.holds(SERVICES, service)));
        },
    )
    .await?;
    for (namespace, name) in services_of(backends) {
        let (service, slices) = backend(api, namespace, name).await?;
        let of_service = backends
            .iter()
            .filter(|backend| backend.namespace == namespace && backend.service == name);
        health_issues.extend(
            of_service.filter_map(|backend| checks::backend(backend, service.as_ref(), &slices)),
        );
    }
    health_issues.sort();
    Ok(health_issues)
}

fn services_of(backends: &[Backend]) -> BTreeSet<(&str, &str)> {
    backends
        .iter()
        .map(|backend| (backend.namespace.as_str(), backend.service.as_str()))
        .collect()
}

/// A Service and its EndpointSlices.
async fn backend(
    api: &ClusterWriter,
    namespace: &str,
    name: &str,
) -> Result<(Option<Value>, Vec<Value>)> {
    let service = api
        .get(&format!("/api/v1/namespaces/{namespace}/services/{name}"))
        .await?;
    if service.status != StatusCode::OK {
        return Ok((None, Vec::new()));
    }
    let mut slices = Vec::new();
    let list = format!("/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices");
    let selector = format!("kubernetes.io/service-name={name}");
    pages(api, &list, &selector, |slice| slices.push(slice.clone())).await?;
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
        return pages(api, &format!("/api/v1/{plural}"), "", |object| {
            let namespace = object["metadata"]["namespace"].as_str();
            if namespace.is_some_and(|namespace| namespaces.contains(namespace)) {
                act(object);
            }
        })
        .await;
    }
    for namespace in namespaces {
        let list = format!("/api/v1/namespaces/{namespace}/{plural}");
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
    loop {
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
        if !response.status.is_success() {
            return Err(Error::cluster(format!("list `{list}`"), response.message()));
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
}
