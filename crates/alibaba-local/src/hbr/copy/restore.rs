//! From a vault into a target.

use std::io;
use std::path::Path;

use super::buckets::Bucket;
use super::conflict::ConflictPolicy;
use super::folders;
use super::report::Report;
use super::writer::Writer;
use crate::hbr::contents::manifest::Manifest;
use crate::hbr::contents::repository::Repository;
use crate::objects::Objects;

/// Where to copy to.
pub(crate) enum Into<'t> {
    /// A folder below a root, which is made where it is missing if that is asked for.
    Folder {
        root: &'t Path,
        below: &'t str,
        make: bool,
    },
    Bucket {
        objects: &'t dyn Objects,
        name: &'t str,
        prefix: &'t str,
    },
}

/// Copies what a manifest lists into a target.
///
/// # Errors
///
/// Where there is no such target. What cannot be written to one is in the report.
pub(crate) fn copy(
    manifest: &Manifest,
    into: &Into<'_>,
    policy: ConflictPolicy,
    repository: &Repository,
    vault: &str,
) -> io::Result<Report> {
    match into {
        Into::Folder { root, below, make } => {
            let folder = match make {
                true => folders::make(root, below.as_bytes())?,
                false => folders::find(root, below.as_bytes())?,
            };
            Ok(Writer::new(repository, vault, policy).write(folder, manifest))
        }
        Into::Bucket {
            objects,
            name,
            prefix,
        } => {
            if !objects.has_bucket(name) {
                return Err(io::ErrorKind::NotFound.into());
            }
            let bucket = Bucket {
                objects: *objects,
                name,
                prefix,
            };
            Ok(bucket.write(repository, vault, manifest, policy))
        }
    }
}
