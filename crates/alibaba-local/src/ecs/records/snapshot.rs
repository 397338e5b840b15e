//! Snapshots, and what becomes of them by itself.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::lock::{Lock, LockStatus};
use crate::ecs::tag::Tags;

/// A snapshot of a disk, or a copy of one from another region.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::ecs) struct Snapshot {
    pub(in crate::ecs) id: String,
    pub(in crate::ecs) number: u64,
    pub(in crate::ecs) region: String,
    pub(in crate::ecs) name: String,
    pub(in crate::ecs) description: String,
    /// Its image, which copies of it and snapshots of the same bytes have too.
    pub(in crate::ecs) image: String,
    pub(in crate::ecs) held_bytes: u64,
    pub(in crate::ecs) created: DateTime<Utc>,
    pub(in crate::ecs) modified: DateTime<Utc>,
    /// How long it takes until it is there.
    pub(in crate::ecs) takes_millis: i64,
    /// Whether it comes to nothing.
    pub(in crate::ecs) fails: bool,
    /// Whether disks can be made of it before it is there.
    pub(in crate::ecs) at_once: bool,
    pub(in crate::ecs) is_automatic: bool,
    pub(in crate::ecs) archived: bool,
    /// Days from its creation after which it is deleted.
    pub(in crate::ecs) retention: Option<u32>,
    pub(in crate::ecs) source_disk: String,
    pub(in crate::ecs) source_category: String,
    pub(in crate::ecs) source_is_system: bool,
    pub(in crate::ecs) source_size_gib: u64,
    /// The chain: the snapshots of one disk in one region.
    pub(in crate::ecs) link: String,
    pub(in crate::ecs) instance: Option<String>,
    pub(in crate::ecs) group: Option<String>,
    /// Of a copy: the original and its region.
    pub(in crate::ecs) copied_from: Option<(String, String)>,
    /// Where a policy wants a copy of it once it is there.
    pub(in crate::ecs) copy_to: Option<PlannedCopy>,
    pub(in crate::ecs) encrypted: bool,
    pub(in crate::ecs) kms_key: Option<String>,
    pub(in crate::ecs) lock: Option<Lock>,
    pub(in crate::ecs) resource_group: Option<String>,
    pub(in crate::ecs) tags: Tags,
}

/// A copy that a policy wants.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::ecs) struct PlannedCopy {
    pub(in crate::ecs) region: String,
    pub(in crate::ecs) retention: Option<u32>,
    pub(in crate::ecs) encrypted: bool,
    pub(in crate::ecs) kms_key: Option<String>,
}

/// What a snapshot has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ecs) enum Status {
    Progressing,
    Accomplished,
    Failed,
}

impl Status {
    pub(in crate::ecs) const ALL: [Self; 3] = [Self::Progressing, Self::Accomplished, Self::Failed];

    pub(in crate::ecs) fn name(self) -> &'static str {
        match self {
            Self::Progressing => "progressing",
            Self::Accomplished => "accomplished",
            Self::Failed => "failed",
        }
    }
}

impl Snapshot {
    /// When it is there, or has failed.
    pub(in crate::ecs) fn ends(&self) -> DateTime<Utc> {
        let takes = if self.fails {
            self.takes_millis / 2
        } else {
            self.takes_millis
        };
        self.created + TimeDelta::milliseconds(takes)
    }

    pub(in crate::ecs) fn status(&self, now: DateTime<Utc>) -> Status {
        if now < self.ends() {
            Status::Progressing
        } else if self.fails {
            Status::Failed
        } else {
            Status::Accomplished
        }
    }

    pub(in crate::ecs) fn is_progressing(&self, now: DateTime<Utc>) -> bool {
        self.status(now) == Status::Progressing
    }

    /// How much is done, of 100.
    pub(in crate::ecs) fn percent(&self, now: DateTime<Utc>) -> i64 {
        let passed = (now.min(self.ends()) - self.created).num_milliseconds();
        if passed >= self.takes_millis {
            return 100;
        }
        (passed.max(0) * 100) / self.takes_millis.max(1)
    }

    /// How many seconds it still takes.
    pub(in crate::ecs) fn remaining(&self, now: DateTime<Utc>) -> i64 {
        let left = (self.ends() - now).num_milliseconds().max(0);
        (left + 999) / 1000
    }

    /// Whether disks can be made of it: those of ESSDs at once, others when they are there.
    pub(in crate::ecs) fn is_available(&self, now: DateTime<Utc>) -> bool {
        match self.status(now) {
            Status::Progressing => self.at_once,
            Status::Accomplished => true,
            Status::Failed => false,
        }
    }

    /// When it is deleted by itself.
    pub(in crate::ecs) fn expires(&self) -> Option<DateTime<Utc>> {
        let days = TimeDelta::days(i64::from(self.retention?));
        self.created.checked_add_signed(days)
    }

    /// Whether a lock keeps it from being deleted.
    pub(in crate::ecs) fn is_locked(&self, now: DateTime<Utc>) -> bool {
        let lock = self.lock.as_ref();
        lock.is_some_and(|lock| lock.status(now) != LockStatus::Expired)
    }
}
