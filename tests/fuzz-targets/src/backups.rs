//! What `kube-backup-engine` reads from a bucket that others can write to.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::Arc;

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use futures::TryStreamExt as _;
use kube_backup_engine::verify::{Severity, Verify};
use kube_backup_engine::{EntryFilter, Error, ErrorKind, ObjectId, ReadLimits, Repository};
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::runtime::{Builder, Runtime};

/// Small, so that an input of a few kilobytes can reach them.
const LIMITS: ReadLimits = ReadLimits {
    max_object: 4096,
    max_total: 1 << 20,
    max_ratio: 400,
    max_entries: 1 << 16,
};

/// Length of the one member of an archive with an index, once compressed.
const MEMBER: usize = 8192;

thread_local! {
    static RUNTIME: Option<Runtime> = Builder::new_current_thread()
        .enable_time()
        .max_blocking_threads(2)
        .build()
        .ok();
}

pub(crate) fn block_on(work: impl Future<Output = ()>) {
    RUNTIME.with(|runtime| {
        if let Some(runtime) = runtime {
            runtime.block_on(work);
        }
    });
}

pub(crate) async fn repository(files: Vec<(&str, Vec<u8>)>) -> Repository {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    for (name, bytes) in files {
        let key = format!("backups/a/{name}").into();
        if let Err(error) = store.put(&key, bytes.into()).await {
            panic!("{error}");
        }
    }
    Repository::new(store, "").with_read_limits(LIMITS)
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    match encoder.write_all(bytes).and_then(|()| encoder.finish()) {
        Ok(compressed) => compressed,
        Err(error) => panic!("{error}"),
    }
}

/// The same, of the length [`MEMBER`] if that is possible: an input can then know its member's length.
fn gzip_padded(bytes: &[u8]) -> Vec<u8> {
    let plain = gzip(bytes);
    // The two bytes of the extra field's own length.
    let Some(padding) = MEMBER.checked_sub(plain.len() + 2) else {
        return plain;
    };
    let mut encoder = GzBuilder::new()
        .extra(vec![0; padding])
        .write(Vec::new(), Compression::fast());
    match encoder.write_all(bytes).and_then(|()| encoder.finish()) {
        Ok(compressed) => compressed,
        Err(error) => panic!("{error}"),
    }
}

fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A record that Velero could have written; with `archive` as what the record says of it, one of ours.
fn record(archive: &Value) -> Vec<u8> {
    let mut record = json!({"apiVersion": "velero.io/v1", "kind": "Backup", "metadata": {"name": "a"},
        "status": {"phase": "Completed", "formatVersion": "1.0.0"}});
    if !archive.is_null() {
        let text = archive.to_string();
        record["metadata"]["annotations"] = json!({"kube-backup-engine.io/archive": text});
    }
    record.to_string().into_bytes()
}

/// What a restore relies on of every object it is given.
pub(crate) fn check_object(id: &ObjectId, bytes: &[u8]) {
    for name in id.namespace.iter().chain([&id.name, &id.resource.resource]) {
        let safe = !name.is_empty() && !matches!(name.as_str(), "." | "..") && !name.contains('/');
        assert!(safe, "{id:?}");
    }
    let object: Value = match serde_json::from_slice(bytes) {
        Ok(object) => object,
        Err(error) => panic!("{id}: {error}"),
    };
    assert_eq!(object["metadata"]["name"], id.name.as_str());
    let namespace = object["metadata"]["namespace"].as_str();
    let namespace = namespace.filter(|namespace| !namespace.is_empty());
    assert_eq!(namespace, id.namespace.as_deref());
}

/// A refusal says that the bytes are bad, and can be printed.
pub(crate) fn check_refusal(error: &Error) {
    // The last one of a record that says that all is encrypted: nobody gave an identity.
    let is_refusal = matches!(
        error.kind(),
        ErrorKind::Corrupt | ErrorKind::Unreadable | ErrorKind::Locked
    );
    assert!(is_refusal, "{error:?}");
    assert!(!error.to_string().contains('\u{1b}'));
}

