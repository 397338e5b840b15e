//! What ECS keeps, row by row. What changes by itself is a function of the clock.

pub(super) mod disk;
pub(super) mod group;
pub(super) mod instance;
pub(super) mod lock;
pub(super) mod policy;
pub(super) mod snapshot;
pub(super) mod token;

use chrono::{DateTime, Utc};

use crate::journal::{Journaled, Table, Tables};

use disk::Disk;
use group::Group;
use instance::Instance;
use policy::Policy;
use snapshot::Snapshot;
use token::Token;

/// All tables. Rows have the id as their key, which is good for all regions.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) disks: Table<Disk>,
    pub(super) instances: Table<Instance>,
    pub(super) snapshots: Table<Snapshot>,
    pub(super) groups: Table<Group>,
    pub(super) policies: Table<Policy>,
    pub(super) tokens: Table<Token>,
    /// Regions in which the snapshot service was opened by a call, and when.
    pub(super) opened: Table<DateTime<Utc>>,
}

impl Tables for Records {
    fn tables(&mut self) -> Vec<(&'static str, &mut dyn Journaled)> {
        vec![
            ("disks", &mut self.disks),
            ("instances", &mut self.instances),
            ("snapshots", &mut self.snapshots),
            ("groups", &mut self.groups),
            ("policies", &mut self.policies),
            ("tokens", &mut self.tokens),
            ("opened", &mut self.opened),
        ]
    }
}

impl Records {
    /// The number of the latest row: rows are listed in the order of their numbers, newest first.
    pub(super) fn last_number(&self) -> u64 {
        let disks = self.disks.values().map(|it| it.number);
        let instances = self.instances.values().map(|it| it.number);
        let snapshots = self.snapshots.values().map(|it| it.number);
        let groups = self.groups.values().map(|it| it.number);
        let policies = self.policies.values().map(|it| it.number);
        let all = disks.chain(instances).chain(snapshots);
        all.chain(groups).chain(policies).max().unwrap_or_default()
    }

    /// The device under which the next disk of an instance is attached.
    pub(super) fn next_device(&self, instance: &str) -> String {
        let disks = self
            .disks
            .values()
            .filter_map(|disk| disk.attached.as_ref());
        let taken: Vec<_> = disks
            .filter(|it| it.instance == instance)
            .map(|it| it.device.as_str())
            .collect();
        let mut devices = ('a'..='z').map(|letter| format!("/dev/xvd{letter}"));
        let free = devices.find(|device| !taken.contains(&device.as_str()));
        free.unwrap_or_else(|| format!("/dev/xvda{}", taken.len()))
    }

    /// Whether disks were made of a snapshot and are still there.
    pub(super) fn disks_of_snapshot(&self, snapshot: &str) -> bool {
        let mut disks = self.disks.values();
        disks.any(|disk| disk.source_snapshot.as_deref() == Some(snapshot))
    }
}
