//! What the cluster to restore to lacks. Nothing is written to it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use http::StatusCode;

use super::inventory::{Inventory, Missing};
use super::report::{Check, Finding, Severity, VerifyReport};
use crate::cluster::connection::Connection;
use crate::cluster::path::path_of_definition;
use crate::cluster::retry::Timeouts;
use crate::cluster::schema::Schemas;
use crate::cluster::writer::ClusterWriter;
use crate::kinds::exclusions::never_restored;
use crate::{ApiResource, Discovery, Entry, GroupResource, ObjectId, OpenBackup, Result};

/// Objects looked for at once.
const PARALLEL: usize = 8;
/// How long one request is tried.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The cluster to restore to.
pub(super) struct Target {
    api: ClusterWriter,
    found: Discovery,
}

impl Target {
    pub(super) async fn open(client: &kube::Client) -> Result<Self> {
        let timeouts = Timeouts {
            request: REQUEST_TIMEOUT,
            ..Timeouts::default()
        };
        let api = ClusterWriter::new(Connection::new(client.clone(), timeouts, None));
        let found = Discovery::of(&api.reader()).await?;
        Ok(Self { api, found })
    }

    /// What the cluster keeps of the kinds that a backup holds, by its own definitions.
    pub(super) async fn schemas(
        &self,
        backup: &OpenBackup,
        indexed: bool,
        report: &mut VerifyReport,
    ) -> Arc<Schemas> {
        let mut versions = BTreeSet::new();
        // What cannot be read is found in the pass over everything.
        let _ = list_versions(backup, indexed, &mut versions).await;
        let served: Vec<ApiResource> = self
            .found
            .resources
            .iter()
            .filter(|kind| versions.contains(&(kind.group_resource(), kind.api_version())))
            .cloned()
            .collect();
        let (schemas, unread) = Schemas::load(&self.api.reader(), &served).await;
        for reason in unread {
            let message = format!("whether the cluster keeps every field is not known: {reason}");
            report.add(
                Finding::new(Severity::Note, Check::Target, message)
                    .remedy("allow to `get` definitions and the server's OpenAPI documents"),
            );
        }
        Arc::new(schemas)
    }

    /// Adds what the cluster would refuse or not keep, and removes the missing objects that it has.
    pub(super) async fn check(
        &self,
        inventory: &Inventory,
        missing: &mut Missing,
        report: &mut VerifyReport,
    ) -> Result<()> {
        for (group_version, reason) in &self.found.failed {
            let message = format!("the cluster could not tell of `{group_version}`: {reason}");
            report.add(
                Finding::new(Severity::Warning, Check::Target, message)
                    .remedy("repair what the APIService of that group calls"),
            );
        }
        let own = self.unserved_definitions(inventory, report).await?;
        for finding in refused(&self.found, inventory, &own) {
            report.add(finding);
        }
        for finding in not_kept(inventory) {
            report.add(finding);
        }
        self.look_for(missing, report).await
    }

    /// Kinds that the backup defines, and the cluster defines and does not serve.
    async fn unserved_definitions(
        &self,
        inventory: &Inventory,
        report: &mut VerifyReport,
    ) -> Result<BTreeSet<GroupResource>> {
        let used: BTreeSet<&GroupResource> =
            inventory.kinds.keys().map(|(kind, ..)| kind).collect();
        let unserved = inventory
            .defined
            .keys()
            .filter(|kind| used.contains(kind) && self.found.versions(kind).next().is_none());
        let mut own = BTreeSet::new();
        for kind in unserved {
            let at = path_of_definition(&kind.to_string());
            let response = self.api.get(&at).await?;
            if response.status == StatusCode::OK {
                own.insert(kind.clone());
            } else if response.status != StatusCode::NOT_FOUND {
                let message = format!(
                    "could not look for the cluster's own definition of `{kind}`: {}",
                    response.message()
                );
                report.add(
                    Finding::new(Severity::Warning, Check::Target, message)
                        .remedy("allow to `get` it, or look for it by hand"),
                );
            }
        }
        Ok(own)
    }