/// The first byte says how the rest is packed: as it is, compressed, or in two members.
pub fn backup_archive(input: &[u8]) {
    let Some((packing, rest)) = input.split_first() else {
        return;
    };
    let archive = match packing % 3 {
        0 => rest.to_vec(),
        1 => gzip(rest),
        _ => {
            let (first, second) = rest.split_at(rest.len() / 2);
            [gzip(first), gzip(second)].concat()
        }
    };
    block_on(async {
        let files = vec![
            ("velero-backup.json", record(&Value::Null)),
            ("a.tar.gz", archive),
        ];
        let repository = repository(files).await;
        let backup = match repository.open("a").await {
            Ok(backup) => backup,
            Err(error) => panic!("{error:?}"),
        };
        let mut seen = BTreeSet::new();
        let mut objects = backup.stream();
        let mut whole = true;
        let sound = loop {
            match objects.try_next().await {
                Ok(Some((entry, bytes))) => {
                    check_object(&entry.id, &bytes);
                    assert_eq!(entry.size, bytes.len() as u64);
                    assert!(seen.insert(entry.id.clone()), "{} is there twice", entry.id);
                }
                Ok(None) => break whole,
                Err(error) => {
                    check_refusal(&error);
                    if error.kind() != ErrorKind::Unreadable {
                        break false;
                    }
                    // One entry, and others follow.
                    whole = false;
                }
            }
        };
        let report = match Verify::new(repository, "a").run().await {
            Ok(report) => report,
            Err(error) => panic!("{error:?}"),
        };
        assert!(sound || report.count(Severity::Error) > 0, "{report}");
        assert!(report.objects <= seen.len() as u64, "{report}");
    });
}

/// Up to the first zero byte: the text of the index's one chunk, after its opening. What follows is the
/// text of the archive, in one member.
pub fn backup_index(input: &[u8]) {
    let zero = input.iter().position(|byte| *byte == 0);
    let (lines, text) = input.split_at(zero.unwrap_or(input.len()));
    let opening: &[u8] = b"{\"formatVersion\":\"1\",\"members\":[\n";
    let chunk = gzip(&[opening, lines].concat());
    let archive = gzip_padded(text.get(1..).unwrap_or_default());
    let entries = lines
        .windows(9)
        .filter(|window| window == b"\"sha256\":")
        .count();
    let directory = json!([{"offset": 0, "length": chunk.len(), "sha256": sha256(&chunk), "entries": entries,
        "spans": [{"resource": "pods", "first": "", "last": ""}]}]);
    let directory = gzip(format!("\n],\"directory\":{directory}}}\n").as_bytes());
    let facts = json!({"length": archive.len(), "crc64": "0", "index": {
        "length": chunk.len() + directory.len(), "directoryOffset": chunk.len(),
        "directorySha256": sha256(&directory), "entries": entries}});
    block_on(async {
        let repository = repository(vec![
            ("velero-backup.json", record(&facts)),
            ("a-index.json.gz", [chunk, directory].concat()),
            ("a.tar.gz", archive),
        ])
        .await;
        let backup = match repository.open("a").await {
            Ok(backup) => backup,
            Err(error) => panic!("{error:?}"),
        };
        match backup.listing(&EntryFilter::default()).await {
            Err(error) => check_refusal(&error),
            Ok(listing) => {
                assert_eq!(listing.entries.len() + listing.refused.len(), entries);
                let mut objects = backup.read(&listing.entries);
                loop {
                    match objects.try_next().await {
                        Ok(Some((entry, bytes))) => check_object(&entry.id, &bytes),
                        Ok(None) => break,
                        Err(error) => {
                            check_refusal(&error);
                            if error.kind() != ErrorKind::Unreadable {
                                break;
                            }
                        }
                    }
                }
            }
        }
        match Verify::new(repository, "a").run().await {
            // The checksum in the record above is no archive's.
            Ok(report) => assert!(!report.is_restorable(), "{report}"),
            Err(error) => panic!("{error:?}"),
        }
    });
}

/// The bytes of a record, with nothing beside it.
pub fn backup_record(input: &[u8]) {
    block_on(async {
        let repository = repository(vec![("velero-backup.json", input.to_vec())]).await;
        match repository.record("a").await {
            Ok(Some(record)) => {
                assert_eq!(record.name(), "a");
                let _ = (
                    record.archive(),
                    record.files(),
                    record.point_in_time(),
                    record.expires_at(),
                );
                let text = serde_json::to_value(&record).map(|value| value.to_string());
                assert!(text.is_ok_and(|text| text.contains("\"Backup\"")));
            }
            Ok(None) => panic!("the record is there"),
            Err(error) => check_refusal(&error),
        }
        // Without an archive there is nothing to open, whatever the record says.
        match repository.open("a").await {
            Ok(_) => panic!("there is no archive"),
            Err(error) => check_refusal(&error),
        }
        match Verify::new(repository, "a").run().await {
            Ok(report) => assert!(!report.is_restorable(), "{report}"),
            Err(error) => panic!("{error:?}"),
        }
    });
}
