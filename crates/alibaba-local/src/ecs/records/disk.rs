//! Disks.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::ecs::tag::Tags;

/// A disk. Its image has its id as the name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::ecs) struct Disk {
    pub(in crate::ecs) id: String,
    pub(in crate::ecs) number: u64,
    pub(in crate::ecs) region: String,
    pub(in crate::ecs) zone: String,
    pub(in crate::ecs) name: String,
    pub(in crate::ecs) description: String,
    pub(in crate::ecs) category: String,
    pub(in crate::ecs) performance_level: Option<String>,
    pub(in crate::ecs) size_gib: u64,
    pub(in crate::ecs) is_system: bool,
    pub(in crate::ecs) created: DateTime<Utc>,
    /// How long it takes until it is there.
    pub(in crate::ecs) takes_millis: i64,
    pub(in crate::ecs) source_snapshot: Option<String>,
    pub(in crate::ecs) encrypted: bool,
    pub(in crate::ecs) kms_key: Option<String>,
    pub(in crate::ecs) multi_attach: bool,
    pub(in crate::ecs) bursting: bool,
    pub(in crate::ecs) provisioned_iops: Option<u64>,
    pub(in crate::ecs) storage_set: Option<String>,
    pub(in crate::ecs) storage_set_partitions: Option<u32>,
    pub(in crate::ecs) storage_cluster: Option<String>,
    pub(in crate::ecs) prepaid: bool,
    pub(in crate::ecs) resource_group: Option<String>,
    pub(in crate::ecs) tags: Tags,
    pub(in crate::ecs) attached: Option<Attached>,
    pub(in crate::ecs) detached_at: Option<DateTime<Utc>>,
    /// How long it took, or still takes, to be detached.
    #[serde(default)]
    pub(in crate::ecs) detaching_millis: i64,
    /// Whether it goes with its instance, where a call said so.
    #[serde(default)]
    pub(in crate::ecs) delete_with_instance: Option<bool>,
    pub(in crate::ecs) was_attached: bool,
    pub(in crate::ecs) delete_auto_snapshot: bool,
    pub(in crate::ecs) policies: Vec<AppliedPolicy>,
    /// The chain of its snapshots, once it has one.
    pub(in crate::ecs) link: Option<String>,
    /// Whether snapshots that are begun from now on fail, as a test wants it.
    pub(in crate::ecs) snapshots_fail: bool,
    /// Whether it is unpaid, as a test wants it.
    pub(in crate::ecs) in_arrears: bool,
}

/// To what a disk is attached.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::ecs) struct Attached {
    pub(in crate::ecs) instance: String,
    pub(in crate::ecs) device: String,
    pub(in crate::ecs) since: DateTime<Utc>,
    /// How long it takes until it is attached.
    #[serde(default)]
    pub(in crate::ecs) takes_millis: i64,
}

/// A policy of automatic snapshots that a disk has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::ecs) struct AppliedPolicy {
    pub(in crate::ecs) policy: String,
    /// Until when its snapshots have been made.
    pub(in crate::ecs) done_until: DateTime<Utc>,
}

impl Disk {
    pub(in crate::ecs) fn size(&self) -> u64 {
        self.size_gib * 1024 * 1024 * 1024
    }

    pub(in crate::ecs) fn kind(&self) -> &'static str {
        if self.is_system { "system" } else { "data" }
    }

    /// Whether it can exist without an instance: system disks and subscription disks cannot.
    pub(in crate::ecs) fn is_portable(&self) -> bool {
        !self.is_system && !self.prepaid
    }

    /// Whether it is released with its instance.
    pub(in crate::ecs) fn goes_with_instance(&self) -> bool {
        self.delete_with_instance.unwrap_or(self.is_system)
    }

    /// The API reference's states.
    pub(in crate::ecs) fn status(&self, now: DateTime<Utc>) -> &'static str {
        let under_way = |since: DateTime<Utc>, takes| now < since + TimeDelta::milliseconds(takes);
        if under_way(self.created, self.takes_millis) {
            return "Creating";
        }
        match (&self.attached, self.detached_at) {
            (Some(it), _) if under_way(it.since, it.takes_millis) => "Attaching",
            (Some(_), _) => "In_use",
            (None, Some(since)) if under_way(since, self.detaching_millis) => "Detaching",
            (None, _) => "Available",
        }
    }
}
