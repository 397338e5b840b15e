//! What the cluster to restore to lacks. Nothing is written to it.

use std::time::Duration;

use futures::StreamExt as _;
use http::StatusCode;

use super::inventory::{Inventory, Missing};
use super::report::{Check, Finding, Severity, VerifyReport};
use crate::cluster::connection::Connection;
use crate::cluster::retry::Timeouts;
use crate::cluster::writer::ClusterWriter;
use crate::kinds::exclusions::never_restored;
use crate::{ApiResource, Discovery, ObjectId, Result};

/// Objects looked for at once.
const PARALLEL: usize = 8;
/// How long one request is tried.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Adds what the cluster would refuse, and removes the missing objects that it has.
pub(super) async fn check(
    client: &kube::Client,
    inventory: &Inventory,
    missing: &mut Missing,
    report: &mut VerifyReport,
) -> Result<()> {
    let timeouts = Timeouts {
        request: REQUEST_TIMEOUT,
        ..Timeouts::default()
    };
    let api = ClusterWriter::new(Connection::new(client.clone(), timeouts, None));
    let found = Discovery::of(&api.reader()).await?;
    for (group_version, reason) in &found.failed {
        let message = format!("the cluster could not tell of `{group_version}`: {reason}");
        report.add(
            Finding::new(Severity::Warning, Check::Target, message)
                .remedy("repair or remove the APIService of that group"),
        );
    }
    for finding in refused(&found, inventory) {
        report.add(finding);
    }

    let paths: Vec<(ObjectId, String)> = missing
        .objects
        .keys()
        .filter_map(|id| Some((id.clone(), path_of(&found, id)?)))
        .collect();
    let mut responses = futures::stream::iter(paths)
        .map(|(id, path)| {
            let api = &api;
            async move { (id, api.get(&path).await) }
        })
        .buffer_unordered(PARALLEL);
    while let Some((id, response)) = responses.next().await {
        let response = response?;
        if response.status == StatusCode::OK {
            missing.objects.remove(&id);
        } else if response.status != StatusCode::NOT_FOUND {
            missing.objects.remove(&id);
            let message = format!(
                "could not look for {id} in the cluster: {}",
                response.message()
            );
            report.add(
                Finding::new(Severity::Warning, Check::Target, message)
                    .remedy("allow to `get` it, or look for it by hand"),
            );
        }
    }
    Ok(())
}

fn path_of(found: &Discovery, id: &ObjectId) -> Option<String> {
    let kind = found.versions(&id.resource).next()?;
    Some(kind.object_path(id.namespace.as_deref(), &id.name))
}

/// Kinds and versions of the backup that the server does not accept.
fn refused(found: &Discovery, inventory: &Inventory) -> Vec<Finding> {
    let mut findings = Vec::new();
    for ((kind, version), used) in &inventory.kinds {
        if never_restored(kind).is_some() {
            continue;
        }
        let defined = inventory
            .defined
            .get(kind)
            .is_some_and(|versions| versions.contains(version));
        let served: Vec<&ApiResource> = found.versions(kind).collect();
        let (message, remedy) = match served.iter().find(|kind| kind.api_version() == *version) {
            Some(resource) if resource.namespaced != used.first.namespace.is_some() => (
                format!("the cluster has `{kind}` in another scope"),
                "restore it by hand".to_owned(),
            ),
            Some(resource) if !resource.can("create") => (
                format!("the cluster does not allow `{kind}` to be created"),
                "leave it out of the restore".to_owned(),
            ),
            Some(_) => continue,
            None if defined => continue,
            None if served.is_empty() => (
                format!("the cluster has no kind `{kind}` (stored as `{version}`)"),
                "install what defines it, or leave it out of the restore".to_owned(),
            ),
            None => {
                let others: Vec<String> = served.iter().map(|kind| kind.api_version()).collect();
                (
                    format!("the cluster does not serve `{kind}` as `{version}`"),
                    format!(
                        "convert its objects to {}, or restore into a cluster that serves `{version}`",
                        others.join(" or ")
                    ),
                )
            }
        };
        let message = format!("{message}; objects of it: {}", used.count);
        findings.push(
            Finding::new(Severity::Error, Check::Target, message)
                .of(&used.first)
                .remedy(remedy),
        );
    }
    findings
}
