//! A committed backup, taken apart so that it can be put together wrong, with digests that agree.

use std::collections::BTreeMap;
use std::io::Read as _;

use kube_backup_engine::Repository;
use object_store::ObjectStoreExt as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::tarball::gz;

/// The parts of the backup `a`, in the form that the crate's documentation gives them.
pub(crate) struct Forgery {
    pub(crate) record: Value,
    pub(crate) archive: Vec<u8>,
    /// One a member of the archive: `offset`, `length`, `size`, `entries`.
    pub(crate) members: Vec<Value>,
    /// What the record says of the archive's CRC-64, when not the truth.
    pub(crate) crc64: Option<u64>,
    /// Changes the directory's chunks, after they are made.
    pub(crate) directory: fn(&mut Value),
    /// Changes the index's facts in the record, after they are made.
    pub(crate) facts: fn(&mut Value),
}

const ANNOTATION: &str = "/metadata/annotations/kube-backup-engine.io~1archive";
const FILES: &str = "/metadata/annotations/kube-backup-engine.io~1files";

async fn get(repository: &Repository, key: &str) -> Vec<u8> {
    let found = repository.store().get(&key.into()).await.unwrap();
    found.bytes().await.unwrap().to_vec()
}

async fn put(repository: &Repository, key: &str, bytes: Vec<u8>) -> Option<String> {
    let key = key.into();
    let put = repository.store().put(&key, bytes.into());
    put.await.unwrap().e_tag
}

impl Forgery {
    pub(crate) async fn of(repository: &Repository) -> Self {
        let record = get(repository, "backups/a/velero-backup.json").await;
        let index = get(repository, "backups/a/a-index.json.gz").await;
        let mut text = String::new();
        flate2::read::MultiGzDecoder::new(&index[..])
            .read_to_string(&mut text)
            .unwrap();
        let index: Value = serde_json::from_str(&text).unwrap();
        Self {
            record: serde_json::from_slice(&record).unwrap(),
            archive: get(repository, "backups/a/a.tar.gz").await,
            members: index["members"].as_array().unwrap().clone(),
            crc64: None,
            directory: |_| {},
            facts: |_| {},
        }
    }

    /// The entry of the first object whose name is `name`.
    pub(crate) fn entry(&mut self, name: &str) -> &mut Value {
        self.members
            .iter_mut()
            .flat_map(|member| member["entries"].as_array_mut().unwrap())
            .find(|entry| entry["name"] == name)
            .unwrap()
    }

    /// The member that holds the object `name`.
    pub(crate) fn member_of(&mut self, name: &str) -> &mut Value {
        self.members
            .iter_mut()
            .find(|member| {
                let mut entries = member["entries"].as_array().unwrap().iter();
                entries.any(|entry| entry["name"] == name)
            })
            .unwrap()
    }

    /// Puts it in place of the backup `a`.
    pub(crate) async fn put(self, repository: &Repository) {
        let mut spans: BTreeMap<String, (String, String)> = BTreeMap::new();
        let mut entries = 0;
        for entry in self
            .members
            .iter()
            .flat_map(|member| member["entries"].as_array().unwrap())
        {
            let name = entry["name"].as_str().unwrap();
            let key = match entry["namespace"].as_str() {
                Some(namespace) => format!("{namespace}/{name}"),
                None => name.to_owned(),
            };
            let span = spans
                .entry(entry["resource"].as_str().unwrap().to_owned())
                .or_insert_with(|| (key.clone(), key.clone()));
            span.0 = span.0.clone().min(key.clone());
            span.1 = span.1.clone().max(key);
            entries += 1;
        }
        let lines: Vec<String> = self.members.iter().map(Value::to_string).collect();
        let chunk = gz(format!(
            "{{\"formatVersion\":\"1\",\"members\":[\n{}",
            lines.join(",\n")
        )
        .as_bytes());
        let spans: Vec<Value> = spans
            .into_iter()
            .map(|(resource, (first, last))| json!({"resource": resource, "first": first, "last": last}))
            .collect();
        let mut directory = json!([{"offset": 0, "length": chunk.len(), "sha256": sha256(&chunk),
            "entries": entries, "spans": spans}]);
        (self.directory)(&mut directory);
        let directory = gz(format!("\n],\"directory\":{directory}}}\n").as_bytes());
        let crc64 = self.crc64.unwrap_or_else(|| crc64(&self.archive));
        let length = self.archive.len();
        let index = [chunk.as_slice(), directory.as_slice()].concat();
        let mut record = self.record;
        let files = record.pointer_mut(FILES).unwrap();
        let mut named: Value = serde_json::from_str(files.as_str().unwrap()).unwrap();
        for (name, bytes) in [("a.tar.gz", &self.archive), ("a-index.json.gz", &index)] {
            named[name] = json!({"length": bytes.len(), "sha256": sha256(bytes)});
        }
        *files = named.to_string().into();
        let etag = put(repository, "backups/a/a.tar.gz", self.archive).await;
        let mut facts = json!({"length": length, "crc64": crc64.to_string(), "etag": etag, "index": {
            "length": chunk.len() + directory.len(), "directoryOffset": chunk.len(),
            "directorySha256": sha256(&directory), "entries": entries}});
        (self.facts)(&mut facts["index"]);
        *record.pointer_mut(ANNOTATION).unwrap() = facts.to_string().into();
        put(repository, "backups/a/a-index.json.gz", index).await;
        put(
            repository,
            "backups/a/velero-backup.json",
            record.to_string().into_bytes(),
        )
        .await;
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

pub(crate) fn crc64(bytes: &[u8]) -> u64 {
    crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Xz, bytes)
}
