//! What those are told who have no identity, or another one.

use futures::TryStreamExt as _;
use kube_backup_engine::backup::Backup;
use kube_backup_engine::encryption::{Encryption, EncryptionMode, Identity};
use kube_backup_engine::restore::{Outcome, Restore, RestoreSpec};
use kube_backup_engine::verify::{Check, Severity, Verify};
use kube_backup_engine::{EntryFilter, ErrorKind, Repository, Selection};
use kube_local::KubeLocal;

use super::{MODES, Vault, read};
use crate::cluster;

/// Those who cannot read it: without an identity, and with another one.
fn strangers(vault: &Vault) -> [Repository; 2] {
    let other = vault.stranger().with_identities([Identity::generate()]);
    [vault.stranger(), other]
}

#[tokio::test]
async fn all_but_secrets_is_restored_and_each_secret_is_named() {
    let vault = Vault::new().await;
    vault.back_up("a", Some(EncryptionMode::Secrets)).await;
    for repository in strangers(&vault) {
        for repository in [repository.clone(), repository.ignoring_indexes()] {
            let target = KubeLocal::start().await.unwrap();
            let client = cluster::client(&target);
            let backup = repository.open("a").await.unwrap();
            let why = backup.secrets_locked().unwrap().to_owned();
            assert!(
                why.contains(&vault.identity.recipient().to_string()),
                "{why}"
            );
            let seen: Vec<_> = backup.stream().try_collect().await.unwrap();
            assert!(
                seen.iter()
                    .all(|(entry, _)| !entry.id.resource.is("", "secrets"))
            );
            let plan = Restore::new(client.clone(), backup, RestoreSpec::named("r"));
            let plan = plan.plan().await.unwrap();
            assert!(plan.to_string().contains(&why), "{plan}");
            let backup = repository.open("a").await.unwrap();
            let restore = Restore::new(client.clone(), backup, RestoreSpec::named("r"));
            let report = restore.run().await.unwrap();
            let failed: Vec<_> = report
                .failed()
                .map(|item| match &item.outcome {
                    Outcome::Failed(reason) if *reason == why => item.id.to_string(),
                    other => panic!("{}: {other:?}", item.id),
                })
                .collect();
            let secrets = [
                "other/key",
                "other/password",
                "shop/password",
                "shop/phrase",
            ];
            assert_eq!(failed, secrets.map(|name| format!("secrets {name}")));
            let path = "/api/v1/namespaces/shop/configmaps/plain";
            assert_eq!(
                cluster::get(&client, path).await.unwrap()["data"]["text"],
                super::PLAIN
            );
            assert!(report.items.len() > 20, "{report}");
        }
    }
}

/// What nobody asked for is not missed; what is asked for is, with what comes along.
#[tokio::test]
async fn a_selection_names_the_secrets_that_it_is_about() {
    let vault = Vault::new().await;
    vault.back_up("a", Some(EncryptionMode::Secrets)).await;
    let maps = Selection {
        included_resources: vec!["configmaps".into()],
        ..Selection::of_namespaces(["shop"])
    };
    let shop = Selection::of_namespaces(["shop"]);
    for (selection, missed) in [(maps, 0), (shop, 2)] {
        let target = KubeLocal::start().await.unwrap();
        let backup = vault.stranger().open("a").await.unwrap();
        let spec = RestoreSpec {
            selection,
            ..RestoreSpec::named("r")
        };
        let restore = Restore::new(cluster::client(&target), backup, spec);
        let report = restore.run().await.unwrap();
        assert_eq!(report.failed().count(), missed, "{report}");
    }
}

#[tokio::test]
async fn of_what_is_encrypted_as_a_whole_nothing_is_read() {
    let vault = Vault::new().await;
    vault.back_up("a", Some(EncryptionMode::All)).await;
    for repository in strangers(&vault) {
        let error = repository.open("a").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
        let recipient = vault.identity.recipient().to_string();
        assert!(error.to_string().contains(&recipient), "{error}");
        assert!(repository.record("a").await.unwrap().is_some());
    }
    read(&vault.repository(), "a", &EntryFilter::default())
        .await
        .unwrap();
}

