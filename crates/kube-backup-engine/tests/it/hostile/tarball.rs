//! Tar entries and gzip members put together by hand, so that they can be wrong.

use std::io::Write as _;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use kube_backup_engine::Repository;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde_json::json;

pub(crate) const REGULAR: u8 = b'0';

/// The text of an archive under construction. It begins with what every case has: the format, and one
/// object that is fine, so that "nothing applied" says something.
pub(crate) struct Tarball(pub(crate) Vec<u8>);

impl Tarball {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
            .file("metadata/version", b"1.1.0\n")
            .object("fine")
    }

    /// A ConfigMap in namespace `shop`, in its place.
    pub(crate) fn object(self, name: &str) -> Self {
        self.file(path(name), config_map(name))
    }

    pub(crate) fn file(self, path: impl AsRef<[u8]>, data: impl AsRef<[u8]>) -> Self {
        let size = data.as_ref().len() as u64;
        self.entry(REGULAR, path, size, data)
    }

    /// An entry that claims `size` bytes and has those of `data`.
    pub(crate) fn entry(
        mut self,
        kind: u8,
        path: impl AsRef<[u8]>,
        size: u64,
        data: impl AsRef<[u8]>,
    ) -> Self {
        self.0.extend_from_slice(&header(kind, path.as_ref(), size));
        self.0.extend_from_slice(data.as_ref());
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    /// A pax header with these records, for the entry that follows.
    pub(crate) fn pax(self, kind: u8, records: &[(&str, &[u8])]) -> Self {
        let mut data = Vec::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let mut length = rest + 1;
            while length != rest + length.to_string().len() {
                length = rest + length.to_string().len();
            }
            data.extend_from_slice(format!("{length} {key}=").as_bytes());
            data.extend_from_slice(value);
            data.push(b'\n');
        }
        let size = data.len() as u64;
        self.entry(kind, "PaxHeaders/x", size, data)
    }

    /// Its end, and all of it compressed.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.0.extend_from_slice(&[0; 1024]);
        gz(&self.0)
    }
}

pub(crate) fn header(kind: u8, path: &[u8], size: u64) -> [u8; 512] {
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o755);
    header.set_mtime(0);
    header.set_size(size);
    header.set_entry_type(tar::EntryType::new(kind));
    // Not `set_path`, which would refuse what these tests are about.
    header.as_old_mut().name[..path.len()].copy_from_slice(path);
    header.set_cksum();
    *header.as_bytes()
}

/// Where the ConfigMap `name` belongs.
pub(crate) fn path(name: &str) -> String {
    format!("resources/configmaps/namespaces/shop/{name}.json")
}

pub(crate) fn config_map(name: &str) -> Vec<u8> {
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "shop"}, "data": {"key": "value"}});
    serde_json::to_vec(&object).unwrap()
}

/// One gzip member.
pub(crate) fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(9));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The archive `bytes` as the backup `a` of another program: no index, no digests.
pub(crate) async fn foreign_backup(bytes: Vec<u8>) -> Repository {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let record = json!({"apiVersion": "velero.io/v1", "kind": "Backup", "metadata": {"name": "a"},
        "status": {"phase": "Completed", "version": 1, "formatVersion": "1.1.0"}});
    for (key, bytes) in [
        (
            "backups/a/velero-backup.json",
            serde_json::to_vec(&record).unwrap(),
        ),
        ("backups/a/a.tar.gz", bytes),
    ] {
        store.put(&key.into(), bytes.into()).await.unwrap();
    }
    Repository::new(store, "")
}
