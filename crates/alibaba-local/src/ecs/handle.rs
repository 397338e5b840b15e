//! What tests and demos do to disks: read and write them, attach and detach them, break them.

use std::io;
use std::path::PathBuf;

use super::records::disk::Attached;
use super::spec::{EcsDisk, EcsInstance};
use super::state::State;
use super::store::Store;
use crate::cloud::LocalCloud;

/// Disks and snapshots of a running cloud, from behind its API.
///
/// ```
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use alibaba_local::{EcsDisk, EcsInstance, LocalCloud};
///
/// let cloud = LocalCloud::builder()
///     .ecs_instance(EcsInstance::new("i-bp1fake0000000000001"))
///     .ecs_disk(EcsDisk::new("d-bp1fake0000000000001").attached_to("i-bp1fake0000000000001"))
///     .start()
///     .await?;
/// let disk = cloud.ecs().disk("d-bp1fake0000000000001");
/// disk.write(4096, b"written by nobody's driver")?;
/// assert_eq!(disk.read(4096, 7)?, b"written");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Ecs(Store);

impl LocalCloud {
    /// The disks and snapshots of ECS, in all regions.
    #[must_use]
    pub fn ecs(&self) -> &Ecs {
        self.handle()
    }
}

impl Ecs {
    pub(super) fn new(store: Store) -> Self {
        Self(store)
    }

    /// Adds an instance, unless it is there.
    ///
    /// # Errors
    ///
    /// When it cannot be kept in the data folder.
    pub fn add_instance(&self, instance: EcsInstance) -> io::Result<()> {
        let home = &self.0.home;
        self.0.with(|state, now| instance.add(state, home, now))
    }

    /// Sets what an instance is doing, such as `Stopping`.
    ///
    /// # Errors
    ///
    /// When there is no such instance, or it cannot be kept in the data folder.
    pub fn set_instance_status(&self, instance: &str, status: &str) -> io::Result<()> {
        self.0.with(|state, _| {
            let found = state.records.instances.get_mut(instance);
            let found = found.ok_or_else(|| missing("instance", instance))?;
            found.status = status.to_owned();
            Ok(())
        })?
    }

    /// Adds a disk, unless it is there.
    ///
    /// # Errors
    ///
    /// When its instance is not there, or it cannot be kept in the data folder.
    pub fn add_disk(&self, disk: EcsDisk) -> io::Result<()> {
        let home = &self.0.home;
        self.0.with(|state, now| disk.add(state, home, now))?
    }

    /// A disk by its id. Whether it is there shows when it is used.
    #[must_use]
    pub fn disk(&self, id: impl Into<String>) -> LocalDisk {
        LocalDisk {
            store: self.0.clone(),
            id: id.into(),
        }
    }

    /// A snapshot by its id. Whether it is there shows when it is used.
    #[must_use]
    pub fn snapshot(&self, id: impl Into<String>) -> LocalSnapshot {
        LocalSnapshot {
            store: self.0.clone(),
            id: id.into(),
        }
    }

    /// Writes to several disks at one instant: disk, offset and bytes of each. A group of snapshots holds
    /// all of these writes or none.
    ///
    /// # Errors
    ///
    /// When a disk is not there or ends before the bytes do, before anything is written; and what the
    /// system fails with.
    pub fn write_together(&self, writes: &[(&str, u64, &[u8])]) -> io::Result<()> {
        self.0.with(|state, _| {
            for (disk, offset, bytes) in writes {
                check_range(state, disk, *offset, bytes.len())?;
            }
            let mut writes = writes.iter();
            writes.try_for_each(|(disk, offset, bytes)| state.images.write(disk, *offset, bytes))
        })?
    }
}

/// A disk of a running cloud.
#[derive(Clone, Debug)]
pub struct LocalDisk {
    store: Store,
    id: String,
}

impl LocalDisk {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How many bytes it has.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub fn size(&self) -> io::Result<u64> {
        self.store.with(|state, _| size(state, &self.id))?
    }

    /// Reads so many bytes from an offset on. What was never written is zero.
    ///
    /// # Errors
    ///
    /// When it is not there or ends before, and what the system fails with.
    pub fn read(&self, offset: u64, size: usize) -> io::Result<Vec<u8>> {
        self.store.with(|state, _| {
            check_range(state, &self.id, offset, size)?;
            let mut bytes = vec![0; size];
            state.images.read(&self.id, offset, &mut bytes)?;
            Ok(bytes)
        })?
    }

