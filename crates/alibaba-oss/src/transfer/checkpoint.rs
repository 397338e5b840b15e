//! What a transfer needs to know to go on after a crash, on the disk.

use std::io;
use std::path::{Path, PathBuf};

use crc_fast::{CrcAlgorithm, Digest};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::local_file::{
    blocking, create_private_folder, folder_of, read_private, replace_private,
};

/// The version of the files. Others are not understood, and the transfer begins anew.
const VERSION: u32 = 1;

/// No state is longer: ten thousand ranges take a third of it.
const LONGEST: u64 = 1024 * 1024;

#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    version: u32,
    state: T,
}

/// The file of one transfer.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoint(PathBuf);

impl Checkpoint {
    /// In `folder`, named by what is transferred. Should two transfers get one name, their states
    /// tell them apart.
    pub(crate) fn new(folder: &Path, kind: &str, what: &[&str]) -> Self {
        let mut digest = Digest::new(CrcAlgorithm::Crc64Xz);
        for part in what {
            digest.update(&(part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
        Self(folder.join(format!("{:016x}.{kind}.json", digest.finalize())))
    }

    /// The state, where there is one that can be understood.
    pub(crate) async fn load<T: DeserializeOwned>(&self) -> Option<T> {
        let path = self.0.clone();
        let step = || "read a checkpoint".to_owned();
        let read = blocking(move || read_private(&path, LONGEST), step).await;
        let bytes = read
            .inspect_err(|error| {
                let cause = std::error::Error::source(error).map(ToString::to_string);
                tracing::debug!(path = %self.0.display(), cause, "no checkpoint");
            })
            .ok()?;
        let envelope: Envelope<T> = serde_json::from_slice(&bytes)
            .inspect_err(|error| {
                tracing::warn!(path = %self.0.display(), %error, "ignore a checkpoint that cannot be read");
            })
            .ok()?;
        (envelope.version == VERSION).then_some(envelope.state)
    }

    /// Replaces the state. A crash leaves the old one or the new one, never a part of it.
    pub(crate) async fn save<T: Serialize>(&self, state: &T) -> Result<()> {
        let step = format!("write checkpoint `{}`", self.0.display());
        let envelope = Envelope {
            version: VERSION,
            state,
        };
        let bytes = serde_json::to_vec(&envelope)
            .map_err(|error| Error::new(ErrorKind::Internal, step.as_str()).with_source(error))?;
        let path = self.0.clone();
        let save = move || {
            if let Some(folder) = path.parent() {
                create_private_folder(folder)?;
            }
            replace_private(&path, &bytes)
        };
        blocking(save, || step).await
    }

    /// Removes the state of a transfer that is done, or cannot be resumed, and what a crash left of
    /// a writing of it.
    pub(crate) async fn remove(&self) {
        let path = self.0.clone();
        let remove = move || {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                removed => removed?,
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let unfinished = format!(".{name}.");
            for entry in std::fs::read_dir(folder_of(&path))? {
                let entry = entry?;
                if entry.file_name().to_string_lossy().starts_with(&unfinished) {
                    std::fs::remove_file(entry.path())?;
                }
            }
            Ok(())
        };
        let step = || format!("remove checkpoint `{}`", self.0.display());
        if let Err(error) = blocking(remove, step).await {
            tracing::warn!(%error, "remove a finished checkpoint");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_saved_is_loaded_and_what_is_broken_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("new").join("folder");
        let checkpoint = Checkpoint::new(&at, "upload", &["a", "b"]);
        assert_eq!(checkpoint.load::<Vec<u32>>().await, None);
        checkpoint.save(&vec![1, 2]).await.unwrap();
        checkpoint.save(&vec![3]).await.unwrap();
        assert_eq!(checkpoint.load().await, Some(vec![3]));
        assert_eq!(std::fs::read_dir(&at).unwrap().count(), 1);
        assert_eq!(checkpoint.load::<String>().await, None);
        let long = format!(
            r#"{{"version":1,"state":[{}]}}"#,
            "3,".repeat(600_000) + "3"
        );
        for text in ["", "{", r#"{"version":2,"state":[3]}"#, &long] {
            std::fs::write(&checkpoint.0, text).unwrap();
            assert_eq!(checkpoint.load::<Vec<u32>>().await, None, "{text}");
        }
        let name = checkpoint.0.file_name().unwrap().to_str().unwrap();
        std::fs::write(at.join(format!(".{name}.0123abcd.part")), "{").unwrap();
        checkpoint.remove().await;
        assert_eq!(std::fs::read_dir(&at).unwrap().count(), 0);
        let other = Checkpoint::new(&at, "upload", &["ab", ""]);
        assert_ne!(checkpoint.0, other.0);
    }
}
