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

    /// The API reference's states; attaching and detaching takes no time here.
    pub(in crate::ecs) fn status(&self, now: DateTime<Utc>) -> &'static str {
        if now < self.created + TimeDelta::milliseconds(self.takes_millis) {
            "Creating"
        } else if self.attached.is_some() {
            "In_use"
        } else {
            "Available"
        }
    }
}
