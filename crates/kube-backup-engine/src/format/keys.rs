//! The keys of one backup, in Velero's layout.

use object_store::path::Path;

use crate::{Error, Result};

/// The file that makes a folder a backup.
pub(crate) const RECORD: &str = "velero-backup.json";

/// Ends the key of a lease, after the name of the backup.
pub(crate) const LEASE_SUFFIX: &str = "-lease.json";

/// Ends the name of an encrypted file, as age's tools expect it.
const ENCRYPTED: &str = ".age";

/// The keys below `<prefix>/backups/<name>/`.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    name: String,
    folder: Path,
    is_encrypted: bool,
}

impl Keys {
    pub(crate) fn new(prefix: &Path, name: &str) -> Result<Self> {
        check_name(name)?;
        Ok(Self {
            name: name.to_owned(),
            folder: prefix.clone().join("backups").join(name),
            is_encrypted: false,
        })
    }

    /// The keys of a backup all of whose content is encrypted, or is not.
    #[must_use]
    pub(crate) fn encrypted(mut self, is_encrypted: bool) -> Self {
        self.is_encrypted = is_encrypted;
        self
    }

    /// Whether all content is encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// The folder that holds everything of this backup.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The record: its presence makes the backup exist.
    pub(crate) fn record(&self) -> Path {
        self.folder.clone().join(RECORD)
    }

    pub(crate) fn archive(&self) -> Path {
        self.content(".tar.gz")
    }

    pub(crate) fn index(&self) -> Path {
        self.content("-index.json.gz")
    }

    /// The archive of Secrets, where these alone are encrypted.
    pub(crate) fn secrets(&self) -> Path {
        self.side(&format!("-secrets.tar.gz{ENCRYPTED}"))
    }

    /// The index of [`secrets`](Self::secrets).
    pub(crate) fn secrets_index(&self) -> Path {
        self.side(&format!("-secrets-index.json.gz{ENCRYPTED}"))
    }

    /// Who is writing; deleted once the record exists.
    pub(crate) fn lease(&self) -> Path {
        self.side(LEASE_SUFFIX)
    }

    /// Shows that the writer `uid` is alive; deleted with its lease.
    pub(crate) fn heartbeat(&self, uid: &str) -> Path {
        self.side(&format!("-lease-{uid}.json"))
    }

    /// Which Pods its hooks have frozen; deleted once they are thawed.
    pub(crate) fn frozen(&self) -> Path {
        self.side("-frozen.json")
    }

    /// Says that the writer `uid` may have begun snapshots; deleted once the record names them.
    pub(crate) fn begun(&self, uid: &str) -> Path {
        self.side(&format!("-begun-{uid}.json"))
    }

    /// Whether a key is that of such a note, whoever wrote it.
    pub(crate) fn is_begun(&self, key: &Path) -> bool {
        let name = self.name_of(key);
        let rest = name.strip_prefix(&self.name);
        rest.is_some_and(|rest| rest.starts_with("-begun-") && rest.ends_with(".json"))
    }

    pub(crate) fn resource_list(&self) -> Path {
        self.content("-resource-list.json.gz")
    }

    /// Who wrote it, signed.
    pub(crate) fn seal(&self) -> Path {
        self.side("-seal.json")
    }

    pub(crate) fn results(&self) -> Path {
        self.content("-results.gz")
    }

    /// What the backup told of itself while it was made.
    pub(crate) fn log(&self) -> Path {
        self.content("-logs.gz")
    }

    /// What became of the data of each volume.
    pub(crate) fn volumes(&self) -> Path {
        self.side("-volumes.json.gz")
    }

    /// The same in Velero's words.
    pub(crate) fn volume_info(&self) -> Path {
        self.content("-volumeinfo.json.gz")
    }

    /// Snapshots by a storage's own API, in Velero's words.
    pub(crate) fn native_snapshots(&self) -> Path {
        self.content("-volumesnapshots.json.gz")
    }

    /// Copies of files, in Velero's words.
    pub(crate) fn pod_volume_backups(&self) -> Path {
        self.content("-podvolumebackups.json.gz")
    }

