//! Encrypted archives: files that anybody can have encrypted, and files in which something was changed.

use std::io::Write as _;

use futures::TryStreamExt as _;
use kube_backup_engine::ErrorKind;
use kube_backup_engine::encryption::Identity;
use kube_backup_engine::verify::Verify;
use serde_json::json;

use crate::backups::{block_on, check_object, check_refusal, gzip, repository};

/// Nobody's: it stands in the sources.
const IDENTITY: &str =
    include_str!("../../../crates/kube-backup-engine/tests/fixtures/encryption/identity.txt");

fn identity() -> Identity {
    match Identity::all_of(IDENTITY) {
        Ok(mut identities) => identities.remove(0),
        Err(error) => panic!("{error}"),
    }
}

fn encrypt(text: &[u8]) -> Vec<u8> {
    let recipient: age::x25519::Recipient = match identity().recipient().to_string().parse() {
        Ok(recipient) => recipient,
        Err(error) => panic!("{error}"),
    };
    let mut stored = Vec::new();
    let recipients = std::iter::once(&recipient as &dyn age::Recipient);
    let written = age::Encryptor::with_recipients(recipients)
        .map_err(|error| error.to_string())
        .and_then(|encryptor| {
            let write = || {
                let mut writer = encryptor.wrap_output(&mut stored)?;
                writer.write_all(text)?;
                writer.finish().map(drop)
            };
            write().map_err(|error| error.to_string())
        });
    if let Err(error) = written {
        panic!("{error}");
    }
    stored
}

fn record(stored: &[u8]) -> Vec<u8> {
    let crc64 = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Xz, stored);
    let archive = json!({"length": stored.len(), "crc64": crc64.to_string()});
    let encryption = json!({"mode": "all", "recipients": [identity().recipient()]});
    let record = json!({"apiVersion": "velero.io/v1", "kind": "Backup", "metadata": {"name": "a", "annotations": {
        "kube-backup-engine.io/archive": archive.to_string(),
        "kube-backup-engine.io/encryption": encryption.to_string()}},
        "status": {"phase": "Completed", "formatVersion": "1.0.0"}});
    record.to_string().into_bytes()
}

/// The first byte says what the rest is: a file as it is stored; an archive to be encrypted; or one in whose encrypted file
/// the byte at a place, which the next two bytes give, is changed.
pub fn backup_encrypted(input: &[u8]) {
    let Some((kind, rest)) = input.split_first() else {
        return;
    };
    let (stored, is_changed) = match (kind % 3, rest) {
        (0, rest) => (rest.to_vec(), false),
        (1, rest) => (encrypt(&gzip(rest)), false),
        (_, [high, low, rest @ ..]) => {
            let mut stored = encrypt(&gzip(rest));
            let at = usize::from(u16::from_be_bytes([*high, *low])) % stored.len();
            stored[at] ^= 1;
            (stored, true)
        }
        _ => return,
    };
    block_on(async {
        let files = vec![
            ("velero-backup.json", record(&stored)),
            ("a.tar.gz.age", stored),
        ];
        let repository = repository(files).await.with_identities([identity()]);
        let outcome = async {
            let backup = repository.open("a").await?;
            let mut objects = backup.stream();
            loop {
                match objects.try_next().await {
                    Ok(Some((entry, bytes))) => check_object(&entry.id, &bytes),
                    Ok(None) => return Ok(()),
                    // One entry, and others follow.
                    Err(error) if error.kind() == ErrorKind::Unreadable => check_refusal(&error),
                    Err(error) => return Err(error),
                }
            }
        };
        match outcome.await {
            Ok(()) => assert!(!is_changed, "what was changed is read"),
            Err(error) => check_refusal(&error),
        }
        match Verify::new(repository, "a").run().await {
            Ok(report) => assert!(!(is_changed && report.is_restorable()), "{report}"),
            Err(error) => panic!("{error:?}"),
        }
    });
}
