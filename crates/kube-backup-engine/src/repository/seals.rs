//! The seals of a repository: that of one backup, and all of them.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};

use super::small::read_up_to;
use super::{Repository, StoredRecord};
use crate::format::keys::Keys;
use crate::seal::{Distrust, Seal, Trust, check, check_encryption, check_files, read};
use crate::{Error, ErrorKind, Result};

/// Largest seal read; they take a kilobyte or two.
const MAX_SEAL: u64 = 1 << 20;
/// How many are fetched at once.
const PARALLEL: usize = 8;

impl Repository {
    /// The seal of a backup whose record was read, if the trust admits the backup; `None` when there is no
    /// trust, or none is required and there is none.
    pub(crate) async fn seal_of(&self, stored: &StoredRecord) -> Result<Option<Seal>> {
        let Some(trust) = self.trust() else {
            return Ok(None);
        };
        let name = stored.record.name();
        let bytes = self.seal_bytes(&self.keys(name)?).await?;
        let seal = check(trust, name, stored.sha256, bytes.as_deref());
        let seal = seal.map_err(|why| untrusted(name, why))?;
        if let Some(seal) = &seal {
            let files = stored.record.files()?;
            let same = check_files(seal, stored.record.uid(), &files);
            same.map_err(|why| untrusted(name, why))?;
        }
        let encryption = stored.record.encryption()?;
        let encryption = encryption.as_ref().map(|facts| &facts.encryption);
        check_encryption(trust, encryption).map_err(|why| untrusted(name, why))?;
        Ok(seal)
    }

    /// What lies there as a seal. Of one that is too large the beginning, which is none that can be read.
    async fn seal_bytes(&self, keys: &Keys) -> Result<Option<Bytes>> {
        let path = keys.seal();
        let bytes = read_up_to(self.store.as_ref(), &path, MAX_SEAL).await;
        bytes.map_err(|error| Error::store(format!("read `{path}`"), error))
    }

    /// The seals of all backups that the trust verifies, whatever else may be wrong with them. What it does
    /// not verify anybody may have put there.
    pub(crate) async fn seals(&self, trust: &Trust) -> Result<Vec<Seal>> {
        let folder = self.prefix.clone().join("backups");
        let failed = |error| Error::store("list the seals of the repository", error);
        let mut found = self.store.list(Some(&folder));
        let (mut names, mut there) = (BTreeSet::new(), BTreeSet::new());
        while let Some(object) = found.try_next().await.map_err(failed)? {
            let below = object.location.prefix_match(&folder);
            if let Some(name) = below.and_then(|mut parts| parts.next()) {
                names.insert(name.as_ref().to_owned());
            }
            there.insert(object.location);
        }
        // One without a record is of a backup that is being written, or never came to be.
        let is_sealed =
            |keys: &Keys| there.contains(&keys.record()) && there.contains(&keys.seal());
        let sealed: Vec<(String, Keys)> = names
            .into_iter()
            .filter_map(|name| self.keys(&name).ok().map(|keys| (name, keys)))
            .filter(|(_, keys)| is_sealed(keys))
            .collect();
        let seals = futures::stream::iter(sealed)
            .map(|(name, keys)| async move {
                let bytes = self.seal_bytes(&keys).await?;
                let seal = bytes.and_then(|bytes| read(trust, &bytes).ok());
                Ok::<_, Error>(seal.filter(|seal| seal.backup == name))
            })
            .buffered(PARALLEL);
        let seals: Vec<Option<Seal>> = seals.try_collect().await?;
        Ok(seals.into_iter().flatten().collect())
    }
}

fn untrusted(name: &str, why: Distrust) -> Error {
    let message = format!("open backup `{name}`: it is not admitted");
    Error::new(ErrorKind::Untrusted, message).with_source(why)
}
