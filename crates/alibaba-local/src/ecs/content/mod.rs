//! The bytes of disks and snapshots: images of a fixed size, most of which is a hole.
//!
//! A snapshot's image never changes, so several snapshots may share one.

mod folder;
mod memory;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use folder::Folder;
use memory::Memory;

/// Where images are kept, each under a name.
#[derive(Debug)]
pub(super) enum Images {
    Memory(Memory),
    Folder(Folder),
}

impl Images {
    /// Images in a folder, or in memory without one.
    pub(super) fn open(folder: Option<PathBuf>) -> io::Result<Self> {
        Ok(match folder {
            None => Self::Memory(Memory::default()),
            Some(folder) => Self::Folder(Folder::open(folder)?),
        })
    }

    /// A new image that is one hole.
    pub(super) fn create(&mut self, name: &str, size: u64) -> io::Result<()> {
        match self {
            Self::Memory(memory) => memory.create(name),
            Self::Folder(folder) => folder.create(name, size)?,
        }
        Ok(())
    }

    /// A new image that holds what another holds now, and may be larger.
    pub(super) fn copy(&mut self, from: &str, to: &str, size: u64) -> io::Result<()> {
        match self {
            Self::Memory(memory) => memory.copy(from, to),
            Self::Folder(folder) => folder.copy(from, to, size),
        }
    }

    /// Removes an image, if it is there.
    pub(super) fn remove(&mut self, name: &str) -> io::Result<()> {
        match self {
            Self::Memory(memory) => memory.remove(name),
            Self::Folder(folder) => folder.remove(name)?,
        }
        Ok(())
    }

    /// Removes what is not named: the images of changes that a killed process did not finish.
    pub(super) fn retain(&mut self, names: &BTreeSet<&str>) -> io::Result<()> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::Folder(folder) => folder.retain(names),
        }
    }

    /// Fills a buffer with the bytes from an offset on.
    pub(super) fn read(&self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        match self {
            Self::Memory(memory) => memory.read(name, offset, buffer),
            Self::Folder(folder) => folder.read(name, offset, buffer),
        }
    }

    pub(super) fn write(&mut self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Memory(memory) => memory.write(name, offset, bytes),
            Self::Folder(folder) => folder.write(name, offset, bytes),
        }
    }

    /// How many bytes are not hole.
    pub(super) fn held(&self, name: &str) -> io::Result<u64> {
        match self {
            Self::Memory(memory) => memory.held(name),
            Self::Folder(folder) => folder.held(name),
        }
    }

    /// The file, where there is one.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        match self {
            Self::Memory(_) => None,
            Self::Folder(folder) => Some(folder.path(name)),
        }
    }
}
