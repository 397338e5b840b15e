//! What to back up.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::volume_spec::VolumeSpec;
use crate::encryption::Encryption;
use crate::format::keys::check_name;
use crate::spec::hooks::BackupHooks;
use crate::spec::{go_duration, null_is_default, other};
use crate::{Error, Result, Selection};

/// What to back up. The default is everything.
///
/// ```
/// use kube_backup_engine::Selection;
/// use kube_backup_engine::backup::BackupSpec;
///
/// let spec = BackupSpec {
///     selection: Selection {
///         excluded_resources: vec!["events".to_owned()],
///         ..Selection::of_namespaces(["shop"])
///     },
///     ..BackupSpec::named("before-upgrade")
/// };
/// # let _ = spec;
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BackupSpec {
    /// The backup's name: lower-case letters, digits, `-` and `.`. It stands beside the specification, as
    /// `metadata.name`, and not in its JSON.
    #[serde(skip)]
    pub name: String,
    /// Which objects it takes.
    #[serde(flatten)]
    pub selection: Selection,
    /// What becomes of the data of its volumes.
    #[serde(flatten)]
    pub volumes: VolumeSpec,
    /// How long it is worth keeping. Nothing is deleted by it here: retention reads it.
    #[serde(default, with = "go_duration", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub ttl: Option<Duration>,
    /// Labels of the record.
    #[serde(
        default,
        rename = "metadata",
        with = "labels_in_metadata",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "RecordMetadataFields"))]
    pub labels: BTreeMap<String, String>,
    /// Commands in containers, run before and after volumes are snapshotted. A Pod's annotations displace them:
    /// see [`BackupHooks`].
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "BackupHooks::is_empty"
    )]
    pub hooks: BackupHooks,
    /// What of it is encrypted, and to whom; nothing unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// Fields of Velero's that this crate does nothing about. They are kept as they are; those that ask for
    /// something are refused when the backup is run.
    #[serde(flatten, deserialize_with = "other::of_backup")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub other: Map<String, Value>,
}

/// Velero's `spec.metadata`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RecordMetadataFields {
    /// Labels of the record.
    #[serde(default, deserialize_with = "null_is_default")]
    labels: BTreeMap<String, String>,
}

/// Labels, as they stand in [`RecordMetadataFields`].
mod labels_in_metadata {
    use serde::{Deserializer, Serializer};

    use super::*;

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<String, String>, D::Error> {
        Ok(Option::<RecordMetadataFields>::deserialize(deserializer)?
            .unwrap_or_default()
            .labels)
    }

    pub(super) fn serialize<S: Serializer>(
        labels: &BTreeMap<String, String>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let labels = labels.clone();
        RecordMetadataFields { labels }.serialize(serializer)
    }
}

impl BackupSpec {
    /// Everything, under this name.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            selection: Selection::default(),
            volumes: VolumeSpec::default(),
            ttl: None,
            labels: BTreeMap::new(),
            hooks: BackupHooks::default(),
            encryption: None,
            other: Map::new(),
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        check_name(&self.name)?;
        let refuse = |why: String| {
            Err(Error::invalid(format!(
                "plan backup `{}`: {why}",
                self.name
            )))
        };
        self.selection.check().or_else(refuse)?;
        self.volumes.check().or_else(refuse)?;
        self.hooks.check().or_else(refuse)?;
        if let Some(encryption) = &self.encryption {
            encryption.check().or_else(|why| refuse(why.to_string()))?;
        }
        if let Some(field) = other::unsupported(&self.other, other::BACKUP) {
            return refuse(format!(
                "`{field}` asks for something that is not done here; leave it out"
            ));
        }
        Ok(())
    }

    /// The fields of Velero's `BackupSpec` (velero.io/v1, backup_types.go), as they stand in a record, with
    /// those of [`Selection`] that Velero does not have and passes over. What is in the record elsewhere is
    /// left out: labels, and the expiry that follows from `ttl`.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) when it cannot be written as JSON.
    pub fn to_velero(&self) -> Result<Map<String, Value>> {
        let value = serde_json::to_value(self)
            .map_err(|error| Error::internal("write the specification", error))?;
        let Value::Object(mut spec) = value else {
            return Err(Error::internal(
                "write the specification",
                "it is no object",
            ));
        };
        spec.remove("metadata");
        spec.remove("ttl");
        self.volumes.as_velero_reads(&mut spec);
        if self.selection.included_namespaces.is_empty() {
            spec.insert("includedNamespaces".to_owned(), json!(["*"]));
        }
        spec.entry("snapshotVolumes").or_insert(json!(false));
        spec.entry("storageLocation").or_insert(json!("default"));
        Ok(spec)
    }
}
