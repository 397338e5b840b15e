//! From a source into a vault.

use std::io;
use std::path::Path;

use super::buckets::Bucket;
use super::folders;
use super::reader::Reader;
use super::report::Report;
use super::rules::Rules;
use crate::hbr::contents::manifest::Manifest;
use crate::hbr::contents::repository::Repository;
use crate::objects::Objects;

/// Where to copy from.
pub(crate) enum From<'s> {
    /// A folder below a root.
    Folder { root: &'s Path, below: &'s str },
    Bucket {
        objects: &'s dyn Objects,
        name: &'s str,
        prefix: &'s str,
    },
}

/// Copies a source into a vault.
///
/// # Errors
///
/// Where there is no such source. What cannot be copied of one is in the report.
pub(crate) fn copy(
    from: &From<'_>,
    rules: &Rules,
    repository: &Repository,
    vault: &str,
) -> io::Result<(Manifest, Report)> {
    match from {
        From::Folder { root, below } => {
            let folder = folders::find(root, below.as_bytes())?;
            Ok(Reader::new(repository, vault, rules).read(folder))
        }
        From::Bucket {
            objects,
            name,
            prefix,
        } => Bucket {
            objects: *objects,
            name,
            prefix,
        }
        .read(repository, vault, rules),
    }
}

/// Whether there is something at a path below a root.
pub(crate) fn exists(root: &Path, path: &str) -> bool {
    let find = || -> io::Result<bool> {
        let mut parts = folders::parts(path.as_bytes())?;
        let Some(last) = parts.pop() else {
            return Ok(true);
        };
        let mut folder = folders::root(root)?;
        for part in parts {
            folder = folders::enter(folder, part)?;
        }
        Ok(folders::look(folder, last)?.is_some())
    };
    find().unwrap_or(false)
}
