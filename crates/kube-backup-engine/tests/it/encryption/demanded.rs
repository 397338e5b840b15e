//! What a trust demands, and what a seal says of encrypted files.

use kube_backup_engine::backup::Backup;
use kube_backup_engine::encryption::{Encryption, EncryptionMode, Identity, Recipient};
use kube_backup_engine::seal::{Distrust, SigningKey, Trust};
use kube_backup_engine::{EntryFilter, ErrorKind, Repository};
use object_store::ObjectStoreExt as _;

use super::{MODES, Vault, read, stored};
use crate::seal::refused;

async fn sealed(vault: &Vault, key: &SigningKey, trust: &Trust, name: &str, mode: EncryptionMode) {
    let repository = vault.stranger().with_trust(trust.clone());
    let backup = Backup::new(
        vault.client.clone(),
        repository,
        vault.spec(name, Some(mode)),
    );
    let key = SigningKey::from_pem(&key.to_pem()).unwrap();
    backup.sealed_with(key).run().await.unwrap();
}

fn with(repository: Repository, trust: &Trust, demanded: Encryption) -> Repository {
    repository.with_trust(trust.clone().demanding(demanded))
}

#[tokio::test]
async fn what_is_encrypted_less_or_to_others_is_not_admitted() {
    let vault = Vault::new().await;
    let key = SigningKey::generate().unwrap();
    let trust = Trust::of(key.verifying_key());
    for (name, mode) in ["a", "b"].into_iter().zip(MODES) {
        sealed(&vault, &key, &trust, name, mode).await;
    }
    let anybody: [Recipient; 0] = [];
    let (us, other) = (vault.identity.recipient(), Identity::generate().recipient());
    let open = async |demanded: Encryption, name: &str| {
        let repository = with(vault.repository(), &trust, demanded);
        read(&repository, name, &EntryFilter::default())
            .await
            .unwrap();
    };
    open(Encryption::of_secrets(anybody.clone()), "a").await;
    open(Encryption::of_secrets([other.clone(), us.clone()]), "b").await;
    open(Encryption::of_all([us.clone()]), "b").await;

    let of_all = with(vault.repository(), &trust, Encryption::of_all(anybody));
    let less = Distrust::NotEncrypted {
        demanded: EncryptionMode::All,
        found: Some(EncryptionMode::Secrets),
    };
    assert_eq!(refused(&of_all, "a").await, less);
    assert!(less.to_string().contains("`secrets`"), "{less}");
    let to_other = with(vault.repository(), &trust, Encryption::of_secrets([other]));
    let why = refused(&to_other, "a").await;
    assert_eq!(why, Distrust::OtherRecipient(us));
    let list = to_other.list().await.unwrap();
    assert_eq!((list.records.len(), list.unreadable.len()), (0, 2));
}

#[tokio::test]
async fn a_backup_that_the_trust_would_not_admit_is_not_written() {
    let vault = Vault::new().await;
    let key = SigningKey::generate().unwrap();
    let trust = Trust::of(key.verifying_key()).demanding(vault.encryption(EncryptionMode::All));
    let other = Encryption::of_all([Identity::generate().recipient()]);
    for encryption in [
        None,
        Some(vault.encryption(EncryptionMode::Secrets)),
        Some(other),
    ] {
        let mut spec = vault.spec("a", None);
        spec.encryption = encryption;
        let repository = vault.stranger().with_trust(trust.clone());
        let key = SigningKey::from_pem(&key.to_pem()).unwrap();
        let backup = Backup::new(vault.client.clone(), repository, spec).sealed_with(key);
        let error = backup.run().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    }
    assert!(stored(vault.store.as_ref()).await.is_empty());
    // As it is kept: through its file.
    let file = serde_json::to_string(&trust).unwrap();
    assert_eq!(serde_json::from_str::<Trust>(&file).unwrap(), trust);
}

/// The seal is of the stored bytes, so it is checked without an identity.
#[tokio::test]
async fn a_seal_covers_what_is_encrypted() {
    for mode in MODES {
        let vault = Vault::new().await;
        let key = SigningKey::generate().unwrap();
        let trust = Trust::of(key.verifying_key());
        sealed(&vault, &key, &trust, "a", mode).await;
        let repository = vault.repository().with_trust(trust.clone());
        let all = EntryFilter::default();
        assert!(read(&repository, "a", &all).await.unwrap().len() > 20);
        let whole = repository.clone().ignoring_indexes();
        assert!(read(&whole, "a", &all).await.unwrap().len() > 20);
        let seal = repository.open("a").await.unwrap().seal().cloned().unwrap();
        let objects = stored(vault.store.as_ref()).await;
        assert_eq!(seal.files.len() + 1, objects.len(), "all but the seal");

        // Written again by somebody who knows to whom, but not with the key.
        let plan = vault.spec("a", Some(mode));
        for (key, _) in &objects {
            if !key.ends_with("-seal.json") {
                vault.store.delete(&key.as_str().into()).await.unwrap();
            }
        }
        let forged = vault.stranger();
        let other = object_store::memory::InMemory::new();
        let other = Repository::new(std::sync::Arc::new(other), "");
        drop(forged);
        Backup::new(vault.client.clone(), other.clone(), plan)
            .run()
            .await
            .unwrap();
        for (key, bytes) in stored(other.store().as_ref()).await {
            let key = key.as_str().into();
            vault.store.put(&key, bytes.into()).await.unwrap();
        }
        let why = refused(&repository, "a").await;
        assert!(matches!(why, Distrust::FileDiffers(_)), "{why}");
    }
}
