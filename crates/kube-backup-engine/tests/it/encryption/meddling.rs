//! Encrypted files that are not as they were written, and Secrets that are where they do not belong.

use kube_backup_engine::encryption::EncryptionMode;
use kube_backup_engine::verify::{Check, Verify};
use kube_backup_engine::{EntryFilter, ErrorKind};
use object_store::ObjectStoreExt as _;
use serde_json::Value;

use super::{MODES, Vault, read, stored};

#[tokio::test]
async fn every_encrypted_file_that_was_touched_is_named() {
    for mode in MODES {
        let vault = Vault::new().await;
        vault.back_up("a", Some(mode)).await;
        let repository = vault.repository();
        let encrypted = stored(vault.store.as_ref()).await;
        let encrypted = encrypted
            .into_iter()
            .filter(|(key, _)| key.ends_with(".age"));
        for (key, whole) in encrypted {
            let middle = whole.len() / 2;
            let mut flipped = whole.clone();
            flipped[middle] ^= 1;
            let mut mac = whole.clone();
            let at = whole.windows(4).position(|it| it == b"--- ").unwrap();
            mac[at + 9] ^= 1;
            let cases = [
                ("a bit", flipped),
                ("its header", mac),
                ("cut off", whole[..middle].to_vec()),
                ("only a header", whole[..at].to_vec()),
                ("empty", Vec::new()),
                ("appended", [whole.as_slice(), b"x"].concat()),
            ];
            for (case, bytes) in cases {
                let path = key.as_str().into();
                vault.store.put(&path, bytes.into()).await.unwrap();
                let all = EntryFilter::default();
                let outcome = async {
                    let backup = repository.open("a").await?;
                    backup.results().await?;
                    backup.resource_list().await?;
                    backup.log().await?;
                    read(&repository, "a", &all).await
                };
                let error = outcome.await.expect_err(case);
                assert_eq!(error.kind(), ErrorKind::Corrupt, "{key}, {case}: {error}");
                let report = Verify::new(repository.clone(), "a").run().await.unwrap();
                assert!(!report.is_restorable(), "{key}, {case}: {report}");
                let report = Verify::new(vault.stranger(), "a").run().await.unwrap();
                let found = report
                    .findings
                    .iter()
                    .any(|finding| finding.check == Check::Files);
                assert!(found, "{key}, {case}: {report}");
            }
            let path = key.as_str().into();
            vault.store.put(&path, whole.into()).await.unwrap();
        }
        assert!(
            Verify::new(repository, "a")
                .run()
                .await
                .unwrap()
                .is_restorable()
        );
    }
}

/// A record that says that Secrets are encrypted, beside an archive in which they are not.
#[tokio::test]
async fn a_secret_in_the_clear_is_refused_where_the_record_says_that_they_are_encrypted() {
    let vault = Vault::new().await;
    vault.back_up("a", Some(EncryptionMode::Secrets)).await;
    let record = |objects: &[(String, Vec<u8>)]| -> Value {
        let found = objects
            .iter()
            .find(|(key, _)| key.ends_with("velero-backup.json"));
        serde_json::from_slice(&found.unwrap().1).unwrap()
    };
    let encrypted = stored(vault.store.as_ref()).await;
    let annotations = &record(&encrypted)["metadata"]["annotations"];
    vault.stranger().delete("a").await.unwrap();
    vault.back_up("a", None).await;
    let mut plain = record(&stored(vault.store.as_ref()).await);
    let forged = &mut plain["metadata"]["annotations"];
    forged["kube-backup-engine.io/encryption"] =
        annotations["kube-backup-engine.io/encryption"].clone();
    let files = |annotations: &Value| -> serde_json::Map<String, Value> {
        let text = annotations["kube-backup-engine.io/files"].as_str();
        serde_json::from_str(text.unwrap()).unwrap()
    };
    let mut named = files(forged);
    let more = files(annotations).into_iter();
    named.extend(more.filter(|(name, _)| name.ends_with(".age")));
    forged["kube-backup-engine.io/files"] = Value::from(named).to_string().into();
    let path = "backups/a/velero-backup.json".into();
    let bytes = plain.to_string().into_bytes();
    vault.store.put(&path, bytes.into()).await.unwrap();
    for (key, bytes) in encrypted {
        if key.ends_with(".age") {
            let path = key.as_str().into();
            vault.store.put(&path, bytes.into()).await.unwrap();
        }
    }
    let repository = vault.repository();
    for repository in [repository.clone(), repository.ignoring_indexes()] {
        let backup = repository.open("a").await.unwrap();
        let listing = backup.listing(&EntryFilter::default()).await.unwrap();
        let refused: Vec<_> = listing.refused.iter().map(ToString::to_string).collect();
        assert_eq!(refused.len(), 4, "{refused:?}");
        assert!(refused.iter().all(|it| it.contains("this one is not")));
        let secrets = listing
            .entries
            .iter()
            .filter(|entry| entry.id.resource.is("", "secrets"));
        assert_eq!(secrets.count(), 4, "those of the encrypted archive");
        let report = Verify::new(repository, "a").run().await.unwrap();
        assert!(!report.is_restorable(), "{report}");
    }
}