    async fn look_for(&self, missing: &mut Missing, report: &mut VerifyReport) -> Result<()> {
        let paths: Vec<(ObjectId, String)> = missing
            .objects
            .keys()
            .filter_map(|id| Some((id.clone(), path_of(&self.found, id)?)))
            .collect();
        let mut responses = futures::stream::iter(paths)
            .map(|(id, path)| {
                let api = &self.api;
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
}

/// Each kind in each version that a backup holds.
async fn list_versions(
    backup: &OpenBackup,
    indexed: bool,
    versions: &mut BTreeSet<(GroupResource, String)>,
) -> Result<()> {
    let mut note = |entry: &Entry| {
        if let Some(version) = &entry.api_version {
            let key = (entry.id.resource.clone(), version.to_string());
            if !versions.contains(&key) {
                versions.insert(key);
            }
        }
    };
    if indexed {
        for part in backup.readable() {
            let Some(mut members) = part.members().await? else {
                continue;
            };
            while let Some(member) = members.try_next().await? {
                member.entries.iter().for_each(|(_, entry)| note(entry));
            }
        }
        return Ok(());
    }
    let mut objects = backup.stream();
    while let Some((entry, _)) = objects.try_next().await? {
        note(&entry);
    }
    Ok(())
}

/// Fields that the cluster's own definitions and documents do not have.
fn not_kept(inventory: &Inventory) -> Vec<Finding> {
    let mut findings: Vec<Finding> = inventory
        .unknown
        .iter()
        .map(|((kind, place), used)| {
            let message = format!(
                "the cluster does not know `{place}` of `{kind}` and would not keep it; objects of it: {}",
                used.count
            );
            Finding::new(Severity::Warning, Check::Target, message)
                .of(&used.first)
                .remedy("bring the cluster or the definition up to date before restoring")
        })
        .collect();
    if inventory.more_unknown > 0 {
        let message = format!(
            "the cluster would not keep {} more fields",
            inventory.more_unknown
        );
        findings.push(Finding::new(Severity::Warning, Check::Target, message));
    }
    findings
}

fn path_of(found: &Discovery, id: &ObjectId) -> Option<String> {
    let kind = found.versions(&id.resource).next()?;
    Some(kind.object_path(id.namespace.as_deref(), &id.name))
}

/// Kinds and versions of the backup that the server does not accept. `own` are those that it defines and
/// does not serve.
fn refused(
    found: &Discovery,
    inventory: &Inventory,
    own: &BTreeSet<GroupResource>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for ((kind, version, in_namespace), used) in &inventory.kinds {
        if never_restored(kind).is_some() {
            continue;
        }
        let mut add = |message: String, remedy: String, objects: &[ObjectId]| {
            findings.extend(objects.iter().map(|object| {
                Finding::new(Severity::Error, Check::Target, message.as_str())
                    .of(object)
                    .remedy(remedy.as_str())
            }));
        };
        let first = &used.named[..1.min(used.named.len())];
        let count = used.count;
        let defined = inventory.defined.get(kind);
        let is_defined = defined.is_some_and(|versions| versions.contains(version));
        let served: Vec<&ApiResource> = found.versions(kind).collect();
        match served.iter().find(|kind| kind.api_version() == *version) {
            // Restores refuse each of them, and one may be there to hide behind another.
            Some(resource) if resource.namespaced != *in_namespace => add(
                format!("the cluster has `{kind}` in another scope; objects of it: {count}"),
                "ask where the backup comes from: no API server holds it so; restores refuse it"
                    .to_owned(),
                &used.named,
            ),
            Some(resource) if !resource.can("create") => add(
                format!(
                    "the cluster does not allow `{kind}` to be created; objects of it: {count}"
                ),
                "leave it out of the restore".to_owned(),
                first,
            ),
            Some(_) => {}
            None if own.contains(kind) => add(
                format!(
                    "the cluster's own definition of `{kind}` does not serve `{version}`, and it is not \
                     replaced by the backup's; objects of it: {count}"
                ),
                "bring the definition up to date, or let the restore update what exists".to_owned(),
                first,
            ),
            // The restore brings the definition.
            None if is_defined && served.is_empty() => {}
            None if served.is_empty() => add(
                format!(
                    "the cluster has no kind `{kind}` (stored as `{version}`); objects of it: {count}"
                ),
                "install what defines it, or leave it out of the restore".to_owned(),
                first,
            ),
            None => {
                let others: Vec<String> = served.iter().map(|kind| kind.api_version()).collect();
                add(
                    format!(
                        "the cluster does not serve `{kind}` as `{version}`; objects of it: {count}"
                    ),
                    format!(
                        "convert its objects to {}, or restore into a cluster that serves `{version}`",
                        others.join(" or ")
                    ),
                    first,
                );
            }
        }
    }
    findings
}
