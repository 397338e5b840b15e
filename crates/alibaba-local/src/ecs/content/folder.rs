//! Images as sparse files in a folder.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

/// Images in a folder, `NAME.img` each.
#[derive(Debug)]
pub(in crate::ecs) struct Folder(PathBuf);

impl Folder {
    pub(super) fn open(root: PathBuf) -> io::Result<Self> {
        std::fs::create_dir_all(&root)?;
        Ok(Self(root))
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.img"))
    }

    pub(super) fn create(&self, name: &str, size: u64) -> io::Result<()> {
        File::create(self.path(name))?.set_len(size)
    }

    /// Shares the bytes with the original until either changes, where the file system can; else
    /// copies what is not hole.
    pub(super) fn copy(&self, from: &str, to: &str, size: u64) -> io::Result<()> {
        let mut original = File::open(self.path(from))?;
        let mut copy = File::create(self.path(to))?;
        if !shares_bytes(&original, &copy) {
            copy_data(&mut original, &mut copy)?;
        }
        copy.set_len(size)
    }

    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        match std::fs::remove_file(self.path(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    pub(super) fn retain(&self, names: &BTreeSet<&str>) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.0)? {
            let path = entry?.path();
            let is_image = path.extension().is_some_and(|it| it == "img");
            let name = path.file_stem().and_then(|name| name.to_str());
            if is_image && name.is_none_or(|name| !names.contains(name)) {
                std::fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    pub(super) fn read(&self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut file = File::open(self.path(name))?;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(buffer)
    }

    pub(super) fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).open(self.path(name))?;
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)
    }

    pub(super) fn held(&self, name: &str) -> io::Result<u64> {
        let metadata = std::fs::metadata(self.path(name))?;
        #[cfg(unix)]
        return Ok(std::os::unix::fs::MetadataExt::blocks(&metadata) * 512);
        #[cfg(not(unix))]
        Ok(metadata.len())
    }
}

#[cfg(target_os = "linux")]
fn shares_bytes(original: &File, copy: &File) -> bool {
    rustix::fs::ioctl_ficlone(copy, original).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn shares_bytes(_: &File, _: &File) -> bool {
    false
}

/// Copies what the file system says is data.
#[cfg(target_os = "linux")]
fn copy_data(original: &mut File, copy: &mut File) -> io::Result<()> {
    use rustix::io::Errno;

    let mut end = 0;
    loop {
        let start = match rustix::fs::seek(&*original, rustix::fs::SeekFrom::Data(end)) {
            Ok(start) => start,
            // No data after this.
            Err(Errno::NXIO) => return Ok(()),
            // A file system that knows no holes.
            Err(Errno::INVAL) => return copy_blocks(original, copy),
            Err(error) => return Err(error.into()),
        };
        end = rustix::fs::seek(&*original, rustix::fs::SeekFrom::Hole(start))?;
        original.seek(SeekFrom::Start(start))?;
        copy.seek(SeekFrom::Start(start))?;
        // Inside the kernel, by copy_file_range.
        let copied = io::copy(&mut Read::by_ref(original).take(end - start), copy)?;
        if copied != end - start {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn copy_data(original: &mut File, copy: &mut File) -> io::Result<()> {
    copy_blocks(original, copy)
}

/// Copies blocks that are not all zero.
pub(super) fn copy_blocks(original: &mut File, copy: &mut File) -> io::Result<()> {
    let mut block = vec![0; 64 * 1024];
    let mut at = 0;
    original.rewind()?;
    loop {
        let read = original.read(&mut block)?;
        if read == 0 {
            return Ok(());
        }
        if block[..read].iter().any(|byte| *byte != 0) {
            copy.seek(SeekFrom::Start(at))?;
            copy.write_all(&block[..read])?;
        }
        at += read as u64;
    }
}