#[tokio::test]
async fn listing_and_deleting_take_no_identity() {
    let vault = Vault::new().await;
    for (name, mode) in ["a", "b"].into_iter().zip(MODES) {
        vault.back_up(name, Some(mode)).await;
    }
    let repository = vault.stranger();
    let list = repository.list().await.unwrap();
    assert_eq!((list.records.len(), list.unreadable.len()), (2, 0));
    for record in &list.records {
        let encryption = record.encryption().unwrap().unwrap().encryption;
        assert_eq!(encryption.recipients, [vault.identity.recipient()]);
    }
    for name in ["a", "b"] {
        repository.delete(name).await.unwrap();
    }
    assert!(super::stored(vault.store.as_ref()).await.is_empty());
}

#[tokio::test]
async fn verify_says_what_it_did_not_see() {
    let vault = Vault::new().await;
    for (name, mode) in ["a", "b"].into_iter().zip(MODES) {
        vault.back_up(name, Some(mode)).await;
    }
    let repository = vault.stranger();
    let report = Verify::new(repository.clone(), "a").run().await.unwrap();
    let [finding] = &report.findings[..] else {
        panic!("{report}")
    };
    assert_eq!(
        (finding.check, finding.severity),
        (Check::Encryption, Severity::Warning)
    );
    assert!(finding.message.starts_with("4 Secrets"), "{report}");
    assert!(report.is_restorable() && report.locked_secrets == 4);

    let report = Verify::new(repository, "b").run().await.unwrap();
    let [finding] = &report.findings[..] else {
        panic!("{report}")
    };
    assert_eq!(
        (finding.check, finding.severity),
        (Check::Encryption, Severity::Error)
    );
    assert!(!report.is_restorable() && report.objects == 0);
}

/// One of several is enough.
#[tokio::test]
async fn each_recipient_reads_it() {
    let vault = Vault::new().await;
    let (operators, escrow) = (Identity::generate(), Identity::generate());
    let recipients = [operators.recipient(), escrow.recipient()];
    for (name, encryption) in [
        ("a", Encryption::of_secrets(recipients.clone())),
        ("b", Encryption::of_all(recipients)),
    ] {
        let mut spec = vault.spec(name, None);
        spec.encryption = Some(encryption);
        let backup = Backup::new(vault.client.clone(), vault.stranger(), spec);
        backup.run().await.unwrap();
    }
    vault.back_up("plain", None).await;
    let all = EntryFilter::default();
    let expected = read(&vault.stranger(), "plain", &all).await.unwrap();
    for identity in [operators, escrow] {
        let repository = vault
            .stranger()
            .with_identities([Identity::generate(), identity]);
        for name in ["a", "b"] {
            assert!(read(&repository, name, &all).await.unwrap() == expected);
        }
    }
}

#[tokio::test]
async fn a_run_that_finds_its_own_record_need_not_read_it() {
    let vault = Vault::new().await;
    for (name, mode) in ["a", "b"].into_iter().zip(MODES) {
        let run = async || {
            let spec = vault.spec(name, Some(mode));
            let backup = Backup::new(vault.client.clone(), vault.stranger(), spec);
            backup.with_uid("once").run().await.unwrap()
        };
        let (first, second) = (run().await, run().await);
        assert_eq!(
            (&first.record, first.record_sha256),
            (&second.record, second.record_sha256)
        );
    }
}

#[tokio::test]
async fn what_nobody_could_read_is_not_written() {
    let vault = Vault::new().await;
    let none: [kube_backup_engine::encryption::Recipient; 0] = [];
    let many = (0..65).map(|_| Identity::generate().recipient());
    for encryption in [Encryption::of_all(none), Encryption::of_secrets(many)] {
        let mut spec = vault.spec("a", None);
        spec.encryption = Some(encryption);
        let backup = Backup::new(vault.client.clone(), vault.stranger(), spec);
        let error = backup.run().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    }
    assert!(super::stored(vault.store.as_ref()).await.is_empty());
}
