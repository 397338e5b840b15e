//! Where backups are: a bucket of OSS, or a folder of this machine.
//!
//! ```
//! use ack_backup_center::location::Location;
//!
//! let bucket: Location = "oss://my-backups/clusters/berlin".parse()?;
//! assert_eq!(bucket.prefix(), "clusters/berlin");
//! let folder: Location = "file:///srv/backups".parse()?;
//! assert_eq!(folder.to_string(), "file:///srv/backups");
//! # Ok::<(), ack_backup_center::location::InvalidLocation>(())
//! ```

mod probe;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use alibaba_oss::{Client, OssStore, is_bucket_name};
use kube_backup_engine::Repository;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;

pub use probe::{ProbeError, Probed, probe};

/// Where backups are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Location {
    /// A bucket of OSS.
    Bucket {
        /// Its name.
        bucket: String,
        /// Where in it, without slashes around it; nothing for its root.
        prefix: String,
    },
    /// A folder, such as one on a mounted disk.
    Folder(PathBuf),
}

/// A text that says no location.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "read `{text}` as where backups are: {why}; write `oss://BUCKET/PREFIX` or `file:///FOLDER`"
)]
pub struct InvalidLocation {
    text: String,
    why: &'static str,
}

/// A folder that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("open the folder `{folder}`: create it first, or name another")]
pub struct FolderError {
    folder: String,
    #[source]
    source: object_store::Error,
}

impl FromStr for Location {
    type Err = InvalidLocation;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |why| {
            let text = text.to_owned();
            Err(InvalidLocation { text, why })
        };
        if text.contains(['?', '#']) {
            return refuse("it has a `?` or `#`");
        }
        if let Some(path) = text.strip_prefix("file://") {
            if !path.starts_with('/') {
                return refuse("the folder is not named from the root on");
            }
            return Ok(Self::Folder(PathBuf::from(path)));
        }
        let Some(rest) = text.strip_prefix("oss://") else {
            return refuse("it begins with neither `oss://` nor `file://`");
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if !is_bucket_name(bucket) {
            return refuse(
                "the name of a bucket is 3 to 63 lower-case letters, digits and inner hyphens",
            );
        }
        Ok(Self::Bucket {
            bucket: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
        })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bucket { bucket, prefix } if prefix.is_empty() => write!(f, "oss://{bucket}"),
            Self::Bucket { bucket, prefix } => write!(f, "oss://{bucket}/{prefix}"),
            Self::Folder(path) => write!(f, "file://{}", path.display()),
        }
    }
}

impl Location {
    /// Where in the bucket; nothing for a folder, which is the root itself.
    #[must_use]
    pub fn prefix(&self) -> &str {
        match self {
            Self::Bucket { prefix, .. } => prefix,
            Self::Folder(_) => "",
        }
    }

    /// The store, by a client of OSS where it is a bucket.
    ///
    /// # Errors
    ///
    /// [`FolderError`] when it is a folder that is not there, and what making the client fails with.
    pub fn store<E: From<FolderError>>(
        &self,
        client: impl FnOnce() -> Result<Client, E>,
    ) -> Result<Arc<dyn ObjectStore>, E> {
        match self {
            Self::Bucket { bucket, .. } => Ok(Arc::new(OssStore::new(client()?, bucket.as_str()))),
            Self::Folder(folder) => {
                let opened = LocalFileSystem::new_with_prefix(folder);
                let store = opened.map_err(|source| FolderError {
                    folder: folder.display().to_string(),
                    source,
                })?;
                Ok(Arc::new(store.with_automatic_cleanup(true)))
            }
        }
    }

    /// The backups in it.
    ///
    /// # Errors
    ///
    /// As [`store`](Self::store).
    pub fn repository<E: From<FolderError>>(
        &self,
        client: impl FnOnce() -> Result<Client, E>,
    ) -> Result<Repository, E> {
        Ok(Repository::new(self.store(client)?, self.prefix()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_survive_being_written_and_what_is_none_is_refused() {
        for text in [
            "oss://my-backups",
            "oss://my-backups/team/a",
            "file:///srv/my backups",
        ] {
            let location: Location = text.parse().unwrap();
            assert_eq!(location.to_string(), text);
        }
        let slashes: Location = "oss://my-backups//team/".parse().unwrap();
        assert_eq!(slashes.prefix(), "team");
        for text in [
            "",
            "my-backups",
            "s3://my-backups",
            "oss://",
            "oss://a",
            "oss://My-Backups",
            "oss://-ab",
            "oss://my-backups/a?b",
            "file://srv/backups",
            "/srv/backups",
        ] {
            let error = text.parse::<Location>().unwrap_err();
            assert!(error.to_string().contains("oss://BUCKET/PREFIX"), "{error}");
        }
    }
}
