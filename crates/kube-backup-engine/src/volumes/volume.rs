//! A volume of an application, as a snapshotter sees it.

use std::fmt;

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde::{Deserialize, Serialize};

/// An object by its name, and the uid that tells it from others of that name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ObjectRef {
    /// Its namespace; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uid: String,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            f.write_str(&self.name)
        } else {
            write!(f, "{}/{}", self.namespace, self.name)
        }
    }
}

/// A running Pod that has the volume mounted: whoever copies files does it there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mount {
    /// The Pod.
    pub pod: ObjectRef,
    /// Its node.
    pub node: String,
    /// The volume's name in the Pod.
    pub volume: String,
}

impl Mount {
    /// The volume called `volume` in `pod`, which runs on `node`.
    pub fn new(pod: ObjectRef, node: impl Into<String>, volume: impl Into<String>) -> Self {
        Self {
            pod,
            node: node.into(),
            volume: volume.into(),
        }
    }
}

/// A bound claim with its volume, and where it is mounted.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Volume {
    /// The volume.
    pub volume: PersistentVolume,
    /// The claim that is bound to it.
    pub claim: PersistentVolumeClaim,
    /// The running Pods that have it mounted.
    pub mounts: Vec<Mount>,
}

impl Volume {
    /// A volume with the claim that is bound to it, mounted nowhere.
    #[must_use]
    pub fn new(volume: PersistentVolume, claim: PersistentVolumeClaim) -> Self {
        Self {
            volume,
            claim,
            mounts: Vec::new(),
        }
    }

    /// The same, mounted by these Pods.
    #[must_use]
    pub fn mounted_by(mut self, mounts: Vec<Mount>) -> Self {
        self.mounts = mounts;
        self
    }

    /// The volume's name: one of its kind in the cluster.
    #[must_use]
    pub fn name(&self) -> &str {
        self.volume.metadata.name.as_deref().unwrap_or_default()
    }

    /// The claim.
    #[must_use]
    pub fn claim_ref(&self) -> ObjectRef {
        let metadata = self.claim.metadata.clone();
        ObjectRef {
            namespace: metadata.namespace.unwrap_or_default(),
            name: metadata.name.unwrap_or_default(),
            uid: metadata.uid.unwrap_or_default(),
        }
    }

    /// The volume; its name is empty where the claim is bound to none.
    #[must_use]
    pub fn volume_ref(&self) -> ObjectRef {
        ObjectRef {
            namespace: String::new(),
            name: self.name().to_owned(),
            uid: self.volume.metadata.uid.clone().unwrap_or_default(),
        }
    }

    /// Its capacity in bytes; `None` where it names none, or none that can be read.
    #[must_use]
    pub fn capacity(&self) -> Option<u64> {
        capacity_of(&self.volume)
    }

    /// Whether it is a raw device rather than a file system.
    #[must_use]
    pub fn is_block(&self) -> bool {
        let mode = self
            .volume
            .spec
            .as_ref()
            .and_then(|spec| spec.volume_mode.as_deref());
        mode == Some("Block")
    }

    /// The CSI driver and its handle, where it is of one.
    #[must_use]
    pub fn csi(&self) -> Option<(&str, &str)> {
        let csi = self.volume.spec.as_ref()?.csi.as_ref()?;
        Some((&csi.driver, &csi.volume_handle))
    }
}

/// The capacity of a volume in bytes; `None` where it names none, or none that can be read.
pub(crate) fn capacity_of(volume: &PersistentVolume) -> Option<u64> {
    let capacity = volume.spec.as_ref()?.capacity.as_ref()?;
    bytes_of(capacity.get("storage")?)
}

/// A quantity as a whole number of bytes, rounded up; `None` for one that cannot be read.
#[must_use]
pub fn bytes_of(quantity: &Quantity) -> Option<u64> {
    let text = quantity.0.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let scale: u128 = match unit {
        "" => 1,
        "k" => 1000,
        "M" => 1000_u128.pow(2),
        "G" => 1000_u128.pow(3),
        "T" => 1000_u128.pow(4),
        "P" => 1000_u128.pow(5),
        "E" => 1000_u128.pow(6),
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "Ti" => 1 << 40,
        "Pi" => 1 << 50,
        "Ei" => 1 << 60,
        _ => match unit.strip_prefix(['e', 'E'])?.parse::<u32>().ok()? {
            power @ 0..=18 => 10_u128.pow(power),
            _ => return None,
        },
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let power = u32::try_from(fraction.len()).ok().filter(|n| *n <= 18)?;
    let number: u128 = format!("{whole}{fraction}").parse().ok()?;
    let bytes = number.checked_mul(scale)?.div_ceil(10_u128.pow(power));
    u64::try_from(bytes).ok()
}

/// Whether a snapshotter can keep the data of a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Eligibility {
    /// It can.
    Eligible {
        /// Volumes with the same text may be in one group: the zone of a disk, for one. `None` for one that
        /// can be in no group.
        group: Option<String>,
    },
    /// It cannot, for a reason that people read: `its driver is not ...`.
    Refused(String),
}

impl Eligibility {
    /// Refused for this reason.
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::Refused(reason.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_kubernetes_writes_them() {
        let cases = [
            ("20Gi", Some(20 << 30)),
            ("1.5Gi", Some(3 << 29)),
            ("0.1", Some(1)),
            ("500M", Some(500_000_000)),
            ("1e3", Some(1000)),
            ("2E", Some(2_000_000_000_000_000_000)),
            ("12E6", Some(12_000_000)),
            ("100Ei", None),
            ("-1Gi", None),
            ("", None),
            ("Gi", None),
            ("1e99", None),
        ];
        for (text, bytes) in cases {
            assert_eq!(bytes_of(&Quantity(text.into())), bytes, "{text}");
        }
    }
}
