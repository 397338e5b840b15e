//! Where a download goes: a new file, or one that is replaced.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use super::disk::blocking;
use super::kind::expect_plain;
use crate::error::Result;

/// The place of a file, with what is to stay of the file that it replaces.
///
/// A link is followed once, at the beginning: what it leads to is replaced, and the link stays. Devices,
/// pipes, sockets and folders are never replaced.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    path: PathBuf,
    replaced: Option<Attributes>,
}

/// What stays of a file that is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Attributes {
    #[cfg(unix)]
    mode: u32,
    #[cfg(unix)]
    owner: (u32, u32),
}

impl Attributes {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            Self {
                mode: metadata.mode() & 0o7777,
                owner: (metadata.uid(), metadata.gid()),
            }
        }
        #[cfg(not(unix))]
        {
            let _ = metadata;
            Self {}
        }
    }
}

impl Destination {
    /// Looks at a path, before anything is fetched for it.
    pub(crate) async fn find(path: &Path) -> Result<Self> {
        let path = path.to_owned();
        let step = format!("write file `{}`", path.display());
        blocking(move || Self::look(&path), || step).await
    }

    /// The path, no link any more.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn look(path: &Path) -> io::Result<Self> {
        let found = match std::fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if path.file_name().is_none() {
                    return Err(io::Error::other("the path names no file"));
                }
                return Ok(Self {
                    path: path.to_owned(),
                    replaced: None,
                });
            }
            found => found?,
        };
        let is_link = found.is_symlink();
        let found = match is_link {
            true => std::fs::metadata(path).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => io::Error::other("it is a link to what is not there"),
                _ => error,
            })?,
            false => found,
        };
        expect_plain(&found)?;
        Ok(Self {
            path: match is_link {
                true => std::fs::canonicalize(path)?,
                false => path.to_owned(),
            },
            replaced: Some(Attributes::of(&found)),
        })
    }

    /// Puts a finished file there. It gets the mode and the owner of the file that it replaces, as far as
    /// this process may give them, and otherwise the mode that new files get.
    pub(super) fn take(&self, from: &Path) -> io::Result<()> {
        let now = Self::look(&self.path)?;
        if now.path != self.path {
            return Err(io::Error::other("it became a link meanwhile"));
        }
        #[cfg(unix)]
        give(from, now.replaced)?;
        std::fs::rename(from, &self.path)
    }
}

#[cfg(unix)]
fn give(from: &Path, replaced: Option<Attributes>) -> io::Result<()> {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, lchown};

    let set = |mode| std::fs::set_permissions(from, Permissions::from_mode(mode));
    let Some(Attributes { mode, owner }) = replaced else {
        return set(super::private::mode_of_new_files(from)?);
    };
    let ours = std::fs::symlink_metadata(from)?;
    if (ours.uid(), ours.gid()) == owner {
        return set(mode);
    }
    // Owner and group apart: a member of the group may give that.
    let given = lchown(from, None, Some(owner.1)).is_ok()
        && (ours.uid() == owner.0 || lchown(from, Some(owner.0), None).is_ok());
    if given {
        return set(mode);
    }
    tracing::warn!(
        path = %from.display(), uid = owner.0, gid = owner.1,
        "the file that is replaced is another's, and the new one stays this process's own"
    );
    // Neither "who is of the group" nor "run as the owner" means the same any more.
    set(mode & 0o707)
}
