//! What a disk is like, so that it comes back as it was: from its PersistentVolume, from ECS, to a record
//! and back.

use std::collections::BTreeMap;

use alibaba_ecs_snapshot::{CreateDisk, Disk, DiskCategory, PerformanceLevel, Snapshot};
use kube_backup_engine::volumes::Volume;

use super::volume;

/// The disk's id, in [`VolumeRecord::attributes`](kube_backup_engine::volumes::VolumeRecord::attributes).
pub(super) const DISK: &str = "disk";
/// Its zone.
pub(super) const ZONE: &str = "zone";
/// Its category.
pub(super) const TYPE: &str = "type";
/// How fast an ESSD is.
const PERFORMANCE_LEVEL: &str = "performanceLevel";
/// Operations a second beyond its baseline.
const PROVISIONED_IOPS: &str = "provisionedIops";
/// Whether it may burst.
const BURSTING: &str = "burstingEnabled";
/// Its size, in GiB.
const SIZE: &str = "sizeGiB";
/// Whether it is encrypted.
const ENCRYPTED: &str = "encrypted";
/// With which key.
const KMS_KEY: &str = "kmsKeyId";
/// Operations a second that it allows, for Velero's `volumeinfo`.
const IOPS: &str = "iops";

/// Those that are noted in tags too, for whoever finds a snapshot without its record.
pub(super) const TAGGED: [&str; 5] = [ZONE, TYPE, PERFORMANCE_LEVEL, PROVISIONED_IOPS, BURSTING];

/// What is known of a disk, under the names of the attributes of records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Details(BTreeMap<String, String>);

impl Details {
    /// What the volume says: the driver notes all parameters of the class there, with the category and the
    /// level that the disk came to have.
    pub(super) fn of_volume(volume: &Volume) -> Self {
        let mut details = Self::default();
        details.set(DISK, volume::disk_id(volume));
        details.set(ZONE, volume::zone(volume));
        details.set(TYPE, volume::category(volume));
        let attribute = |name: &str| volume::attribute(volume, name).map(str::to_owned);
        for name in [PERFORMANCE_LEVEL, PROVISIONED_IOPS, KMS_KEY] {
            // A list of choices says nothing of the disk.
            details.set(name, attribute(name).filter(|text| !text.contains(',')));
        }
        for name in [BURSTING, ENCRYPTED] {
            let is_on = attribute(name).map(|text| volume::is_true(&text).to_string());
            details.set(name, is_on);
        }
        let gib = volume.capacity().map(|bytes| bytes.div_ceil(1 << 30));
        details.set(SIZE, gib.map(|gib| gib.to_string()));
        details
    }

    /// The same, corrected by what ECS says of the disk.
    pub(super) fn corrected_by(mut self, disk: &Disk) -> Self {
        let text = |text: &dyn ToString| text.to_string();
        self.set(ZONE, disk.zone_id.as_ref().map(|it| text(it)));
        self.set(TYPE, disk.category.as_ref().map(|it| text(it)));
        self.set(
            PERFORMANCE_LEVEL,
            disk.performance_level.as_ref().map(|it| text(it)),
        );
        self.set(PROVISIONED_IOPS, disk.provisioned_iops.map(|it| text(&it)));
        self.set(BURSTING, disk.bursting_enabled.map(|it| text(&it)));
        self.set(SIZE, disk.size_gib.map(|it| text(&it)));
        self.set(ENCRYPTED, disk.encrypted.map(|it| text(&it)));
        self.set(KMS_KEY, disk.kms_key_id.as_ref().map(|it| text(it)));
        self.set(IOPS, disk.iops.map(|it| text(&it)));
        self
    }

    /// Adds to a record what a snapshot says of its disk: its size and encryption are those of the moment.
    pub(super) fn note(snapshot: &Snapshot, attributes: &mut BTreeMap<String, String>) {
        let mut note = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                attributes.insert(name.to_owned(), value);
            }
        };
        note(
            DISK,
            snapshot.source_disk_id.as_ref().map(ToString::to_string),
        );
        note(SIZE, snapshot.source_disk_size_gib.map(|it| it.to_string()));
        note(ENCRYPTED, snapshot.encrypted.map(|it| it.to_string()));
        note(
            KMS_KEY,
            snapshot.kms_key_id.as_ref().map(ToString::to_string),
        );
    }

    pub(super) fn of_attributes(attributes: &BTreeMap<String, String>) -> Self {
        Self(attributes.clone())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn attributes(self) -> BTreeMap<String, String> {
        self.0
    }

    fn set(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.0.insert(name.to_owned(), value);
        }
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.get(ENCRYPTED) == Some("true")
    }

    /// A disk like this one. A level and provisioned operations are asked for only where the category has
    /// them.
    pub(super) fn applied_to(&self, mut call: CreateDisk) -> CreateDisk {
        // A basic disk is what ECS makes where nothing is said, and no node of today takes one.
        let category = self.get(TYPE).unwrap_or("cloud_essd");
        call = call.disk_category(DiskCategory::from(category));
        if category == "cloud_essd"
            && let Some(level) = self.get(PERFORMANCE_LEVEL)
        {
            call = call.performance_level(PerformanceLevel::from(level));
        }
        if category == "cloud_auto" {
            if let Some(iops) = self.number(PROVISIONED_IOPS) {
                call = call.provisioned_iops(iops);
            }
            if let Some(bursting) = self.get(BURSTING) {
                call = call.bursting_enabled(bursting == "true");
            }
        }
        if self.is_encrypted() {
            call = call.encrypted(true);
            if let Some(key) = self.get(KMS_KEY) {
                call = call.kms_key_id(key);
            }
        }
        call
    }

    /// What a static PersistentVolume says of such a disk, as the driver would.
    pub(super) fn volume_attributes(&self) -> BTreeMap<String, String> {
        [
            TYPE,
            PERFORMANCE_LEVEL,
            PROVISIONED_IOPS,
            BURSTING,
            ENCRYPTED,
            KMS_KEY,
        ]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), self.get(name)?.to_owned())))
        .collect()
    }
}
