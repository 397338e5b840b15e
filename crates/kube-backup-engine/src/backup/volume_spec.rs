//! What a backup is to do with the data of volumes.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::format::labels;
use crate::spec::go_duration;
use crate::volumes::policy::ResourcePolicy;

/// Velero's own.
const SNAPSHOT_TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// Velero's own.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(4 * 60 * 60);

/// What a backup is to do with the data of volumes, under Velero's names. What can be done at all is what the
/// [snapshotters](super::Backup::with_snapshotters) of the backup can do.
///
/// Of the settings about one volume, the first of these that says something decides: the label
/// `kube-backup-engine.io/skip-volume-data` on its claim or on a Pod that mounts it, [the
/// rules](Self::resource_policy), Velero's annotations of Pods, the settings below.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VolumeSpec {
    /// Whether to make snapshots; unset is yes. Copies of files are no snapshots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_volumes: Option<bool>,
    /// Whether to copy files rather than make snapshots. `true`: of every volume, but those that a Pod excludes by
    /// the annotation `backup.velero.io/backup-volumes-excludes`. `false`: of those alone that a Pod
    /// names in `backup.velero.io/backup-volumes`. Unset: of these, and of what no snapshot can be made of.
    #[serde(
        default,
        alias = "defaultVolumesToRestic",
        skip_serializing_if = "Option::is_none"
    )]
    pub default_volumes_to_fs_backup: Option<bool>,
    /// Rules about which volumes are skipped, snapshotted or copied.
    #[serde(
        default,
        alias = "volumePolicies",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<crate::volumes::policy::VolumePolicies>")
    )]
    pub resource_policy: Option<ResourcePolicy>,
    /// How long a snapshot may take until it is cut, so that applications that were frozen for it can go on. Unless
    /// set, ten minutes.
    #[serde(default, with = "go_duration", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub csi_snapshot_timeout: Option<Duration>,
    /// How long a snapshot may take until it is complete. Unless set, four hours.
    #[serde(default, with = "go_duration", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub item_operation_timeout: Option<Duration>,
    /// The label by whose value claims of a namespace are snapshotted together, by storage that is told of groups by
    /// labels. Unless set, `velero.io/volume-group`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_group_snapshot_label_key: Option<String>,
}

impl VolumeSpec {
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(key) = self.group_label()
            && !labels::is_key(key)
        {
            return Err(format!(
                "volumeGroupSnapshotLabelKey is `{key}`, which no label can be called: name the label that tells which claims \
                 are snapshotted together"
            ));
        }
        self.resource_policy
            .as_ref()
            .map_or(Ok(()), ResourcePolicy::check)
    }

    /// The first field that asks for the data of volumes.
    pub(crate) fn asks(&self) -> Option<&'static str> {
        let asked = [
            (self.snapshot_volumes == Some(true), "snapshotVolumes"),
            (
                self.default_volumes_to_fs_backup == Some(true),
                "defaultVolumesToFsBackup",
            ),
            (self.resource_policy.is_some(), "resourcePolicy"),
        ];
        let asked = asked.into_iter().find(|(is_asked, _)| *is_asked);
        asked.map(|(_, field)| field)
    }

    pub(crate) fn group_label(&self) -> Option<&str> {
        let key = self.volume_group_snapshot_label_key.as_deref();
        key.filter(|key| !key.is_empty())
    }

    pub(crate) fn until_cut(&self) -> Duration {
        self.csi_snapshot_timeout.unwrap_or(SNAPSHOT_TIMEOUT)
    }

    pub(crate) fn until_complete(&self) -> Duration {
        self.item_operation_timeout.unwrap_or(OPERATION_TIMEOUT)
    }

    /// Takes out of a record's specification what Velero has another shape for: it would refuse all of it.
    pub(crate) fn as_velero_reads(&self, spec: &mut Map<String, Value>) {
        if let Some(ResourcePolicy::Inline(_)) = self.resource_policy
            && let Some(rules) = spec.remove("resourcePolicy")
        {
            spec.insert("volumePolicies".to_owned(), rules);
        }
    }
}