    pub(crate) fn csi_snapshots(&self) -> Path {
        self.content("-csi-volumesnapshots.json.gz")
    }

    pub(crate) fn csi_snapshot_contents(&self) -> Path {
        self.content("-csi-volumesnapshotcontents.json.gz")
    }

    pub(crate) fn csi_snapshot_classes(&self) -> Path {
        self.content("-csi-volumesnapshotclasses.json.gz")
    }

    /// Whether a key is that of a file that is encrypted.
    pub(crate) fn is_encrypted_file(&self, key: &Path) -> bool {
        self.name_of(key).ends_with(ENCRYPTED)
    }

    /// The name of a key in the folder.
    pub(crate) fn name_of(&self, key: &Path) -> String {
        key.filename().unwrap_or_default().to_owned()
    }

    /// The key of a name in the folder.
    pub(crate) fn named(&self, name: &str) -> Path {
        self.folder.clone().join(name)
    }

    /// A file that shows what is in the backup.
    fn content(&self, suffix: &str) -> Path {
        match self.is_encrypted {
            true => self.side(&format!("{suffix}{ENCRYPTED}")),
            false => self.side(suffix),
        }
    }

    fn side(&self, suffix: &str) -> Path {
        self.folder.clone().join(format!("{}{suffix}", self.name))
    }
}

/// Backup names are names of Kubernetes objects, so that a controller can represent them.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let fine = !name.is_empty()
        && name.len() <= 253
        && name.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        });
    if fine {
        Ok(())
    } else {
        Err(Error::invalid(format!(
            "use `{name}` as the name of a backup: it takes lower-case letters, digits, `-` and `.`, \
             at most 253, and begins and ends with a letter or digit"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_reference_layout() {
        let keys = Keys::new(&Path::from("team/a"), "nightly-1").unwrap();
        let all = [
            (keys.record(), "velero-backup.json"),
            (keys.archive(), "nightly-1.tar.gz"),
            (keys.index(), "nightly-1-index.json.gz"),
            (keys.resource_list(), "nightly-1-resource-list.json.gz"),
            (keys.results(), "nightly-1-results.gz"),
            (keys.log(), "nightly-1-logs.gz"),
            (keys.seal(), "nightly-1-seal.json"),
            (keys.volumes(), "nightly-1-volumes.json.gz"),
            (keys.volume_info(), "nightly-1-volumeinfo.json.gz"),
            (keys.native_snapshots(), "nightly-1-volumesnapshots.json.gz"),
            (
                keys.pod_volume_backups(),
                "nightly-1-podvolumebackups.json.gz",
            ),
            (keys.begun("u"), "nightly-1-begun-u.json"),
            (keys.frozen(), "nightly-1-frozen.json"),
        ];
        for (key, file) in all {
            assert_eq!(key.as_ref(), format!("team/a/backups/nightly-1/{file}"));
        }
        assert!(keys.is_begun(&keys.begun("u")) && !keys.is_begun(&keys.volumes()));
        let keys = Keys::new(&Path::from(""), "a").unwrap();
        assert_eq!(keys.record().as_ref(), "backups/a/velero-backup.json");
        let secrets = [keys.secrets(), keys.secrets_index()].map(|key| keys.name_of(&key));
        assert_eq!(
            secrets,
            ["a-secrets.tar.gz.age", "a-secrets-index.json.gz.age"]
        );
        let keys = keys.encrypted(true);
        let all = [
            (keys.record(), "velero-backup.json"),
            (keys.seal(), "a-seal.json"),
            (keys.archive(), "a.tar.gz.age"),
            (keys.index(), "a-index.json.gz.age"),
            (keys.resource_list(), "a-resource-list.json.gz.age"),
            (keys.results(), "a-results.gz.age"),
            (keys.log(), "a-logs.gz.age"),
        ];
        for (key, file) in all {
            assert_eq!(key.as_ref(), format!("backups/a/{file}"));
        }
    }

    #[test]
    fn names_that_are_no_object_names_are_refused() {
        for name in ["", "A", "a/b", "../a", "-a", "a-", "a..b", "a_b", "a b"] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        for name in ["a", "nightly-20261123.1", "0"] {
            check_name(name).unwrap();
        }
    }
}
