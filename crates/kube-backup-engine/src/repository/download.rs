//! The archives of a backup as they are stored, to be kept elsewhere.

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};

use super::OpenBackup;
use super::part::Part;
use crate::Result;

/// A file that holds objects of a backup, as it is stored.
#[non_exhaustive]
pub struct StoredArchive {
    /// Its name in the backup's folder, such as `nightly.tar.gz`.
    pub name: String,
    /// How many bytes it has.
    pub size: Option<u64>,
    /// Its bytes. The last of them come once all are known to be those that the record names; else the stream ends with
    /// an error.
    pub bytes: BoxStream<'static, Result<Bytes>>,
}

impl std::fmt::Debug for StoredArchive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredArchive")
            .field("name", &self.name)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl OpenBackup {
    /// The archive as it is stored, encrypted where it is; and where Secrets alone are encrypted and not
    /// [locked](Self::secrets_locked), that of Secrets after it.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn archives(&self) -> Result<Vec<StoredArchive>> {
        let mut archives = Vec::new();
        let keys = [self.keys.archive(), self.keys.secrets()];
        for (part, key) in self.parts().zip(keys) {
            if part.file.why_locked().is_none() {
                archives.push(stored(part, self.keys.name_of(&key)).await?);
            }
        }
        Ok(archives)
    }
}

async fn stored(part: &Part, name: String) -> Result<StoredArchive> {
    let size = part.expected.facts.as_ref().map(|facts| facts.size);
    let bytes = part.stored_bytes().await?;
    // One chunk is held back, so that nobody takes what is cut off for whole.
    let chunks = stream::try_unfold(
        (bytes, None::<Bytes>, false),
        |(mut bytes, mut held, ended)| async move {
            if ended {
                return Ok(None);
            }
            loop {
                let Some(chunk) = bytes.next().await? else {
                    bytes.check()?;
                    return Ok(held.map(|last| (last, (bytes, None, true))));
                };
                if let Some(previous) = held.replace(chunk) {
                    return Ok(Some((previous, (bytes, held, false))));
                }
            }
        },
    );
    Ok(StoredArchive {
        name,
        size,
        bytes: chunks.into_stream().boxed(),
    })
}
