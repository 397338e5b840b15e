//! What restores have put into a cluster, by the marks on it.

use std::collections::BTreeMap;
use std::fmt;

use futures::StreamExt as _;
use serde::Serialize;
use serde_json::Value;

use crate::cluster::connection::Connection;
use crate::cluster::list::ListReader;
use crate::cluster::reader::{ClusterReader, ListEncoding};
use crate::format::annotations::BACKUP_UID;
use crate::format::labels::{self, BACKUP_NAME, RESTORE_NAME};
use crate::printable::Printable;
use crate::{ApiResource, Discovery, ObjectId, Result, RunOptions};

/// The objects in a cluster that say a restore created them. Anybody may write labels: they tell what to look at, and are
/// no proof.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RestoredObjects {
    /// The restore.
    pub restore: String,
    /// The backups that they are from, each with its uid where that is known.
    pub backups: BTreeMap<String, String>,
    /// The objects, by kind, namespace and name.
    pub objects: Vec<ObjectId>,
    /// Kinds that could not be listed, and why.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub failed: BTreeMap<String, String>,
}

impl RestoredObjects {
    /// Looks for what the restore `name` created. Nothing is changed.
    ///
    /// # Errors
    /// When the kinds of the cluster cannot be discovered. One that cannot be listed is among those that
    /// [failed](Self::failed).
    pub async fn of(client: kube::Client, name: &str, options: &RunOptions) -> Result<Self> {
        let connection = Connection::new(client, options.timeouts(), None);
        let api = ClusterReader::new(connection, ListEncoding::default());
        let found = Discovery::of(&api).await?;
        let mut restored = Self {
            restore: name.to_owned(),
            failed: found.failed.clone(),
            ..Self::default()
        };
        let selector = format!("{RESTORE_NAME}={}", labels::value(name));
        let listable = found
            .preferred()
            .into_iter()
            .filter(|kind| kind.can("list"));
        let lists = listable.map(|kind| {
            let (api, selector) = (&api, &selector);
            async move { (kind, list(api, kind, selector).await) }
        });
        let mut lists = futures::stream::iter(lists).buffered(options.backup_parallelism());
        while let Some((kind, listed)) = lists.next().await {
            match listed {
                Ok(marked) => marked.into_iter().for_each(|it| restored.add(it)),
                Err(why) => drop(
                    restored
                        .failed
                        .insert(kind.group_resource().to_string(), why),
                ),
            }
        }
        restored.objects.sort();
        restored.objects.dedup();
        Ok(restored)
    }

    fn add(&mut self, marked: Marked) {
        if let Some(backup) = marked.backup {
            self.backups
                .insert(backup, marked.backup_uid.unwrap_or_default());
        }
        self.objects.push(marked.id);
    }
}

struct Marked {
    id: ObjectId,
    backup: Option<String>,
    backup_uid: Option<String>,
}

async fn list(
    api: &ClusterReader,
    kind: &ApiResource,
    selector: &str,
) -> Result<Vec<Marked>, String> {
    let mut reader = ListReader::new(api, kind, None, Some(selector), None);
    let mut found = Vec::new();
    while let Some(items) = reader.next().await.map_err(|failure| failure.to_string())? {
        for item in items {
            let object: Value =
                serde_json::from_slice(item.raw()).map_err(|error| error.to_string())?;
            let text = |pointer: &str, name: &str| {
                object["metadata"][pointer][name]
                    .as_str()
                    .map(str::to_owned)
            };
            found.push(Marked {
                id: ObjectId {
                    resource: kind.group_resource(),
                    namespace: item.head.namespace.as_deref().map(str::to_owned),
                    name: item.head.name.clone(),
                },
                backup: text("labels", BACKUP_NAME),
                backup_uid: text("annotations", BACKUP_UID),
            });
        }
    }
    Ok(found)
}

impl fmt::Display for RestoredObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, count) = (Printable(&self.restore), self.objects.len());
        writeln!(f, "Restore `{name}`: {count} objects in the cluster")?;
        for (backup, uid) in &self.backups {
            writeln!(
                f,
                "  of backup `{}`, uid {}",
                Printable(backup),
                Printable(uid)
            )?;
        }
        for id in &self.objects {
            writeln!(f, "  {id}")?;
        }
        for (kind, why) in &self.failed {
            writeln!(f, "  {kind} could not be listed: {}", Printable(why))?;
        }
        Ok(())
    }
}
