//! Snapshots of several claims at one moment (`groupsnapshot.storage.k8s.io`).
//!
//! A VolumeGroupSnapshot selects claims of its namespace by their labels, and by nothing else
//! (external-snapshotter v8, pkg/common-controller, `getClaimsFromVolumeGroupSnapshot`). Claims are together
//! that whoever runs them has labelled so; they are never labelled from here, since that would be left in the
//! application's namespace. Where the label selects other claims than are to be snapshotted, each is snapshotted by
//! itself, and its record names no group.
//!
//! - **What stands for a group** is its VolumeGroupSnapshotContent, and beside it the contents of its members. All
//!   are labelled and made to outlive the VolumeGroupSnapshot one look before that is deleted.
//! - **A member goes with its group alone.** The driver is asked to delete the group; csi-snapshotter asks for no
//!   deletion of a member (pkg/sidecar-controller, `syncContent`).
//! - **A member is restored beside a content of its group.** Where its driver says of which group a snapshot is,
//!   snapshot-controller looks for that group's content, and without it the snapshot is never ready
//!   (`updateSnapshotStatus`).

pub(super) mod delete;
mod objects;
pub(super) mod restore;
mod take;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::api::SnapshotApi;
use super::classes::{Classes, GROUPS};
use crate::Result;
use crate::cluster::path::path;
use crate::volumes::{SnapshotGroup, Volume};

const GROUP: &str = "groupsnapshot.storage.k8s.io";
/// The versions that are understood, the newest first.
const VERSIONS: [&str; 3] = ["v1", "v1beta2", "v1beta1"];
/// Velero's label for what is to be snapshotted together, unless it is told another.
const LABEL: &str = "velero.io/volume-group";

/// What a cluster serves of groups.
#[derive(Debug, Clone)]
pub(super) struct Groups {
    version: String,
    classes: Classes,
    label: String,
}

/// What claims are selected by, and how they are snapshotted.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Selected {
    namespace: String,
    /// The value of the label.
    value: String,
    class: String,
}

#[derive(Deserialize)]
struct Served {
    versions: Vec<ServedVersion>,
}

#[derive(Deserialize)]
struct ServedVersion {
    version: String,
}

impl Groups {
    /// What the cluster serves, if anything.
    pub(super) async fn of(api: &SnapshotApi) -> Result<Option<Self>> {
        let served: Option<Served> = api.get(&path(["apis", GROUP])).await?;
        let served = served.map_or_else(Vec::new, |served| served.versions);
        let is_served = |version: &&str| served.iter().any(|it| it.version == **version);
        let Some(version) = VERSIONS.into_iter().find(is_served) else {
            return Ok(None);
        };
        let classes = path(["apis", GROUP, version, "volumegroupsnapshotclasses"]);
        Ok(Some(Self {
            version: version.to_owned(),
            classes: Classes::new(&GROUPS, api.list(&classes, "").await?),
            label: LABEL.to_owned(),
        }))
    }

    pub(super) fn annotated(mut self, annotations: &BTreeMap<String, String>) -> Self {
        self.classes = self.classes.annotated(annotations);
        self
    }

    pub(super) fn labelled(mut self, key: impl Into<String>) -> Self {
        self.label = key.into();
        self
    }

    /// Whether there is a class to make one with.
    pub(super) fn can_be_made(&self) -> bool {
        !self.classes.is_empty()
    }

    /// What the claims that are snapshotted together with that of `volume` have in common; `None` for one that is
    /// snapshotted alone.
    pub(super) fn key(&self, volume: &Volume) -> Option<String> {
        let selected = self.selected(volume)?;
        // None of them holds a line break.
        Some([selected.namespace, selected.value, selected.class].join("\n"))
    }

    fn selected(&self, volume: &Volume) -> Option<Selected> {
        let (driver, _) = volume.csi()?;
        let metadata = &volume.claim.metadata;
        let value = metadata.labels.as_ref()?.get(&self.label)?;
        let class = self.classes.choose(driver, metadata.annotations.as_ref());
        Some(Selected {
            namespace: metadata.namespace.clone()?,
            value: value.clone(),
            class: class.ok()?.name().to_owned(),
        })
    }

    /// What all volumes of a group are selected by.
    fn selection(&self, group: &SnapshotGroup) -> Option<Selected> {
        let mut all = group.members.iter().map(|it| self.selected(&it.volume));
        let first = all.next()??;
        all.all(|it| it.as_ref() == Some(&first)).then_some(first)
    }

    fn api_version(&self) -> String {
        format!("{GROUP}/{}", self.version)
    }

    fn snapshots_in(&self, namespace: &str) -> String {
        let kind = "volumegroupsnapshots";
        path(["apis", GROUP, &self.version, "namespaces", namespace, kind])
    }

    fn snapshot_path(&self, namespace: &str, name: &str) -> String {
        format!("{}/{}", self.snapshots_in(namespace), path_of(name))
    }

    fn all_snapshots(&self) -> String {
        path(["apis", GROUP, &self.version, "volumegroupsnapshots"])
    }

    fn contents(&self) -> String {
        path(["apis", GROUP, &self.version, "volumegroupsnapshotcontents"])
    }

    fn content_path(&self, name: &str) -> String {
        format!("{}/{}", self.contents(), path_of(name))
    }
}

/// A name as the last segment of a path.
fn path_of(name: &str) -> String {
    path([name]).trim_start_matches('/').to_owned()
}
