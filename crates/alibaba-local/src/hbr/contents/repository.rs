//! The contents of all vaults.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use bytes::Bytes;
use parking_lot::Mutex;

use super::manifest::Manifest;
use super::pieces::PieceId;
use super::place::Place;

/// Files are cut at multiples of this many bytes, so that a file that grows or changes in one place
/// has its other pieces in the vault already.
pub(crate) const PIECE: u64 = 1024 * 1024;

/// Pieces and manifests by vault: `<vault>/pieces/ab/abcd..` and `<vault>/snapshots/<id>.json`.
#[derive(Debug)]
pub(crate) struct Repository(Place);

impl Repository {
    /// In a folder, or in memory.
    pub(crate) fn open(folder: Option<PathBuf>) -> Self {
        Self(match folder {
            Some(folder) => Place::Folder(folder),
            None => Place::Memory(Mutex::default()),
        })
    }

    /// Keeps a piece. Whether the vault did not have it.
    pub(crate) fn put(&self, vault: &str, bytes: &[u8]) -> io::Result<(PieceId, bool)> {
        let id = PieceId::of(bytes);
        let path = piece_path(vault, id);
        if self.0.contains(&path) {
            return Ok((id, false));
        }
        self.0.write(&path, bytes)?;
        Ok((id, true))
    }

    /// A piece, which is what it was when it was kept, or an error.
    pub(crate) fn get(&self, vault: &str, id: PieceId) -> io::Result<Bytes> {
        let bytes = self.0.read(&piece_path(vault, id))?;
        if PieceId::of(&bytes) != id {
            return Err(io::Error::other(format!(
                "piece `{id}` of vault `{vault}` is damaged"
            )));
        }
        Ok(bytes)
    }

    /// Writes down what a snapshot is made of, all of which is here already.
    pub(crate) fn save(&self, vault: &str, snapshot: &str, manifest: &Manifest) -> io::Result<()> {
        let json = serde_json::to_vec(manifest).map_err(io::Error::other)?;
        self.0.write(&manifest_path(vault, snapshot), &json)
    }

    pub(crate) fn manifest(&self, vault: &str, snapshot: &str) -> io::Result<Manifest> {
        let json = self.0.read(&manifest_path(vault, snapshot))?;
        serde_json::from_slice(&json).map_err(io::Error::other)
    }

    /// Removes all but these snapshots, each given by its vault, and the pieces that none of them
    /// needs. A snapshot whose list cannot be read keeps its whole vault.
    pub(crate) fn keep_only(&self, snapshots: &[(String, String)]) -> io::Result<()> {
        let mut needed: BTreeMap<&str, Option<BTreeSet<PieceId>>> = BTreeMap::new();
        for (vault, snapshot) in snapshots {
            let pieces = needed.entry(vault).or_insert_with(|| Some(BTreeSet::new()));
            match self.manifest(vault, snapshot) {
                Ok(manifest) => {
                    if let Some(pieces) = pieces {
                        pieces.extend(manifest.pieces());
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, vault, snapshot, "read the list of a snapshot");
                    *pieces = None;
                }
            }
        }
        let manifests: BTreeSet<String> = snapshots
            .iter()
            .map(|(vault, snapshot)| manifest_path(vault, snapshot))
            .collect();
        self.0.sweep(&|path| {
            let vault = path.split('/').next().unwrap_or_default();
            match needed.get(vault) {
                None => false,
                Some(None) => true,
                Some(Some(pieces)) => {
                    manifests.contains(path)
                        || piece_of(path).is_some_and(|id| pieces.contains(&id))
                }
            }
        })
    }
}

fn piece_path(vault: &str, id: PieceId) -> String {
    let id = id.to_string();
    format!("{vault}/pieces/{}/{id}", &id[..2])
}

fn piece_of(path: &str) -> Option<PieceId> {
    PieceId::parse(path.rsplit('/').next()?)
}

fn manifest_path(vault: &str, snapshot: &str) -> String {
    format!("{vault}/snapshots/{snapshot}.json")
}

#[cfg(test)]
mod tests {
    use super::super::manifest::{Content, Item, Kind, Piece};
    use super::super::name::Name;
    use super::*;

    #[test]
    fn pieces_are_kept_once_and_as_long_as_a_snapshot_needs_them() {
        let folder = std::env::temp_dir().join(format!("hbr-{:016x}", fastrand::u64(..)));
        for place in [None, Some(folder.clone())] {
            let repository = Repository::open(place);
            let (shared, is_new) = repository.put("v-1", b"shared").unwrap();
            assert!(is_new);
            assert_eq!(repository.put("v-1", b"shared").unwrap(), (shared, false));
            assert!(repository.put("v-2", b"shared").unwrap().1, "by vault");
            let (own, _) = repository.put("v-1", b"own").unwrap();
            let manifest = |id| Manifest {
                items: vec![Item {
                    name: Name::new("f"),
                    kind: Kind::File(Content {
                        len: 6,
                        pieces: vec![Piece { at: 0, len: 6, id }],
                    }),
                    attributes: None,
                }],
            };
            repository.save("v-1", "s-1", &manifest(shared)).unwrap();
            repository.save("v-1", "s-2", &manifest(own)).unwrap();
            let kept = [("v-1".to_owned(), "s-1".to_owned())];
            repository.keep_only(&kept).unwrap();
            assert_eq!(repository.get("v-1", shared).unwrap(), "shared");
            assert_eq!(repository.manifest("v-1", "s-1").unwrap(), manifest(shared));
            assert!(repository.get("v-1", own).is_err());
            assert!(repository.get("v-2", shared).is_err());
            assert!(repository.manifest("v-1", "s-2").is_err());
        }
        let piece = PieceId::of(b"shared");
        std::fs::write(folder.join(piece_path("v-1", piece)), "sharpd").unwrap();
        let repository = Repository::open(Some(folder.clone()));
        let error = repository.get("v-1", piece).unwrap_err().to_string();
        assert!(error.contains("damaged"), "{error}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
