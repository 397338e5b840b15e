//! Files of our own, in folders that may be shared: nobody else reads them, and no link is followed.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use super::beside::beside;
#[cfg(unix)]
use super::disk::folder_of;
use super::disk::sync_folder;
use super::kind::expect_plain;

/// Makes a file for its owner alone, where nothing has the name: no file, and no link either.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    with_mode(&mut options, 0o600).open(path)
}

/// Opens a file that we made earlier, and nothing that was put in its place.
pub(super) fn reopen(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    let file = without_links(options.read(true).write(true)).open(path)?;
    expect_plain(&file.metadata()?)?;
    Ok(file)
}

/// The bytes of such a file, where there are no more than `most`.
pub(crate) fn read_private(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut options = File::options();
    let file = without_links(options.read(true)).open(path)?;
    expect_plain(&file.metadata()?)?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("it is longer than {most} bytes")));
    }
    Ok(bytes)
}

/// Replaces such a file. A crash leaves the old one or the new one, never a part of it.
pub(crate) fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = beside(path);
    let written = (|| {
        let mut file = create(&partial)?;
        file.write_all(bytes)?;
        // Before the renaming: a name must never point to bytes that a crash can take.
        file.sync_all()?;
        std::fs::rename(&partial, path)?;
        sync_folder(path)
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&partial);
    }
    written
}

/// Makes a folder, and those above it, for its owner alone. One that is there stays as it is.
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.recursive(true).create(path)
}

/// The mode that the process gives to new files, by its umask, and the folder by its defaults.
#[cfg(unix)]
pub(super) fn mode_of_new_files(beside_it: &Path) -> io::Result<u32> {
    use std::os::unix::fs::PermissionsExt as _;

    let probe = beside(&folder_of(beside_it).join("mode"));
    let mut options = File::options();
    options.write(true).create_new(true);
    let file = with_mode(&mut options, 0o666).open(&probe)?;
    let mode = file.metadata().map(|found| found.permissions().mode());
    std::fs::remove_file(&probe)?;
    Ok(mode? & 0o777)
}

fn with_mode(options: &mut OpenOptions, mode: u32) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(mode);
    }
    #[cfg(not(unix))]
    let _ = mode;
    options
}

/// Opens no link, and waits for nobody at the other end of a pipe.
fn without_links(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    options
}

/// Waits for nobody at the other end of a pipe.
pub(super) fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(libc::O_NONBLOCK);
    }
    options
}
