//! What there is, and the plain changes to it.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use super::content::Images;
use super::records::Records;
use crate::journal::Journal;

/// How much there may be, and how long things take.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    /// Snapshots of a disk that calls make: 256 in CreateSnapshot's reference, 2000 in the newest
    /// page on limits.
    pub(super) snapshots: usize,
    /// Snapshots of a disk that policies make: 1000 in the limits of 2021, 2000 in the newest.
    pub(super) automatic_snapshots: usize,
    /// Disks of a region. Real ones depend on the account.
    pub(super) disks: usize,
    pub(super) snapshot_takes: TimeDelta,
    pub(super) disk_takes: TimeDelta,
    /// Whether snapshots can be made before OpenSnapshotService was called.
    pub(super) is_open: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            snapshots: 256,
            automatic_snapshots: 1000,
            disks: 1000,
            snapshot_takes: TimeDelta::seconds(2),
            disk_takes: TimeDelta::seconds(1),
            is_open: true,
        }
    }
}

/// Records and bytes. A change to it is kept by [`commit`](Self::commit), all of it or nothing.
#[derive(Debug)]
pub(super) struct State {
    pub(super) records: Records,
    pub(super) images: Images,
    pub(super) limits: Limits,
    journal: Journal,
    /// Images that no record needs any more. They go once the records are written.
    doomed: Vec<String>,
    number: u64,
}

impl State {
    /// What an earlier process kept in the folder; nothing without one.
    pub(super) fn open(folder: Option<&Path>, limits: Limits) -> io::Result<Self> {
        let mut records = Records::default();
        let within = |name: &str| folder.map(|folder| folder.join(name));
        let mut images = Images::open(within("images"))?;
        let journal = Journal::open(within("records.journal"), &mut records)?;
        images.retain(&used_images(&records))?;
        Ok(Self {
            number: records.last_number(),
            records,
            images,
            limits,
            journal,
            doomed: Vec::new(),
        })
    }

    /// The number of the next row.
    pub(super) fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// Keeps what has changed. A process that is killed before this is done has changed nothing.
    pub(super) fn commit(&mut self) -> io::Result<()> {
        self.journal.commit(&mut self.records)?;
        if self.doomed.is_empty() {
            return Ok(());
        }
        let used = used_images(&self.records);
        for image in self.doomed.drain(..) {
            if !used.contains(image.as_str()) {
                self.images.remove(&image)?;
            }
        }
        Ok(())
    }

    /// Removes a snapshot, and its group if it was the last one in it.
    pub(super) fn remove_snapshot(&mut self, id: &str) {
        let Some(snapshot) = self.records.snapshots.remove(id) else {
            return;
        };
        self.doomed.push(snapshot.image);
        if let Some(group) = snapshot.group {
            let mut others = self.records.snapshots.values();
            if !others.any(|other| other.group.as_deref() == Some(&group)) {
                self.records.groups.remove(&group);
            }
        }
    }

    /// Removes a disk, with its automatic snapshots, where it is so set, and those that are not done yet. The others
    /// stay.
    pub(super) fn release_disk(&mut self, id: &str, now: DateTime<Utc>) {
        let Some(disk) = self.records.disks.remove(id) else {
            return;
        };
        self.doomed.push(disk.id.clone());
        let taken = self.records.snapshots.keys_of(|it| {
            it.source_disk == disk.id
                && it.copied_from.is_none()
                && !it.is_locked(now)
                && (it.is_progressing(now) || it.is_automatic && disk.delete_auto_snapshot)
        });
        for id in taken {
            self.remove_snapshot(&id);
        }
    }
}

fn used_images(records: &Records) -> BTreeSet<&str> {
    let disks = records.disks.values().map(|disk| disk.id.as_str());
    let snapshots = records.snapshots.values();
    disks
        .chain(snapshots.map(|snapshot| snapshot.image.as_str()))
        .collect()
}