    /// Writes bytes at an offset.
    ///
    /// # Errors
    ///
    /// When it is not there or ends before the bytes do, and what the system fails with.
    pub fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.store.with(|state, _| {
            check_range(state, &self.id, offset, bytes.len())?;
            state.images.write(&self.id, offset, bytes)
        })?
    }

    /// Its file, for programs that make a file system on it or mount it; `None` without a data folder.
    /// What is written there while a snapshot is made may be in it or not.
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        let path = self.store.with(|state, _| state.images.path(&self.id));
        path.ok().flatten()
    }

    /// Attaches it to an instance of its zone.
    ///
    /// # Errors
    ///
    /// When disk or instance are not there, it is attached already, or the zones differ.
    pub fn attach(&self, instance: &str) -> io::Result<()> {
        self.store.with(|state, now| {
            let found = state.records.instances.get(instance);
            let zone = found.map(|it| it.zone.clone());
            let zone = zone.ok_or_else(|| missing("instance", instance))?;
            let device = state.records.next_device(instance);
            let disk = state.records.disks.get_mut(&self.id);
            let disk = disk.ok_or_else(|| missing("disk", &self.id))?;
            if let Some(attached) = &disk.attached {
                let problem = format!("disk `{}` is attached to `{}`", self.id, attached.instance);
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, problem));
            }
            if disk.zone != zone && !disk.zone.is_empty() {
                let problem = format!(
                    "disk `{}` is in zone `{}`, not `{zone}`",
                    self.id, disk.zone
                );
                return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
            }
            disk.was_attached = true;
            disk.attached = Some(Attached {
                instance: instance.to_owned(),
                device,
                since: now,
                takes_millis: 0,
            });
            Ok(())
        })?
    }

    /// Detaches it from its instance, if it is attached.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub fn detach(&self) -> io::Result<()> {
        self.store.with(|state, now| {
            let disk = state.records.disks.get_mut(&self.id);
            let disk = disk.ok_or_else(|| missing("disk", &self.id))?;
            if disk.attached.take().is_some() {
                disk.detached_at = Some(now);
                disk.detaching_millis = 0;
            }
            Ok(())
        })?
    }

    /// Deletes it whatever it is attached to, with its automatic snapshots and those that are not done yet. The
    /// others stay.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub fn delete(&self) -> io::Result<()> {
        self.store.with(|state, now| {
            if !state.records.disks.contains(&self.id) {
                return Err(missing("disk", &self.id));
            }
            state.release_disk(&self.id, now);
            Ok(())
        })?
    }

    /// Makes snapshots that are begun from now on fail half-way, or succeed again.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub fn fail_snapshots(&self, fail: bool) -> io::Result<()> {
        self.change(|disk| disk.snapshots_fail = fail)
    }

    /// Makes it unpaid, so that no snapshots of it are made, or paid again.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub fn set_in_arrears(&self, in_arrears: bool) -> io::Result<()> {
        self.change(|disk| disk.in_arrears = in_arrears)
    }

    fn change(&self, change: impl FnOnce(&mut super::records::disk::Disk)) -> io::Result<()> {
        self.store.with(|state, _| {
            let disk = state.records.disks.get_mut(&self.id);
            change(disk.ok_or_else(|| missing("disk", &self.id))?);
            Ok(())
        })?
    }
}

/// A snapshot of a running cloud.
#[derive(Clone, Debug)]
pub struct LocalSnapshot {
    store: Store,
    id: String,
}

impl LocalSnapshot {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Reads so many bytes from an offset on.
    ///
    /// # Errors
    ///
    /// When it is not there or ends before, and what the system fails with.
    pub fn read(&self, offset: u64, size: usize) -> io::Result<Vec<u8>> {
        self.store.with(|state, _| {
            let snapshot = state.records.snapshots.get(&self.id);
            let snapshot = snapshot.ok_or_else(|| missing("snapshot", &self.id))?;
            let whole = snapshot.source_size_gib * 1024 * 1024 * 1024;
            check_within(whole, offset, size)?;
            let mut bytes = vec![0; size];
            state.images.read(&snapshot.image, offset, &mut bytes)?;
            Ok(bytes)
        })?
    }
}

fn size(state: &State, disk: &str) -> io::Result<u64> {
    let disk = state
        .records
        .disks
        .get(disk)
        .ok_or_else(|| missing("disk", disk))?;
    Ok(disk.size())
}

fn check_range(state: &State, disk: &str, offset: u64, len: usize) -> io::Result<()> {
    check_within(size(state, disk)?, offset, len)
}

fn check_within(size: u64, offset: u64, len: usize) -> io::Result<()> {
    let end = offset.checked_add(len as u64);
    if end.is_some_and(|end| end <= size) {
        return Ok(());
    }
    let problem =
        format!("{len} bytes at {offset} go beyond the end of the disk, which is at {size}");
    Err(io::Error::new(io::ErrorKind::InvalidInput, problem))
}

fn missing(kind: &str, id: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        format!("there is no {kind} `{id}`"),
    )
}
