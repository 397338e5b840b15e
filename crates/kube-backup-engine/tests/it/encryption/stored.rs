//! What lies in the bucket.

use std::collections::BTreeSet;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube_backup_engine::encryption::EncryptionMode;
use kube_backup_engine::{EntryFilter, Phase};

use super::{MODES, PLAIN, VALUES, Vault, stored};

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let _ = flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut text);
    text
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

/// The keys whose objects hold this somehow: as it is or in base64, compressed or not.
async fn where_is(vault: &Vault, what: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (key, bytes) in stored(vault.store.as_ref()).await {
        let text = gunzip(&bytes);
        let forms = [what.as_bytes().to_vec(), STANDARD.encode(what).into_bytes()];
        if forms
            .iter()
            .any(|form| holds(&bytes, form) || holds(&text, form))
        {
            found.push(key);
        }
    }
    found
}

#[tokio::test]
async fn no_value_of_a_secret_is_in_any_stored_object() {
    // It is found where it is.
    let vault = Vault::new().await;
    vault.back_up("a", None).await;
    for value in VALUES.iter().chain([&PLAIN]) {
        assert_eq!(where_is(&vault, value).await, ["backups/a/a.tar.gz"]);
    }
    for mode in MODES {
        let vault = Vault::new().await;
        let report = vault.back_up("a", Some(mode)).await;
        assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
        for value in VALUES {
            assert_eq!(where_is(&vault, value).await, Vec::<String>::new());
        }
        let plain: &[&str] = match mode {
            EncryptionMode::All => &[],
            _ => &["backups/a/a.tar.gz"],
        };
        assert_eq!(where_is(&vault, PLAIN).await, plain);
        // Their digests would tell whoever guesses them.
        let repository = vault.repository();
        let backup = repository.open("a").await.unwrap();
        let entries = backup.entries(&EntryFilter::default()).await.unwrap();
        let secrets = entries
            .iter()
            .filter(|entry| entry.id.resource.is("", "secrets"));
        for secret in secrets {
            let found = where_is(&vault, &secret.sha256.to_string()).await;
            assert_eq!(found, Vec::<String>::new());
        }
    }
}

#[tokio::test]
async fn names_show_only_where_secrets_alone_are_encrypted() {
    for mode in MODES {
        let vault = Vault::new().await;
        vault.back_up("a", Some(mode)).await;
        let keys: BTreeSet<String> = stored(vault.store.as_ref())
            .await
            .into_iter()
            .map(|(key, _)| key)
            .collect();
        let expected: &[&str] = match mode {
            EncryptionMode::All => &[
                "a-index.json.gz.age",
                "a-logs.gz.age",
                "a-resource-list.json.gz.age",
                "a-results.gz.age",
                "a.tar.gz.age",
                "velero-backup.json",
            ],
            _ => &[
                "a-index.json.gz",
                "a-logs.gz",
                "a-resource-list.json.gz",
                "a-results.gz",
                "a-secrets-index.json.gz.age",
                "a-secrets.tar.gz.age",
                "a.tar.gz",
                "velero-backup.json",
            ],
        };
        let expected = expected.iter().map(|name| format!("backups/a/{name}"));
        assert_eq!(keys, expected.collect());
        let list = "backups/a/a-resource-list.json.gz".to_owned();
        let named: &[String] = match mode {
            EncryptionMode::All => &[],
            _ => &[list],
        };
        assert_eq!(where_is(&vault, "shop/phrase").await, named);
    }
}

#[tokio::test]
async fn velero_finds_all_but_secrets_in_the_ordinary_archive() {
    let vault = Vault::new().await;
    vault.back_up("a", Some(EncryptionMode::Secrets)).await;
    vault.back_up("plain", None).await;
    let objects = stored(vault.store.as_ref()).await;
    let paths = |key: &str| {
        let (_, bytes) = objects.iter().find(|(found, _)| found == key).unwrap();
        let text = gunzip(bytes);
        let mut archive = tar::Archive::new(&text[..]);
        let paths = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string());
        paths.collect::<BTreeSet<String>>()
    };
    let (left, all) = (
        paths("backups/a/a.tar.gz"),
        paths("backups/plain/plain.tar.gz"),
    );
    let missing: Vec<_> = all.difference(&left).cloned().collect();
    assert_eq!(missing.len(), 4, "{missing:?}");
    assert!(missing.iter().all(|path| path.contains("/secrets/")));
    assert!(left.is_subset(&all));
}
