//! Requests for the objects of snapshots.

use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::classes::SnapshotClass;
use super::objects::{Content, Snapshot};
use crate::cluster::failure::{ApiResponse, Failure};
use crate::cluster::path::path;
use crate::cluster::query::with_query;
use crate::cluster::writer::ClusterWriter;
use crate::format::labels;
use crate::{Error, ErrorKind, Result};

const GROUP: &str = "snapshot.storage.k8s.io";
const VERSION: &str = "v1";

/// The API server, for the objects of snapshots.
#[derive(Clone)]
pub(super) struct SnapshotApi {
    writer: ClusterWriter,
}

#[derive(Deserialize)]
struct List<T> {
    items: Vec<T>,
}

/// What came of creating an object.
pub(super) enum Created<T> {
    /// It was made.
    New(T),
    /// There is one of its name.
    Taken,
}

/// The path of VolumeSnapshots in a namespace.
pub(super) fn snapshots_in(namespace: &str) -> String {
    path([
        "apis",
        GROUP,
        VERSION,
        "namespaces",
        namespace,
        "volumesnapshots",
    ])
}

/// The path of a VolumeSnapshot.
pub(super) fn snapshot_path(namespace: &str, name: &str) -> String {
    path([
        "apis",
        GROUP,
        VERSION,
        "namespaces",
        namespace,
        "volumesnapshots",
        name,
    ])
}

/// The path of all contents.
pub(super) fn contents_path() -> String {
    path(["apis", GROUP, VERSION, "volumesnapshotcontents"])
}

/// The path of a VolumeSnapshotContent.
pub(super) fn content_path(name: &str) -> String {
    path(["apis", GROUP, VERSION, "volumesnapshotcontents", name])
}

impl SnapshotApi {
    pub(super) fn new(writer: ClusterWriter) -> Self {
        Self { writer }
    }

    pub(super) fn writer(&self) -> &ClusterWriter {
        &self.writer
    }

    /// Whether snapshots are served at all.
    pub(super) async fn is_served(&self) -> Result<bool> {
        let group: Option<Value> = self.get(&path(["apis", GROUP, VERSION])).await?;
        let resources = group
            .as_ref()
            .and_then(|group| group["resources"].as_array());
        Ok(resources.is_some_and(|all| all.iter().any(|it| it["name"] == "volumesnapshots")))
    }

    pub(super) async fn classes(&self) -> Result<Vec<SnapshotClass>> {
        let classes = path(["apis", GROUP, VERSION, "volumesnapshotclasses"]);
        self.list(&classes, "").await
    }

    pub(super) async fn snapshot(&self, namespace: &str, name: &str) -> Result<Option<Snapshot>> {
        self.get(&snapshot_path(namespace, name)).await
    }

    /// All VolumeSnapshots of a backup.
    pub(super) async fn snapshots_of(&self, backup_uid: &str) -> Result<Vec<Snapshot>> {
        let all = path(["apis", GROUP, VERSION, "volumesnapshots"]);
        self.list(&all, &of_backup(backup_uid)).await
    }

    /// All contents of a backup.
    pub(super) async fn contents_of(&self, backup_uid: &str) -> Result<Vec<Content>> {
        self.list(&contents_path(), &of_backup(backup_uid)).await
    }

    /// An object; `None` where there is none.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>> {
        let response = self.writer.get(path).await.map_err(passing)?;
        if response.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        read(&response, &format!("read `{path}`")).map(Some)
    }

    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        selector: &str,
    ) -> Result<Vec<T>> {
        let asked = with_query(path, &[("labelSelector", selector)]);
        let response = self.writer.get(&asked).await.map_err(passing)?;
        let list: List<T> = read(&response, &format!("list `{path}`"))?;
        Ok(list.items)
    }

    pub(super) async fn create<T: DeserializeOwned>(
        &self,
        path: &str,
        object: &Value,
    ) -> Result<Created<T>> {
        let response = self.writer.create(path, object).await.map_err(passing)?;
        if response.status == StatusCode::CONFLICT && response.reason() == "AlreadyExists" {
            return Ok(Created::Taken);
        }
        read(&response, &format!("create in `{path}`")).map(Created::New)
    }

    /// The object after the patch; `None` where there is none.
    pub(super) async fn merge<T: DeserializeOwned>(
        &self,
        path: &str,
        patch: &Value,
    ) -> Result<Option<T>> {
        let response = self.writer.merge(path, patch).await.map_err(passing)?;
        if response.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        read(&response, &format!("patch `{path}`")).map(Some)
    }

    /// Deletes the object of this uid. What is gone, or another object by now, is left alone.
    pub(super) async fn delete(&self, path: &str, uid: &str) -> Result<()> {
        let found: Option<Value> = self.get(path).await?;
        if found.is_none_or(|object| object["metadata"]["uid"] != uid) {
            return Ok(());
        }
        let response = self.writer.delete(path, uid).await.map_err(passing)?;
        match Failure::of(&response) {
            Some(failure) if response.status != StatusCode::NOT_FOUND => {
                Err(refused(&format!("delete `{path}`"), failure))
            }
            _ => Ok(()),
        }
    }
}

/// Selects what is labelled with a backup's uid.
pub(super) fn of_backup(uid: &str) -> String {
    format!("{}={}", labels::BACKUP_UID, labels::value(uid))
}

fn read<T: DeserializeOwned>(response: &ApiResponse, step: &str) -> Result<T> {
    if let Some(failure) = Failure::of(response) {
        return Err(refused(step, failure));
    }
    serde_json::from_slice(&response.body).map_err(|error| {
        Error::new(
            ErrorKind::Volume,
            format!("{step}: it is not what it should be"),
        )
        .with_source(error)
    })
}

/// What the server says no to. It would do so again.
fn refused(step: &str, failure: Failure) -> Error {
    Error::new(ErrorKind::Volume, step.to_owned()).with_source(failure)
}

/// What failed for as long as a request may take.
fn passing(error: Error) -> Error {
    error.with_retryable(true)
}
