//! What a rule asks of a volume.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::capacity::CapacityRange;
use crate::spec::null_is_default;
use crate::volumes::Volume;

/// What a volume must be like, all of it. What is not set asks for nothing, and a rule that sets nothing
/// matches no volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct VolumeConditions {
    /// Its capacity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<CapacityRange>,
    /// Its storage class is one of these.
    #[serde(
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub storage_class: Vec<String>,
    /// It is of a CSI driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csi: Option<CsiCondition>,
    /// It is of NFS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nfs: Option<NfsCondition>,
    /// Its source is one of these, by the name of the field: `csi`, `nfs`, `hostPath`, `local`.
    #[serde(
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub volume_types: Vec<String>,
    /// Its claim has all of these labels.
    #[serde(
        deserialize_with = "null_is_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub pvc_labels: BTreeMap<String, String>,
    /// The phase of its claim is one of these: `Bound`, `Pending`, `Lost`.
    #[serde(
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub pvc_phase: Vec<String>,
}

/// A volume of a CSI driver: of any, or of this one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct CsiCondition {
    /// The driver; empty for any.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub driver: String,
    /// Attributes that the volume must have.
    #[serde(
        deserialize_with = "null_is_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub volume_attributes: BTreeMap<String, String>,
}

/// A volume of NFS: of any server, or of this one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct NfsCondition {
    /// The server; empty for any.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub server: String,
    /// The path; empty for any.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
}

impl VolumeConditions {
    /// Whether it asks for nothing.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether `volume` is like that.
    pub(super) fn matches(&self, volume: &Volume) -> bool {
        let spec = volume.volume.spec.as_ref();
        let class = spec.and_then(|spec| spec.storage_class_name.as_deref());
        let labels = volume.claim.metadata.labels.as_ref();
        let status = volume.claim.status.as_ref();
        let phase = status.and_then(|status| status.phase.as_deref());
        let is_one_of = |wanted: &[String], found: Option<&str>| {
            wanted.is_empty() || found.is_some_and(|found| wanted.iter().any(|it| it == found))
        };
        let has_label = |(key, value): (&String, &String)| {
            labels.is_some_and(|labels| labels.get(key) == Some(value))
        };
        let fits = |range: &CapacityRange| range.contains(volume.capacity().unwrap_or_default());
        !self.is_empty()
            && self.capacity.as_ref().is_none_or(fits)
            && is_one_of(&self.storage_class, class.or(Some("")))
            && self.csi.as_ref().is_none_or(|csi| csi.matches(volume))
            && self.nfs.as_ref().is_none_or(|nfs| nfs.matches(volume))
            && (self.volume_types.is_empty() || self.is_of_type(volume))
            && self.pvc_labels.iter().all(has_label)
            && is_one_of(&self.pvc_phase, phase)
    }

    /// A volume's type is the name of the field of its specification that holds its source.
    fn is_of_type(&self, volume: &Volume) -> bool {
        let spec = volume.volume.spec.as_ref();
        let Some(Ok(Value::Object(fields))) = spec.map(serde_json::to_value) else {
            return false;
        };
        self.volume_types
            .iter()
            .any(|wanted| fields.get(wanted).is_some_and(Value::is_object))
    }
}

impl CsiCondition {
    fn matches(&self, volume: &Volume) -> bool {
        let spec = volume.volume.spec.as_ref();
        let Some(csi) = spec.and_then(|spec| spec.csi.as_ref()) else {
            return false;
        };
        let attributes = csi.volume_attributes.as_ref();
        let has = |(key, value): (&String, &String)| {
            attributes.is_some_and(|attributes| attributes.get(key) == Some(value))
        };
        (self.driver.is_empty() || self.driver == csi.driver)
            && self.volume_attributes.iter().all(has)
    }
}

impl NfsCondition {
    fn matches(&self, volume: &Volume) -> bool {
        let spec = volume.volume.spec.as_ref();
        let Some(nfs) = spec.and_then(|spec| spec.nfs.as_ref()) else {
            return false;
        };
        (self.server.is_empty() || self.server == nfs.server)
            && (self.path.is_empty() || self.path == nfs.path)
    }
}
